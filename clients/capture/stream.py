"""One TCP connection of a capture: until its client has said a hello, and from then on what both sides do.

What is kept is what `clients.genuine.wire` reads, the moves of both sides from the hello's first byte on,
bounded. A connection in which no hello begins within the bounds is given up, and no more is known of it.
"""

from enum import Enum

from clients.capture.beginning import (
    CERTAIN_BYTES,
    MAX_PRELUDE_BYTES,
    UNKNOWN_PRELUDE,
    Look,
    find,
    framed_prelude,
    look,
    prelude_of,
)
from clients.capture.half import Half
from clients.capture.hello_bytes import HelloBytes
from clients.capture.segment import ACK, FIN, RST, SYN, Endpoint, Segment
from clients.genuine.relay import Move
from clients.starttls import PROTOCOLS
from handshake.clear_text import Framing
from handshake.reason import Kind
from handshake.wire.record import RECORD_HEADER_SIZE

MAX_SERVERS_WORDS = 262_144
"""Of a server before TLS: a greeting, features, or the download that shows that no TLS comes."""
MAX_KEPT_BYTES = 131_072
"""Of both sides behind the hello: the longest chain of certificates that any client here takes, and more."""
MAX_PIECES = 8_192
"""What a side can say in: a hello in segments of one byte has as many."""
MAX_ASKING_BYTES = 1_024
"""Of a client's words before TLS, where it does not wait for the last answer."""
MAX_RECORDS = 256
"""Of a side behind the hello: a handshake has some thirty, and each takes time to be read."""
_STREAM_BYTES, _PIECE_BYTES = 2_500, 200
"""The memory that a connection takes by itself, and each piece of it (measured, CPython 3.11)."""


class State(Enum):
    """How far a connection is: its hello is looked for, it is kept with one, or it is done with."""

    LOOKED_FOR = "looked for"
    KEPT = "kept"
    GIVEN_UP = "given up"
    OVER = "over"


class _RecordCount:
    """How many records one side has sent, by their headers alone."""

    __slots__ = ("_head", "_left", "number")

    def __init__(self) -> None:
        self.number = self._left = 0
        self._head = b""

    def take(self, data: bytes) -> int:
        """Take what the side says; the number by now."""
        data, place = self._head + data, self._left
        while place + RECORD_HEADER_SIZE <= len(data) and self.number <= MAX_RECORDS:
            self.number += 1
            place += RECORD_HEADER_SIZE + int.from_bytes(data[place + 3 : place + 5], "big")
        self._head = data[place:][:RECORD_HEADER_SIZE]
        self._left = max(place - len(data), 0)
        return self.number


