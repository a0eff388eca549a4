"""A TCP segment is found in the packets of every link layer, and in nothing else."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.capture.link import LINK_LAYERS, segment_of
from clients.capture.packet import Packet
from tests.clients.capture.packets import (
    ACK,
    ETHERNET,
    IPV4,
    IPV6,
    LOOP,
    NULL,
    RAW,
    SLL,
    SLL2,
    frame,
    ip,
    tcp,
)

FOUR = ("192.0.2.1", "192.0.2.2")
SIX = ("2001:db8::1", "2001:db8::2")
SEGMENT = tcp(1234, 443, 77, ACK, b"payload")
VLAN, QINQ = b"\x81\x00\x00\x05", b"\x88\xa8\x00\x07\x81\x00\x00\x05"
TAGGED = (ETHERNET, SLL, SLL2)


def payload_of(data: bytes, link_type: int) -> bytes | None:
    segment = segment_of(Packet(1.0, link_type, data))
    if segment is None:
        return None
    assert (segment.source[1], segment.target[1], segment.sequence, segment.flags) == (1234, 443, 77, ACK)
    assert segment.length == len(segment.payload)
    return segment.payload


@pytest.mark.parametrize("link_type", [NULL, ETHERNET, 12, 14, RAW, LOOP, SLL, IPV4, IPV6, SLL2])
@pytest.mark.parametrize("ends", [FOUR, SIX], ids=["ipv4", "ipv6"])
def test_every_link_layer(link_type: int, ends: tuple[str, str]) -> None:
    assert payload_of(frame(ip(*ends, SEGMENT), link_type), link_type) == b"payload"


@pytest.mark.parametrize("link_type", TAGGED)
@pytest.mark.parametrize("tags", [VLAN, QINQ], ids=["vlan", "qinq"])
@pytest.mark.parametrize("ends", [FOUR, SIX], ids=["ipv4", "ipv6"])
def test_tags_are_passed_over(link_type: int, tags: bytes, ends: tuple[str, str]) -> None:
    assert payload_of(frame(ip(*ends, SEGMENT), link_type, tags=tags), link_type) == b"payload"


def test_headers_of_ipv6_before_tcp() -> None:
    hop_by_hop = bytes((60, 0, 1, 4)) + bytes(4)
    destination = bytes((6, 0, 1, 4)) + bytes(4)
    packet = ip(*SIX, SEGMENT, extensions=hop_by_hop + destination, first=0)
    assert payload_of(frame(packet), ETHERNET) == b"payload"


def test_the_padding_of_a_short_frame_is_no_payload() -> None:
    short = tcp(1234, 443, 77, ACK, b"")
    assert payload_of(frame(ip(*FOUR, short)) + bytes(6), ETHERNET) == b""


def test_a_packet_that_was_cut_says_how_long_it_was() -> None:
    whole = frame(ip(*FOUR, tcp(1234, 443, 77, ACK, bytes(100))))
    segment = segment_of(Packet(1.0, ETHERNET, whole[:-60]))
    assert segment is not None
    assert (len(segment.payload), segment.length) == (40, 100)


def test_a_length_of_zero_is_segmentation_offload() -> None:
    packet = bytearray(ip(*FOUR, SEGMENT))
    packet[2:4] = bytes(2)
    assert payload_of(frame(bytes(packet)), ETHERNET) == b"payload"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(10),
        frame(ip(*FOUR, SEGMENT))[:30],
        frame(ip(*FOUR, SEGMENT)).replace(b"\x40\x06", b"\x40\x11", 1),
        bytes(12) + b"\x08\x06" + bytes(40),
        frame(ip(*FOUR, SEGMENT), tags=VLAN * 5),
        frame(struct.pack(">B", 0x41) + ip(*FOUR, SEGMENT)[1:]),
    ],
    ids=["empty", "short", "cut", "udp", "arp", "too-many-tags", "header-length"],
)
def test_what_is_no_segment(data: bytes) -> None:
    assert segment_of(Packet(1.0, ETHERNET, data)) is None


def test_other_link_layers_are_not_read() -> None:
    assert segment_of(Packet(1.0, 105, frame(ip(*FOUR, SEGMENT)))) is None


def test_nested_packets_end() -> None:
    inner = b""
    for _ in range(3000):
        inner = (
            struct.pack(">BBHHHBBH", 0x45, 0, min(20 + len(inner), 65_535), 1, 0, 64, 4, 0) + bytes(8) + inner
        )
    assert segment_of(Packet(1.0, IPV6, ip(*SIX, inner, first=4))) is None


@given(st.sampled_from(sorted(LINK_LAYERS)), st.binary(max_size=200), st.integers(0, 60))
def test_nonsense_raises_nothing(link_type: int, nonsense: bytes, place: int) -> None:
    whole = frame(ip(*FOUR, SEGMENT), link_type)
    segment_of(Packet(0.0, link_type, nonsense))
    segment_of(Packet(0.0, link_type, whole[:place] + nonsense + whole[place + len(nonsense) :]))
    six = frame(ip(*SIX, SEGMENT), link_type)
    segment_of(Packet(0.0, link_type, six[:place] + nonsense + six[place + len(nonsense) :]))
