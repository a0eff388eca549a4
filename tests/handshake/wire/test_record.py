"""What a record reader accepts, what it refuses, and with which fault."""

import pytest

from handshake.errors import Fault, PeerFault
from handshake.wire.record import (
    FirstRecord,
    Record,
    RecordReader,
    RecordRules,
    SSLv2Record,
    push_record,
    push_sslv2_record,
)

HELLO = push_sslv2_record(SSLv2Record(b"\x01\x03\x01" + bytes(30)))
ALERT = push_record(Record(21, 0x0301, b"\x02\x0a"))


def fault_of(reader: RecordReader, data: bytes) -> PeerFault:
    reader.feed(data)
    with pytest.raises(PeerFault) as caught:
        reader.next()
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\x00",
        b"\x19\x03\x03\x00\x01\x00",
        b"\x80\x03\x04",  # an SSLv2 SERVER-HELLO
        HELLO,
    ],
)
def test_stream_that_is_not_tls_is_refused(data: bytes) -> None:
    error = fault_of(RecordReader(), data)
    assert error.fault is Fault.NOT_TLS
    assert "the stream starts with" in error.detail


def test_complaint_shows_text_as_text() -> None:
    assert "'HTTP/1.1'" in fault_of(RecordReader(), b"HTTP/1.1 400").detail
    assert "'" not in fault_of(RecordReader(), b"\x00\x01\x02").detail


def test_refusal_is_the_same_byte_by_byte() -> None:
    reader = RecordReader(FirstRecord.SSLV2_OR_TLS)
    reader.feed(b"\x80")
    assert reader.next() is None
    reader.feed(b"\x03")
    assert reader.next() is None
    assert fault_of(reader, b"\x04").fault is Fault.NOT_TLS
    assert fault_of(reader, b"").fault is Fault.NOT_TLS


def test_sslv2_hello_is_taken_where_asked_for() -> None:
    reader = RecordReader(FirstRecord.SSLV2_OR_TLS)
    reader.feed(HELLO + ALERT)
    assert reader.next() == SSLv2Record(HELLO[2:])
    assert reader.next() == Record(21, 0x0301, b"\x02\x0a")


@pytest.mark.parametrize("first", [HELLO, ALERT])
def test_sslv2_hello_is_taken_first_only(first: bytes) -> None:
    reader = RecordReader(FirstRecord.SSLV2_OR_TLS)
    reader.feed(first)
    assert reader.next() is not None
    error = fault_of(reader, HELLO)
    assert error.fault is Fault.UNEXPECTED_MESSAGE
    assert "content type 128" in error.detail


@pytest.mark.parametrize("version", [0x0000, 0x0200, 0x0400, 0x7F1C])
def test_other_major_version_is_refused(version: int) -> None:
    data = push_record(Record(22, version, b"x"))
    assert fault_of(RecordReader(), data).fault is Fault.RECORD_VERSION
    lenient = RecordReader(rules=RecordRules(any_version=True))
    lenient.feed(data)
    assert lenient.next() == Record(22, version, b"x")


@pytest.mark.parametrize("version", [0x0300, 0x0301, 0x0304, 0x03FF])
def test_minor_version_does_not_matter(version: int) -> None:
    reader = RecordReader()
    reader.feed(push_record(Record(22, version, b"x")))
    assert reader.next() == Record(22, version, b"x")


def test_record_may_be_as_long_as_the_rules_say_and_no_longer() -> None:
    rules = RecordRules(max_fragment=5)
    reader = RecordReader(rules=rules)
    reader.feed(push_record(Record(23, 0x0303, b"12345")))
    assert reader.next() == Record(23, 0x0303, b"12345")
    error = fault_of(reader, push_record(Record(23, 0x0303, b"123456")))
    assert error.fault is Fault.RECORD_OVERFLOW
    reader.rules = RecordRules(max_fragment=6)
    assert reader.next() == Record(23, 0x0303, b"123456")


def test_overflow_is_seen_in_the_header() -> None:
    assert fault_of(RecordReader(), b"\x17\x03\x03\x48\x01").fault is Fault.RECORD_OVERFLOW
    allowed = RecordReader()
    allowed.feed(b"\x17\x03\x03\x48\x00")
    assert allowed.next() is None


def test_empty_records_are_records() -> None:
    reader = RecordReader()
    reader.feed(push_record(Record(23, 0x0301, b"")) * 2)
    assert reader.next() == reader.next() == Record(23, 0x0301, b"")
    assert reader.next() is None
    assert reader.buffered == b""
