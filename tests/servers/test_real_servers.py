"""The three real servers, met by clients that share no code with the project."""

import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from OpenSSL import SSL
from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.constants import CipherSuite
from tlslite.errors import TLSRemoteAlert

from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from handshake.wire.registry import parse_version
from servers.contract import PrivateKeyAndChain
from servers.definition import BUNDLED_SERVERS, load_definitions
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.tlslite.connection import make_settings
from servers.variant import parse_server_id
from tests.servers.conduct import (
    assert_answers_and_tells,
    assert_departure_is_told,
    assert_stuck_connections_block_no_other,
    assert_takes_line_feeds_alone,
)
from tests.servers.real_servers import (
    DEFINITIONS,
    IDS,
    REQUEST,
    connect,
    every_server,
    read_all,
    strict_end,
)


@every_server(*(identity for identity in IDS if "client-certificate=require" not in identity))
def test_answers_and_tells_what_it_saw(running: RunningServers, server: RunningServer) -> None:
    answer, seen, cipher_suite = assert_answers_and_tells(running, server)
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert seen.cipher_suite == cipher_suite_name(parse_cipher_suite(cipher_suite))


@every_server("openssl@4.0.3", "tlslite@0.8.2")
def test_any_request_is_answered_with_its_length(server: RunningServer) -> None:
    with connect(server) as plain, strict_end(plain) as tls:
        tls.sendall(b"POST /any HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = read_all(tls.recv).partition(b"\r\n\r\n")
    assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head
    assert b"\r\nConnection: close" in head


@every_server("openssl@4.0.3", "tlslite@0.8.2")
def test_a_line_feed_alone_ends_a_line_of_a_request(server: RunningServer) -> None:
    assert_takes_line_feeds_alone(server)


@every_server("openssl@4.0.3", "openssl-s_server@system", "tlslite@0.8.2")
def test_stuck_connections_block_no_other(server: RunningServer) -> None:
    assert_stuck_connections_block_no_other(server)


@every_server("openssl@4.0.3", "openssl-s_server@system", "tlslite@0.8.2")
def test_refusal_is_told_with_its_alert(running: RunningServers, server: RunningServer) -> None:
    # A hello of TLS 1.2 that offers nothing but TLS_RSA_WITH_DES_CBC_SHA.
    hello = bytes.fromhex("0100002b0303") + bytes(32) + bytes.fromhex("000002000901000000")
    hello = hello[:3] + bytes([len(hello) - 4]) + hello[4:]
    before = datetime.now(UTC)
    with connect(server) as plain:
        plain.sendall(b"\x16\x03\x01" + len(hello).to_bytes(2) + hello)
        answer = read_all(plain.recv)
        peer_port = plain.getsockname()[1]
    assert answer[:1] + answer[5:] == b"\x15\x02\x28", "a fatal handshake_failure, then the end of the stream"
    seen = running.wait_for_connection(server.id, peer_port, before)
    assert seen is not None
    assert (seen.alert_sent, seen.cipher_suite) == ("handshake_failure", None)
    assert seen.reason


@every_server("openssl@4.0.3", "openssl-s_server@system", "tlslite@0.8.2")
def test_client_that_goes_away_is_told(running: RunningServers, server: RunningServer) -> None:
    assert_departure_is_told(running, server)


@dataclass(frozen=True)
class Handshake:
    cipher_suite: int
    dh_prime_bits: int | None


def tlslite_handshake(
    server: RunningServer, version: tuple[int, int], key_exchanges: tuple[str, ...] = ()
) -> Handshake:
    """What a client of one version and some key exchanges comes to; raises TLSRemoteAlert."""
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    settings.versions = [version]
    settings.eccCurves = ["x25519", "secp256r1"]
    settings.keyShares = ["x25519"]
    settings.dhGroups = []  # so that the server has to choose its own
    settings.keyExchangeNames = key_exchanges or settings.keyExchangeNames
    with connect(server) as plain:
        client = TLSConnection(plain)
        client.handshakeClientCert(settings=settings)
        client.write(REQUEST)
        assert bytes(client.read(min=12, max=12)) == b"HTTP/1.0 200"
        seen = Handshake(client.session.cipherSuite, client.dhGroupSize)
        client.close()
    return seen


VERSIONS = {"SSLv3": (3, 0), "TLSv1.0": (3, 1), "TLSv1.1": (3, 2), "TLSv1.2": (3, 3), "TLSv1.3": (3, 4)}


@every_server("openssl@4.0.3", "openssl@4.0.3,configuration=legacy", "openssl-s_server@system",
              "openssl-s_server@system,configuration=legacy", "tlslite@0.8.2")  # fmt: skip
@pytest.mark.parametrize("version", VERSIONS)
def test_speaks_the_versions_it_declares_and_no_other(server: RunningServer, version: str) -> None:
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    if parse_version(version) in declared.versions:
        assert tlslite_handshake(server, VERSIONS[version]).cipher_suite in declared.cipher_suites
    else:
        with pytest.raises(TLSRemoteAlert):
            tlslite_handshake(server, VERSIONS[version])


@every_server("openssl@4.0.3", "openssl@4.0.3,configuration=legacy",
              "openssl-s_server@system", "tlslite@0.8.2")  # fmt: skip
@pytest.mark.parametrize("key_exchange", ["dhe_rsa", "dhe_dsa"])
def test_uses_the_prime_it_declares_with_every_key(server: RunningServer, key_exchange: str) -> None:
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    if key_exchange == "dhe_dsa" and "dsa" not in declared.certificates:
        with pytest.raises(TLSRemoteAlert):
            tlslite_handshake(server, VERSIONS["TLSv1.2"], (key_exchange,))
    else:
        seen = tlslite_handshake(server, VERSIONS["TLSv1.2"], (key_exchange,))
        assert seen.dh_prime_bits == declared.dh_prime_bits


def pyopenssl_negotiates(server: RunningServer, cipher_suite: str, version: int) -> str | None:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_max_proto_version(version)
    context.set_cipher_list(f"{cipher_suite}:@SECLEVEL=0".encode())
    with connect(server) as plain:
        plain.setblocking(True)
        client = SSL.Connection(context, plain)
        client.set_connect_state()
        try:
            client.do_handshake()
        except SSL.Error:
            return None
        name: str | None = client.get_cipher_name()
        client.shutdown()
    return name


@pytest.mark.long(but=["openssl@4.0.3*"])
@every_server("openssl@4.0.3", "openssl@4.0.3,configuration=legacy", "openssl-s_server@system",
              "openssl-s_server@system,configuration=legacy")  # fmt: skip
def test_negotiates_every_suite_it_declares_and_no_other(server: RunningServer) -> None:
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    everything = SSL.Context(SSL.TLS_METHOD)
    everything.set_cipher_list(b"ALL:COMPLEMENTOFALL:!PSK:!SRP:@SECLEVEL=0")
    offered = SSL.Connection(everything, None).get_cipher_list()
    codes = {name: parse_cipher_suite(name) for name in offered if not name.startswith("TLS_")}
    accepted = {
        code
        for name, code in codes.items()
        for version in (SSL.TLS1_2_VERSION, SSL.TLS1_1_VERSION)  # IDEA ends with TLS 1.1 (RFC 5469)
        if pyopenssl_negotiates(server, name, version) == name
    }
    assert accepted == set(declared.cipher_suites) & set(codes.values())


@pytest.mark.parametrize(
    ("setting", "cipher_list"),
    [("default", "DEFAULT:!PSK:!SRP"), ("legacy", "ALL:COMPLEMENTOFALL:!aNULL:!aDSS:!PSK:!SRP:@SECLEVEL=0")],
)
def test_s_server_declares_what_the_library_says(setting: str, cipher_list: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    version = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("OpenSSL 3.0."):
        pytest.skip(f"declared as OpenSSL 3.0 has it; this is {version}")
    listed = subprocess.run(
        [program, "ciphers", cipher_list], capture_output=True, text=True, check=True
    ).stdout
    declared = parse_server_id(f"openssl-s_server@system,configuration={setting}", DEFINITIONS).declared()
    assert tuple(parse_cipher_suite(name) for name in listed.strip().split(":")) == declared.cipher_suites


def test_tlslite_declares_what_the_library_says() -> None:
    settings = make_settings().validate()
    makers = (
        CipherSuite.getTLS13Suites,
        CipherSuite.getEcdsaSuites,
        CipherSuite.getEcdheCertSuites,
        CipherSuite.getDheCertSuites,
        CipherSuite.getCertSuites,
        CipherSuite.getDheDsaSuites,  # behind what its RSA certificate serves (measured)
    )
    suites: dict[int, None] = {}
    for version in reversed(VERSIONS.values()):
        own = [suite for maker in makers for suite in maker(settings, version)]
        suites |= dict.fromkeys(CipherSuite.filterForVersion(own, version, version))
    declared = parse_server_id("tlslite@0.8.2", DEFINITIONS).declared()
    assert tuple(suites) == declared.cipher_suites


SSLV2_HELLO = bytes.fromhex("802e01030100150000001000002f0000350000330000390000050100800700c0") + bytes(16)


@every_server("openssl@4.0.3,configuration=legacy", "openssl-s_server@system,configuration=legacy",
              "tlslite@0.8.2")  # fmt: skip
def test_reads_an_sslv2_format_hello_as_declared(server: RunningServer) -> None:
    hello = SSLV2_HELLO[:1] + bytes([len(SSLV2_HELLO) - 2]) + SSLV2_HELLO[2:]
    with connect(server) as plain:
        plain.sendall(hello)
        plain.shutdown(socket.SHUT_WR)
        answer = read_all(plain.recv)
    server_hello = answer[:3] == b"\x16\x03\x01" and answer[5:6] == b"\x02"
    assert server_hello == parse_server_id(server.id, DEFINITIONS).declared().sslv2_hello


INSTALLED_LEVELS = {"openssl": "4.0.3", "tlslite": "0.8.2"}


@pytest.mark.parametrize("server_id", INSTALLED_LEVELS)
def test_level_that_is_not_installed_is_an_error(
    server_id: str, credentials: Mapping[str, PrivateKeyAndChain], tmp_path: Path
) -> None:
    folder = tmp_path / server_id
    shutil.copytree(BUNDLED_SERVERS / server_id, folder)
    text = (folder / "server.toml").read_text()
    level = INSTALLED_LEVELS[server_id]
    renamed = text.replace(f'"{level}"', '"9.9"').replace(f'id = "{server_id}"', f'id = "{server_id}-9"', 1)
    (folder / "server.toml").write_text(renamed)
    folder.rename(tmp_path / f"{server_id}-9")
    variant = parse_server_id(f"{server_id}-9@9.9", load_definitions([tmp_path]))
    with start_servers([variant], credentials) as servers:
        assert "is installed here, not 9.9" in getattr(servers[variant.id], "message", "")


def test_s_server_without_an_openssl_program_is_not_installed(
    credentials: Mapping[str, PrivateKeyAndChain], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    variant = parse_server_id("openssl-s_server@system", DEFINITIONS)
    with start_servers([variant], credentials) as servers:
        found = servers[variant.id]
    assert isinstance(found, NotInstalled)
    assert "apt-get install openssl" in found.message


def test_programs_are_small(running: RunningServers) -> None:
    for server_id in IDS:
        status = Path(f"/proc/{running.process_id(server_id)}/status").read_text()
        kilobytes = int(status.split("VmRSS:")[1].split()[0])
        assert kilobytes < 60_000, server_id
