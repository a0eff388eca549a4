"""Emulated servers that begin TLS after words in the clear, met by programs that are not ours."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clients.starttls import PROTOCOLS as SPOKEN_BY_CLIENTS
from servers.contract import Configuration, PrivateKeyAndChain
from servers.declared import Declared
from servers.definition import DefinitionError, load_definition, load_definitions
from servers.emulated.starttls import PROTOCOLS
from servers.processes.start import RunningServer, RunningServers, start_servers
from servers.variant import plain_variant
from tests.servers.conduct import LONG_AGO
from tests.servers.emulated.starttls_servers import DEFINITION, write_definitions

SECONDS = 5.0
# A PRELOGIN with the options VERSION and ENCRYPTION, the latter ENCRYPT_NOT_SUP
UNENCRYPTED = bytes.fromhex("1201001a00000100 00000b0006 0100110001 ff 000000000000 02")


@pytest.fixture(scope="module")
def servers(
    credentials: Mapping[str, PrivateKeyAndChain], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServers]:
    folder = tmp_path_factory.mktemp("servers")
    write_definitions(folder)
    definitions = load_definitions([folder])
    variants = [plain_variant(definitions[f"my-{protocol}"], "a") for protocol in PROTOCOLS]
    with start_servers(variants, credentials, 20.0) as running:
        yield running


def running(servers: RunningServers, protocol: str) -> RunningServer:
    server = servers[f"my-{protocol}@a"]
    assert isinstance(server, RunningServer), server
    return server


def version_seen(servers: RunningServers, protocol: str) -> str | None:
    """The version of the first connection that had one, as the server says; it is waited for."""
    return next(view.version for view in servers.follow(f"my-{protocol}@a") if view.version is not None)


def ask(command: list[str], **environment: str) -> str:
    result = subprocess.run(
        command,
        input="",
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "LC_ALL": "C", **environment},
    )
    return result.stdout + result.stderr


def test_clients_and_servers_know_the_same_protocols() -> None:
    assert set(PROTOCOLS) == set(SPOKEN_BY_CLIENTS)


@pytest.mark.parametrize("protocol", sorted(set(PROTOCOLS) - {"tds"}))
def test_openssls_client_gets_its_tls(servers: RunningServers, protocol: str) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    server = running(servers, protocol)
    address = f"{server.host}:{server.port}"
    how = ["-starttls", protocol, "-xmpphost", "server.example.test", "-connect", address]
    if protocol == "http-connect":
        how = ["-proxy", address, "-connect", "server.example.test:443"]
    said = ask([openssl, "s_client", *how])
    assert "Cipher is AES128-SHA" in said
    assert version_seen(servers, protocol) == "TLSv1.2"


def test_freetds_gets_its_tls_inside_prelogin_packets(servers: RunningServers, tmp_path: Path) -> None:
    tsql = shutil.which("tsql")
    if tsql is None:
        pytest.skip("there is no tsql program; get it with: apt-get install freetds-bin")
    server = running(servers, "tds")
    configuration = tmp_path / "freetds.conf"
    configuration.write_text(
        f"[mine]\nhost = {server.host}\nport = {server.port}\ntds version = 7.3\nencryption = require\n"
    )
    said = ask([tsql, "-S", "mine", "-U", "sa", "-P", "x"], FREETDSCONF=str(configuration))
    assert "Msg 18456" in said, "the refused login comes after the handshake, on TLS without packets"
    assert version_seen(servers, "tds") == "TLSv1.2"


@pytest.mark.parametrize(
    ("protocol", "said", "answer", "reason"),
    [
        ("smtp", b"NOOP\r\nDATA\r\n", b"220 server.example.test ESMTP\r\n530 STARTTLS first\r\n", None),
        ("ftp", b"USER a\r\n", b"220 server.example.test\r\n530 Not logged in\r\n", None),
        ("imap", b"x NOOP\r\n\r\n", b"* OK [CAPABILITY", None),
        ("pop3", b"CAPA\r\nUSER a\r\n", b"+OK server.example.test\r\n+OK\r\nSTLS\r\n.\r\n-ERR", None),
        ("ldap", b"GET / HTTP/1.0\r\n", b"", "before TLS: what came is no LDAPMessage"),
        ("ldap", bytes.fromhex("300c 020101 6007 020103 0400 8000"), b"", "before TLS: the first operation"),
        ("postgres", b"GET / HT", b"E", "before TLS: the client asks for no encryption"),
        ("mysql", b"\x20\0\0\1" + bytes(32), b"", "before TLS: the client asks for no encryption"),
        ("xmpp", b"x" * 9000, b"", "before TLS: no line ended within 8192 bytes"),
        ("smtp", b"NOOP\r\n" * 11_000, b"220 ", "before TLS: more than 65536 bytes came"),
        ("ldap", bytes.fromhex("3084 7fffffff"), b"", "before TLS: 2147483647 bytes are announced"),
        ("http-connect", b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.1 405 ", "before TLS: the first request"),
        ("http-connect", b"GET / HTTP/1.0\nHost: x\n\n", b"HTTP/1.1 405 ", "before TLS: the first request"),
        ("http-connect", b"CONNECT x:1 HTTP/1.1\nHost: x\n\n", b"HTTP/1.1 200 ", None),
        ("tds", b"GET / HTTP/1.0\r\n\r\n", b"", "before TLS: the first packet"),
        ("tds", UNENCRYPTED, b"\x04\x01", "before TLS: the client has no encryption"),
        ("smtp", b"STARTTLS\r\nGET / HTTP/1.0\r\n\r\n", b"220 server.example.test ESMTP\r\n220 ", None),
    ],
)
def test_a_client_that_says_something_else(
    servers: RunningServers, protocol: str, said: bytes, answer: bytes, reason: str | None
) -> None:
    server = running(servers, protocol)
    with socket.create_connection((server.host, server.port), SECONDS) as connection:
        port = connection.getsockname()[1]
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while data := connection.recv(4096):
            received += data
    assert received.startswith(answer)
    view = servers.wait_for_connection(server.id, port, LONG_AGO, SECONDS)
    assert view is not None
    assert view.version is None
    assert view.reason is not None
    assert reason is None or view.reason.startswith(reason)


def test_a_definition_with_a_protocol_that_does_not_exist_says_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "my-smtps").mkdir()
    path = tmp_path / "my-smtps" / "server.toml"
    path.write_text(DEFINITION.format(protocol="smtps", declared=""))
    with pytest.raises(
        DefinitionError, match=r"starttls \(line \d+\): unknown protocol 'smtps': did you mean smtp\?"
    ):
        load_definition(path)


def test_a_real_server_is_to_end_in_tls_by_itself(tmp_path: Path) -> None:
    (tmp_path / "my-smtp").mkdir()
    path = tmp_path / "my-smtp" / "server.toml"
    path.write_text(DEFINITION.format(protocol="smtp", declared="").replace('"emulated"', '"real"'))
    with pytest.raises(DefinitionError, match=r"starttls \(line \d+\): is for emulated servers"):
        load_definition(path)


def test_the_protocol_travels_in_a_configuration() -> None:
    declared = Declared((0x0301,), (0x002F,))
    configuration = Configuration("a@1", "1", {}, {}, declared, starttls="smtp")
    assert Configuration.from_json(json.loads(configuration.to_line())) == configuration
    without = {key: value for key, value in json.loads(configuration.to_line()).items() if key != "starttls"}
    assert Configuration.from_json(without).starttls is None
