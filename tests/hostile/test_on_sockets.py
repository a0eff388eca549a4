"""Some of it over sockets: a peer that trickles or floods meets a deadline, in either role."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, repeat

import pytest

from clients.connect import connect
from clients.destination import Destination
from clients.observation import Attempt
from clients.player import PlayedHello, Player
from clients.starttls import StartTls
from servers import contract
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.emulated import host
from servers.processes.start import RunningServer, start_servers
from servers.variant import parse_server_id
from tests.clients.servers import Script, scripted_server
from tests.hostile.floods import FLOODS, NO_RECORDS, in_clear
from tests.hostile.handshakes import HANDSHAKES
from tests.hostile.server import check_told
from tests.mutations.records import WARNING

DEADLINE = 0.4
PAUSE = 0.02
SOON = 5.0
"""When it is certainly over: without its deadline it would last for minutes."""
START_SECONDS = 20.0
BYTES = 10_000
BEGUN = bytes.fromhex("16 0303 4000")
SERVER = "reference@rfc"


def attempt_at(
    script: Script,
    starttls: StartTls | None = None,
    name: str = "tls1.2-ecdsa",
    deadline: float = DEADLINE,
) -> Attempt:
    """One attempt at a server that does what the script says."""
    player = Player((PlayedHello(HANDSHAKES[name].hello),))
    with scripted_server(script) as server:
        destination = Destination("127.0.0.1", server.port, None, starttls)
        (attempt,) = connect(player, destination, deadline_seconds=deadline).attempts
    check_told(attempt)
    assert attempt.seconds < deadline + SOON
    return attempt


def saying(words: Iterator[bytes], pause: float = 0.0) -> Script:
    """Say one thing after the other until the client is gone."""

    def script(connection: socket.socket) -> bytes:
        with suppress(OSError):
            for word in words:
                connection.sendall(word)
                time.sleep(pause)
        return b""

    return script


@pytest.mark.parametrize("name", ["sslv3", "tls1.3"])
def test_a_server_that_trickles(name: str) -> None:
    """A byte at a time of what may become a record."""
    words = (bytes((byte,)) for byte in BEGUN + bytes(BYTES))
    assert str(attempt_at(saying(words, PAUSE), name=name).failure) == "server-hello:timeout"


@pytest.mark.parametrize("protocol", ["smtp", "mysql"])
def test_a_server_that_trickles_before_tls(protocol: str) -> None:
    first = b"220-" if protocol == "smtp" else b"\xff\xff\x00\x00\x0a"
    words = (bytes((byte,)) for byte in first + b"x" * BYTES)
    attempt = attempt_at(saying(words, PAUSE), StartTls(protocol, "server.example.test"))
    assert str(attempt.failure) == "connect:timeout"


def test_a_server_that_floods() -> None:
    attempt = attempt_at(saying(in_clear(WARNING)), deadline=START_SECONDS)
    assert str(attempt.failure) == "server-hello:protocol-error-excess-data"


def test_a_client_that_trickles(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(host, "LIFETIME_SECONDS", DEADLINE)
    variant = parse_server_id(SERVER, load_definitions())
    configuration = contract.Configuration(
        variant.id,
        variant.level,
        variant.toggles,
        make_credentials(),
        variant.declared(),
        variant.emulation(),
    )
    with host.Host() as hosting, hosting.start(configuration) as ready:
        assert isinstance(ready, contract.Ready)
        with socket.create_connection(("127.0.0.1", ready.port), PAUSE) as connection:
            began = time.monotonic()
            for byte in BEGUN + bytes(BYTES):
                try:
                    connection.sendall(bytes((byte,)))
                    assert connection.recv(1) == b""
                    break
                except TimeoutError:
                    assert time.monotonic() - began < SOON
                except ConnectionError:
                    break
    assert "the connection has lasted" in capfd.readouterr().out


def test_clients_that_flood_keep_nobody_from_being_served() -> None:
    floods = [
        *(in_clear(flood) for flood in FLOODS.values()),
        *(repeat(junk) for junk in NO_RECORDS.values()),
    ]
    player = Player((PlayedHello(HANDSHAKES["tls1.2-ecdsa"].hello),))
    variant = parse_server_id(SERVER, load_definitions())
    with start_servers([variant], make_credentials(), START_SECONDS) as servers:
        server = servers[variant.id]
        assert isinstance(server, RunningServer)
        for flood in floods:
            with socket.create_connection(("127.0.0.1", server.port), SOON) as connection, suppress(OSError):
                for piece in flood:
                    connection.sendall(piece)
        seen = connect(player, Destination("127.0.0.1", server.port), deadline_seconds=SOON)
        assert seen.attempts[-1].failure is None
        told = [view.reason for view in islice(servers.follow(variant.id), len(floods) + 1)]
    assert told.count(None) == 1
    assert not [reason for reason in told if reason and "lost" in reason], "an exception, or a reset of ours"
