"""As many processes of a program as there are connections at once.

Programs made for trying TLS out serve one connection after another, so a stuck one would hold up all others.
Here each connection is handed to a process that is idle, or to one more, and its bytes are carried both ways.
A process that cannot be trusted to be idle again is killed.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from servers import contract
from servers.listener import Listener
from servers.system.backend import Backend, BackendProgram, StartError
from servers.system.relay import Relay
from servers.system.view import View

MAX_BACKENDS = 32


class BackendPool:
    """The processes of one server under test, at least one; their number follows the connections at once.

    They are all started from one thread that lives as long as the pool, because the kernel counts the end of
    the thread that started a process as the end of its parent. Entering raises StartError.
    """

    def __init__(self, program: BackendProgram) -> None:
        self._program = program
        self._starter = ThreadPoolExecutor(1)
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(MAX_BACKENDS)
        self._idle: list[Backend] = []
        self._all: set[Backend] = set()

    def __enter__(self) -> Self:
        first = self._start()
        self._all.add(first)
        self._idle.append(first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            for backend in self._all:
                backend.kill()
        self._starter.shutdown(wait=False)

    def serve(self, connection: socket.socket, peer_port: int, report: Callable[[int, View], None]) -> None:
        """Let a process serve the connection; `report(peer_port, view)` is called when it is done."""
        with self._free:
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
            with suppress(OSError):
                relay.run_to_end_of_backend()
            report(peer_port, backend.view)
            if relay.backend_ended_stream:
                with suppress(OSError):
                    relay.run_to_end_of_client()
            relay.close()
            self._give_back(backend, idle=relay.backend_ended_stream)

    def _start(self) -> Backend:
        return self._starter.submit(Backend, self._program).result()

    def _take(self) -> Backend:
        with self._lock:
            while self._idle:
                backend = self._idle.pop()
                if backend.is_running:
                    return backend
                self._discard(backend)
        backend = self._start()
        with self._lock:
            self._all.add(backend)
        return backend

    def _give_back(self, backend: Backend, *, idle: bool) -> None:
        with self._lock:
            if idle:
                self._idle.append(backend)
            else:
                self._discard(backend)

    def _discard(self, backend: Backend) -> None:
        self._all.discard(backend)
        backend.kill()


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
