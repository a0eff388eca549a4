"""The one place where a client touches a socket: one blocking TCP connection.

Each wait gets what is left until the deadline, so there is no polling and no sleep. What a peer or the
network does comes out as `TransportFailure` with the cause's word.
"""

import socket
import time
from types import TracebackType
from typing import Any

from clients.destination import Destination

RECEIVE_SIZE = 65_536


class TransportFailure(Exception):
    """The connection is of no more use; `cause` is `unresolved` (no such host), `refused`, `unreachable`,
    `reset`, `timeout` or `fin`.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Transport:
    """A connected TCP stream, to the first of the destination's addresses that accepts.

    Deadlines are `time.monotonic` seconds; opening raises TransportFailure.
    """

    def __init__(self, destination: Destination, deadline: float) -> None:
        try:
            addresses = socket.getaddrinfo(destination.host, destination.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
            raise TransportFailure("unresolved") from error
        self._socket = connect_to_first(addresses, deadline)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "Transport":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    @property
    def local_port(self) -> int:
        """The port of this end."""
        return int(self._socket.getsockname()[1])

    def fileno(self) -> int:
        """Return the socket's file descriptor, to wait on it together with others."""
        return self._socket.fileno()

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of `data`. Raises TransportFailure with `reset` or `timeout`."""
        try:
            self._socket.settimeout(_remaining(deadline))
            self._socket.sendall(data)
        except TimeoutError as error:
            raise TransportFailure("timeout") from error
        except OSError as error:  # ECONNRESET, EPIPE: the peer is gone, whatever the name
            raise TransportFailure("reset") from error

    def receive(self, deadline: float) -> bytes:
        """Return what has come, at most RECEIVE_SIZE bytes; empty when the peer has closed (FIN).

        Raises TransportFailure with `reset` or `timeout`.
        """
        try:
            self._socket.settimeout(_remaining(deadline))
            return self._socket.recv(RECEIVE_SIZE)
        except TimeoutError as error:
            raise TransportFailure("timeout") from error
        except OSError as error:
            raise TransportFailure("reset") from error


def connect_to_first(addresses: list[Any], deadline: float) -> socket.socket:
    """Connect to one address after the other, as getaddrinfo gives them, each with its share of the time.

    Raises TransportFailure with the last one's cause.
    """
    cause = "unreachable"
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_remaining(deadline) / (len(addresses) - number))
            connection.connect(address)
        except OSError as error:
            connection.close()
            cause = _cause_of(error)
        else:
            return connection
    raise TransportFailure(cause)


def _cause_of(error: OSError) -> str:
    match error:
        case TimeoutError():
            return "timeout"
        case ConnectionRefusedError():
            return "refused"
        case _:  # no route: the server was never reached
            return "unreachable"


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining
