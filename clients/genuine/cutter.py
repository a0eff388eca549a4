"""Cuts what a server says so that a program gets it message by message."""

from collections.abc import Iterable

from handshake.errors import DecodeError, PeerFault
from handshake.wire.handshake_message import MessageReader, push_handshake_message
from handshake.wire.record import MAX_PLAINTEXT_LENGTH, Record, RecordReader, push_record
from handshake.wire.registry import ContentType


class Cutter:
    """Cuts a server's bytes into records, and those in the clear so that each holds one handshake message."""

    def __init__(self) -> None:
        self._records = RecordReader()
        self._messages = MessageReader()
        self._is_clear = True
        self._is_lost = False

    def __call__(self, data: bytes) -> Iterable[bytes]:
        """The pieces, in order; what is no record yet waits for the rest of it."""
        if self._is_lost:
            yield data
            return
        self._records.feed(data)
        try:
            while (record := self._records.next()) is not None:
                assert isinstance(record, Record), "a server sends no hello in SSLv2's format"
                yield from self._pieces(record)
        except (PeerFault, DecodeError):  # no TLS, or none that can be cut: the rest goes as it comes
            self._is_lost = True
            yield self._records.buffered

    def _pieces(self, record: Record) -> Iterable[bytes]:
        self._is_clear &= record.content_type in (ContentType.HANDSHAKE, ContentType.ALERT)
        if record.content_type != ContentType.HANDSHAKE or not self._is_clear:
            yield push_record(record)
            return
        self._messages.feed(record.fragment)
        while (message := self._messages.next()) is not None:
            whole = push_handshake_message(message)
            for start in range(0, len(whole), MAX_PLAINTEXT_LENGTH):
                fragment = whole[start : start + MAX_PLAINTEXT_LENGTH]
                yield push_record(Record(record.content_type, record.record_version, fragment))
