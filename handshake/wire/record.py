"""The record layer before protection: bytes from the network in, whole records out (RFC 5246 section 6.2).

`RecordReader` keeps what has not become a record yet in one bytearray and complains at the first byte that
cannot be the start of one. An SSLv2-format hello (RFC 5246 appendix E.2), whose framing is another, is only
looked for in front of everything else, and only where asked for.
"""

import struct
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, NamedTuple

from msgspec import Struct

from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.buffer import pack_uint
from handshake.wire.registry import ContentType, HandshakeType, ProtocolVersion

RECORD_HEADER_SIZE = 5
SSLV2_HEADER_SIZE = 2
SSLV2_BLOCK_SIZE = 8
"""Of the ciphers SSLv2 padded records for."""
MAX_PLAINTEXT_LENGTH = 2**14
MAX_CIPHERTEXT_LENGTH = 2**14 + 2048
"""RFC 5246 section 6.2.3."""
MAX_CIPHERTEXT_LENGTH_13 = 2**14 + 256
"""RFC 8446 section 5.2."""
MAX_INNER_13 = MAX_PLAINTEXT_LENGTH + 1
"""RFC 8446 section 5.4: content, content type and padding together."""
MAJOR_VERSION = 3
"""Of every version from SSLv3 on."""

_HEADER = struct.Struct(">BHH")
_CONTENT_TYPES = frozenset(int(content_type) for content_type in ContentType)
_NEVER_EMPTY = frozenset({ContentType.HANDSHAKE, ContentType.CHANGE_CIPHER_SPEC})


class Record(NamedTuple):
    """One TLS record as transmitted; `fragment` may be protected, and may be empty."""

    content_type: int
    record_version: int
    fragment: bytes


class SSLv2Record(Struct, frozen=True):
    """One record with SSLv2's two-byte header; `body` starts with the message type."""

    body: bytes


class FirstRecord(Enum):
    """What may come first: TLS records only, or an SSLv2-format hello before them."""

    TLS = "tls"
    SSLV2_OR_TLS = "sslv2-or-tls"


class UnknownType(Enum):
    """What is made of a record of no known content type.

    "refused": at its first byte (RFC 5246 section 6). "read": like any other, and refused by whoever gets it.
    "ignored": passed over when it is there (RFC 2246 section 6; SunJSSE). "sslv2": taken for one with SSLv2's
    header (tlslite-ng).
    """

    REFUSED = "refused"
    READ = "read"
    IGNORED = "ignored"
    SSLV2 = "sslv2"


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What a reader accepts of records, before they are decrypted."""

    max_fragment: Annotated[int, range(1, 1 << 16)] = MAX_CIPHERTEXT_LENGTH
    """How many bytes a record may announce in its header (RFC 5246 section 6.2.3 has 18432). What is
    decrypted may be as long where that is more than the RFC has, else 16384 bytes (section 6.2.1)."""
    any_version: bool = False
    """Whether a record's major version may be other than 3 (tlslite-ng 0.8.2; measured)."""
    max_plaintext: Annotated[int, range(1, 1 << 16)] | None = None
    """How many bytes a record may have, judged when all of it is there and not by its header; left out, no
    other limit holds (OpenSSL 3.0: 16384; measured)."""
    exact_version: int | None = None
    """The only version a record may have, None for no such rule."""
    fixes_version: bool = False
    """Once a version is chosen, records must have exactly that (OpenSSL 3.0, source ssl3_get_record)."""
    unknown_type: UnknownType = UnknownType.REFUSED
    """What is made of a record of unknown content type."""
    first_types: frozenset[Annotated[int, ContentType]] | None = None
    """The content types that the first record may have, judged when its header is there; left out, any that
    is known (SunJSSE: handshake and alert; measured)."""
    max_empty: Annotated[int, range(1 << 63)] | None = None
    """How many handshake or ChangeCipherSpec records without content are passed over in a row; left out, they
    are handed on (OpenSSL 3.0: 32, source MAX_EMPTY_RECORDS)."""
    reads_sslv2_version_first: bool = False
    """Of an SSLv2-format hello that offers SSLv2 alone no more than the version is read."""
    max_protected_13: Annotated[int, range(1, 1 << 16)] = MAX_CIPHERTEXT_LENGTH_13
    """How many bytes a protected record of TLS 1.3 may have (RFC 8446 section 5.2: 16640)."""
    signed_major: bool = False
    """A major version from 128 on is a negative number, and so not too high (SunJSSE 6 and 7: a Java byte;
    measured)."""

    @property
    def max_inner_13(self) -> int:
        """How many bytes a record of TLS 1.3 may hold once it is decrypted, with its content type and
        padding.
        """
        is_usual = self.max_protected_13 <= MAX_CIPHERTEXT_LENGTH_13
        return MAX_INNER_13 if is_usual else self.max_protected_13

    @property
    def max_content(self) -> int:
        """How many bytes a record may hold once it is decrypted."""
        return MAX_PLAINTEXT_LENGTH if self.max_fragment <= MAX_CIPHERTEXT_LENGTH else self.max_fragment


