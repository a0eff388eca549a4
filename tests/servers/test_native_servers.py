"""bun, deno, Go and node as servers: what they answer and tell, and that they are what they declare.

Skipped where the stack is not fetched (tls-matrix stacks fetch).
"""

import os
import select
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from clients.connect import connect as connect_as
from clients.destination import Destination
from clients.profile import load_profiles
from handshake.crypto.credentials import Credential
from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from handshake.wire.registry import NamedGroup, ProtocolVersion
from servers.contract import PrivateKeyAndChain
from servers.credentials import CLIENT_SUBJECT, SUBJECT, make_credentials
from servers.processes.start import NotInstalled, RunningServer, start_servers
from servers.variant import parse_server_id
from tests.servers.conduct import (
    assert_stuck_connections_block_no_other,
    assert_takes_line_feeds_alone,
    reset_connections,
)
from tests.servers.native_servers import DEFINITIONS, PLAIN, TELLS_NO_VERSION, VARIANTS
from tests.servers.offers import EVERYTHING, Answer, ask, hello_of, picked
from tests.servers.openssl_client import OpenSSLClient
from tests.servers.real_servers import CLIENT_TIMEOUT, connect, read_all, strict_end
from tests.servers.started import CLIENTS, Variants, started_when_asked
from tests.servers.test_openssl_groups import CURVES, SUITES_OF_TLS_1_3

PROFILES = load_profiles()
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
UNKNOWN_CIPHER_SUITE = 0xFEFD
VERSIONS = tuple(version for version in ProtocolVersion if version >= ProtocolVersion.SSL_3_0)
CONFIGURATIONS = [
    variant.id for variant in VARIANTS if variant.id in PLAIN or variant.id.endswith(",configuration=legacy")
]
OPEN = [variant.id for variant in VARIANTS if variant.toggles.get("client-certificate") != "require"]

every_plain = pytest.mark.parametrize("server_id", PLAIN)
every_configuration = pytest.mark.parametrize("server_id", CONFIGURATIONS)


@pytest.mark.long(but=["node@26*", "go@1.27", "bun@1.4.4", "deno@2.9.6"])
@pytest.mark.parametrize("server_id", OPEN)
def test_answers_and_tells_what_it_saw(variants: Variants, server_id: str) -> None:
    server = variants.start(server_id)
    with OpenSSLClient(server) as client:
        answer = client.ask(REQUEST)
        assert client.certificate_sha256() in server.certificate_sha256
        suite, version = client.tls.get_cipher_name(), client.tls.get_protocol_version_name()
        assert client.is_ended_orderly()
    assert answer.startswith(b"HTTP/1.0 200 ")
    seen = variants.seen(server_id, client.port)
    assert (seen.alert_sent, seen.reason) == (None, None)
    negotiated = (version, cipher_suite_name(parse_cipher_suite(str(suite))))
    is_told = not server_id.startswith(TELLS_NO_VERSION)
    assert (seen.version, seen.cipher_suite) == (negotiated if is_told else (None, None))


