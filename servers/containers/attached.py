"""The standard streams of a program in a container, as the engine carries them: one connection, on which what
is sent is the program's input, and what comes is its output in pieces, each behind a header that says which
stream it is of (engine API, "Attach to a container").
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

STDERR = 2

_HEADER = struct.Struct(">BxxxL")
_CHUNK = 1 << 16


class Attached:
    """What the `docker` library gives for attached streams: the connection inside, without its timeout."""

    def __init__(self, attached: Any) -> None:
        self._attached = attached
        self.connection: socket.socket = getattr(attached, "_sock", attached)
        self.connection.settimeout(None)

    def output(self) -> Iterator[tuple[int, bytes]]:
        """The program's output as it comes, as `output` gives it."""
        with self.connection.makefile("rb") as stream:
            yield from output(stream)

    def end_input(self) -> None:
        """The program's input ends; OSError where the connection is gone."""
        self.connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close both, for either keeps the other open; who still reads comes to the end."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self._attached.close()


def output(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The program's output in pieces, and which stream each is of."""
    while len(header := stream.read(_HEADER.size)) == _HEADER.size:
        kind, length = _HEADER.unpack(header)
        while length and (received := stream.read(min(length, _CHUNK))):
            length -= len(received)
            yield kind, received
