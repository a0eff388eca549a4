"""Hellos are found in the connections of a capture, however they were cut, wrapped and delivered."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from clients.capture import streams as streams_module
from clients.capture.beginning import MAX_PRELUDE_BYTES, UNKNOWN_PRELUDE
from clients.capture.captured_hello import CapturedHello, endpoint_text
from clients.capture.link import segment_of
from clients.capture.packet import Packet
from clients.capture.streams import BUDGET_BYTES, Streams
from clients.starttls import PROTOCOLS
from clients.starttls.dialogue import Dialogue
from handshake.wire.client_hello import SSLv2ClientHello, push_sslv2_client_hello
from handshake.wire.record import Record, SSLv2Record, push_record, push_sslv2_record
from handshake.wire.registry import ContentType
from tests.clients.capture.hellos import NAME, alert, hello
from tests.clients.capture.packets import ACK, ETHERNET, FIN, RST, SYN, Conversation

HELLO = hello("openssl-3.0")
SSLV2 = hello("ie6-winxp")


def found(packets: Sequence[Packet]) -> list[CapturedHello]:
    streams = Streams()
    for packet in packets:
        segment = segment_of(packet)
        if segment is not None:
            streams.take(segment)
    return streams.hellos()


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def in_records(wire: bytes, size: int) -> bytes:
    """The same message in more records."""
    return b"".join(push_record(Record(ContentType.HANDSHAKE, 0x0301, each)) for each in cut(wire[5:], size))


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 7, 100, 10_000])
@pytest.mark.parametrize(
    "wire",
    [HELLO, SSLV2, in_records(HELLO, 1), in_records(HELLO, 100)],
    ids=["tls", "sslv2", "records-of-1", "records-of-100"],
)
def test_a_hello_in_segments_of_any_size(wire: bytes, size: int) -> None:
    pieces = cut(wire, size)
    (one,) = found(Conversation().opened().client_says(*pieces).packets())
    assert (one.wire, one.problem, one.stream) == (wire, "", 1)
    assert one.segments == tuple(map(len, pieces))
    assert [endpoint_text(each) for each in (one.client, one.server) if each] == [
        "192.0.2.1:51234",
        "192.0.2.2:443",
    ]


def test_what_stands_behind_the_hello_is_no_part_of_it() -> None:
    early = push_record(Record(ContentType.APPLICATION_DATA, 0x0303, bytes(50)))
    (one,) = found(Conversation().opened().client_says(HELLO + early).packets())
    assert (one.wire, one.segments) == (HELLO, (len(HELLO),))


@pytest.mark.parametrize("seed", range(10))
def test_segments_out_of_order_and_twice(seed: int) -> None:
    packets = Conversation().opened().client_says(*cut(HELLO, 50)).server_says(alert()).packets()
    shuffled = [*packets[3:], *packets[3:6]]
    random.Random(seed).shuffle(shuffled)
    (one,) = found([*packets[:3], *shuffled])
    assert one.wire == HELLO


def test_a_packet_that_was_captured_twice_is_one() -> None:
    packets = Conversation().opened().client_says(HELLO).server_says(alert()).ends().packets()
    (one,) = found([packet for packet in packets for _ in range(2)])
    assert str(one.answer.failure) == "server-hello:alert-handshake_failure"


def test_a_capture_that_begins_within_a_connection_needs_the_whole_beginning_of_a_hello() -> None:
    (one,) = found(Conversation().client_says(HELLO).packets())
    assert one.wire == HELLO
    (one,) = found(Conversation().client_says(SSLV2).packets())
    assert one.wire == SSLV2
    finished = push_record(Record(ContentType.HANDSHAKE, 0x0303, b"\x01" + bytes(39)))
    assert found(Conversation().client_says(finished).packets()) == []


def test_one_pair_of_ends_used_again_is_another_connection() -> None:
    first = Conversation().opened().client_says(HELLO).server_says(alert()).packets()
    again = Conversation(start=9000).opened().client_says(SSLV2).packets(at=first[-1].time + 1)
    assert [one.wire for one in found([*first, *again])] == [HELLO, SSLV2]


def test_hellos_are_numbered_in_the_order_in_which_they_were_said() -> None:
    early = Conversation(("192.0.2.7", 1)).opened().client_says(HELLO).packets(at=100)
    late = Conversation(("192.0.2.8", 1)).opened().client_says(SSLV2).ends(RST).packets(at=101)
    assert [(one.stream, one.time) for one in found([*early, *late])] == [(1, 100.003), (2, 101.003)]


def says_before_tls(protocol: str) -> tuple[list[bytes], list[bytes]]:
    """What both sides say, as the dialogue of `clients.starttls` has it."""
    answers = {
        "smtp": [b"220 x\r\n", b"250 STARTTLS\r\n", b"220 go\r\n"],
        "imap": [b"* OK x\r\n", b"a OK go\r\n"],
        "pop3": [b"+OK x\r\n", b"+OK go\r\n"],
        "ftp": [b"220 x\r\n", b"234 go\r\n"],
        "xmpp": [b"<stream:stream><stream:features><starttls/></stream:features>", b"<proceed/>"],
        "http-connect": [b"HTTP/1.1 200 OK\r\n\r\n"],
        "postgres": [b"S"],
        "ldap": [bytes.fromhex("300c 020101 7807 0a0100 0400 0400")],
        "mysql": [b"\x1d\0\0\0\x0a8\0" + bytes(13) + b"\x00\x08" + bytes(11)],
    }[protocol]
    dialogue = Dialogue(lambda each: PROTOCOLS[protocol].prelude(each, NAME))
    said = [dialogue.data_to_send()]
    for answer in answers:
        dialogue.receive(answer)
        said.append(dialogue.data_to_send())
    assert dialogue.is_over
    return said, answers


@pytest.mark.parametrize("wire", [HELLO, in_records(HELLO, 1), SSLV2], ids=["tls", "split", "sslv2"])
@pytest.mark.parametrize("protocol", sorted(set(PROTOCOLS) - {"tds"}))
def test_behind_the_words_of_every_protocol(protocol: str, wire: bytes) -> None:
    said, answers = says_before_tls(protocol)
    talk = Conversation().opened()
    for words, answer in zip(said, answers, strict=False):
        talk = talk.client_says(words) if words else talk
        talk = talk.server_says(answer)
    talk = talk.client_says(said[-1]) if said[-1] else talk
    (one,) = found(talk.client_says(wire).server_says(alert()).ends().packets())
    assert (one.prelude, one.wire) == (protocol, wire)
    assert str(one.answer.failure) == "server-hello:alert-handshake_failure"


@pytest.mark.parametrize("size", [3, 50, 10_000])
def test_in_the_packets_of_tds(size: int) -> None:
    framing = PROTOCOLS["tds"].framing()
    dialogue = Dialogue(lambda each: PROTOCOLS["tds"].prelude(each, NAME))
    options = bytes.fromhex("00 000b 0006 01 0011 0001 ff") + bytes(6) + b"\x01"
    answer = b"\x04\x01\x00\x1a\x00\x00\x01\x00" + options
    refusal = b"\x12\x01\x00\x0f\x00\x00\x01\x00" + alert()
    talk = Conversation().opened().client_says(*cut(dialogue.data_to_send(), size)).server_says(answer)
    talk = talk.client_says(*cut(framing.wrap(HELLO), size)).server_says(refusal).ends()
    (one,) = found(talk.packets())
    assert (one.prelude, one.wire) == ("tds", HELLO)
    assert str(one.answer.failure) == "server-hello:alert-handshake_failure"


def test_words_that_nobody_knows_are_said_to_be_so() -> None:
    talk = Conversation().opened().client_says(b"begin tls\n").server_says(b"go\n").client_says(HELLO)
    assert [one.prelude for one in found(talk.packets())] == [UNKNOWN_PRELUDE]


@pytest.mark.parametrize(
    "talk",
    [
        Conversation().opened(),
        Conversation().opened().client_says(b"GET /\r\n").server_says(*[bytes(40_000)] * 7),
        Conversation().opened().client_says(b"x" * (MAX_PRELUDE_BYTES + 1), *cut(HELLO, 9)),
        Conversation().opened().ends(RST, client=True).client_says(HELLO[5:]),
        Conversation().opened().client_says(b"\x16\x02\x01\x00\x05\x01").server_says(b"no"),
        Conversation().opened().client_says(b"\x80\x2e\x04\x00\x01").server_says(b"no"),
    ],
    ids=["nothing", "download", "much", "reset", "version", "sslv2-server-hello"],
)
def test_connections_without_a_hello(talk: Conversation) -> None:
    assert found(talk.packets()) == []


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (HELLO[:60], "55 bytes are there of a message of 320; the capture, or the client, ends within it"),
        (HELLO[:8], "8 bytes are there; the capture"),
        (in_records(HELLO, 100)[:200], "190 bytes are there of a message of 320; the capture"),
        (
            HELLO[:3] + b"\x02\x00" + HELLO[5:],
            "a record announces 512 bytes, 320 are there, and the message in",
        ),
        (
            HELLO[:3] + b"\x02\x00" + HELLO[5:] + bytes(100),
            "announces 512 bytes, 420 are there, and the message",
        ),
        (
            b"\x80" + bytes((len(SSLV2),)) + SSLV2[2:],
            f"{len(SSLV2) - 2} bytes are there of a message of {len(SSLV2)}; ",
        ),
        (HELLO[:3] + b"\xff\xff" + HELLO[5:], "a record announces 65535 bytes; 18432 are allowed"),
        (HELLO[:6] + b"\xff\xff\xff" + HELLO[9:], "handshake type 1 announces 16777215 bytes"),
        (HELLO[:43] + b"\xff" + HELLO[44:], "session_id: 255 bytes, 32 are allowed (byte 34)"),
        (HELLO[:76] + b"\x00\x03" + HELLO[78:], "cipher_suites: 3 bytes; there must be 2 for each"),
        (HELLO[:76] + b"\x7f\x00" + HELLO[78:], "cipher_suites: 32512 bytes expected"),
        (SSLV2[:5] + b"\x00\x04" + SSLV2[7:], "cipher_spec_length: 4; there must be 3 for each"),
        (in_records(HELLO, 100)[:105] + alert() + HELLO, "a record of content type 21"),
    ],
    ids=[
        "cut",
        "begun",
        "second",
        "longer",
        "eats",
        "sslv2-cut",
        "record",
        "message",
        "session-id",
        "odd",
        "suites",
        "sslv2",
        "interleaved",
    ],
)
def test_a_hello_that_lies_is_listed_and_said_to(wire: bytes, said: str) -> None:
    (one,) = found(Conversation().opened().client_says(wire).packets())
    assert one.flight is None
    assert said in one.problem


def test_a_hello_that_the_capture_has_cut_or_lost_a_part_of() -> None:
    talk = Conversation().opened().client_says(*cut(HELLO, 100))
    (cut_off,) = found(talk.packets(snap=120))
    assert "capture whole ones (tcpdump -s 0)" in cut_off.problem
    packets = talk.packets()
    (lost,) = found([*packets[:4], *packets[5:]])
    assert lost.problem.startswith("95 bytes are there")
    assert "a segment of it is missing in the capture" in lost.problem


def test_a_stream_without_an_end_is_bounded() -> None:
    record = push_record(Record(ContentType.HANDSHAKE, 0x0301, b"\x01\x01\xff\xff" + bytes(16_000)))
    talk = Conversation().opened().client_says(*[record] * 40)
    (one,) = found(talk.packets())
    assert one.flight is None
    assert len(one.wire) < 200_000


def test_memory_has_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many connections under way the oldest are ended with what is known of them."""
    monkeypatch.setattr(streams_module, "BUDGET_BYTES", 100_000)
    assert BUDGET_BYTES > 100_000
    streams = Streams()
    for number in range(200):
        talk = Conversation(("192.0.2.1", 1000 + number)).opened().client_says(HELLO)
        for packet in talk.packets(at=1000.0 + number):
            segment = segment_of(packet)
            assert segment is not None
            streams.take(segment)
        assert streams.weight <= 100_000
    assert len(streams.hellos()) == 200


