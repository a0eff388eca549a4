"""The record layer before protection: bytes from the network in, whole records out (RFC 5246 section 6.2).

`RecordReader` keeps what has not become a record yet in one bytearray and complains at the first byte that
cannot be the start of one. An SSLv2-format hello (RFC 5246 appendix E.2), whose framing is another, is only
looked for in front of everything else, and only where asked for.
"""

from dataclasses import dataclass
from enum import Enum
from struct import Struct

from handshake.errors import Fault, PeerFault
from handshake.wire.buffer import pack_uint
from handshake.wire.registry import ContentType, HandshakeType

RECORD_HEADER_SIZE = 5
SSLV2_HEADER_SIZE = 2
MAX_PLAINTEXT_LENGTH = 2**14
MAX_CIPHERTEXT_LENGTH = 2**14 + 2048
"""RFC 5246 section 6.2.3; RFC 8446 section 5.2 allows 2**14 + 256 only."""

_HEADER = Struct(">BHH")
_CONTENT_TYPES = frozenset(int(content_type) for content_type in ContentType)
_STRICT_FIRST_TYPES = frozenset({int(ContentType.HANDSHAKE), int(ContentType.ALERT)})


@dataclass(frozen=True, slots=True)
class Record:
    """One TLS record as transmitted; `fragment` may be protected, and may be empty."""

    content_type: int
    record_version: int
    fragment: bytes


@dataclass(frozen=True, slots=True)
class SSLv2Record:
    """One record with SSLv2's two-byte header; `body` starts with the message type."""

    body: bytes


class FirstRecord(Enum):
    """What may come first: TLS records only, or an SSLv2-format hello before them."""

    TLS = "tls"
    SSLV2_OR_TLS = "sslv2-or-tls"


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What a reader accepts. `max_fragment` is in bytes; `version_major` None accepts any record version.

    `unknown_types`: records of content types TLS does not have come out like any others, but for the first
    (RFC 2246 section 6 has them ignored). `signed_major`: a major version from 128 on is a negative number,
    and so not too high. `strict_start`: the first record must be of a handshake or an alert, and what is no
    TLS is judged by five bytes and not earlier.
    """

    max_fragment: int = MAX_CIPHERTEXT_LENGTH
    version_major: int | None = 3
    unknown_types: bool = False
    signed_major: bool = False
    strict_start: bool = False


def push_record(record: Record) -> bytes:
    """The record on the wire; LocalError if its fragment has 2**16 bytes or more."""
    return b"".join(
        (
            pack_uint(1, record.content_type),
            pack_uint(2, record.record_version),
            pack_uint(2, len(record.fragment)),
            record.fragment,
        )
    )


def push_sslv2_record(record: SSLv2Record) -> bytes:
    """The record behind a two-byte header with its high bit set; LocalError from 2**15 bytes on."""
    pack_uint(2, len(record.body) << 1)
    return pack_uint(2, 0x8000 | len(record.body)) + record.body


class RecordReader:
    """Cuts a stream of bytes into records; `rules` may be replaced between two records.

    `next` raises PeerFault: NOT_TLS when the stream does not start as TLS does, UNEXPECTED_MESSAGE for an
    unknown content type later on (RFC 5246 section 6), RECORD_VERSION, RECORD_OVERFLOW. It raises again if
    called again.
    """

    __slots__ = ("_buffer", "_first", "_started", "rules")

    def __init__(self, first: FirstRecord = FirstRecord.TLS, rules: RecordRules | None = None) -> None:
        self._buffer = bytearray()
        self._first = first
        self._started = False
        self.rules = RecordRules() if rules is None else rules

    @property
    def buffered(self) -> bytes:
        """What was fed and has not come out as a record."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes from the network, however they were cut."""
        self._buffer += data

    def next(self) -> Record | SSLv2Record | None:
        """The next whole record, or None until more is fed."""
        buffer = self._buffer
        if not buffer:
            return None
        if not self._is_expected(buffer[0]):
            return self._next_foreign()
        if len(buffer) < RECORD_HEADER_SIZE:
            return None
        content_type, version, length = _HEADER.unpack_from(buffer)
        rules = self.rules
        major = version >> 8
        is_negative = rules.signed_major and major >= 0x80
        if rules.version_major is not None and major != rules.version_major and not is_negative:
            raise PeerFault(
                Fault.RECORD_VERSION,
                f"a record of version 0x{version:04x}; its major version must be {rules.version_major}",
            )
        if length > rules.max_fragment:
            raise PeerFault(
                Fault.RECORD_OVERFLOW, f"a record announces {length} bytes; {rules.max_fragment} are allowed"
            )
        end = RECORD_HEADER_SIZE + length
        if len(buffer) < end:
            return None
        record = Record(content_type, version, bytes(buffer[RECORD_HEADER_SIZE:end]))
        del buffer[:end]
        self._started = True
        return record

    def _is_expected(self, content_type: int) -> bool:
        if self.rules.strict_start and not self._started:
            return content_type in _STRICT_FIRST_TYPES
        return content_type in _CONTENT_TYPES or (self._started and self.rules.unknown_types)

    def _next_foreign(self) -> SSLv2Record | None:
        """What starts with no content type of TLS: an SSLv2-format hello, or a fault."""
        buffer = self._buffer
        if self._started:
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, f"a record of unknown content type {buffer[0]}")
        if self.rules.strict_start and len(buffer) < RECORD_HEADER_SIZE:
            return None
        if buffer[0] & 0x80:
            if len(buffer) < 3:
                return None
            if buffer[2] == HandshakeType.CLIENT_HELLO:
                return self._next_sslv2()
        raise PeerFault(Fault.NOT_TLS, f"the stream starts with {_start_of(buffer)}, which is no TLS record")

    def _next_sslv2(self) -> SSLv2Record | None:
        buffer = self._buffer
        if self._first is FirstRecord.TLS:
            raise PeerFault(
                Fault.NOT_TLS, "the stream starts with an SSLv2-format hello, which is not accepted"
            )
        end = SSLV2_HEADER_SIZE + (int.from_bytes(buffer[:2], "big") & 0x7FFF)
        if len(buffer) < end:
            return None
        record = SSLv2Record(bytes(buffer[SSLV2_HEADER_SIZE:end]))
        del buffer[:end]
        self._started = True
        return record


def _start_of(buffer: bytearray) -> str:
    """The first bytes, as text too where they are text (a plain HTTP answer, a mail server's greeting)."""
    start = bytes(buffer[:8])
    text = f" ({start.decode('ascii')!r})" if start.isascii() and start.decode("ascii").isprintable() else ""
    return start.hex(" ") + text
