"""The one place where a client touches a socket: one TCP connection.

Each wait gets what is left until the deadline, so there is no polling and no sleep. The socket itself does
not block: with a timeout of its own each send would cost two more system calls, and each receipt one. What a
peer or the network does comes out as `TransportFailure` of the cause's kind.
"""

import fcntl
import select
import socket
import struct
import termios
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol

from clients.destination import Destination
from clients.observation import Ends
from handshake.reason import Kind

RECEIVE_SIZE = 65_536


class TransportFailure(Exception):
    """The connection is of no more use; `kind` is UNRESOLVED (no such host), REFUSED, UNREACHABLE (no route),
    RESET, TIMEOUT or FIN.
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__(str(kind))
        self.kind = kind


class Stream(Protocol):
    """What an exchange needs of a transport; the methods are those of `Transport`."""

    @property
    def local_port(self) -> int:
        """The port of this end."""

    @property
    def ends(self) -> Ends | None:
        """Both ends, where they are known."""

    @property
    def segment_size(self) -> int | None:
        """The most bytes that go out in one segment, where that is known."""

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of `data`."""

    def receive(self, deadline: float) -> bytes:
        """Return what has come; empty when the peer has closed."""

    def pause(self, seconds: float, deadline: float) -> bool:
        """Let what was sent arrive and some time pass; whether something has come then."""

    def close(self) -> None:
        """Close this end."""


class Transport:
    """A connected TCP stream, to the first of the destination's addresses that accepts.

    Deadlines are `time.monotonic` seconds; opening raises TransportFailure.
    """

    def __init__(self, destination: Destination, deadline: float) -> None:
        host = destination.host
        try:
            # Text goes through the codec of international names, which is Python code.
            name = host.encode() if host.isascii() else host
            addresses = socket.getaddrinfo(name, destination.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
            raise TransportFailure(Kind.UNRESOLVED) from error
        self._socket = connect_to_first(addresses, deadline)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._input = select.poll()
        self._input.register(self._socket, select.POLLIN)

    def __enter__(self) -> "Transport":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def end_sending(self) -> None:
        """End our stream (FIN) and go on reading."""
        with suppress(OSError):  # the peer is gone already
            self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Let the closing of the connection be a reset (SO_LINGER of 0 seconds)."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    @property
    def local_port(self) -> int:
        """The port of this end."""
        return int(self._socket.getsockname()[1])

    @property
    def ends(self) -> Ends | None:
        """Both ends; None where the peer has reset the connection already."""
        try:
            return Ends(*self._socket.getsockname()[:2], *self._socket.getpeername()[:2])
        except OSError:
            return None

    @property
    def segment_size(self) -> int:
        """The most bytes that go out in one segment (TCP_MAXSEG, tcp(7)): some 1400 to 1460 on most paths,
        65483 on loopback."""
        return int(self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))

    def fileno(self) -> int:
        """Return the socket's file descriptor, to wait on it together with others."""
        return self._socket.fileno()

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of `data`. Raises TransportFailure with `reset` or `timeout`."""
        try:
            sent = self._send_at_once(data)
            if sent < len(data):
                self._socket.settimeout(_remaining(deadline))
                self._socket.sendall(data[sent:])
                self._socket.setblocking(False)
        except TimeoutError as error:
            raise TransportFailure(Kind.TIMEOUT) from error
        except OSError as error:  # ECONNRESET, EPIPE: the peer is gone, whatever the name
            raise TransportFailure(Kind.RESET) from error

    def pause(self, seconds: float, deadline: float) -> bool:
        """Wait until the peer's kernel has acknowledged all that was sent, then so many seconds, so that what
        is sent next goes out in a segment of its own. Returns earlier as soon as something has come, the end
        of the stream included; whether that is so.

        Raises TransportFailure with `reset`, or with `timeout` where nothing is acknowledged by the deadline.
        """
        step = 0.001
        while _unacknowledged(self._socket):
            if self._has_come(step):
                return True
            step *= 2
            if time.monotonic() > deadline:
                raise TransportFailure(Kind.TIMEOUT)
        return self._has_come(seconds)

    def _has_come(self, seconds: float) -> bool:
        return bool(self._input.poll(seconds * 1000))

    def receive(self, deadline: float) -> bytes:
        """Return what has come, at most RECEIVE_SIZE bytes; empty when the peer has closed (FIN).

        Raises TransportFailure with `reset` or `timeout`.
        """
        try:
            while not self._input.poll(_remaining(deadline) * 1000):
                pass  # a poll counts whole milliseconds: what is left of the last one is waited for too
            return self._socket.recv(RECEIVE_SIZE)
        except TimeoutError as error:
            raise TransportFailure(Kind.TIMEOUT) from error
        except OSError as error:
            raise TransportFailure(Kind.RESET) from error

    def _send_at_once(self, data: bytes) -> int:
        """Send as much as the kernel takes now, and return how much; nearly always it is all."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0


def _unacknowledged(connection: socket.socket) -> int:
    """How many bytes were sent and not acknowledged (SIOCOUTQ, tcp(7), which has TIOCOUTQ's number).

    Raises TransportFailure with `reset` where the connection is gone.
    """
    count = bytearray(struct.calcsize("i"))
    try:
        fcntl.ioctl(connection, termios.TIOCOUTQ, count)
    except OSError as error:
        raise TransportFailure(Kind.RESET) from error
    return int(struct.unpack("i", count)[0])


def connect_to_first(addresses: list[Any], deadline: float) -> socket.socket:
    """Connect to one address after the other, as getaddrinfo gives them, each with its share of the time.

    Raises TransportFailure of the last one's kind.
    """
    kind_of_failure = Kind.UNREACHABLE
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_remaining(deadline) / (len(addresses) - number))
            connection.connect(address)
        except OSError as error:
            connection.close()
            kind_of_failure = _kind_of(error)
        else:
            return connection
    raise TransportFailure(kind_of_failure)


def _kind_of(error: OSError) -> Kind:
    match error:
        case TimeoutError():
            return Kind.TIMEOUT
        case ConnectionRefusedError():
            return Kind.REFUSED
        case ConnectionError():  # accepted and ended at once: somebody is there
            return Kind.RESET
        case _:  # no route: the server was never reached
            return Kind.UNREACHABLE


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining
