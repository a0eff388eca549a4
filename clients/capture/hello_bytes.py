"""The bytes of one hello out of what a client says: whole records, and not a byte more. Pure."""

from functools import lru_cache

from handshake.errors import PeerFault
from handshake.features import FirstFlight, recorded_flight
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE, MessageReader
from handshake.wire.record import (
    RECORD_HEADER_SIZE,
    SSLV2_HEADER_SIZE,
    FirstRecord,
    RecordReader,
    SSLv2Record,
)
from handshake.wire.registry import ContentType

MAX_HELLO_BYTES = 131_072
"""More than any client sends; a message may announce 16 MB."""
DECODED_KEPT = 256
"""Hellos that are kept decoded: a capture may have thousands, and one takes ten times its bytes then."""


class HelloBytes:
    """A hello being put together. `segments` has the bytes of it in each piece in which it came; `problem`
    says why it cannot be read, empty while nothing is wrong.
    """

    def __init__(self) -> None:
        self.segments: list[int] = []
        self.problem = ""
        self.is_whole = False
        self._records = RecordReader(FirstRecord.SSLV2_OR_TLS)
        self._messages = MessageReader(MAX_HELLO_BYTES)
        self._fed = bytearray()

    @property
    def wire(self) -> bytes:
        """The hello's records, as far as they have come."""
        return bytes(self._fed)

    @property
    def is_ended(self) -> bool:
        """Whether no more of it is to come, since it is whole or cannot be read."""
        return self.is_whole or bool(self.problem)

    def take(self, data: bytes) -> int:
        """Take what the client says; how many bytes of it belong to the hello."""
        if self.is_ended:
            return 0
        self._fed += data
        self._records.feed(data)
        try:
            self._read()
        except PeerFault as fault:
            self.problem = fault.detail
        if len(self._fed) > MAX_HELLO_BYTES and not self.is_ended:
            self.problem = f"it goes on for more than {MAX_HELLO_BYTES} bytes"
        behind = len(self._records.buffered) if self.is_whole else 0
        del self._fed[len(self._fed) - behind :]
        self.segments.append(len(data) - behind)
        return len(data) - behind

    def progress(self) -> str:
        """In words, how much of a hello that is not whole is there, and of how much."""
        waiting = self._records.buffered
        if waiting[:1] and waiting[0] & 0x80:
            announced = int.from_bytes(waiting[:SSLV2_HEADER_SIZE], "big") & 0x7FFF
            return f"{len(waiting) - SSLV2_HEADER_SIZE} bytes are there of a message of {announced}"
        begun = waiting[RECORD_HEADER_SIZE:]
        message = self._messages.buffered + begun
        if len(message) < MESSAGE_HEADER_SIZE:
            return f"{len(self._fed)} bytes are there"
        announced = MESSAGE_HEADER_SIZE + int.from_bytes(message[1:MESSAGE_HEADER_SIZE], "big")
        if len(message) < announced:
            return f"{len(message)} bytes are there of a message of {announced}"
        record = int.from_bytes(waiting[3:RECORD_HEADER_SIZE], "big")
        there = f"a record announces {record} bytes, {len(begun)} are there"
        return f"{there}, and the message in it has {announced}"

    def _read(self) -> None:
        while not self.is_whole and (record := self._records.next()) is not None:
            if isinstance(record, SSLv2Record):
                self.is_whole = True
                return
            if record.content_type != ContentType.HANDSHAKE:
                self.problem = f"a record of content type {record.content_type} comes within the hello"
                return
            self._messages.feed(record.fragment)
            self.is_whole = self._messages.next() is not None


@lru_cache(maxsize=DECODED_KEPT)
def decode(wire: bytes) -> FirstFlight | str:
    """The hello in whole records; where that cannot be read, why."""
    try:
        return recorded_flight(wire)
    except PeerFault as fault:
        return fault.detail