def test_hellos_beyond_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "MAX_HELLOS", 3)
    streams = Streams()
    for number in range(5):
        for packet in Conversation(("192.0.2.1", 1000 + number)).client_says(HELLO).packets():
            segment = segment_of(packet)
            assert segment is not None
            streams.take(segment)
    assert (len(streams.hellos()), streams.left_out) == (3, 2)


def test_a_connection_to_itself_is_one() -> None:
    ends = ("127.0.0.1", 5000)
    assert len(found(Conversation(ends, ends).client_says(HELLO).ends(RST).packets())) == 1


def test_flags_without_data_begin_nothing() -> None:
    talk = Conversation()
    for flags in (ACK, FIN | ACK, RST, SYN | FIN):
        talk.ends(flags, client=True)
    assert found(talk.packets(ETHERNET)) == []


def test_an_sslv2_hello_within_words_needs_lengths_that_agree() -> None:
    spec = SSLv2ClientHello(0x0301, (0x000004, 0x010080), b"", bytes(16))
    wire = push_sslv2_record(SSLv2Record(push_sslv2_client_hello(spec)))
    (one,) = found(Conversation().opened().client_says(b"words" + wire).packets())
    assert one.wire == wire
    wrong = wire[:1] + bytes((wire[1] + 1,)) + wire[2:]
    assert found(Conversation().opened().client_says(b"words" + wrong).packets()) == []


@pytest.mark.parametrize(
    ("at", "told"),
    [(-1e6, True), (253_402_300_000.0, True), (253_402_300_800.0, False), (9e12, False), (-1e12, False)],
)
def test_a_time_that_no_calendar_has_is_none(at: float, told: bool) -> None:
    (one,) = found(Conversation().opened().client_says(HELLO).packets(at=at))
    assert (one.time is not None) is told
    if one.time is not None:
        assert datetime.fromtimestamp(one.time, UTC)
