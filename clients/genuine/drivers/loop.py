"""What the drivers in Python share: a visit a line, told and said in JSON (`clients.genuine.driver`).

Imports the standard library alone: a stack has a version of each package of its own.
"""

import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

MAX_ANSWER = 65_536
LINGER_SECONDS = 0.2


@dataclass
class Told:
    """What a driver is told, as `Call` has it."""

    host: str
    port: int
    server_name: str | None
    request: str
    seconds: float
    trusted: str

    @property
    def request_bytes(self) -> bytes:
        """The request as it is sent."""
        return self.request.encode("latin-1")

    @contextmanager
    def connect(self) -> Iterator[socket.socket]:
        """A blocking socket, connected, whose waits end in time. In the end what still comes is read: where
        bytes are unread the kernel ends a connection with a reset, which can overtake an alert.
        """
        with socket.create_connection((self.host, self.port), self.seconds) as connection:
            connection.settimeout(self.seconds)
            try:
                yield connection
            finally:
                _leave(connection)


def _leave(connection: socket.socket) -> None:
    """End our side, and pass over what comes until the other side ends or is silent."""
    until = time.monotonic() + LINGER_SECONDS
    try:
        connection.shutdown(socket.SHUT_WR)
        while (left := until - time.monotonic()) > 0:
            if not select.select([connection], [], [], left)[0] or not connection.recv(65_536):
                return
    except (OSError, ValueError):  # it has ended already
        return


@dataclass
class Says:
    """What a driver says, as `Said` has it; filled while the visit goes on."""

    words: str = ""
    works: bool | None = None
    answer: str = ""
    alert_sent: int | None = None
    alert_received: int | None = None
    key_log: list[str] = field(default_factory=list)

    def take(self, data: bytes) -> None:
        """Take a part of the server's answer."""
        self.answer = (self.answer + data.decode("latin-1"))[:MAX_ANSWER]


def warm_up(visit: Callable[[Told, Says], None], seconds: float = 5.0) -> None:
    """Have loaded what a first connection takes a second for: meet a server that hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # the visit is over
                with connection:
                    connection.recv(4096)

        threading.Thread(target=hang_up, daemon=True).start()
        told = Told("127.0.0.1", listener.getsockname()[1], "warm-up.example.test", "", seconds, "")
        try:
            visit(told, Says())
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes an accept that still waits


def _nothing() -> None:
    pass


def serve(visit: Callable[[Told, Says], None], prepare: Callable[[], None] = _nothing) -> None:
    """Make the visits that are told on standard input until it ends; `prepare` comes before each, in nobody's
    time. An error is the visit's words.
    """
    output = sys.stdout
    sys.stdout = sys.stderr  # what a stack prints is its words, and never a line of ours
    prepare()
    _say(output, {"ready": True})
    for line in sys.stdin:
        told, says = Told(**json.loads(line)), Says()
        try:
            visit(told, says)
        except Exception as error:  # whatever it is, it is what the stack says
            says.words += f"{type(error).__name__}: {error}\n"
            says.works = bool(says.answer)
        _say(output, vars(says))
        prepare()


def _say(output: Any, what: dict[str, Any]) -> None:
    output.write(json.dumps(what) + "\n")
    output.flush()
