"""Capture files of both kinds: what they say is read, and what they only claim is not believed."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.capture.packet import CaptureError, Packet
from clients.capture.pcap import MAX_PACKET_BYTES, Reader, reader_of
from tests.clients.capture.packets import (
    ETHERNET,
    RAW,
    TIME,
    block,
    enhanced,
    interface,
    pcap,
    pcapng,
    section,
)

PACKETS = [Packet(TIME + number + 0.25, ETHERNET, bytes((number,)) * (60 + number)) for number in range(4)]


def read(data: bytes) -> tuple[list[Packet], list[str]]:
    reader = reader_of(data)
    return list(reader), reader.notes


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_pcap_in_both_byte_orders_and_units(order: str, nanoseconds: bool) -> None:
    assert read(pcap(PACKETS, order=order, nanoseconds=nanoseconds)) == (PACKETS, [])


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_in_both_byte_orders(order: str) -> None:
    assert read(pcapng(PACKETS, order)) == (PACKETS, [])


def test_a_pcap_file_of_old_linux_systems_has_longer_headers() -> None:
    data = struct.pack("<IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65_535, RAW)
    data += struct.pack("<IIII8x", int(TIME), 500_000, 3, 3) + b"abc"
    assert read(data) == ([Packet(TIME + 0.5, RAW, b"abc")], [])


def test_the_head_may_have_been_read_before() -> None:
    data = pcap(PACKETS)
    assert list(Reader(data[:4], io.BytesIO(data[4:]))) == PACKETS


def test_each_interface_has_its_own_link_type_and_clock() -> None:
    nanoseconds = struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HHqHH", 14, 8, 1000, 0, 0)
    powers_of_two = struct.pack("<HHB3x", 9, 1, 0x80 | 10)
    data = section() + interface(ETHERNET) + interface(RAW, options=nanoseconds)
    data += interface(RAW, options=powers_of_two)
    data += enhanced(Packet(TIME, RAW, b"a"), number=1, ticks=10**9)
    data += enhanced(Packet(TIME, ETHERNET, b"b"))
    data += enhanced(Packet(TIME + 0.5, RAW, b"c"), number=2, ticks=1024)
    found, notes = read(data)
    assert [(each.time, each.link_type, each.data) for each in found] == [
        (pytest.approx(TIME + 1000), RAW, b"a"),
        (TIME, ETHERNET, b"b"),
        (TIME + 0.5, RAW, b"c"),
    ]
    assert notes == []


def test_sections_follow_each_other_in_any_byte_order() -> None:
    one, other = PACKETS[:2], PACKETS[2:]
    assert read(pcapng(one, "<") + pcapng(other, ">")) == (PACKETS, [])


@pytest.mark.parametrize("rest", [b"", bytes(8), bytes(100)])
def test_of_a_further_section_without_a_byte_order_what_is_before_counts(rest: bytes) -> None:
    found, notes = read(pcapng(PACKETS) + section()[:8] + rest)
    assert found == PACKETS
    assert "a section without a byte order" in notes[0]


def test_blocks_that_are_nobodys_are_passed_over_and_old_packet_blocks_read() -> None:
    head = struct.pack("<HHIIII", 0, 0, 0, 7_000_000, 3, 3)
    data = section() + block(0x0BAD, bytes(200_000)) + interface(RAW) + block(2, head + b"abc")
    data += block(3, struct.pack("<I", 3) + b"def")
    assert read(data)[0] == [Packet(7.0, RAW, b"abc"), Packet(0.0, RAW, b"def")]


def test_the_key_log_of_a_secrets_block_is_kept() -> None:
    lines = b"CLIENT_RANDOM aa bb\nCLIENT_RANDOM cc dd\n"
    data = section() + block(10, struct.pack("<II", 0x544C534B, len(lines)) + lines) + interface(RAW)
    reader = reader_of(data)
    assert list(reader) == []
    assert reader.key_log == ["CLIENT_RANDOM aa bb", "CLIENT_RANDOM cc dd"]


@pytest.mark.parametrize("write", [pcap, pcapng])
@pytest.mark.parametrize("missing", [1, 20, 62, 64])
def test_of_a_file_that_breaks_off_what_is_before_counts(write, missing: int) -> None:  # type: ignore[no-untyped-def]
    found, notes = read(write(PACKETS)[:-missing])
    assert found[:3] == PACKETS[:3]
    assert len(notes) == 1
    assert notes[0].startswith(
        ("cannot be read beyond packet 4, at byte ", "cannot be read beyond packet 3, at")
    )
    assert notes[0].endswith("; what is before counts")


@pytest.mark.parametrize("length", [MAX_PACKET_BYTES + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_no_packet_has_is_not_believed(length: int) -> None:
    data = pcap(PACKETS[:1]) + struct.pack("<IIII", 1, 1, length, length) + bytes(100)
    found, notes = read(data)
    assert found == PACKETS[:1]
    assert notes == [
        f"cannot be read beyond packet 2, at byte {len(data) - 100} (it announces {length} bytes, and no "
        "packet has more than 262144); what is before counts"
    ]


@pytest.mark.parametrize("length", [0, 4, 8, 13, 0xFFFFFFFC, 0x7FFFFFFC])
def test_a_block_whose_length_lies_ends_the_reading(length: int) -> None:
    data = pcapng(PACKETS[:1]) + struct.pack("<II", 6, length) + bytes(100)
    found, notes = read(data)
    assert found == PACKETS[:1]
    assert len(notes) == 1


def test_a_packet_that_is_longer_than_its_block_or_of_no_interface_ends_the_reading() -> None:
    longer = block(6, struct.pack("<IIIII", 0, 0, 0, 500, 500) + b"abc")
    for wrong in (longer, enhanced(PACKETS[0], number=7), block(3, b"")):
        found, notes = read(pcapng(PACKETS[:1]) + wrong + pcapng(PACKETS[1:]))
        assert (found, len(notes)) == (PACKETS[:1], 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither pcap nor pcapng"),
        (b"\x00\x01\x02\x03" + bytes(100), "begins with 00 01 02 03"),
        (pcap(PACKETS)[:15], "ends within its header, after 15 bytes"),
        (section()[:8] + bytes(100), "has a section without a byte order (byte 8)"),
    ],
)
def test_what_has_no_beginning_is_no_capture(data: bytes, said: str) -> None:
    with pytest.raises(CaptureError, match=said.replace("(", r"\(").replace(")", r"\)")):
        read(data)


@given(st.binary(max_size=400), st.sampled_from([pcap, pcapng]), st.data())
def test_nonsense_raises_nothing_else_and_ends(nonsense: bytes, write, data) -> None:  # type: ignore[no-untyped-def]
    whole = write(PACKETS)
    at = data.draw(st.integers(4, len(whole)))
    found, notes = read_or_refuse(whole[:at] + nonsense + whole[at + len(nonsense) :])
    assert all(len(packet.data) <= MAX_PACKET_BYTES for packet in found)
    assert len(notes) <= 1


def read_or_refuse(data: bytes) -> tuple[list[Packet], list[str]]:
    try:
        return read(data)
    except CaptureError as error:
        return [], [str(error)]