class Stream:
    """A connection between `client` and `server`; `opening` is the number of its first segment (SYN), None
    where that is not in the capture. `prelude` names what was spoken before TLS; `moves` begin with the
    hello; `hello` has its bytes, None until it begins; `heard_server` says whether the capture has any packet
    of the server's; `began` is the time of the hello, `last` that of the last packet, in POSIX seconds.
    """

    def __init__(self, client: Endpoint, server: Endpoint, opening: int | None = None) -> None:
        self.client = client
        self.server = server
        self.opening = opening
        self.state = State.LOOKED_FOR
        self.prelude = ""
        self.moves: list[Move] = []
        self.hello: HelloBytes | None = None
        self.heard_server = False
        self.began = self.last = 0.0
        self.halves = {True: Half(), False: Half()}
        self._framings: dict[bool, Framing] = {}
        self._said = bytearray()
        self._pieces: list[tuple[float, int]] = []
        self._searched = 0
        self._turns = [0]
        self._is_turn_over = self._has_begun = False
        self._server_bytes = 0
        self._kept = self._behind = 0
        self._records = {True: _RecordCount(), False: _RecordCount()}

    @property
    def weight(self) -> int:
        """About the bytes of memory that it takes."""
        waiting = sum(half.waiting_bytes for half in self.halves.values())
        pieces = len(self.moves) + len(self._pieces)
        return _STREAM_BYTES + _PIECE_BYTES * pieces + len(self._said) + 2 * self._kept + waiting

    def take(self, segment: Segment, *, is_clients: bool) -> State:
        """Take a segment of one side."""
        self.last = segment.time
        self.heard_server |= not is_clients
        half, flags = self.halves[is_clients], segment.flags
        sequence = segment.sequence
        if flags & SYN:
            sequence = (sequence + 1) % (1 << 32)
            half.sequence = sequence
        for piece in half.take(sequence, segment.payload, segment.length):
            self._piece(segment.time, piece, is_clients)
        if flags & FIN:
            half.end((sequence + segment.length) % (1 << 32))
        if flags & RST:
            self._end(segment.time, Kind.RESET, is_clients)
        elif half.check_over():
            self._end(segment.time, Kind.FIN, is_clients)
        return self.state

    def says(self, time: float, data: bytes, *, is_clients: bool) -> State:
        """Take what one side has said, where no segments are known."""
        self.last = time
        self.heard_server |= not is_clients
        self._piece(time, data, is_clients)
        return self.state

    def ends(self, time: float, kind: Kind, *, is_clients: bool) -> State:
        """Take the end of one side's stream."""
        self.last = time
        self._end(time, kind, is_clients)
        return self.state

    def _piece(self, time: float, data: bytes, is_clients: bool) -> None:
        if is_clients and not self._has_begun:
            self._has_begun = True
            self._begin_framing(data)
        framing = self._framings.get(is_clients)
        data = data if framing is None else framing.unwrap(data)
        if not data:
            return
        if self.state is State.KEPT:
            self._keep(Move(time, is_clients, data))
        elif self.state is not State.LOOKED_FOR:
            return
        elif is_clients:
            self._look_for(time, data)
        else:
            self._is_turn_over = True
            self._server_bytes += len(data)
            if self._server_bytes > MAX_SERVERS_WORDS:
                self.state = State.GIVEN_UP

    def _begin_framing(self, data: bytes) -> None:
        self.prelude = framed_prelude(data)
        if self.prelude:
            self._framings = {side: PROTOCOLS[self.prelude].framing() for side in (True, False)}

    def _look_for(self, time: float, data: bytes) -> None:
        """Look for the hello in what the client has said so far."""
        if self._is_turn_over or self._has_asked():
            self._turns.append(len(self._said))
            self._is_turn_over = False
        self._said += data
        self._pieces.append((time, len(data)))
        offset = self._offset()
        if offset is None:
            is_too_much = len(self._said) > MAX_PRELUDE_BYTES or len(self._pieces) > MAX_PIECES
            self.state = State.GIVEN_UP if is_too_much else self.state
            return
        self.prelude = self.prelude or prelude_of(bytes(self._said[:offset]))
        self.state = State.KEPT
        self._keep_from(offset)

    def _has_asked(self) -> bool:
        """Whether the client has said all that it says before TLS: it may go on without an answer (MySQL)."""
        is_short = 0 < len(self._said) <= MAX_ASKING_BYTES
        return is_short and prelude_of(bytes(self._said)) != UNKNOWN_PRELUDE

    def _keep_from(self, offset: int) -> None:
        """Begin to keep with the byte at `offset` of what the client has said, cut as it came."""
        said, pieces = bytes(self._said), self._pieces
        self._said, self._pieces = bytearray(), []
        self.hello = HelloBytes()
        start = 0
        for time, length in pieces:
            end = start + length
            if end > offset:
                self._keep(Move(time, True, said[max(start, offset) : end]))
            start = end
        self.began = self.moves[0].time

    def _offset(self) -> int | None:
        """Where the hello begins; None where that is not to be seen yet."""
        open_turns = []
        for turn in self._turns:
            match look(bytes(self._said[turn : turn + CERTAIN_BYTES])):
                case Look.YES:
                    return turn
                case Look.MORE:
                    open_turns.append(turn)
        self._turns = open_turns
        start = max(self._searched - CERTAIN_BYTES, 0)
        self._searched = len(self._said)
        return find(self._said, start)

    def _keep(self, move: Move) -> None:
        assert self.hello is not None
        self.moves.append(move)
        self._kept += len(move.data)
        taken = self.hello.take(move.data) if move.is_clients else 0
        behind = move.data[taken:]
        self._behind += len(behind)
        has_enough = self._records[move.is_clients].take(behind) > MAX_RECORDS if behind else False
        if has_enough or self._behind > MAX_KEPT_BYTES or len(self.moves) > MAX_PIECES:
            self.state = State.OVER

    def _end(self, time: float, kind: Kind, is_clients: bool) -> None:
        if self.state is State.LOOKED_FOR:
            is_in_vain = kind is Kind.RESET or is_clients
            self.state = State.GIVEN_UP if is_in_vain else self.state
            return
        self.moves.append(Move(time, is_clients, end=kind))
        if kind is Kind.RESET or all(half.is_over for half in self.halves.values()):
            self.state = State.OVER


def is_opening(segment: Segment) -> bool:
    """Whether a segment is the first of a connection: SYN without ACK."""
    return bool(segment.flags & SYN and not segment.flags & ACK)


def is_answer_to_opening(segment: Segment) -> bool:
    """Whether a segment is the server's first: SYN and ACK."""
    return bool(segment.flags & SYN and segment.flags & ACK)
