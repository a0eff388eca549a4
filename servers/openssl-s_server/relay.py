"""Carrying connections to s_server processes, one at a time each, and reading what they print of them."""

import os
import re
import selectors
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from handshake.wire.cipher_suites import cipher_suite_name
from servers.listener import CONNECTION_TIMEOUT_SECONDS, set_timeout

START_SECONDS = 4.0
MAX_BACKENDS = 32
# After its own end of the stream s_server waits half a second for the client's (apps/lib/s_socket.c,
# do_server).
FINAL_SECONDS = 0.5
RESET_ON_CLOSE = struct.pack("@ii", 1, 0)

_MESSAGE = re.compile(rb"(<<<|>>>) (?:TLS|SSL) ([0-9.]+), (\w+) \[length [0-9a-f]+\](?:, (.*))?")
_ERROR = re.compile(rb"[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):")


class StartError(Exception):
    """An s_server that does not start; the message is one line."""


class View:
    """What an s_server has said about one connection, line by line; None for what it has not."""

    def __init__(self, reason: str | None = None) -> None:
        self.version: str | None = None
        self.cipher_suite: str | None = None
        self.alert_sent: str | None = None
        self.reason = reason
        self._server_hello: bytes | None = None

    def read(self, line: bytes) -> None:
        """Take one line of standard output or standard error."""
        if message := _MESSAGE.match(line):
            direction, version, kind, words = message.groups()
            self._server_hello = None
            if direction == b">>>" and kind == b"Handshake" and words == b"ServerHello":
                self._server_hello, self.version = b"", f"TLSv{version.decode()}"
            elif direction == b">>>" and kind == b"Alert" and words and not words.endswith(b"close_notify"):
                self.alert_sent = words.split()[-1].decode("ascii", "replace")
        elif self._server_hello is not None and line.startswith(b"    "):
            with suppress(ValueError):
                self._server_hello += bytes.fromhex(line.decode("ascii", "replace"))
                self._find_cipher_suite(self._server_hello)
        elif self.reason is None and (error := _ERROR.match(line)):
            self.reason = error[1].decode("utf-8", "replace")

    def _find_cipher_suite(self, message: bytes) -> None:
        # Message header 4, version 2, random 32, then the session id and after it the suite (RFC 5246 section
        # 7.4.1.3).
        end = 41 + message[38] if len(message) > 38 else 41
        if len(message) >= end:
            self.cipher_suite = cipher_suite_name(int.from_bytes(message[end - 2 : end]))
            self._server_hello = None


class Backend:
    """One s_server, idle between connections; raises StartError when it does not come to listen."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]
    ) -> None:
        self.view = View()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            pass_fds=descriptors,
        )
        self._unfinished = dict.fromkeys(self.outputs, b"")
        self._port: int | None = None
        for stream in self.outputs:
            os.set_blocking(stream.fileno(), False)
        try:
            self.port = self._wait_for_port()
        except StartError:
            self.kill()
            raise

    @property
    def outputs(self) -> tuple[IO[bytes], IO[bytes]]:
        """Standard output and standard error, which must be read while a connection lasts."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        return self._process.stdout, self._process.stderr

    def _read_output(self, stream: IO[bytes]) -> bool:
        """Take what there is to read; False when the stream has ended."""
        with suppress(BlockingIOError):
            while received := os.read(stream.fileno(), 65536):
                *lines, self._unfinished[stream] = (self._unfinished[stream] + received).split(b"\n")
                for line in lines:
                    self._take(line)
            return False
        return True

    def read_outputs(self) -> bool:
        """Take what there is to read of both streams; False when one has ended, and with it the process."""
        standard, error = self.outputs
        return self._read_output(standard) & self._read_output(error)

    def forget(self) -> None:
        """Begin a new view, without what is still to read of an earlier connection."""
        self.read_outputs()
        self.view = View()

    def kill(self) -> None:
        """End the process; nothing of it is left afterwards."""
        self._process.kill()
        self._process.wait()
        for stream in self.outputs:
            stream.close()

    def _take(self, line: bytes) -> None:
        if line.startswith(b"ACCEPT ") and self._port is None:
            self._port = int(line.rpartition(b":")[2])
        else:
            self.view.read(line)

    def _wait_for_port(self) -> int:
        with selectors.DefaultSelector() as selector:
            for stream in self.outputs:
                selector.register(stream, selectors.EVENT_READ)
            alive = True
            while alive and self._port is None and selector.select(START_SECONDS):
                alive = self.read_outputs()
        if self._port is None:
            raise StartError(f"openssl s_server does not listen: {self.view.reason or 'it did not say why'}")
        return self._port


class BackendPool:
    """The s_servers of one server under test, at least one; their number follows the connections at once.

    They are all started from one thread that lives as long as the pool, because the kernel counts the end of
    the thread that started a process as the end of its parent.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]
    ) -> None:
        self._backend_arguments = (command, environment, descriptors)
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
        """Let an s_server serve the connection; `report(peer_port, view)` is called when it is done."""
        with self._free:
            try:
                backend = self._take()
            except StartError as error:
                report(peer_port, View(str(error)))
                return
            try:
                relay = Relay(connection, backend)
            except OSError as error:
                report(peer_port, View(f"s_server is gone: {error}"))
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
        return self._starter.submit(Backend, *self._backend_arguments).result()

    def _take(self) -> Backend:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        backend = self._start()
        with self._lock:
            self._all.add(backend)
        return backend

    def _give_back(self, backend: Backend, *, idle: bool) -> None:
        with self._lock:
            if idle:
                self._idle.append(backend)
            else:
                self._all.discard(backend)
                backend.kill()


class Relay:
    """Bytes from a client to an s_server and back; OSError when the s_server is not there."""

    def __init__(self, client: socket.socket, backend: Backend) -> None:
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
        """Carry bytes both ways until the s_server ends, resets, dies or is idle for too long."""
        with selectors.DefaultSelector() as selector:
            for source in (self._client, self._inner, *self._backend.outputs):
                selector.register(source, selectors.EVENT_READ)
            while ready := selector.select(CONNECTION_TIMEOUT_SECONDS):
                sources = [key.fileobj for key, _ in ready]
                if not self._backend.read_outputs():
                    return
                if self._inner in sources and not self._carry_to_client():
                    return
                if self._client in sources and not self._carry_to_backend():
                    if not self._client_ended_stream:
                        return
                    selector.unregister(self._client)
        self._backend.view.reason = self._backend.view.reason or "timeout"

    def run_to_end_of_client(self) -> None:
        """Let the s_server have what the client still sends, as long as it waits for it."""
        set_timeout(self._client, FINAL_SECONDS)
        while not self._client_ended_stream and self._carry_to_backend():
            pass

    def close(self) -> None:
        """End our side towards the s_server, which is then idle again."""
        self._inner.close()

    def _carry_to_client(self) -> bool:
        try:
            received = self._inner.recv(65536)
        except ConnectionResetError:
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            return False
        if received:
            self._client.sendall(received)
            return True
        self._backend.read_outputs()
        self.backend_ended_stream = True
        self._client.shutdown(socket.SHUT_WR)
        return False

    def _carry_to_backend(self) -> bool:
        try:
            received = self._client.recv(65536)
        except ConnectionResetError:
            self._inner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self._backend.view.reason = self._backend.view.reason or "connection reset by the peer"
            return False
        if received:
            self._inner.sendall(received)
            return True
        self._client_ended_stream = True
        self._inner.shutdown(socket.SHUT_WR)
        return False
