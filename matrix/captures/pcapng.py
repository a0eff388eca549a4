"""Packets as a pcapng file (draft-ietf-opsawg-pcapng). Pure; IP, TCP and the common blocks are dpkt's.

The file begins with its comment and with the secrets of its connections, as lines of a key log, in a
Decryption Secrets Block: Wireshark decrypts with them and asks for no key.
"""

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

import dpkt
from dpkt.pcapng import (
    EnhancedPacketBlockLE,
    InterfaceDescriptionBlockLE,
    PcapngOptionLE,
    SectionHeaderBlockLE,
)

from clients.observation import Ends
from matrix.captures.conversation import Packet

RAW_IP = 101
"""LINKTYPE_RAW: a packet begins with its IP header."""
DECRYPTION_SECRETS_BLOCK = 0x0000000A
TLS_KEY_LOG = 0x544C534B
OPTION_COMMENT = 1
MICROSECONDS = 1_000_000
MAX_COMMENT_BYTES = 4096
TIME_TO_LIVE = 64
WINDOW = 65535


def pcapng_file(packets: Iterable[Packet], key_log: Sequence[str], comment: str) -> bytes:
    """The bytes of a file with these packets, and with the secrets in these lines of a key log."""
    parts = [
        bytes(SectionHeaderBlockLE(opts=[*_comment(comment), PcapngOptionLE()])),
        bytes(InterfaceDescriptionBlockLE(linktype=RAW_IP, snaplen=0)),
    ]
    if key_log:
        parts.append(_secrets_block("".join(f"{line}\n" for line in key_log).encode("ascii")))
    flows: dict[tuple[Ends, bool], _Flow] = {}
    for packet in packets:
        way = packet.ends, packet.is_clients
        flow = flows.get(way) or flows.setdefault(way, _Flow(*way))
        parts.append(_packet_block(packet, flow.packet(packet)))
    return b"".join(parts)


def _packet_block(packet: Packet, data: bytes) -> bytes:
    high, low = divmod(round(packet.time * MICROSECONDS), 1 << 32)
    comment = [*_comment(packet.comment), PcapngOptionLE()] if packet.comment else []
    return bytes(EnhancedPacketBlockLE(ts_high=high, ts_low=low, pkt_data=data, opts=comment))


class _Flow:
    """One direction of a connection. Its headers are made once, and only what differs is set for each
    packet, since dpkt takes longer to make a header than to write it.
    """

    def __init__(self, ends: Ends, is_clients: bool) -> None:
        there = ip_address(ends.client_address.partition("%")[0]), ends.client_port
        back = ip_address(ends.server_address.partition("%")[0]), ends.server_port
        (source, source_port), (destination, destination_port) = (
            (there, back) if is_clients else (back, there)
        )
        self._segment = dpkt.tcp.TCP(sport=source_port, dport=destination_port, win=WINDOW)
        addresses = {"src": source.packed, "dst": destination.packed}
        if source.version == 4:
            self._packet = dpkt.ip.IP(
                **addresses, p=dpkt.ip.IP_PROTO_TCP, ttl=TIME_TO_LIVE, data=self._segment
            )
        else:
            self._packet = dpkt.ip6.IP6(
                **addresses, nxt=dpkt.ip.IP_PROTO_TCP, hlim=TIME_TO_LIVE, data=self._segment
            )

    def packet(self, packet: Packet) -> bytes:
        """The bytes of a packet, its sums computed by dpkt, which does so where they are 0."""
        segment = self._segment
        segment.seq = packet.sequence & 0xFFFFFFFF
        segment.ack = packet.acknowledgment & 0xFFFFFFFF
        segment.flags = packet.flags
        segment.data = packet.data
        segment.sum = 0
        if isinstance(self._packet, dpkt.ip6.IP6):
            self._packet.plen = len(segment)
        else:
            self._packet.sum = 0
        return bytes(self._packet)


def _comment(text: str) -> list[PcapngOptionLE]:
    return [PcapngOptionLE(code=OPTION_COMMENT, text=text[:MAX_COMMENT_BYTES])]


def _secrets_block(secrets: bytes) -> bytes:
    """A Decryption Secrets Block (section 4.7), which dpkt does not have."""
    padding = bytes(-len(secrets) % 4)
    length = 20 + len(secrets) + len(padding)
    head = struct.pack("<IIII", DECRYPTION_SECRETS_BLOCK, length, TLS_KEY_LOG, len(secrets))
    return head + secrets + padding + struct.pack("<I", length)
