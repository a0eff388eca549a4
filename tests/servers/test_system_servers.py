"""The servers from Debian packages: what they answer and tell, and that they are what they declare."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clients.connect import connect as connect_as
from clients.destination import Destination
from clients.profile import load_profiles
from handshake.crypto.credentials import Credential
from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from handshake.wire.registry import ProtocolVersion
from servers.contract import PrivateKeyAndChain
from servers.credentials import CLIENT_SUBJECT, SUBJECT, make_credentials
from servers.declared import Declared
from servers.gnutls.serve import PRIORITIES
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.system.command import find_program
from servers.variant import ServerVariant, parse_server_id
from tests.servers.asking import accepted, ask, suites_of
from tests.servers.conduct import (
    assert_answers_and_tells,
    assert_departure_is_told,
    assert_stuck_connections_block_no_other,
    assert_takes_line_feeds_alone,
)
from tests.servers.real_servers import REQUEST, connect, read_all, strict_end
from tests.servers.system_servers import DEFINITIONS, KEPT_INSIDE, PLAIN, VARIANTS

PROFILES = load_profiles()
CLIENTS = make_credentials(CLIENT_SUBJECT)
CONFIGURATIONS = [f"{plain}{toggle}" for plain in PLAIN for toggle in ("", ",configuration=legacy")]
VERSIONS = tuple(version for version in ProtocolVersion if version >= ProtocolVersion.SSL_3_0)
# The versions that the facts were measured with.
MEASURED = {
    "apache": "OpenSSL 3.0.",
    "erlang": "ssl 10.8.",
    "gnutls": "GnuTLS 3.7.",
    "haproxy": "OpenSSL 3.0.",
    "nginx": "OpenSSL 3.0.",
    "nss": "NSS 3.87",
    "stunnel": "OpenSSL 3.0.",
}


@pytest.fixture(scope="module")
def running(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[RunningServers]:
    trusted = {kind: pem.chain for kind, pem in CLIENTS.items()}
    with start_servers(VARIANTS, credentials, 20, client_certificates=trusted) as servers:
        yield servers


def every(*ids: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server", ids, indirect=True)


def declared_of(server: RunningServer) -> Declared:
    """What the server declares; the test is skipped where another version is installed than was measured."""
    measured = MEASURED[server.id.partition("@")[0]]
    if measured not in server.stack:
        pytest.skip(f"declared as {measured}* has it; this is {server.stack}")
    return parse_server_id(server.id, DEFINITIONS).declared()


def is_for_anybody(variant: ServerVariant) -> bool:
    """Whether a client without a certificate and without server_name gets through."""
    return variant.toggles["client-certificate"] != "require" and not variant.declared().needs_server_name


@every(*(variant.id for variant in VARIANTS if is_for_anybody(variant)))
def test_answers_and_tells_what_it_saw(running: RunningServers, server: RunningServer) -> None:
    answer, seen, cipher_suite = assert_answers_and_tells(running, server)
    assert answer.startswith((b"HTTP/1.0 200 ", b"HTTP/1.1 200 "))
    # selfserv names no cipher suite, only what it consists of.
    told = None if server.id.startswith("nss@") else cipher_suite_name(parse_cipher_suite(cipher_suite))
    assert seen.cipher_suite == told


@every(*PLAIN)
def test_any_request_is_answered(server: RunningServer) -> None:
    with connect(server) as plain, strict_end(plain) as tls:
        tls.sendall(b"POST /any HTTP/1.0\r\nHost: x\r\nContent-Length: 4\r\n\r\na=b\n")
        # gnutls-serv says that it does not know the method, without a status.
        assert read_all(tls.recv).startswith((b"HTTP/1.0 ", b"HTTP/1.1 ", b"<!DOCTYPE HTML"))


@every(*(identity for identity in PLAIN if identity.startswith("stunnel@")))
def test_a_line_feed_alone_ends_a_line_of_a_request(server: RunningServer) -> None:
    """The one whose answers are ours."""
    assert_takes_line_feeds_alone(server)


@every(*PLAIN)
def test_stuck_connections_block_no_other(server: RunningServer) -> None:
    assert_stuck_connections_block_no_other(server)


ALERTS_TOLD = {
    "apache": None,
    "erlang": "insufficient_security",
    "gnutls": "handshake_failure",
    "haproxy": None,
    "nginx": None,
    "nss": None,
    "stunnel": "handshake_failure",
}


@every(*PLAIN)
def test_refusal_is_told(running: RunningServers, server: RunningServer) -> None:
    seen = ask(server, ProtocolVersion.TLS_1_2, [parse_cipher_suite("TLS_RSA_WITH_NULL_SHA")])
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    assert str(seen.failure) == f"server-hello:{declared.refusals.no_common_cipher_suite}"
    assert seen.client_port is not None
    told = running.wait_for_connection(server.id, seen.client_port, seen.started, 5)
    assert told is not None
    assert (told.version, told.cipher_suite) == (None, None)
    assert told.alert_sent == ALERTS_TOLD[server.id.partition("@")[0]]
    assert told.reason


@every(*PLAIN)
def test_client_that_goes_away_is_told(running: RunningServers, server: RunningServer) -> None:
    assert_departure_is_told(running, server)


@pytest.mark.long(but=["*-nginx@system*", "*-haproxy@system*"])
@every(*CONFIGURATIONS)
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_accepts_what_it_declares_and_nothing_else(server: RunningServer, version: int) -> None:
    declared = declared_of(server)
    # In SSLv3 NSS has no elliptic curves, and encodes DSA signatures in a way of its own (see its note).
    is_ssl3_of_nss = server.id.startswith("nss@") and version == ProtocolVersion.SSL_3_0
    but = ("TLS_DHE_DSS", "TLS_ECDHE") if is_ssl3_of_nss else ()
    seen = accepted(server, version, but)
    expected = [code for code in declared.cipher_suites if code in suites_of(version)]
    expected = [code for code in expected if not cipher_suite_name(code).startswith(but)]
    if version not in declared.versions:
        assert seen.cipher_suites == ()
        return
    assert set(seen.cipher_suites) == set(expected)
    assert seen.dh_prime_bits <= {declared.dh_prime_bits}
    assert bool(seen.dh_prime_bits) == any("_DHE_" in cipher_suite_name(code) for code in expected)
    assert seen.is_servers_order == (declared.preference == "server")
    if declared.preference == "server":
        assert seen.cipher_suites == tuple(expected), "in this order"


@pytest.mark.long(but=["nginx@system", "gnutls@system", "apache@system"])
@every(*CONFIGURATIONS)
def test_reads_an_sslv2_format_hello_as_declared(server: RunningServer) -> None:
    declared = declared_of(server)
    observation = connect_as(
        PROFILES["openssl-0.9.8"].player,
        Destination(server.host, server.port, SUBJECT),
        deadline_seconds=2,
    )
    (attempt,) = observation.attempts
    if ProtocolVersion.TLS_1_0 in declared.versions and declared.sslv2_hello:
        assert attempt.negotiated is not None
    else:
        refusals = declared.refusals
        cause = refusals.no_common_version if declared.sslv2_hello else refusals.sslv2_hello
        assert str(attempt.failure) == f"server-hello:{cause}"


@pytest.mark.parametrize("configuration", PRIORITIES)
def test_gnutls_declares_what_the_library_lists(configuration: str) -> None:
    program = find_program("gnutls-serv")
    if program is None:
        pytest.skip("there is no gnutls-serv program; get it with: apt-get install gnutls-bin")
    command = [program, "--list", "--priority", PRIORITIES[configuration]]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    suites = re.findall(r"^TLS_\S+\s+0x(..), 0x(..)", listed, re.MULTILINE)
    declared = parse_server_id(f"gnutls@system,configuration={configuration}", DEFINITIONS).declared()
    assert tuple(int(high + low, 16) for high, low in suites) == declared.cipher_suites


CERTIFICATE_ASKED = [f"{plain},client-certificate=require" for plain in PLAIN if plain != "nginx@system"]


def meet(server: RunningServer, shown: Mapping[str, PrivateKeyAndChain]) -> str | None:
    """The failure of a TLS 1.2 client that shows one of these certificates."""
    observation = connect_as(
        PROFILES["java-8"].player,
        Destination(server.host, server.port, SUBJECT),
        deadline_seconds=5,
        credentials={kind: Credential.from_pem(pem.private_key, pem.chain) for kind, pem in shown.items()},
    )
    failure = observation.attempts[-1].failure
    return None if failure is None else str(failure)


@every(*CERTIFICATE_ASKED)
def test_trusts_the_clients_it_is_given_and_no_others(server: RunningServer) -> None:
    assert meet(server, CLIENTS) is None
    assert meet(server, make_credentials("stranger.example.test")) is not None
    assert meet(server, {}) == f"finished:{declared_of(server).missing_certificate}"


@every("nginx@system,client-certificate=require")
def test_nginx_refuses_clients_in_http_only(server: RunningServer) -> None:
    with connect(server) as plain, strict_end(plain) as tls:
        tls.sendall(REQUEST)
        assert b" 400 " in read_all(tls.recv)[:16]
    assert meet(server, CLIENTS) is None


@every(*KEPT_INSIDE)
def test_listens_on_loopback_only(running: RunningServers, server: RunningServer) -> None:
    """Not even from the same machine is the program itself in reach: its ports are in another namespace."""
    listening = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    ours = {
        fields[1] for fields in listening if fields[1].endswith(f":{server.port:04X}") and fields[3] == "0A"
    }
    assert ours == {f"0100007F:{server.port:04X}"}
    process = Path(f"/proc/{running.process_id(server.id)}/net")
    inside = (process / "tcp").read_text() + (process / "tcp6").read_text()
    assert re.search(r" 0+:[0-9A-F]{4} 0+:0000 0A ", inside), "there it listens on all"
    namespaces = {
        Path(f"/proc/{process}/ns/net").readlink() for process in ("self", running.process_id(server.id))
    }
    assert len(namespaces) == 2


@every("nss@system")
def test_selfserv_gives_no_file_of_the_machine_away(server: RunningServer, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("nobody is to read this")
    for name in (secret, Path("/etc/passwd"), Path("/proc/self/environ")):
        with connect(server) as plain, strict_end(plain) as tls:
            tls.sendall(f"GET {name} HTTP/1.0\r\n\r\n".encode())
            answer = read_all(tls.recv)
        assert f"GET {name} ".encode() in answer, "it answers with the request where there is no such file"
    # The negative control: one that is in its root folder is given away.
    with connect(server) as plain, strict_end(plain) as tls:
        tls.sendall(b"GET /usr/bin/selfserv HTTP/1.0\r\n\r\n")
        assert b"\x7fELF" in tls.recv(1 << 16) + tls.recv(1 << 16)


def test_tlslite_0_7_6_accepts_what_it_declares(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    variant = parse_server_id("tlslite@0.7.6", DEFINITIONS)
    with start_servers([variant], credentials) as servers:
        server = servers[variant.id]
        if isinstance(server, NotInstalled):
            pytest.skip(server.message)
        assert isinstance(server, RunningServer), server
        for version in VERSIONS:
            expected = tuple(code for code in variant.declared().cipher_suites if code in suites_of(version))
            seen = accepted(server, version)
            assert seen.cipher_suites == (expected if version in variant.declared().versions else ())
            assert seen.dh_prime_bits <= {variant.declared().dh_prime_bits}
