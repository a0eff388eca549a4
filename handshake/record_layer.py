"""The record layer of one connection: framing, record protection and the transcript, both directions.

It outlives a single handshake (a renegotiation runs over the record layer the first handshake left behind),
so it knows nothing of handshake states. Bytes come in by `feed`, plain records out by `next_record`; what is
written is queued until `data_to_send` fetches it.
"""

from dataclasses import replace
from typing import NamedTuple

from handshake.crypto.record_protection import BlockProtection, Protection, Protection13
from handshake.errors import Fault, PeerFault
from handshake.events import TranscriptEntry
from handshake.record_splitting import RecordSplitting
from handshake.transcript import Transcript
from handshake.wire.record import (
    MAX_PLAINTEXT_LENGTH,
    FirstRecord,
    Record,
    RecordReader,
    RecordRules,
    SSLv2Record,
    UnknownType,
    names_of_length,
    push_record,
    push_sslv2_record,
)
from handshake.wire.registry import ContentType, HandshakeType, ProtocolVersion

# A member is looked up in its enumeration each time; these are wanted for every record.
CHANGE_CIPHER_SPEC = ContentType.CHANGE_CIPHER_SPEC
ALERT = ContentType.ALERT
HANDSHAKE = ContentType.HANDSHAKE
APPLICATION_DATA = ContentType.APPLICATION_DATA

TLS_CONTENT_TYPES = frozenset({CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA})

_SERVER_HELLO = bytes((HandshakeType.SERVER_HELLO,))


class _RecordNames(dict[int, str]):
    def __missing__(self, content_type: int) -> str:
        return f"content_type_{content_type}"


_RECORD_NAMES = _RecordNames((int(member), member.name.lower()) for member in ContentType)


class PlainRecord(NamedTuple):
    """A record after its protection was removed. `record_version` is as it stood in the header."""

    content_type: int
    record_version: int
    fragment: bytes


