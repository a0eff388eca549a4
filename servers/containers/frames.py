"""How a connection is carried into a container and out again without losing how it ends.

A stream between two sockets of different machines, or through an engine's own proxy, turns a reset into an
end and hides the client's port. So a connection travels as frames, a kind and a length before each payload:
the relay in the container first says which port of its own it will come from (`Bound`), is then told where to
go (`Connect`), and from there on either side sends what it has read and how it ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

MAX_PAYLOAD = 1 << 16

_HEADER = Struct(">BI")
_PORT = Struct(">H")


class FrameError(ValueError):
    """Bytes that are no frames; the message is one line."""


@dataclass(frozen=True, slots=True)
class Bound:
    """From the relay, first of all: the port that the server will see as its peer's."""

    port: int


@dataclass(frozen=True, slots=True)
class Connect:
    """To the relay: the port on the container's loopback to connect to."""

    port: int


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes as they were read, at most MAX_PAYLOAD."""

    content: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The sender's peer has ended its stream (FIN) and may still read."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The sender's peer has reset the connection (RST), or there is none."""


Frame = Bound | Connect | Data | End | Reset


def push_frame(frame: Frame) -> bytes:
    """The frame as bytes."""
    match frame:
        case Bound(port):
            kind, payload = 1, _PORT.pack(port)
        case Connect(port):
            kind, payload = 2, _PORT.pack(port)
        case Data(content):
            kind, payload = 3, content
        case End():
            kind, payload = 4, b""
        case Reset():
            kind, payload = 5, b""
    return _HEADER.pack(kind, len(payload)) + payload


class FrameReader:
    """Cuts a stream of bytes into frames, however the bytes arrive."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, received: bytes) -> Iterator[Frame]:
        """Every frame that is complete now; raises FrameError at the first that is none."""
        self._pending += received
        while len(self._pending) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._pending)
            if length > MAX_PAYLOAD:
                raise FrameError(f"a frame of {length} bytes, more than {MAX_PAYLOAD}")
            end = _HEADER.size + length
            if len(self._pending) < end:
                return
            payload, self._pending = self._pending[_HEADER.size : end], self._pending[end:]
            yield _frame(kind, payload)


def _frame(kind: int, payload: bytes) -> Frame:
    match kind, len(payload):
        case 1, _PORT.size:
            return Bound(*_PORT.unpack(payload))
        case 2, _PORT.size:
            return Connect(*_PORT.unpack(payload))
        case 3, _:
            return Data(payload)
        case 4, 0:
            return End()
        case 5, 0:
            return Reset()
    raise FrameError(f"no frame is of kind {kind} with {len(payload)} bytes")
