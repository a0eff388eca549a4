"""Cuts what a server says so that a program gets it message by message.

Records in the clear that hold several messages are cut; all others go as they came, since their form may be
what a program refuses. A message in several records is one piece. What stands in one record with TLS 1.3's
ServerHello is not cut off: all behind that has to be encrypted (RFC 8446 section 5.1), so a program does
something else about it in a record of its own.
"""

from collections.abc import Iterable
from contextlib import suppress

from clients.genuine.server_hello import read_server_hello
from clients.genuine.wire import ANY_RECORD
from handshake.errors import DecodeError, PeerFault
from handshake.wire.handshake_message import HandshakeMessage, MessageReader, push_handshake_message
from handshake.wire.record import MAX_PLAINTEXT_LENGTH, Record, RecordReader, push_record
from handshake.wire.registry import ContentType, ExtensionType, HandshakeType


class Cutter:
    """Cuts a server's bytes into pieces, each of whole records that end with a message."""

    def __init__(self) -> None:
        self._records = RecordReader(rules=ANY_RECORD)
        self._messages = MessageReader()
        self._begun = b""  # the records of a message that has not come whole
        self._is_within = False  # a part of a message has been handed over
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
            yield self._begun + self._records.buffered
            return
        if self._begun:  # the rest may never come
            yield self._begun
            self._begun, self._is_within = b"", True

    def _pieces(self, record: Record) -> Iterable[bytes]:
        self._is_clear &= record.content_type != ContentType.CHANGE_CIPHER_SPEC
        begun = self._begun + push_record(record)
        if record.content_type != ContentType.HANDSHAKE or not self._is_clear:
            self._begun = b""
            yield begun
            return
        self._messages.feed(record.fragment)
        messages = list(iter(self._messages.next, None))
        rest = self._messages.buffered
        is_several = len(messages) + bool(rest) > 1
        is_whole = self._is_within or not is_several or any(map(_is_of_tls13, messages))
        self._is_within &= bool(rest)
        if is_whole:
            self._begun = begun if rest else b""
            if not rest:
                yield begun
            return
        for message in messages:
            yield _records(push_handshake_message(message), record)
        self._begun = _records(rest, record)


def _records(content: bytes, like: Record) -> bytes:
    starts = range(0, len(content), MAX_PLAINTEXT_LENGTH)
    fragments = (content[start : start + MAX_PLAINTEXT_LENGTH] for start in starts)
    return b"".join(push_record(Record(like.content_type, like.record_version, each)) for each in fragments)


def _is_of_tls13(message: HandshakeMessage) -> bool:
    """Whether it is a ServerHello after which all is encrypted."""
    if message.handshake_type != HandshakeType.SERVER_HELLO:
        return False
    with suppress(DecodeError):
        return read_server_hello(message.body).extension(ExtensionType.SUPPORTED_VERSIONS) is not None
    return False
