"""Scripted peers for the clients' tests: on loopback, one script for each connection, in order.

A script gets the accepted socket and returns the hello it has read.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType

Script = Callable[[socket.socket], bytes]


@dataclass
class ScriptedServer:
    """Where it listens, and the hello each connection brought; `ports` are those that they came from."""

    port: int
    hellos: list[bytes] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)


@contextmanager
def scripted_server(*scripts: Script) -> Iterator[ScriptedServer]:
    """Serve one connection per script; scripts nobody came for are not run."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ScriptedServer(listener.getsockname()[1])
    thread = threading.Thread(target=_serve, args=(listener, scripts, server))
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes an accept that still waits
        thread.join(timeout=10)
        listener.close()
        assert not thread.is_alive(), "a scripted connection is still open"


def _serve(listener: socket.socket, scripts: tuple[Script, ...], server: ScriptedServer) -> None:
    for script in scripts:
        try:
            connection, address = listener.accept()
        except OSError:
            return  # the test is over
        with connection:
            connection.settimeout(5)
            server.ports.append(address[1])
            try:
                hello = script(connection)
            except OSError:  # a stranger who has called the port of a server that was here before
                hello = b""
            server.hellos.append(hello)


def read_hello(connection: socket.socket) -> bytes:
    """Read one whole TLS record or SSLv2-format record; less only if the peer closes."""
    data = b""
    while len(data) < 5 or len(data) < _length(data):
        chunk = connection.recv(65_536)
        if not chunk:
            break
        data += chunk
    return data


def _length(data: bytes) -> int:
    if data[0] & 0x80:
        return 2 + (int.from_bytes(data[:2]) & 0x7FFF)
    return 5 + int.from_bytes(data[3:5])


def alert(description: int, *, level: int = 2, version: int = 0x0301) -> bytes:
    return push_record(Record(ContentType.ALERT, version, bytes([level, description])))


def sends(data: bytes) -> Script:
    """Send `data`, then FIN, and read until the client closes."""

    def script(connection: socket.socket) -> bytes:
        hello = read_hello(connection)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        _read_to_end(connection)
        return hello

    return script


def sends_and_waits(data: bytes) -> Script:
    """Send `data` and never close: wait for the client to give up."""

    def script(connection: socket.socket) -> bytes:
        hello = read_hello(connection)
        connection.sendall(data)
        _read_to_end(connection)
        return hello

    return script


def resets(connection: socket.socket) -> bytes:
    """Close with RST instead of FIN."""
    hello = read_hello(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    return hello


def sends_and_resets(data: bytes) -> Script:
    """Send `data`, then RST."""

    def script(connection: socket.socket) -> bytes:
        hello = read_hello(connection)
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        return hello

    return script


def floods(data: bytes) -> Script:
    """Send `data` over and over until the client closes."""

    def script(connection: socket.socket) -> bytes:
        hello = read_hello(connection)
        try:
            while True:
                connection.sendall(data)
        except OSError:
            return hello

    return script


def _read_to_end(connection: socket.socket) -> None:
    try:
        while connection.recv(65_536):
            pass
    except OSError:
        return
