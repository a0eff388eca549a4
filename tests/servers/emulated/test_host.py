"""The host program on real sockets: answers, endings, triggers; nobody keeps it from serving others."""

import hashlib
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace
from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.errors import TLSRemoteAlert

from servers import contract
from servers.contract import Connection, PrivateKeyAndChain
from servers.definition import load_definitions
from servers.emulated import host
from servers.processes.start import RunningServer, RunningServers, StartFailure, start_servers
from servers.variant import expand, parse_server_id
from tests.servers.conduct import LONG_AGO, assert_takes_line_feeds_alone
from tests.servers.emulated.hellos import (
    GROUPS,
    PLAIN,
    POINT_FORMATS,
    RENEGOTIATION_INFO,
    SESSION_TICKET,
    extended,
    flight,
    server_names,
)

SECONDS = 5.0
RANDOM_OFFSET = 11  # of a ServerHello in its record: header, message header, version
CURIOUS = """
id = "curious"
title = "Server that answers an extension in many ways"
kind = "emulated"
default = true
control = "openssl-0.9.8"
source = "made up for a test"

[declared]
versions = ["TLSv1.0"]
cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]

[levels.a]
title = "Level a"
stack = "none"

[toggles.reaction]
title = "What it does when a hello has an extension block"
values = ["alert", "fin", "reset", "hang", "nonsense"]
default = "alert"

[[toggles.reaction.when.alert.emulation.intolerance]]
features = ["extension-block"]
reaction = "alert:internal_error"

[[toggles.reaction.when.fin.emulation.intolerance]]
features = ["extension-block"]
reaction = "fin"

[[toggles.reaction.when.reset.emulation.intolerance]]
features = ["extension-block"]
reaction = "reset"

[[toggles.reaction.when.hang.emulation.intolerance]]
features = ["extension-block"]
reaction = "hang"

[[toggles.reaction.when.nonsense.emulation.intolerance]]
features = ["extension-block"]
reaction = "shrug"
"""


@pytest.fixture(scope="module")
def servers(
    credentials: Mapping[str, PrivateKeyAndChain], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServers]:
    """Every bundled emulated server and every variant of the curious one, in one process; of departing ones
    there are hundreds, which are alike here.
    """
    folder = tmp_path_factory.mktemp("servers")
    (folder / "curious").mkdir()
    (folder / "curious" / "server.toml").write_text(CURIOUS)
    definitions = load_definitions([folder])
    emulated = (each for each in definitions.values() if each.kind == "emulated")
    variants = [variant for each in emulated for variant in expand(each) if not variant.is_only_observed]
    with start_servers(variants, credentials, 20.0) as running:
        yield running


def running(servers: RunningServers, server_id: str) -> RunningServer:
    server = servers[server_id]
    assert isinstance(server, RunningServer), server
    return server


def dial(servers: RunningServers, server_id: str) -> socket.socket:
    server = running(servers, server_id)
    return socket.create_connection((server.host, server.port), SECONDS)


def seen(servers: RunningServers, server_id: str, peer_port: int) -> Connection:
    connection = servers.wait_for_connection(server_id, peer_port, LONG_AGO, SECONDS)
    assert connection is not None
    return connection


def send(servers: RunningServers, server_id: str, first_flight: bytes) -> tuple[bytes, Connection]:
    """Send a first flight and read the first bytes of the answer; with the server's own view."""
    with dial(servers, server_id) as connection:
        connection.sendall(first_flight)
        answer = connection.recv(11)
        peer_port = connection.getsockname()[1]
    return answer, seen(servers, server_id, peer_port)


def fetch(connection: socket.socket, version: tuple[int, int]) -> tuple[bytes, str]:
    """One request with tlslite-ng; the response and the certificate's SHA-256."""
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    settings.keyExchangeNames = ["rsa"]
    client = TLSConnection(connection)
    client.handshakeClientCert(settings=settings, serverName="localhost")
    leaf = bytes(client.session.serverCertChain.x509List[0].bytes)
    client.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    response = bytes(client.read(max=None, min=1 << 16))
    assert client.closed  # close_notify came: without it read raises
    return response, hashlib.sha256(leaf).hexdigest()


@pytest.mark.parametrize("server_id", ["jsse6@6u18", "jsse6@6u45", "webmethods-8.0.1@core-fix-20"])
@pytest.mark.parametrize("version", [(3, 0), (3, 1)], ids=["SSLv3", "TLSv1.0"])
def test_a_request_is_answered(servers: RunningServers, server_id: str, version: tuple[int, int]) -> None:
    with dial(servers, server_id) as connection:
        peer_port = connection.getsockname()[1]
        response, certificate_sha256 = fetch(connection, version)
    assert running(servers, server_id).certificate_sha256 == {certificate_sha256}
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Connection: close" in head
    view = seen(servers, server_id, peer_port)
    assert view.version == ("SSLv3" if version == (3, 0) else "TLSv1.0")
    assert view.cipher_suite is not None
    assert view.cipher_suite.startswith("TLS_RSA_WITH_AES_")
    assert (view.alert_sent, view.reason) == (None, None)
    assert body.decode().split() == [f"{server_id}:", view.version, view.cipher_suite]