@every_plain
def test_any_request_is_answered_with_its_length(variants: Variants, server_id: str) -> None:
    with connect(variants.start(server_id)) as plain, strict_end(plain) as tls:
        tls.sendall(b"POST /any HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = read_all(tls.recv).partition(b"\r\n\r\n")
    assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head
    assert b"\r\nConnection: close" in head


@every_plain
def test_a_line_feed_alone_ends_a_line_of_a_request(variants: Variants, server_id: str) -> None:
    assert_takes_line_feeds_alone(variants.start(server_id))


@every_plain
def test_stuck_connections_block_no_other(variants: Variants, server_id: str) -> None:
    assert_stuck_connections_block_no_other(variants.start(server_id))


@every_configuration
def test_picks_every_suite_it_declares_and_no_other(variants: Variants, server_id: str) -> None:
    server = variants.start(server_id)
    declared = parse_server_id(server_id, DEFINITIONS).declared()
    found = {version: picked(server, version)[0] for version in VERSIONS}
    assert {version for version in VERSIONS if found[version]} == set(declared.versions)
    assert {suite for suites in found.values() for suite in suites} == set(declared.cipher_suites)
    if declared.preference == "server" and server_id in PLAIN:
        of_tls_1_2 = found[ProtocolVersion.TLS_1_2]
        assert of_tls_1_2 == [suite for suite in declared.cipher_suites if suite in of_tls_1_2]


@every_configuration
def test_refuses_as_it_declares(variants: Variants, server_id: str) -> None:
    server = variants.start(server_id)
    declared = parse_server_id(server_id, DEFINITIONS).declared()
    refusals = declared.refusals
    for version in range(ProtocolVersion.SSL_3_0, declared.versions[0]):
        is_sslv3 = version == ProtocolVersion.SSL_3_0
        expected = (is_sslv3 and refusals.no_common_version_in_sslv3) or refusals.no_common_version
        assert ask(server, hello_of(version, EVERYTHING)) == Answer(refusal=expected)
    for highest in declared.versions:
        answer = ask(server, hello_of(highest, [UNKNOWN_CIPHER_SUITE]))
        assert answer == Answer(refusal=refusals.no_common_cipher_suite)


@every_plain
def test_takes_the_groups_it_declares_and_no_other(variants: Variants, server_id: str) -> None:
    server = variants.start(server_id)
    declared = set(parse_server_id(server_id, DEFINITIONS).declared().named_groups)
    of_tls_1_2 = {
        group
        for group in CURVES
        if ask(server, hello_of(ProtocolVersion.TLS_1_2, ECDHE_SUITES, [group])).refusal is None
    }
    assert of_tls_1_2 == declared & set(CURVES)
    of_tls_1_3 = {
        group
        for group in NamedGroup
        if ask(server, hello_of(ProtocolVersion.TLS_1_3, SUITES_OF_TLS_1_3, [group])).refusal is None
    }
    assert of_tls_1_3 == declared


ECDHE_SUITES = [code for code in EVERYTHING if cipher_suite_name(code).startswith("TLS_ECDHE_RSA_")]


@every_plain
def test_refusal_is_told(variants: Variants, server_id: str) -> None:
    with connect(variants.start(server_id)) as plain:
        plain.sendall(hello_of(ProtocolVersion.TLS_1_2, [UNKNOWN_CIPHER_SUITE]))
        assert plain.recv(65536)[5:] == b"\x02\x28"
        assert plain.recv(1) == b"", "and then the end of the stream"
        peer_port = plain.getsockname()[1]
    seen = variants.seen(server_id, peer_port)
    assert (seen.version, seen.cipher_suite) == (None, None)
    assert seen.alert_sent == ("handshake_failure" if server_id.startswith("go@") else None)
    assert seen.reason
    assert "\n" not in seen.reason


@every_plain
def test_client_that_goes_away_is_told(variants: Variants, server_id: str) -> None:
    server = variants.start(server_id)
    reset_connections(server)
    with connect(server) as plain:
        peer_port = plain.getsockname()[1]
    seen = variants.seen(server_id, peer_port)
    assert (seen.version, seen.cipher_suite) == (None, None)
    assert seen.reason


@every_plain
def test_bytes_that_are_no_tls_are_refused_and_the_server_goes_on(variants: Variants, server_id: str) -> None:
    server = variants.start(server_id)
    for junk in (b"GET / HTTP/1.0\r\n\r\n", bytes(64), b"\x16\x03\x01\xff\xff" + bytes(70000)):
        with connect(server) as plain:
            plain.sendall(junk)
            try:
                assert len(plain.recv(65536)) <= 7, "an alert or nothing"
            except ConnectionResetError:
                continue  # what was not read
    assert ask(server, hello_of(ProtocolVersion.TLS_1_2, EVERYTHING)).refusal is None


def meet(server: RunningServer, shown: Mapping[str, PrivateKeyAndChain]) -> str | None:
    """The failure of a TLS 1.2 client that shows one of these certificates."""
    observation = connect_as(
        PROFILES["openssl-1.0.1"].player,
        Destination(server.host, server.port, SUBJECT),
        deadline_seconds=5,
        credentials={kind: Credential.from_pem(pem.private_key, pem.chain) for kind, pem in shown.items()},
    )
    failure = observation.attempts[-1].failure
    return None if failure is None else str(failure)


ASKED = [
    identity for identity in PLAIN if "client-certificate" in DEFINITIONS[identity.partition("@")[0]].toggles
]


@pytest.mark.long(but=["node@26", "go@1.27"])
@pytest.mark.parametrize("server_id", ASKED)
def test_trusts_the_clients_it_is_given_and_no_others(variants: Variants, server_id: str) -> None:
    server = variants.start(f"{server_id},client-certificate=require")
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    own, stranger = {"rsa": CLIENTS["rsa"]}, {"rsa": make_credentials(CLIENT_SUBJECT)["rsa"]}
    assert meet(server, own) is None
    assert meet(server, stranger) is not None
    assert meet(server, {}) == f"finished:{declared.missing_certificate}"


@pytest.mark.parametrize("server_id", ASKED)
def test_certificate_that_is_requested_may_be_missing(variants: Variants, server_id: str) -> None:
    server = variants.start(f"{server_id},client-certificate=request")
    assert meet(server, {}) is None
    assert meet(server, {"rsa": CLIENTS["rsa"]}) is None


def children_of(process_id: int) -> list[int]:
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


@pytest.mark.long(but=["False-*"])
@pytest.mark.parametrize("server_id", ["bun@1.4.4", "deno@2.9.6", "go@1.27", "node@26"])
@pytest.mark.parametrize("is_killed", [False, True])
def test_no_process_is_left(
    credentials: Mapping[str, PrivateKeyAndChain], server_id: str, *, is_killed: bool
) -> None:
    with started_when_asked(credentials) as variants:
        stuck = connect(variants.start(server_id))
        (program,) = children_of(process_id := variants.process_id(server_id))
        descriptor = os.pidfd_open(program)
        if is_killed:
            os.kill(process_id, signal.SIGKILL)
            assert select.select([descriptor], [], [], CLIENT_TIMEOUT)[0]
    assert select.select([descriptor], [], [], 0)[0]
    os.close(descriptor)
    stuck.close()


@pytest.mark.long(but=["node@26", "go@1.27"])
@every_plain
def test_stack_that_is_not_fetched_names_the_command(
    credentials: Mapping[str, PrivateKeyAndChain],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    server_id: str,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    variant = parse_server_id(server_id, DEFINITIONS)
    with start_servers([variant], credentials) as servers:
        found = servers[variant.id]
    assert isinstance(found, NotInstalled)
    (stack,) = variant.definition.levels[variant.level].stacks
    assert found.message.endswith(f"tls-matrix stacks fetch {stack}")
