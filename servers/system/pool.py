"""As many processes of a program as there are connections at once, up to a number.

Programs made for trying TLS out serve one connection after another, so a stuck one would hold up all others.
Here each connection is handed to a process that is idle, or to one more, and its bytes are carried both ways.
A process that cannot be trusted to be idle again is killed.

A crowd of stuck connections holds up nobody either. A client that says nothing gets no process. Where all
processes are taken, the connection that has been silent for the longest time loses its own to one that waits,
and the newest of those that wait is first: the others have shown that they can.
"""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from servers import contract
from servers.listener import CONNECTION_TIMEOUT_SECONDS, Listener
from servers.system.backend import Backend, BackendProgram, StartError
from servers.system.relay import Relay
from servers.system.view import View

MAX_BACKENDS = 32
MAX_IDLE = 8
"""More are ended: a crowd that has gone leaves no processes behind."""
STUCK_SECONDS = 0.5
"""Of silence, until a connection loses its process to another."""


class BackendPool:
    """The processes of one server under test, at least one; their number follows the connections at once.

    They are all started from one thread that lives as long as the pool, because the kernel counts the end of
    the thread that started a process as the end of its parent. Entering raises StartError.
    """

    def __init__(self, program: BackendProgram) -> None:
        self._program = program
        self._changed = threading.Condition()
        self._is_closed = False
        self._idle: list[Backend] = []
        self._all: set[Backend] = set()
        self._served: dict[Backend, Relay] = {}
        self._waiting: list[Future[Backend]] = []
        self._starter = threading.Thread(target=self._hand_out, name="starter", daemon=True)

    def __enter__(self) -> Self:
        self._starter.start()
        self._give_back(self._take(), idle=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify()
            for backend in self._idle:
                backend.kill()
            for backend in self._all.difference(self._idle):
                backend.end()  # whose thread reads from it, and gives it back now

    def serve(self, connection: socket.socket, peer_port: int, report: Callable[[int, View], None]) -> None:
        """Let a process serve the connection; `report(peer_port, view)` is called when it is done."""
        if not _says_something(connection):
            report(peer_port, View("timeout"))
            return
        try:
            backend = self._take()
        except StartError as error:
            report(peer_port, View(str(error)))
            return
        try:
            relay = Relay(connection, backend)
        except OSError as error:
            report(peer_port, View(f"{self._program.name} is gone: {error}"))
            self._give_back(backend, idle=False)
            return
        with self._changed:
            self._served[backend] = relay
            self._changed.notify()
        with suppress(OSError):
            relay.run_to_end_of_backend()
        report(peer_port, backend.view)
        if relay.backend_ended_stream:
            with suppress(OSError):
                relay.run_to_end_of_client()
        relay.close()
        self._give_back(backend, idle=relay.backend_ended_stream)

    def _take(self) -> Backend:
        """A process, waited for. Raises StartError."""
        mine: Future[Backend] = Future()
        with self._changed:
            self._waiting.append(mine)
            self._changed.notify()
        try:
            return mine.result(CONNECTION_TIMEOUT_SECONDS)
        except TimeoutError:
            with self._changed:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    raise StartError(f"all {MAX_BACKENDS} processes are taken") from None
        return mine.result()  # it was just being started

    def _hand_out(self) -> None:
        """Give one process after another to whoever waits, until the pool is closed."""
        while True:
            with self._changed:
                while not (self._is_closed or self._waiting):
                    self._changed.wait()
                if self._is_closed:
                    return
                if not self._idle and len(self._all) >= MAX_BACKENDS and (seconds := self._take_away()) > 0:
                    self._changed.wait(seconds)
                    continue
                backend = self._idle.pop() if self._idle else None
                taker = self._waiting.pop()
            if backend is not None and not backend.is_running:
                self._give_back(backend, idle=False)
                backend = None
            try:
                taker.set_result(backend or self._start())
            except StartError as error:
                taker.set_exception(error)

    def _take_away(self) -> float:
        """Take the process of the connection that has been silent for the longest time, which ends it; if it
        is not stuck yet, the seconds until it may be.
        """
        stuck = min(self._served, key=lambda backend: self._served[backend].moved_at, default=None)
        if stuck is None:
            return STUCK_SECONDS
        seconds = self._served[stuck].moved_at + STUCK_SECONDS - time.monotonic()
        if seconds <= 0:
            self._all.discard(stuck)
            self._served.pop(stuck).give_up(f"silent for {STUCK_SECONDS} s while others waited")
        return seconds

    def _start(self) -> Backend:
        backend = Backend(self._program)
        with self._changed:
            if self._is_closed:
                backend.kill()
                raise StartError("the server stops")
            self._all.add(backend)
        return backend

    def _give_back(self, backend: Backend, *, idle: bool) -> None:
        with self._changed:
            self._served.pop(backend, None)
            if idle and not self._is_closed and backend in self._all and len(self._idle) < MAX_IDLE:
                self._idle.append(backend)
            else:
                self._all.discard(backend)
                backend.kill()
            self._changed.notify()


def _says_something(connection: socket.socket) -> bool:
    """Wait for the client's first bytes, or its end; False where there is neither."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(CONNECTION_TIMEOUT_SECONDS))


@contextmanager
def serve_with_backends(
    configuration: contract.Configuration,
    program: BackendProgram,
    stack: str,
    unbound: socket.socket | None = None,
) -> Iterator[contract.Event]:
    """Start one process, to see that it can be, and listen (with the socket `unbound`, if it is given).
    Entering raises StartError.
    """
    with BackendPool(program) as pool:

        def report(peer_port: int, view: View) -> None:
            contract.emit(view.event(configuration.id, peer_port))

        def serve(connection: socket.socket, peer_port: int) -> None:
            pool.serve(connection, peer_port, report)

        with Listener(configuration.host, configuration.port, serve, unbound) as listener:
            yield contract.Ready(configuration.id, listener.port, stack, configuration.certificate_sha256())