@pytest.mark.parametrize(
    ("server_id", "says_it"),
    [
        ("jsse6@6u18", True),
        ("jsse6@6u45", True),
        ("webmethods-8.0.1@core-fix-20", True),
        ("curious@a", False),
    ],
)
def test_random_and_session_id_begin_with_the_time_where_the_emulated_ones_did(
    servers: RunningServers, server_id: str, says_it: bool
) -> None:
    before = int(time.time())
    answer = b""
    with dial(servers, server_id) as connection:
        connection.sendall(flight(PLAIN))
        while len(answer) < RANDOM_OFFSET + 65:
            answer += connection.recv(65_536)
    after = time.time()
    for offset in (RANDOM_OFFSET, RANDOM_OFFSET + 33):  # behind random the session id's length
        said = int.from_bytes(answer[offset : offset + 4])
        assert (before <= said <= after) is says_it


@pytest.mark.parametrize("server_id", ["jsse6@6u45", "webmethods-8.0.1@core-fix-20"])
def test_a_line_feed_alone_ends_a_line_of_a_request(servers: RunningServers, server_id: str) -> None:
    # Not the Diffie-Hellman primes of Java 6, which are too small for OpenSSL.
    assert_takes_line_feeds_alone(running(servers, server_id), cipher_list=b"AES128-SHA:@SECLEVEL=0")


def test_a_client_that_is_not_served_gets_no_answer(servers: RunningServers) -> None:
    with dial(servers, "curious@a") as connection, pytest.raises(TLSRemoteAlert):
        fetch(connection, (3, 1))  # tlslite-ng sends extensions


def test_all_are_in_one_process(servers: RunningServers) -> None:
    assert len({servers.process_id(server_id) for server_id in servers}) == 1


def test_a_definition_that_is_wrong_fails_alone_and_says_where(servers: RunningServers) -> None:
    failure = servers["curious@a,reaction=nonsense"]
    assert isinstance(failure, StartFailure)
    assert (
        "curious/server.toml (a): emulation.intolerance[0].reaction: unknown reaction 'shrug'"
        in failure.message
    )
    assert sum(isinstance(server, StartFailure) for server in servers.values()) == 1


def test_reaction_alert_then_fin(servers: RunningServers) -> None:
    with dial(servers, "curious@a") as connection:
        connection.settimeout(host.LINGER_SECONDS / 2)
        connection.sendall(flight(extended()))
        assert connection.recv(100) + connection.recv(100) == bytes.fromhex("15030100020250")
        assert connection.recv(100) == b""
        view = seen(servers, "curious@a", connection.getsockname()[1])
    assert (view.alert_sent, view.reason) == ("internal_error", "the hello has extension-block")


def test_reaction_fin(servers: RunningServers) -> None:
    with dial(servers, "curious@a,reaction=fin") as connection:
        connection.settimeout(host.LINGER_SECONDS / 2)  # then the host would end it in any case
        connection.sendall(flight(extended()))
        assert connection.recv(100) == b""


def test_reaction_reset(servers: RunningServers) -> None:
    with dial(servers, "curious@a,reaction=reset") as connection:
        connection.sendall(flight(extended()))
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_reaction_hang(servers: RunningServers) -> None:
    with dial(servers, "curious@a,reaction=hang") as connection:
        connection.sendall(flight(extended()))
        view = seen(servers, "curious@a,reaction=hang", connection.getsockname()[1])
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(100)
    assert (view.alert_sent, view.reason) == (None, "the hello has extension-block: no answer")


@pytest.mark.parametrize("reaction", ["alert", "fin", "reset", "hang"])
def test_without_the_feature_there_is_no_reaction(servers: RunningServers, reaction: str) -> None:
    server_id = "curious@a" if reaction == "alert" else f"curious@a,reaction={reaction}"
    answer, view = send(servers, server_id, flight(PLAIN))
    assert answer[:1] == b"\x16"
    assert view.cipher_suite == "TLS_RSA_WITH_AES_128_CBC_SHA"


