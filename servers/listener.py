"""What every real server program does with sockets: listen on a port of its own, one thread a connection, one
answer.

A stuck connection holds its own thread and nothing else, and only until the timeout. The number of
connections at once is bounded; more wait in the kernel's queue.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from servers.http import split_head

CONNECTION_TIMEOUT_SECONDS = 10.0
LINGER_SECONDS = 1.0
MAX_CONNECTIONS = 400
MAX_REQUEST_BYTES = 1 << 16
PAUSE_SECONDS = 0.1  # after a connection that could not be taken


def read_request(receive: Callable[[int], bytes]) -> bytes:
    """Read to the empty line that ends a request's head, the end of the stream or MAX_REQUEST_BYTES."""
    request = b""
    while split_head(request) is None and len(request) < MAX_REQUEST_BYTES:
        received = receive(4096)
        if not received:
            break
        request += received
    return request


def set_timeout(connection: socket.socket, seconds: float) -> None:
    """Let the kernel end each read and write after the time, for libraries that read by descriptor."""
    duration = struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, duration)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, duration)


def reset_on_close(connection: socket.socket) -> None:
    """What a close sends from now on is a reset (SO_LINGER of no time, socket(7))."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))


def linger(connection: socket.socket) -> None:
    """End our side and read on until the peer ends its own, lest what we sent last is lost to a reset."""
    set_timeout(connection, LINGER_SECONDS)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        unread = MAX_REQUEST_BYTES
        while unread > 0 and (received := connection.recv(4096)):
            unread -= len(received)


class Listener:
    """Accepts connections on `host` and gives each to `serve(connection, peer_port)` in a thread of its own.

    `host` may also be the path of a socket in the file system; then all ports are 0.
    `port` 0 binds a free one, which is in `port` afterwards; OSError when the address cannot be bound.
    `serve` must not raise; the connection is closed after it. `unbound` is the socket to listen with, where
    it must be one that was made before.
    """

    def __init__(
        self,
        host: str,
        port: int,
        serve: Callable[[socket.socket, int], None],
        unbound: socket.socket | None = None,
    ) -> None:
        is_path = host.startswith("/")
        if unbound is None:
            network = socket.AF_INET6 if ":" in host else socket.AF_INET
            unbound = socket.socket(socket.AF_UNIX if is_path else network)
        try:
            unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            unbound.bind(host if is_path else (host, port))
            unbound.listen(MAX_CONNECTIONS)
        except OSError:
            unbound.close()
            raise
        self._socket = unbound
        self._serve = serve
        self._is_closed = threading.Event()
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self.port: int = 0 if is_path else self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name=f"accept-{self.port}", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed.set()
        # shutdown wakes the accepting thread; close alone would leave it waiting.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            self._free.acquire()
            try:
                connection, address = self._socket.accept()
                if address:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                # The listening socket was shut down, or the connection is gone, or there is no descriptor or
                # memory for it, which may pass (accept(2)).
                if self._is_closed.wait(PAUSE_SECONDS):
                    return
                self._free.release()
                continue
            threading.Thread(
                target=self._run, args=(connection, address[1] if address else 0), daemon=True
            ).start()

    def _run(self, connection: socket.socket, peer_port: int) -> None:
        try:
            with connection:
                self._serve(connection, peer_port)
        finally:
            self._free.release()
