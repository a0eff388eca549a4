"""Every captured hello is read as the evidence says and written back to the byte, however it arrives."""

import pytest

from handshake.wire.client_hello import (
    ClientHello,
    SSLv2ClientHello,
    pull_client_hello,
    pull_hello_flight,
    pull_sslv2_client_hello,
    push_client_hello,
    push_sslv2_client_hello,
)
from handshake.wire.handshake_message import HandshakeMessage, MessageReader, push_handshake_message
from handshake.wire.ja3 import ja3
from handshake.wire.ja4 import ja4
from handshake.wire.record import Record, SSLv2Record, push_record, push_sslv2_record
from handshake.wire.registry import ContentType, HandshakeType
from tests.handshake.wire.captured import (
    CapturedHello,
    captured_hello,
    captured_hellos,
    captured_records,
    new_reader,
    read_messages,
    read_records,
)

every_hello = pytest.mark.parametrize("hello", captured_hellos(), ids=lambda hello: hello.id)
every_record = pytest.mark.parametrize("hello", captured_records(), ids=lambda hello: hello.id)

TAIL = bytes.fromhex("160301000a0b00")
"""The beginning of a further record, which must wait for its end."""


def decode(hello: CapturedHello) -> ClientHello | SSLv2ClientHello:
    return pull_sslv2_client_hello(hello.body) if hello.sslv2_format else pull_client_hello(hello.body)


def write_again(record: Record | SSLv2Record) -> bytes:
    """The record taken apart into messages and hello, and put together again from the values alone."""
    if isinstance(record, SSLv2Record):
        return push_sslv2_record(SSLv2Record(push_sslv2_client_hello(pull_sslv2_client_hello(record.body))))
    reader = MessageReader()
    (message,) = read_messages(reader, record.fragment, len(record.fragment))
    assert reader.buffered == b""
    body = push_client_hello(pull_client_hello(message.body))
    fragment = push_handshake_message(HandshakeMessage(message.handshake_type, body))
    return push_record(Record(record.content_type, record.record_version, fragment))


def test_all_the_evidence_is_here() -> None:
    assert len(captured_records()) == 322 + 257
    assert sum(hello.sslv2_format for hello in captured_records()) == 24
    assert len(captured_hellos()) - len(captured_records()) == 5


@every_record
def test_whole_record_is_written_back_to_the_byte(hello: CapturedHello) -> None:
    reader = new_reader()
    (record,) = read_records(reader, hello.raw, len(hello.raw))
    assert write_again(record) == hello.raw
    assert reader.buffered == b""


@every_record
def test_record_fed_byte_by_byte_is_the_same(hello: CapturedHello) -> None:
    reader = new_reader()
    for count in range(len(hello.raw) - 1):
        reader.feed(hello.raw[count : count + 1])
        assert reader.next() is None
    reader.feed(hello.raw[-1:])
    record = reader.next()
    assert record is not None
    assert write_again(record) == hello.raw
    assert reader.next() is None


@every_record
def test_bytes_after_the_record_stay_buffered(hello: CapturedHello) -> None:
    reader = new_reader()
    (record,) = read_records(reader, hello.raw + TAIL, len(hello.raw) + len(TAIL))
    assert write_again(record) == hello.raw
    assert reader.buffered == TAIL


@every_hello
def test_hello_reads_as_the_evidence_says(hello: CapturedHello) -> None:
    value = decode(hello)
    if isinstance(value, SSLv2ClientHello):
        assert value.cipher_specs == hello.cipher_suites
        return
    assert value.cipher_suites == hello.cipher_suites
    assert value.compression_methods == hello.compression_methods
    extensions = value.extensions
    assert hello.extensions == (
        None if extensions is None else tuple((each.extension_type, each.body) for each in extensions)
    )


@every_hello
def test_ja3_is_the_evidence_s(hello: CapturedHello) -> None:
    assert ja3(decode(hello)) == hello.ja3


@pytest.mark.parametrize("hello", [each for each in captured_hellos() if each.ja4], ids=lambda each: each.id)
def test_ja4_is_the_evidence_s(hello: CapturedHello) -> None:
    assert ja4(decode(hello)) == hello.ja4


@every_record
def test_flight_is_read_in_one_call(hello: CapturedHello) -> None:
    assert pull_hello_flight(hello.raw) == decode(hello)


@pytest.mark.parametrize(
    "hello", [hello for hello in captured_hellos() if hello.unit == "message"], ids=lambda hello: hello.id
)
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_message_is_written_back_to_the_byte(hello: CapturedHello, size: int) -> None:
    reader = MessageReader()
    (message,) = read_messages(reader, hello.raw + b"\x14\x00", size)
    assert message.handshake_type == HandshakeType.CLIENT_HELLO
    body = push_client_hello(pull_client_hello(message.body))
    assert push_handshake_message(HandshakeMessage(message.handshake_type, body)) == hello.raw
    assert reader.buffered == b"\x14\x00"


@pytest.mark.parametrize("size", [1, 5, 60, 300])
def test_hello_spread_over_records_is_one_flight(size: int) -> None:
    hello = captured_hello("testssl/openssl_303")
    message = hello.raw[5:]
    pieces = [message[start : start + size] for start in range(0, len(message), size)]
    raw = b"".join(push_record(Record(ContentType.HANDSHAKE, 0x0301, piece)) for piece in pieces)
    assert pull_hello_flight(raw) == pull_client_hello(hello.body)


def test_no_extension_block_is_not_an_empty_one() -> None:
    with_block = captured_hello("testssl/java_7u25")
    hello = pull_client_hello(with_block.body)
    assert hello.extensions
    without = ClientHello(
        hello.legacy_version,
        hello.random,
        hello.session_id,
        hello.cipher_suites,
        hello.compression_methods,
        None,
    )
    empty = ClientHello(
        hello.legacy_version,
        hello.random,
        hello.session_id,
        hello.cipher_suites,
        hello.compression_methods,
        (),
    )
    assert push_client_hello(empty) == push_client_hello(without) + b"\x00\x00"
    assert pull_client_hello(push_client_hello(without)).extensions is None
    assert pull_client_hello(push_client_hello(empty)).extensions == ()


def test_java_6_hello_becomes_a_client_hello() -> None:
    hello = pull_sslv2_client_hello(captured_hello("testssl/java_6u45").body)
    converted = hello.to_client_hello()
    assert converted.legacy_version == 0x0301
    assert converted.random == hello.challenge
    assert converted.extensions is None
    assert converted.cipher_suites[:4] == (0x0004, 0x0005, 0x002F, 0x0033)
    assert 0x010080 in hello.cipher_specs
    assert all(suite <= 0xFFFF for suite in converted.cipher_suites)


def test_short_challenge_is_padded_in_front() -> None:
    hello = SSLv2ClientHello(0x0301, (0x000004,), b"", bytes(range(1, 17)))
    assert hello.to_client_hello().random == bytes(16) + bytes(range(1, 17))
