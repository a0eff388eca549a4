"""Carrying the bytes of a connection to a program and back, the end and the reset of a stream included."""

import selectors
import socket
import time
from contextlib import suppress

from servers.listener import CONNECTION_TIMEOUT_SECONDS, reset_on_close, set_timeout
from servers.system.backend import Backend

# After its own end of the stream OpenSSL's s_server waits half a second for the client's
# (apps/lib/s_socket.c, do_server).
FINAL_SECONDS = 0.5
# Of a process that crashes the stream may end before its output and itself.
CRASH_SECONDS = 0.02


class Relay:
    """Bytes from a client to a program and back; OSError when the program is not there. `moved_at` is when
    the last have come (monotonic clock).
    """

    def __init__(self, client: socket.socket, backend: Backend) -> None:
        self.moved_at = time.monotonic()
        self.backend_ended_stream = False
        self._client = client
        self._client_ended_stream = False
        self._backend = backend
        backend.forget()
        self._inner = socket.create_connection(("127.0.0.1", backend.port))
        for connection in (self._client, self._inner):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            set_timeout(connection, CONNECTION_TIMEOUT_SECONDS)

    def run_to_end_of_backend(self) -> None:
        """Carry bytes both ways until the program ends, resets, dies or is idle for too long."""
        with selectors.DefaultSelector() as selector:
            for source in (self._client, self._inner, *self._backend.outputs):
                selector.register(source, selectors.EVENT_READ)
            while ready := selector.select(CONNECTION_TIMEOUT_SECONDS):
                sources = [key.fileobj for key, _ in ready]
                if not self._backend.read_outputs():
                    self._program_ended()
                    return
                if self._inner in sources and not self._carry_to_client():
                    return
                if self._client in sources and not self._carry_to_backend():
                    if not self._client_ended_stream:
                        return
                    selector.unregister(self._client)
        self._backend.view.reason = self._backend.view.reason or "timeout"

    def run_to_end_of_client(self) -> None:
        """Let the program have what the client still sends, as long as it waits for it."""
        set_timeout(self._client, FINAL_SECONDS)
        while not self._client_ended_stream and self._carry_to_backend():
            pass

    def give_up(self, reason: str) -> None:
        """End the connection and the program, from another thread than the one that carries."""
        self._backend.view.reason = self._backend.view.reason or reason
        self._backend.end()
        with suppress(OSError):  # it is over already
            reset_on_close(self._client)
            self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End our side towards the program, which is then idle again."""
        self._inner.close()

    def _carry_to_client(self) -> bool:
        try:
            received = self._inner.recv(65536)
        except ConnectionResetError:
            reset_on_close(self._client)
            return False
        self.moved_at = time.monotonic()
        if received:
            self._client.sendall(received)
            return True
        self._client.shutdown(socket.SHUT_WR)
        if not self._backend.read_outputs() or self._backend.ends_within(CRASH_SECONDS):
            self._program_ended()
        else:
            self.backend_ended_stream = True
        return False

    def _program_ended(self) -> None:
        self._backend.view.reason = self._backend.view.reason or "the program has ended"

    def _carry_to_backend(self) -> bool:
        try:
            received = self._client.recv(65536)
        except ConnectionResetError:
            reset_on_close(self._inner)
            self._backend.view.reason = self._backend.view.reason or "connection reset by the peer"
            return False
        self.moved_at = time.monotonic()
        if received:
            self._inner.sendall(received)
            return True
        self._client_ended_stream = True
        self._inner.shutdown(socket.SHUT_WR)
        return False
