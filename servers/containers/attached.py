"""The standard streams of a program in a container, as the engine carries them: one connection, on which what
is sent is the program's input, and what comes is its output in pieces, each behind a header that says which
stream it is of (engine API, "Attach to a container").
"""

import socket
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

STDERR = 2

_HEADER = struct.Struct(">BxxxL")
_CHUNK = 1 << 16


def connection_of(attached: Any) -> socket.socket:
    """The connection inside what the `docker` library gives for an attached stream, without its timeout."""
    connection: socket.socket = getattr(attached, "_sock", attached)
    connection.settimeout(None)
    return connection


def output(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The program's output in pieces, and which stream each is of."""
    while len(header := stream.read(_HEADER.size)) == _HEADER.size:
        kind, length = _HEADER.unpack(header)
        while length and (received := stream.read(min(length, _CHUNK))):
            length -= len(received)
            yield kind, received
