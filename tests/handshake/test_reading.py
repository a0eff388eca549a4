"""Reading hellos as far as they go: any bytes, and what is found wrong with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake.errors import Fault, PeerFault
from handshake.features import notations
from handshake.server.first_flight import flight_of_sslv2_record
from handshake.server.lenient_hello import (
    LenientReader,
    read_lenient_client_hello,
    read_lenient_sslv2_client_hello,
)
from handshake.server.strictness import HelloReading, MessageTypes
from handshake.wire.client_hello import ClientHello, Extension, push_client_hello

HELLO = ClientHello(0x0301, bytes(32), b"id", (0x002F, 0x0035), b"\x00", (Extension(5, b"abc"), Extension(6)))
BODY = push_client_hello(HELLO)
RULES = (
    HelloReading(),
    HelloReading(extensions_may_overrun=True),
    HelloReading(sslv2_lengths_forgotten=True),
)
FIELD_ENDS = {1: "legacy_version", 20: "random", 35: "session_id", 40: "cipher_suites"}
FIELD_ENDS |= {43: "compression_methods"}


def test_a_hello_without_flaws_is_read_like_any() -> None:
    hello = read_lenient_client_hello(BODY, HelloReading())
    assert hello.flaws == frozenset()
    assert push_client_hello(hello) == BODY


@pytest.mark.parametrize(("end", "field"), FIELD_ENDS.items())
def test_the_field_a_hello_ends_in_is_named(end: int, field: str) -> None:
    hello = read_lenient_client_hello(BODY[:end], HelloReading())
    assert hello.flaws == {f"cut-off:{field}"}
    assert hello.extensions is None


def test_the_extensions_before_a_cut_are_kept() -> None:
    cut = BODY[:-12] + (11 - 3).to_bytes(1, "big") + BODY[-11:-3]
    hello = read_lenient_client_hello(cut, HelloReading())
    assert (hello.flaws, hello.extensions) == ({"cut-off:extension-header"}, (Extension(5, b"abc"),))
    assert read_lenient_client_hello(BODY[:-3], HelloReading()).flaws == {"cut-off:extension-block"}
    assert read_lenient_client_hello(BODY + b"x", HelloReading()).flaws == {"bytes-after-extensions"}


@given(st.binary(max_size=200), st.sampled_from(RULES))
def test_no_bytes_are_too_strange(body: bytes, rules: HelloReading) -> None:
    hello = read_lenient_client_hello(body, rules)
    converted = read_lenient_sslv2_client_hello(b"\x01" + body, rules).to_client_hello()
    assert {*hello.flaws, *converted.flaws} <= set(notations())
    assert flight_of_sslv2_record(b"\x01" + body, rules).flaws == converted.flaws


def test_a_reader_gives_messages_only_when_they_are_whole() -> None:
    reader = LenientReader(HelloReading(message_types=MessageTypes.AT_HEADER))
    reader.feed(b"\x01\x00\x00")
    assert (reader.next(), reader.judged_by_header()) == (None, [])
    reader.feed(b"\x02")
    assert (reader.next(), reader.judged_by_header()) == (None, [1])
    reader.feed(b"\x03\x01")
    message = reader.next()
    assert message is not None
    assert message[0].body == b"\x03\x01"


def test_a_message_that_announces_too_much_is_a_fault_of_its_own() -> None:
    reader = LenientReader(HelloReading(max_message=16))
    reader.feed(b"\x01\x00\x00\x11")
    with pytest.raises(PeerFault) as caught:
        reader.next()
    assert caught.value.fault is Fault.MESSAGE_LENGTH
