"""A pool of processes: who gets one, and who loses it."""

import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import environ, getpid

import pytest

from servers.listener import Listener
from servers.system import pool
from servers.system.backend import BackendProgram
from servers.system.pool import BackendPool
from servers.system.view import View
from tests.kills.keeper import descendants

ONE_AT_A_TIME = """
import socket
with socket.create_server(("127.0.0.1", 0)) as listening:
    print(f"listens on {listening.getsockname()[1]}", flush=True)
    while True:
        with listening.accept()[0] as connection:
            print("accepted", flush=True)
            said = b""
            while not said.endswith(b"\\n") and (more := connection.recv(100)):
                said += more
            connection.sendall(b"answer to " + said)
"""
DEADLINE = 10.0


class AcceptedView(View):
    """Of a program that says when it has got a connection; `number` is how many there were."""

    number = 0

    def read(self, line: bytes) -> None:
        """Count it."""
        AcceptedView.number += 1


PROGRAM = BackendProgram(
    "toy",
    lambda port: [sys.executable, "-c", ONE_AT_A_TIME],
    re.compile(rb"^listens on (\d+)$"),
    AcceptedView,
    environ,
)
Connect = Callable[[bytes], socket.socket]


class Served:
    """A pool that is served from a port, what it has reported by the client's port, and how many processes it
    has.
    """

    def __init__(self, closing: ExitStack) -> None:
        self.reported: dict[int, str | None] = {}
        self._closing = closing
        self._before = len(descendants(getpid()))
        backends = closing.enter_context(BackendPool(PROGRAM))

        def report(peer_port: int, view: View) -> None:
            self.reported[peer_port] = view.reason

        def serve(connection: socket.socket, peer_port: int) -> None:
            backends.serve(connection, peer_port, report)

        self._port = closing.enter_context(Listener("127.0.0.1", 0, serve)).port

    def accepted(self, said: bytes) -> socket.socket:
        """A client that says this, once a process has got its connection."""
        before = AcceptedView.number
        client = self.connect(said)
        wait_until(lambda: AcceptedView.number > before)
        return client

    def connect(self, said: bytes = b"") -> socket.socket:
        """A client that says this."""
        client = self._closing.enter_context(socket.create_connection(("127.0.0.1", self._port), DEADLINE))
        client.sendall(said)
        return client

    def processes(self) -> int:
        """How many run."""
        return len(descendants(getpid())) - self._before

    def reason(self, client: socket.socket) -> str | None:
        """What was reported of a client, waited for."""
        port = client.getsockname()[1]
        wait_until(lambda: port in self.reported)
        return self.reported[port]


@contextmanager
def serving() -> Iterator[Served]:
    """A pool; all of its processes have gone at the end, so that who comes next counts its own."""
    before = len(descendants(getpid()))
    with ExitStack() as closing:
        yield Served(closing)
    wait_until(lambda: len(descendants(getpid())) <= before)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + DEADLINE
    while not is_so() and time.monotonic() < until:
        time.sleep(0.02)
    assert is_so()


def test_a_client_that_says_nothing_gets_no_process() -> None:
    with serving() as served:
        silent = [served.connect() for _ in range(5)]
        assert served.connect(b"hello\n").recv(100) == b"answer to hello\n"
        assert served.processes() == 1
        silent[0].sendall(b"late\n")
        assert silent[0].recv(100) == b"answer to late\n", "it gets one as soon as it says something"
        silent[1].shutdown(socket.SHUT_WR)
        assert silent[1].recv(100) == b"answer to "


def test_a_client_that_says_nothing_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CONNECTION_TIMEOUT_SECONDS", 0.2)
    with serving() as served:
        assert served.reason(served.connect()) == "timeout"


def test_one_that_is_stuck_loses_its_process_to_one_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_BACKENDS", 2)
    with serving() as served:
        stuck, going_on = served.accepted(b"half"), served.accepted(b"g")
        assert served.processes() == 2
        another = served.connect(b"other\n")
        another.setblocking(False)
        answer = b""
        until = time.monotonic() + DEADLINE
        while not answer and time.monotonic() < until:
            going_on.sendall(b"o")  # it has more to say, so it is not stuck
            time.sleep(0.05)
            try:
                answer = another.recv(100)
            except BlockingIOError:
                continue
        assert answer == b"answer to other\n"
        assert served.reason(stuck) == "silent for 0.5 s while others waited"
        going_on.sendall(b"\n")
        assert going_on.recv(1000).startswith(b"answer to go")


def test_one_that_is_stuck_is_left_alone_while_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_BACKENDS", 2)
    with serving() as served:
        stuck = served.accepted(b"ha")
        assert served.connect(b"other\n").recv(100) == b"answer to other\n"
        time.sleep(2 * pool.STUCK_SECONDS)
        stuck.sendall(b"lf\n")
        assert stuck.recv(100) == b"answer to half\n"


def test_where_all_wait_too_long_they_are_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_BACKENDS", 1)
    monkeypatch.setattr(pool, "STUCK_SECONDS", 60.0)
    monkeypatch.setattr(pool, "CONNECTION_TIMEOUT_SECONDS", 0.5)
    with serving() as served:
        served.accepted(b"half")
        assert served.reason(served.connect(b"other\n")) == "all 1 processes are taken"


def test_processes_go_with_the_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_IDLE", 2)
    with serving() as served:
        crowd = [served.accepted(b"half") for _ in range(6)]
        wait_until(lambda: served.processes() == 6)
        for client in crowd:
            client.sendall(b"\n")
            assert client.recv(100) == b"answer to half\n"
        wait_until(lambda: served.processes() == 2)
        assert served.connect(b"hello\n").recv(100) == b"answer to hello\n"