EC_SUITES = flight(replace(PLAIN, cipher_suites=(0xC013, 0x002F)))
TRIGGERS: dict[str, tuple[list[bytes], list[bytes]]] = {
    "supported_groups-or-ec_point_formats": (
        [
            flight(extended(GROUPS)),
            flight(extended(POINT_FORMATS)),
            flight(extended(server_names("a.b"), GROUPS)),
        ],
        [flight(PLAIN), EC_SUITES, flight(extended(server_names("a.b"), RENEGOTIATION_INFO, SESSION_TICKET))],
    ),
    "ec-cipher-suite": ([EC_SUITES], [flight(PLAIN), flight(extended(GROUPS, POINT_FORMATS))]),
    "server_name": ([flight(extended(server_names("a.b")))], [flight(PLAIN), flight(extended(GROUPS))]),
    "renegotiation_info": ([flight(extended(RENEGOTIATION_INFO))], [flight(PLAIN), flight(extended(GROUPS))]),
    "non-empty-extension": ([flight(extended(GROUPS))], [flight(PLAIN), flight(extended(SESSION_TICKET))]),
    "extension-block": ([flight(extended()), flight(extended(SESSION_TICKET))], [flight(PLAIN), EC_SUITES]),
}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_trigger_fires_with_its_feature_and_not_without(servers: RunningServers, trigger: str) -> None:
    definition = load_definitions()["webmethods-8.0.1"]
    level = "webmethods-8.0.1@core-fix-19"
    server_id = level if definition.toggles["trigger"].default == trigger else f"{level},trigger={trigger}"
    firing, harmless = TRIGGERS[trigger]
    for first_flight in firing:
        answer, view = send(servers, server_id, first_flight)
        assert answer == bytes.fromhex("1503010002020a")
        assert view.alert_sent == "unexpected_message"
        answer, _ = send(servers, "webmethods-8.0.1@core-fix-20", first_flight)
        assert answer[:1] == b"\x16"
    for first_flight in harmless:
        answer, view = send(servers, server_id, first_flight)
        assert answer[:1] == b"\x16"
        assert view.alert_sent is None


def test_there_is_a_test_for_every_trigger() -> None:
    assert list(TRIGGERS) == load_definitions()["webmethods-8.0.1"].toggles["trigger"].values


def test_stuck_connections_keep_nobody_waiting(servers: RunningServers) -> None:
    with ExitStack() as stuck:
        for _ in range(60):
            connection = stuck.enter_context(dial(servers, "jsse6@6u45"))
            connection.sendall(flight(PLAIN)[:20])
        with dial(servers, "jsse6@6u45") as connection:
            response, _ = fetch(connection, (3, 1))
    assert b"200 OK" in response


def send_without_end(connection: socket.socket) -> None:
    """A handshake message of 16 MB, announced and sent as fast as it goes."""
    connection.sendall(b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes(16380))
    while True:
        connection.sendall(b"\x16\x03\x01\x40\x00" + bytes(16384))


def test_a_peer_that_sends_without_end_is_cut_off(servers: RunningServers) -> None:
    with dial(servers, "jsse6@6u45") as connection:
        peer_port = connection.getsockname()[1]
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_without_end(connection)
    view = seen(servers, "jsse6@6u45", peer_port)
    assert view.reason == f"the peer sent more than {host.MAX_RECEIVED_BYTES} bytes"


def test_a_peer_that_leaves_is_reported(servers: RunningServers) -> None:
    with dial(servers, "jsse6@6u45") as connection:
        connection.sendall(flight(PLAIN))
        connection.recv(1 << 16)
        peer_port = connection.getsockname()[1]
    view = seen(servers, "jsse6@6u45", peer_port)
    assert view.cipher_suite == "TLS_RSA_WITH_AES_128_CBC_SHA"
    assert view.reason == "the peer closed the connection during the handshake"


def test_a_peer_that_resets_is_reported(servers: RunningServers) -> None:
    with dial(servers, "jsse6@6u45") as connection:
        connection.sendall(flight(PLAIN)[:20])
        peer_port = connection.getsockname()[1]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    view = seen(servers, "jsse6@6u45", peer_port)
    assert view.reason is not None
    assert view.reason.startswith("connection lost: ")


def test_a_silent_connection_ends_after_the_idle_time(
    credentials: Mapping[str, PrivateKeyAndChain],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(host, "IDLE_SECONDS", 0.05)
    variant = parse_server_id("jsse6@6u45", load_definitions())
    configuration = contract.Configuration(
        variant.id, variant.level, variant.toggles, credentials, variant.declared(), variant.emulation()
    )
    with host.Host() as hosting, hosting.start(configuration) as ready:
        assert isinstance(ready, contract.Ready)
        with socket.create_connection(("127.0.0.1", ready.port), SECONDS) as connection:
            connection.sendall(flight(PLAIN)[:20])
            assert connection.recv(1) == b""
    assert "nothing came for" in capfd.readouterr().out


def test_the_process_ends_with_connections_open(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    variant = parse_server_id("jsse6@6u45", load_definitions())
    with ExitStack() as stuck:
        with start_servers([variant], credentials, 20.0) as own:
            process = Path(f"/proc/{own.process_id(variant.id)}")
            assert process.exists()
            stuck.enter_context(dial(own, variant.id)).sendall(flight(PLAIN)[:20])
        assert not process.exists()