def push_record(record: Record) -> bytes:
    """The record on the wire; LocalError if its fragment has 2**16 bytes or more."""
    length = len(record.fragment)
    try:
        return _HEADER.pack(record.content_type, record.record_version, length) + record.fragment
    except struct.error:
        header = f"type {record.content_type}, version {record.record_version}, {length} bytes"
        raise LocalError(f"a record cannot have this header: {header}") from None


def push_sslv2_record(record: SSLv2Record) -> bytes:
    """The record behind a two-byte header with its high bit set; LocalError from 2**15 bytes on."""
    pack_uint(2, len(record.body) << 1)
    return pack_uint(2, 0x8000 | len(record.body)) + record.body


class RecordReader:
    """Cuts a stream of bytes into records; `rules` may be replaced between two records.

    `next` raises PeerFault: NOT_TLS when the stream does not start as TLS does, UNEXPECTED_MESSAGE for an
    unknown content type later on (RFC 5246 section 6), RECORD_VERSION, RECORD_OVERFLOW, EMPTY_RECORD. It
    raises again if called again. `last_version` is that of the last record header seen.
    """

    __slots__ = ("_buffer", "_empty", "_first", "_started", "last_version", "rules")

    def __init__(self, first: FirstRecord = FirstRecord.TLS, rules: RecordRules | None = None) -> None:
        self._buffer = bytearray()
        self._first = first
        self._started = False
        self._empty = 0
        self.last_version: int | None = None
        self.rules = RecordRules() if rules is None else rules

    @property
    def buffered(self) -> bytes:
        """What was fed and has not come out as a record."""
        return bytes(self._buffer)

    @property
    def waiting(self) -> int:
        """How many bytes that is."""
        return len(self._buffer)

    @property
    def has_started(self) -> bool:
        """Whether a whole record has come out."""
        return self._started

    def feed(self, data: bytes) -> None:
        """Take bytes from the network, however they were cut."""
        self._buffer += data

    def next(self) -> Record | SSLv2Record | None:
        """The next whole record, or None until more is fed."""
        record = self._next()
        if self.rules.max_empty is None:
            return record
        while isinstance(record, Record) and self._is_passed_over(record, self.rules.max_empty):
            record = self._next()
        return record

    def _next(self) -> Record | SSLv2Record | None:
        buffer = self._buffer
        if not buffer:
            return None
        rules = self.rules
        if buffer[0] not in _CONTENT_TYPES or rules.first_types is not None:
            waits_for_header = rules.first_types is not None and len(buffer) < RECORD_HEADER_SIZE
            if self._is_foreign(buffer[0]) and not waits_for_header:
                return self._next_foreign()
        if len(buffer) < RECORD_HEADER_SIZE:
            return None
        if not self._started and self._looks_like_sslv2():
            return self._next_sslv2()
        content_type, version, length = _HEADER.unpack_from(buffer)
        self.last_version = version
        if version >> 8 != MAJOR_VERSION or rules.exact_version is not None:
            self._check_version(content_type, version)
        if length > rules.max_fragment:
            raise PeerFault(
                Fault.RECORD_OVERFLOW,
                f"a record announces {length} bytes; {rules.max_fragment} are allowed",
                *names_of_length(length),
            )
        end = RECORD_HEADER_SIZE + length
        if len(buffer) < end:
            return None
        if rules.max_plaintext is not None and length > rules.max_plaintext:
            raise PeerFault(
                Fault.RECORD_OVERFLOW, f"a record of {length} bytes; {rules.max_plaintext} are allowed"
            )
        record = Record(content_type, version, bytes(buffer[RECORD_HEADER_SIZE:end]))
        del buffer[:end]
        self._started = True
        return record

    def _is_foreign(self, content_type: int) -> bool:
        first_types = self.rules.first_types
        if not self._started and first_types is not None:
            return content_type not in first_types
        is_read = self.rules.unknown_type in (UnknownType.READ, UnknownType.IGNORED)
        return content_type not in _CONTENT_TYPES and not is_read

    def _looks_like_sslv2(self) -> bool:
        return bool(self._buffer[0] & 0x80) and self._buffer[2] == HandshakeType.CLIENT_HELLO

    def _check_version(self, content_type: int, version: int) -> None:
        rules = self.rules
        if rules.exact_version is not None and version != rules.exact_version:
            is_alert = content_type == ContentType.ALERT and version >> 8 == rules.exact_version >> 8
            raise PeerFault(
                Fault.ALERT_RECORD_VERSION if is_alert else Fault.RECORD_VERSION,
                f"a record of version 0x{version:04x}; 0x{rules.exact_version:04x} was agreed on",
            )
        is_negative = rules.signed_major and version >= 0x8000
        if not rules.any_version and version >> 8 != MAJOR_VERSION and not is_negative:
            raise PeerFault(
                Fault.RECORD_VERSION,
                f"a record of version 0x{version:04x}; its major version must be {MAJOR_VERSION}",
                "record-version",
            )

    def _is_passed_over(self, record: Record, limit: int) -> bool:
        """Whether the record is empty and only counted."""
        if record.fragment or record.content_type not in _NEVER_EMPTY:
            self._empty = 0
            return False
        self._empty += 1
        if self._empty > limit:
            raise PeerFault(Fault.EMPTY_RECORD, "a record without content")
        return True

    def _next_foreign(self) -> SSLv2Record | None:
        """What starts with no content type of TLS: an SSLv2-format hello, or a fault."""
        buffer = self._buffer
        if self.rules.unknown_type is UnknownType.SSLV2:
            return self._next_sslv2_header()
        if self._started:
            raise PeerFault(
                Fault.UNEXPECTED_MESSAGE, f"a record of unknown content type {buffer[0]}", "unknown-record"
            )
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
        if end > self.rules.max_fragment:
            raise PeerFault(Fault.RECORD_OVERFLOW, f"an SSLv2-format hello announces {end} bytes")
        if self.rules.reads_sslv2_version_first and len(buffer) >= RECORD_HEADER_SIZE:
            version = int.from_bytes(buffer[3:5], "big")
            end = RECORD_HEADER_SIZE if version == ProtocolVersion.SSL_2_0 else end
        if len(buffer) < end:
            return None
        record = SSLv2Record(bytes(buffer[SSLV2_HEADER_SIZE:end]))
        del buffer[:end]
        self._started = True
        return record

    def _next_sslv2_header(self) -> SSLv2Record | None:
        """A record behind SSLv2's header of two bytes, or of three with the length of the padding."""
        buffer = self._buffer
        is_short = bool(buffer[0] & 0x80)
        start = SSLV2_HEADER_SIZE if is_short else SSLV2_HEADER_SIZE + 1
        if len(buffer) < start:
            return None
        length = int.from_bytes(buffer[:2], "big") & (0x7FFF if is_short else 0x3FFF)
        padding = 0 if is_short else buffer[2]
        if padding > length or (padding and length % SSLV2_BLOCK_SIZE):
            raise PeerFault(
                Fault.NOT_TLS, f"the stream goes on with {_start_of(buffer)}, which is no record of any kind"
            )
        if length > self.rules.max_fragment:
            raise PeerFault(Fault.RECORD_OVERFLOW, f"an SSLv2-format record announces {length} bytes")
        if len(buffer) < start + length:
            return None
        if not length:
            raise PeerFault(Fault.EMPTY_RECORD, "an SSLv2-format record without content")
        record = SSLv2Record(bytes(buffer[start : start + length]))
        del buffer[: start + length]
        self._started = True
        return record


def names_of_length(length: int) -> tuple[str, ...]:
    """What it is called that a record of this length on the wire is too long: more than TLS 1.2 lets it have,
    than TLS 1.3 does, or that its content is.
    """
    bounds = [bound for bound in (MAX_CIPHERTEXT_LENGTH, MAX_CIPHERTEXT_LENGTH_13) if length > bound]
    return (*(f"record-over-{bound}-bytes" for bound in bounds), "record-content-too-long")


def _start_of(buffer: bytearray) -> str:
    """The first bytes, as text too where they are text (a plain HTTP answer, a mail server's greeting)."""
    start = bytes(buffer[:8])
    text = f" ({start.decode('ascii')!r})" if start.isascii() and start.decode("ascii").isprintable() else ""
    return start.hex(" ") + text
