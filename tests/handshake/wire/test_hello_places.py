"""What stands at a byte of a hello, in words."""

import pytest

from handshake.wire.hello_places import place_in_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType
from tests.handshake.wire.captured import captured_hello, captured_records

VISTA = captured_hello("testssl/ie_7_vista").raw
JAVA_6 = captured_hello("testssl/java_6u45").raw


@pytest.mark.parametrize(
    ("offset", "place"),
    [
        (0, "the record's header"),
        (4, "the record's header"),
        (5, "the message's header"),
        (9, "client_version"),
        (11, "random"),
        (42, "random"),
        (43, "session_id"),
        (44, "the length of cipher_suites"),
        (46, "cipher_suites[0]"),
        (49, "cipher_suites[1]"),
        (69, "cipher_suites[11]"),
        (70, "compression_methods"),
        (72, "the length of extensions"),
        (74, "extensions[0], server_name"),
        (len(VISTA) - 1, "extensions[4], renegotiation_info"),
        (len(VISTA), "behind its end"),
    ],
)
def test_place_in_a_record(offset: int, place: str) -> None:
    assert place_in_hello(VISTA, offset) == place


@pytest.mark.parametrize(
    ("offset", "place"),
    [
        (1, "the record's header"),
        (2, "msg_type"),
        (4, "version"),
        (10, "the lengths"),
        (11, "cipher_specs[0]"),
        (14, "cipher_specs[1]"),
        (len(JAVA_6) - 1, "challenge"),
        (len(JAVA_6), "behind its end"),
    ],
)
def test_place_in_the_format_of_sslv2(offset: int, place: str) -> None:
    assert place_in_hello(JAVA_6, offset) == place


def test_place_in_a_hello_over_several_records() -> None:
    message = VISTA[5:]
    pieces = (message[:40], message[40:])
    wire = b"".join(push_record(Record(ContentType.HANDSHAKE, 0x0301, piece)) for piece in pieces)
    assert place_in_hello(wire, 5 + 39) == "the length of cipher_suites"
    assert place_in_hello(wire, 5 + 40) == "the record's header"
    assert place_in_hello(wire, 5 + 40 + 5 + 1) == "cipher_suites[0]"
    assert place_in_hello(wire, len(wire)) == "behind its end"


def test_what_is_no_hello_has_no_places() -> None:
    assert place_in_hello(b"GET / HTTP/1.1", 3) == "the hello"
    assert place_in_hello(VISTA[:-1], 3) == "the hello"


def test_every_byte_of_every_recorded_hello_has_a_place() -> None:
    for hello in captured_records():
        places = [place_in_hello(hello.raw, offset) for offset in range(0, len(hello.raw), 37)]
        assert "the hello" not in places, hello.id
        assert "behind its end" not in places, hello.id