class RecordLayer:
    """One connection's records. `record_version` is written into every header and changes with the
    negotiation.
    """

    def __init__(
        self, rules: RecordRules, first: FirstRecord, record_version: int, splitting: RecordSplitting
    ) -> None:
        self.record_version = record_version
        self.splitting = splitting
        self.application_records = 0
        self.max_plaintext = MAX_PLAINTEXT_LENGTH
        self.max_received = MAX_PLAINTEXT_LENGTH
        self.transcript = Transcript()
        self.read_protection: Protection | Protection13 | None = None
        self.reads_plain_alerts = False
        self.early_data_to_skip = 0
        self.write_protection: Protection | Protection13 | None = None
        self._reader = RecordReader(first, rules)
        self._outgoing = bytearray()

    @property
    def buffered(self) -> bytes:
        """What has come in and is not a whole record yet."""
        return self._reader.buffered

    @property
    def waiting(self) -> int:
        """How many bytes that is."""
        return self._reader.waiting

    @property
    def is_first(self) -> bool:
        """Whether no whole record has come in yet."""
        return not self._reader.has_started

    @property
    def received_version(self) -> int | None:
        """The version of the last record header that came in, if any has."""
        return self._reader.last_version

    def expect_version(self, version: int) -> None:
        """Accept records of this version only from here on."""
        self._reader.rules = replace(self._reader.rules, exact_version=version)

    def passes_over(self, content_type: int) -> bool:
        """Whether a record of this content type is nobody's business."""
        return (
            self._reader.rules.unknown_type is UnknownType.IGNORED and content_type not in TLS_CONTENT_TYPES
        )

    def feed(self, data: bytes) -> None:
        """Take bytes from the transport."""
        self._reader.feed(data)

    def next_record(self, now: float) -> PlainRecord | SSLv2Record | None:
        """Give the next whole record, decrypted; None when more bytes are needed.

        Raises PeerFault for framing that breaks the rules, a bad MAC or an oversized fragment.
        """
        record = self._reader.next()
        while self.early_data_to_skip > 0 and isinstance(record, Record) and self._is_skipped(record):
            record = self._reader.next()
        if record is None:
            return None
        if isinstance(record, SSLv2Record):
            wire = push_sslv2_record(record)
            self.note("received", "sslv2-record", "SSLv2", now, wire, record.body)
            return record
        content_type, fragment = record.content_type, record.fragment
        if isinstance(self.read_protection, Protection13):
            content_type, fragment = self._unprotect_13(self.read_protection, record)
        elif self.read_protection is not None:
            try:
                fragment = self.read_protection.unprotect(content_type, record.record_version, fragment)
            except PeerFault as fault:
                if fault.fault is not Fault.BAD_RECORD_MAC or content_type != HANDSHAKE:
                    raise
                # SunJSSE has another alert for it, research note on servers section 1.4.
                raise PeerFault(Fault.BAD_HANDSHAKE_RECORD_MAC, fault.detail) from fault
        if len(fragment) > self.max_received:
            self._check_content(len(fragment), len(record.fragment))
        name, wire = _RECORD_NAMES[content_type], push_record(record)
        self.transcript.append(TranscriptEntry("received", "record", name, now, wire, fragment))
        return PlainRecord(content_type, record.record_version, fragment)

    def _check_content(self, length: int, protected_length: int) -> None:
        """Refuse more content than was agreed on (RFC 8449 section 4), or than the RFCs let a record have,
        where the rules do so too.
        """
        rules = self._reader.rules
        is_tls13 = isinstance(self.read_protection, Protection13)
        limit = rules.max_inner_13 - 1 if is_tls13 else rules.max_content
        if self.max_received < MAX_PLAINTEXT_LENGTH and self.read_protection is not None:
            limit = self.max_received
        if length > limit:
            raise PeerFault(
                Fault.RECORD_OVERFLOW,
                f"a record holds {length} bytes, {limit} are allowed",
                *names_of_length(protected_length),
            )

    def _unprotect_13(self, protection: Protection13, record: Record) -> tuple[int, bytes]:
        """The content type and content of a record that comes once TLS 1.3's keys are in use.

        Only a ChangeCipherSpec may come in the clear then (RFC 8446 section 5), and at a server's end an
        alert of a client that could not make the keys.
        """
        content_type = record.content_type
        is_plain_alert = self.reads_plain_alerts and content_type == ALERT
        if is_plain_alert or content_type == CHANGE_CIPHER_SPEC:
            return content_type, record.fragment
        if content_type != APPLICATION_DATA:
            raise PeerFault(
                Fault.UNEXPECTED_MESSAGE,
                f"a record of type {record_name(content_type)} in the clear, though the keys are in use",
                *(("server-hello-in-clear",) if record.fragment[:1] == _SERVER_HELLO else ()),
                "record-in-clear",
            )
        allowed = self._reader.rules.max_protected_13
        if len(record.fragment) > allowed:
            raise PeerFault(
                Fault.RECORD_OVERFLOW,
                f"a protected record of {len(record.fragment)} bytes; {allowed} are allowed",
                *names_of_length(len(record.fragment)),
            )
        content_type, fragment = protection.unprotect(
            content_type, record.record_version, record.fragment, self._reader.rules.max_inner_13
        )
        self.reads_plain_alerts = False
        self.early_data_to_skip = 0
        return content_type, fragment

    def _is_skipped(self, record: Record) -> bool:
        """Whether a record is early data that nobody takes: it comes before there are keys, or does not
        decrypt (RFC 8446 section 4.2.10).
        """
        if record.content_type != APPLICATION_DATA:
            return False
        protection = self.read_protection
        if isinstance(protection, Protection13) and protection.can_unprotect(
            record.content_type, record.record_version, record.fragment
        ):
            return False
        self.early_data_to_skip -= len(record.fragment)
        return self.early_data_to_skip >= 0

    def write(self, content_type: int, fragment: bytes, now: float) -> None:
        """Queue one fragment, in as many records as its length needs; an empty one is sent as an empty
        record.
        """
        for start in range(0, max(len(fragment), 1), self.max_plaintext):
            self.write_record(content_type, fragment[start : start + self.max_plaintext], now)

    def write_application_data(self, data: bytes, now: float) -> None:
        """Queue one write of application data, split as `splitting` says."""
        if self._splits():
            first = 0 if self.splitting is RecordSplitting.EMPTY_FIRST else 1
            if len(data) > first:
                self.write(APPLICATION_DATA, data[:first], now)
                data = data[first:]
        self.write(APPLICATION_DATA, data, now)
        self.application_records += 1

    def _splits(self) -> bool:
        if self.splitting is RecordSplitting.NONE or self.record_version > ProtocolVersion.TLS_1_0:
            return False
        if not isinstance(self.write_protection, BlockProtection):
            return False
        return self.splitting is not RecordSplitting.ONE_REST_NOT_FIRST or self.application_records > 0

    def write_unframed(self, wire: bytes, name: str, now: float) -> None:
        """Queue bytes that are already a whole record of their own (an SSLv2-format message)."""
        self.note("sent", "sslv2-record", name, now, wire, wire[2:])
        self._outgoing += wire

    def data_to_send(self) -> bytes:
        """Fetch what is queued for the transport, once."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def note(self, direction: str, kind: str, name: str, now: float, wire: bytes, decrypted: bytes) -> None:
        """Add one line to the transcript."""
        self.transcript.append(TranscriptEntry(direction, kind, name, now, wire, decrypted))

    def write_record(self, content_type: int, fragment: bytes, now: float) -> None:
        """Queue one record, however long its fragment is."""
        protected, outer_type = fragment, content_type
        if self.write_protection is not None:
            if isinstance(self.write_protection, Protection13):
                if content_type != CHANGE_CIPHER_SPEC:  # never encrypted, RFC 8446 section 5
                    outer_type = APPLICATION_DATA
                    protected = self.write_protection.protect(content_type, self.record_version, fragment)
            else:
                protected = self.write_protection.protect(content_type, self.record_version, fragment)
        wire = push_record(Record(outer_type, self.record_version, protected))
        name = _RECORD_NAMES[content_type]
        self.transcript.append(TranscriptEntry("sent", "record", name, now, wire, fragment))
        self._outgoing += wire


def record_name(content_type: int) -> str:
    """Return the content type's name as the registry writes it, e.g. `handshake`; a number for an unknown
    one.
    """
    return _RECORD_NAMES[content_type]
