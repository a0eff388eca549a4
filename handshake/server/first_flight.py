"""The flight that a hello came in, for the features that intolerances and checks are tied to.

A hello that the server's way of reading refuses has features like any other: it is then read as far as it
goes.
"""

from collections import deque

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


class HandshakeRecords:
    """The handshake records whose bytes no message has taken yet."""

    def __init__(self) -> None:
        self._records: deque[HelloRecord] = deque()
        self._taken = 0  # of the first one

    def feed(self, version: int, length: int) -> None:
        """A record has come in."""
        self._records.append(HelloRecord(version, length))

    def take(self, length: int) -> tuple[HelloRecord, ...]:
        """The records that the next `length` bytes came in."""
        touched = []
        while self._records and length > 0:
            record = self._records[0]
            touched.append(record)
            step = min(length, record.length - self._taken)
            length, self._taken = length - step, self._taken + step
            if self._taken == record.length:
                self._records.popleft()
                self._taken = 0
        return tuple(touched)


def flight_of_message(
    received: ReceivedHello, records: tuple[HelloRecord, ...], *, looks_for_flaws: bool = True
) -> FirstFlight:
    """The flight of a hello in `records`.

    What is wrong with its form takes another reading, which is left out where nobody will ask.
    """
    length = MESSAGE_HEADER_SIZE + len(received.body)
    if isinstance(received.read, LenientClientHello):
        return FirstFlight(received.read, length, records, flaws=received.read.flaws)
    if not looks_for_flaws and isinstance(received.read, ClientHello):
        return FirstFlight(received.read, length, records)
    lenient = read_lenient_client_hello(received.body, _NO_RULES)
    hello = lenient if isinstance(received.read, PeerFault) else received.read
    return FirstFlight(hello, length, records, flaws=lenient.flaws)


def flight_of_sslv2_record(body: bytes, rules: HelloReading | None) -> FirstFlight:
    """The flight of an SSLv2-format hello, read by `rules` or as far as it goes."""
    sslv2 = read_lenient_sslv2_client_hello(body, _NO_RULES if rules is None else rules)
    hello = sslv2.to_client_hello()
    return FirstFlight(hello, len(body), (HelloRecord(None, len(body)),), sslv2, hello.flaws)
