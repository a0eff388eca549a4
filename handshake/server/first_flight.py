"""The flight that a hello came in, for the features that intolerances and checks are tied to.

A hello that the server's way of reading refuses has features like any other: it is then read as far as it
goes.
"""

from collections import deque
from itertools import pairwise

from msgspec import Struct

from handshake.errors import PeerFault
from handshake.features import FirstFlight, HelloRecord
from handshake.server.lenient_hello import (
    LenientClientHello,
    read_lenient_client_hello,
    read_lenient_sslv2_client_hello,
)
from handshake.server.received_hello import ReceivedHello
from handshake.server.strictness import HelloReading
from handshake.wire.client_hello import ClientHello
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE

_NO_RULES = HelloReading()


class Arrival(Struct, frozen=True):
    """How a message came: its records, and the bytes on the wire of these in each read. `segments` is empty
    where nobody has told of the reads.
    """

    records: tuple[HelloRecord, ...]
    segments: tuple[int, ...] = ()


class HandshakeRecords:
    """The handshake records whose bytes no message has taken yet, and the reads that brought them.

    What a program reads at once is as near as it comes to TCP segments. Positions are bytes on the wire since
    the connection began.
    """

    def __init__(self) -> None:
        self._records: deque[tuple[HelloRecord, int, int]] = deque()  # with its beginning and its end
        self._taken = 0  # of the first one
        self._reads: deque[int] = deque()  # their ends
        self._received = 0
        self._position = 0

    def read(self, length: int) -> None:
        """So many bytes have come at once."""
        self._received += length
        self._reads.append(self._received)

    def feed(self, record: HelloRecord, waiting: int) -> None:
        """A handshake record has come in; `waiting` bytes behind it have come too."""
        begin = self._position
        self._position = self._received - waiting
        self._records.append((record, begin, self._position))

    def pass_over(self, waiting: int) -> tuple[int, ...]:
        """The same of a record of another kind; how many of its bytes each read brought."""
        begin, self._position = self._position, self._received - waiting
        segments = self._segments(begin, self._position)
        self._forget()
        return segments

    def take(self, length: int) -> Arrival:
        """How the next `length` bytes came."""
        touched = []
        while self._records and length > 0:
            record, begin, end = self._records[0]
            touched.append((record, begin, end))
            step = min(length, record.length - self._taken)
            length, self._taken = length - step, self._taken + step
            if self._taken == record.length:
                self._records.popleft()
                self._taken = 0
        if not touched:
            return Arrival(())
        segments = self._segments(touched[0][1], touched[-1][2])
        self._forget()
        return Arrival(tuple(record for record, _, _ in touched), segments)

    def _segments(self, begin: int, end: int) -> tuple[int, ...]:
        """How many of the bytes from one position to another each read brought."""
        bounds = [begin, *(read for read in self._reads if begin < read < end), end]
        return tuple(after - before for before, after in pairwise(bounds))

    def _forget(self) -> None:
        """Forget the reads of which nothing is left."""
        oldest = self._records[0][1] if self._records else self._position
        while self._reads and self._reads[0] <= oldest:
            self._reads.popleft()


def flight_of_message(
    received: ReceivedHello, arrival: Arrival, *, looks_for_flaws: bool = True
) -> FirstFlight:
    """The flight of a hello that came so.

    What is wrong with its form takes another reading, which is left out where nobody will ask.
    """
    length = MESSAGE_HEADER_SIZE + len(received.body)
    records, segments = arrival.records, arrival.segments
    if isinstance(received.read, LenientClientHello):
        return FirstFlight(received.read, length, records, segments, flaws=received.read.flaws)
    if not looks_for_flaws and isinstance(received.read, ClientHello):
        return FirstFlight(received.read, length, records, segments)
    lenient = read_lenient_client_hello(received.body, _NO_RULES)
    hello = lenient if isinstance(received.read, PeerFault) else received.read
    return FirstFlight(hello, length, records, segments, flaws=lenient.flaws)


def flight_of_sslv2_record(
    body: bytes, rules: HelloReading | None, segments: tuple[int, ...] = ()
) -> FirstFlight:
    """The flight of an SSLv2-format hello that came so, read by `rules` or as far as it goes."""
    sslv2 = read_lenient_sslv2_client_hello(body, _NO_RULES if rules is None else rules)
    hello = sslv2.to_client_hello()
    return FirstFlight(hello, len(body), (HelloRecord(None, len(body)),), segments, sslv2, hello.flaws)
