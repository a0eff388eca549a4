"""Captures made in memory: TCP conversations as packets of every link layer, in files of every kind."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from clients.capture.packet import Packet

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
CLIENT, SERVER = ("192.0.2.1", 51234), ("192.0.2.2", 443)
NULL, ETHERNET, RAW, LOOP, SLL, IPV4, IPV6, SLL2 = 0, 1, 101, 108, 113, 228, 229, 276
TIME = 1_800_000_000.0
_IPV4_TYPE, _IPV6_TYPE = b"\x08\x00", b"\x86\xdd"


def tcp(source: int, target: int, sequence: int, flags: int, payload: bytes) -> bytes:
    options = bytes((1, 1, 8, 10)) + bytes(8)
    header = struct.pack(">HHIIBBHHH", source, target, sequence % 2**32, 0, 0x80, flags, 65_535, 0, 0)
    return header + options + payload


def ip(source: str, target: str, segment: bytes, *, extensions: bytes = b"", first: int = 6) -> bytes:
    """An IP packet; `extensions` are headers of IPv6 in front of TCP, `first` the number of the first."""
    one, other = ip_address(source).packed, ip_address(target).packed
    if len(one) == 4:
        return (
            struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0x4000, 64, 6, 0) + one + other + segment
        )
    length = len(extensions) + len(segment)
    return struct.pack(">IHBB", 6 << 28, length, first, 64) + one + other + extensions + segment


def frame(packet: bytes, link_type: int = ETHERNET, *, tags: bytes = b"") -> bytes:
    """An IP packet in a link layer; `tags` are VLAN tags, type and all, in front of the packet's own type."""
    kind = tags + (_IPV4_TYPE if packet[0] >> 4 == 4 else _IPV6_TYPE)
    match link_type:
        case 0:
            return struct.pack("<I", 2 if packet[0] >> 4 == 4 else 30) + packet
        case 108:
            return struct.pack(">I", 2 if packet[0] >> 4 == 4 else 24) + packet
        case 1:
            return bytes(12) + kind + packet
        case 113:
            return struct.pack(">HHH8s", 0, 1, 6, bytes(6)) + kind + packet
        case 276:
            return kind[:2] + bytes(18) + kind[2:] + packet
    return packet


@dataclass
class Conversation:
    """A TCP connection being written down; `segments` are (client's, sequence, flags, payload)."""

    client: tuple[str, int] = CLIENT
    server: tuple[str, int] = SERVER
    start: int = 1000
    segments: list[tuple[bool, int, int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = {True: self.start, False: 5000}

    def opened(self) -> "Conversation":
        self._add(True, SYN, b"")
        self._add(False, SYN | ACK, b"")
        self._add(True, ACK, b"")
        return self

    def client_says(self, *payloads: bytes) -> "Conversation":
        for payload in payloads:
            self._add(True, PSH | ACK, payload)
        return self

    def server_says(self, *payloads: bytes) -> "Conversation":
        for payload in payloads:
            self._add(False, PSH | ACK, payload)
        return self

    def ends(self, flags: int = FIN | ACK, *, client: bool = False) -> "Conversation":
        self._add(client, flags, b"")
        return self

    def _add(self, is_clients: bool, flags: int, payload: bytes) -> None:
        self.segments.append((is_clients, self._next[is_clients], flags, payload))
        self._next[is_clients] += len(payload) + bool(flags & SYN) + bool(flags & FIN)

    def packets(
        self, link_type: int = ETHERNET, *, at: float = TIME, step: float = 0.001, snap: int = 1 << 20
    ) -> list[Packet]:
        packets = []
        for number, (is_clients, sequence, flags, payload) in enumerate(self.segments):
            one, other = (self.client, self.server) if is_clients else (self.server, self.client)
            whole = frame(ip(one[0], other[0], tcp(one[1], other[1], sequence, flags, payload)), link_type)
            packets.append(Packet(at + number * step, link_type, whole[:snap]))
        return packets


def pcap(packets: Sequence[Packet], *, order: str = "<", nanoseconds: bool = False) -> bytes:
    link_type = packets[0].link_type if packets else ETHERNET
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    unit = 10**9 if nanoseconds else 10**6
    written = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262_144, link_type)
    for packet in packets:
        fraction = round(packet.time % 1 * unit)
        header = (int(packet.time), fraction, len(packet.data), len(packet.data))
        written += struct.pack(f"{order}IIII", *header) + packet.data
    return written


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(f"{order}I", 12 + len(body))
    return struct.pack(f"{order}I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link_type: int, order: str = "<", *, options: bytes = b"") -> bytes:
    return block(1, struct.pack(f"{order}HHI", link_type, 0, 0) + options, order)


def enhanced(packet: Packet, order: str = "<", *, number: int = 0, ticks: int = 10**6) -> bytes:
    time = round(packet.time * ticks)
    size = len(packet.data)
    head = struct.pack(f"{order}IIIII", number, time >> 32, time & 0xFFFF_FFFF, size, size)
    return block(6, head + packet.data, order)


def pcapng(packets: Iterable[Packet], order: str = "<") -> bytes:
    packets = list(packets)
    types = list(dict.fromkeys(packet.link_type for packet in packets))
    written = section(order) + b"".join(interface(link_type, order) for link_type in types)
    return written + b"".join(enhanced(each, order, number=types.index(each.link_type)) for each in packets)
