"""A relay on loopback between a genuine program and a server: it carries the bytes both ways and keeps them.

It changes nothing: a FIN stays a FIN and a reset a reset. What it keeps of a connection is a list of moves in
the order in which they were made, which `wire` reads. Words before TLS are spoken by the relay itself, so a
program need not know them.

A server's messages may be handed over one by one (`one_by_one`), each in a record of its own and with a pause
in which the program can refuse it: then the last one that it got is the one it refuses. That is for plain
handshake messages alone, which may be cut into records in any way (RFC 5246 section 6.2.1).
"""

import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Self

from msgspec import Struct

from clients import prelude
from clients.destination import Destination
from clients.observation import Ends
from clients.transport import Transport, TransportFailure
from handshake.reason import Kind, Reason
from handshake.transcript import Transcript

MAX_KEPT_BYTES = 262_144
"""Of one connection, both directions together; more is carried and not kept."""
RECEIVE_SIZE = 65_536
PAUSE_SECONDS = 0.2
"""For a program to refuse a message: a browser passes it through several processes."""


class Move(Struct, frozen=True):
    """What one side did: sent `data`, or ended its stream (`end`: FIN or RESET). `is_clients` says which
    side; `time` is in `time.monotonic` seconds.
    """

    time: float
    is_clients: bool
    data: bytes = b""
    end: Kind | None = None


@dataclass(slots=True)
class Carried:
    """One connection of the program. `port` is that from which the relay has connected to the server, None
    where nobody accepted: `failure` then says why. `ends` are those of that connection, `prelude` is what was
    said before TLS.
    """

    started: datetime
    began: float
    moves: list[Move] = field(default_factory=list)
    port: int | None = None
    ends: Ends | None = None
    failure: Reason | TransportFailure | None = None
    prelude: Transcript = field(default_factory=Transcript)
    ended: float | None = None


Cut = Callable[[bytes], Iterable[bytes]]
"""How a server's bytes are cut into pieces that are handed over one after the other."""


class Relay:
    """Listens on a port of loopback while the context lasts; carries any number of connections, in a thread
    of its own. `carried` has them in the order in which they came.
    """

    def __init__(
        self,
        destination: Destination,
        deadline_seconds: float,
        pace: Callable[[], None],
        new_cut: Callable[[], Cut] | None = None,
    ) -> None:
        self.carried: list[Carried] = []
        self._destination = destination
        self._deadline_seconds = deadline_seconds
        self._pace = pace
        self._new_cut = new_cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._pairs: set[_Pair] = set()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.close()
        self._thread.join()
        for pair in list(self._pairs):
            self._close(pair)
        self._selector.close()
        self._listener.close()
        self._woken.close()

    def settle(self, deadline: float) -> None:
        """Wait until the program's end of every connection is closed and carried, or the deadline comes."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(pair.client in pair.silent for pair in self._pairs),
                max(0.0, deadline - time.monotonic()),
            )

    def _carry(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        carried = Carried(datetime.now(UTC), time.monotonic())
        self._pace()
        deadline = time.monotonic() + self._deadline_seconds
        try:
            server = Transport(self._destination, deadline)
            carried.port, carried.ends = server.local_port, server.ends
            starttls = self._destination.starttls
            if starttls is not None:
                carried.failure = prelude.speak(starttls, server, deadline, carried.prelude)
        except TransportFailure as failure:
            carried.failure = failure
            client.close()
            self.carried.append(carried)
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = _Pair(client, server, carried, self._new_cut() if self._new_cut else None)
        with self._changed:
            self.carried.append(carried)
            self._pairs.add(pair)
        if carried.failure is not None:
            self._close(pair)
            return
        for side, carry in ((client, pair.from_client), (server, pair.from_server)):
            self._selector.register(side, selectors.EVENT_READ, partial(self._step, pair, side, carry))

    def _step(self, pair: "_Pair", side: socket.socket | Transport, carry: Callable[[], None]) -> None:
        """Carry what one side has sent, unless its end was noticed in the meantime."""
        if side not in pair.silent:
            carry()
        if {pair.client, pair.server} <= pair.silent:
            self._close(pair)
            return
        for each in pair.silent:
            with suppress(KeyError):
                self._selector.unregister(each)
        with self._changed:
            self._changed.notify_all()

    def _close(self, pair: "_Pair") -> None:
        for side in (pair.client, pair.server):
            with suppress(KeyError, ValueError):
                self._selector.unregister(side)
        pair.close()
        with self._changed:
            self._pairs.discard(pair)
            self._changed.notify_all()


class _Pair:
    """Both ends of one connection; `silent` are those from which nothing more comes."""

    def __init__(self, client: socket.socket, server: Transport, carried: Carried, cut: Cut | None) -> None:
        self.client = client
        self.server = server
        self.silent: set[socket.socket | Transport] = set()
        self._carried = carried
        self._cut = cut
        self._kept = 0

    def from_client(self) -> None:
        """Carry what the program has sent."""
        try:
            data = self.client.recv(RECEIVE_SIZE)
        except OSError:
            self._end(self.client, is_clients=True, end=Kind.RESET)
            self.server.reset()
            return
        if not data:
            self._end(self.client, is_clients=True, end=Kind.FIN)
            self.server.end_sending()
            return
        self._keep(Move(time.monotonic(), True, data))
        with suppress(TransportFailure):  # its end, which is about to be read, says more
            self.server.send(data, time.monotonic() + 1.0)

    def from_server(self) -> None:
        """Carry what the server has sent."""
        try:
            data = self.server.receive(time.monotonic() + 1.0)
        except TransportFailure:
            self._end(self.server, is_clients=False, end=Kind.RESET)
            _reset(self.client)
            self._end(self.client, is_clients=True, end=None)
            return
        if not data:
            self._end(self.server, is_clients=False, end=Kind.FIN)
            with suppress(OSError):
                self.client.shutdown(socket.SHUT_WR)
            return
        if self._cut is None:
            self._hand_over(data)
            return
        for piece in self._cut(data):
            if self.client in self.silent:
                return
            self._hand_over(piece)
            with selectors.DefaultSelector() as selector:
                selector.register(self.client, selectors.EVENT_READ)
                if selector.select(PAUSE_SECONDS):
                    self.from_client()

    def close(self) -> None:
        """Close both."""
        self._carried.ended = time.monotonic()
        self.client.close()
        self.server.close()

    def _hand_over(self, data: bytes) -> None:
        self._keep(Move(time.monotonic(), False, data))
        with suppress(OSError):
            self.client.sendall(data)

    def _end(self, side: socket.socket | Transport, *, is_clients: bool, end: Kind | None) -> None:
        self.silent.add(side)
        if end is not None:
            self._carried.moves.append(Move(time.monotonic(), is_clients, end=end))

    def _keep(self, move: Move) -> None:
        self._kept += len(move.data)
        if self._kept <= MAX_KEPT_BYTES:
            self._carried.moves.append(move)


def _reset(connection: socket.socket) -> None:
    """Let the closing of a socket be a reset (SO_LINGER of 0 seconds)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
