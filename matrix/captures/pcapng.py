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
    parts += map(_packet_block, packets)
    return b"".join(parts)


def _packet_block(packet: Packet) -> bytes:
    high, low = divmod(round(packet.time * MICROSECONDS), 1 << 32)
    comment = [*_comment(packet.comment), PcapngOptionLE()] if packet.comment else []
    return bytes(EnhancedPacketBlockLE(ts_high=high, ts_low=low, pkt_data=_ip_packet(packet), opts=comment))


def _ip_packet(packet: Packet) -> bytes:
    ends = packet.ends
    there = ip_address(ends.client_address.partition("%")[0]), ends.client_port
    back = ip_address(ends.server_address.partition("%")[0]), ends.server_port
    (source, source_port), (destination, destination_port) = (
        (there, back) if packet.is_clients else (back, there)
    )
    segment = dpkt.tcp.TCP(
        sport=source_port,
        dport=destination_port,
        seq=packet.sequence & 0xFFFFFFFF,
        ack=packet.acknowledgment & 0xFFFFFFFF,
        flags=packet.flags,
        win=WINDOW,
        data=packet.data,
    )
    addresses = {"src": source.packed, "dst": destination.packed, "p": dpkt.ip.IP_PROTO_TCP}
    if source.version == 4:
        return bytes(dpkt.ip.IP(**addresses, ttl=TIME_TO_LIVE, data=segment))
    addresses["nxt"] = addresses.pop("p")
    return bytes(dpkt.ip6.IP6(**addresses, hlim=TIME_TO_LIVE, plen=len(bytes(segment)), data=segment))


def _comment(text: str) -> list[PcapngOptionLE]:
    return [PcapngOptionLE(code=OPTION_COMMENT, text=text[:MAX_COMMENT_BYTES])]


def _secrets_block(secrets: bytes) -> bytes:
    """A Decryption Secrets Block (section 4.7), which dpkt does not have."""
    padding = bytes(-len(secrets) % 4)
    length = 20 + len(secrets) + len(padding)
    head = struct.pack("<IIII", DECRYPTION_SECRETS_BLOCK, length, TLS_KEY_LOG, len(secrets))
    return head + secrets + padding + struct.pack("<I", length)
