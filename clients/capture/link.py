"""From a captured packet to the TCP segment in it: link layer, VLAN tags, IP, TCP. Pure.

The headers of the link layer differ in where they name the protocol of what follows and in how long they are;
that is data here. IP and TCP are dpkt's. A packet that is none of TCP's, or no packet at all, is no segment.
IP fragments are not put together: TCP avoids them, and what is missing shows as a gap.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

import dpkt

from clients.capture.packet import Packet
from clients.capture.segment import Segment

_IPV4, _IPV6 = 0x0800, 0x86DD
_IPV4_PROTOCOL, _TCP = 9, 6  # the place of the protocol in the header, and TCP's number
_VLAN_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
"""IEEE 802.1Q, 802.1ad (QinQ), and what came before the latter."""
MAX_VLAN_TAGS = 4
_VLAN_TAG_BYTES = 4
_BY_VERSION: Mapping[int, int] = {4: _IPV4, 6: _IPV6}


class _LinkLayer(NamedTuple):
    """The bytes of a header, and the place of the EtherType in it; without one IP's own version counts."""

    name: str
    size: int
    ether_type: int | None = None


LINK_LAYERS: Mapping[int, _LinkLayer] = {
    0: _LinkLayer("BSD loopback", 4),
    1: _LinkLayer("Ethernet", 14, 12),
    12: _LinkLayer("raw IP", 0),
    14: _LinkLayer("raw IP", 0),
    101: _LinkLayer("raw IP", 0),
    108: _LinkLayer("OpenBSD loopback", 4),
    113: _LinkLayer("Linux cooked", 16, 14),
    228: _LinkLayer("IPv4", 0),
    229: _LinkLayer("IPv6", 0),
    276: _LinkLayer("Linux cooked v2", 20, 0),
}
"""By LINKTYPE (draft-ietf-opsawg-pcaplinktype). The family in a loopback header differs by system and byte
order, and IP says its version itself.
"""


_UNREADABLE = (
    dpkt.Error,
    struct.error,
    AttributeError,
    IndexError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What dpkt raises for a packet that is malformed: its own error, and others where it has none."""


def segment_of(packet: Packet) -> Segment | None:
    """The TCP segment of a packet; None where there is none, or it cannot be read."""
    layer = LINK_LAYERS.get(packet.link_type)
    if layer is None:
        return None
    data, start = packet.data, layer.size
    if start >= len(data):
        return None
    if layer.ether_type is None:
        protocol = _BY_VERSION.get(data[start] >> 4)
    else:
        protocol, start = _behind_tags(data, layer.ether_type, start)
    try:
        if protocol == _IPV4:
            if data[start + _IPV4_PROTOCOL] != _TCP:
                return None
            ip = dpkt.ip.IP(data[start:])
            length = ip.len - ip.hl * 4
        elif protocol == _IPV6:
            ip = dpkt.ip6.IP6(data[start:])
            length = ip.plen - sum(each.length for each in ip.all_extension_headers)
        else:
            return None
        tcp = ip.data
        if not isinstance(tcp, dpkt.tcp.TCP):
            return None
        payload = tcp.data
        # A length of 0 is that of segmentation offload: the whole of what was captured.
        length = max(length - tcp.off * 4, len(payload))
        source, target = (ip.src, tcp.sport), (ip.dst, tcp.dport)
        return Segment(packet.time, source, target, tcp.seq, tcp.flags, payload, length)
    except _UNREADABLE:
        return None


def _behind_tags(data: bytes, place: int, start: int) -> tuple[int, int]:
    """The EtherType of what the frame carries behind its VLAN tags, and where that begins."""
    protocol = int.from_bytes(data[place : place + 2], "big")
    for _ in range(MAX_VLAN_TAGS):
        if protocol not in _VLAN_TAGS:
            break
        protocol = int.from_bytes(data[start + 2 : start + _VLAN_TAG_BYTES], "big")
        start += _VLAN_TAG_BYTES
    return protocol, start
