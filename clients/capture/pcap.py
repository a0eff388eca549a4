"""Reads pcap and pcapng files as streams of packets: a capture of any size in the memory of one packet.

Every length in a file is a claim. One that is more than a packet can have ends the reading, and so does the
end of the file within a packet: what came before counts, and a note says where it ends. Both byte orders and
times in microseconds and nanoseconds are read; of pcapng every section, every interface with its own link
type and clock, and the lines of a key log in decryption secrets blocks.

Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng; the numbers of link types are in
draft-ietf-opsawg-pcaplinktype.
"""

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

from clients.capture.packet import CaptureError, Packet

MAX_PACKET_BYTES = 262_144
"""libpcap's MAXIMUM_SNAPLEN: no program that captures keeps more of a packet."""
MAX_BLOCK_BYTES = 16_777_216
"""Of a pcapng block that is read whole; libpcap's bound (sf-pcapng.c, INITIAL_MAX_BLOCKSIZE)."""
MAX_SECRETS_BYTES = 4_194_304
"""Of the key logs of one capture, some 20,000 connections; more is not kept."""
MAX_INTERFACES = 65_536
_CHUNK = 65_536

SECTION = b"\x0a\x0d\x0d\x0a"
"""The type of the block that begins a pcapng file, the same in both byte orders."""
PCAP_MAGICS = {
    bytes.fromhex("a1b2c3d4"): (">", 1e-6, 0),
    bytes.fromhex("d4c3b2a1"): ("<", 1e-6, 0),
    bytes.fromhex("a1b23c4d"): (">", 1e-9, 0),
    bytes.fromhex("4d3cb2a1"): ("<", 1e-9, 0),
    bytes.fromhex("a1b2cd34"): (">", 1e-6, 8),
    bytes.fromhex("34cdb2a1"): ("<", 1e-6, 8),
}
"""How a pcap file begins: its byte order, the unit of a packet's fraction of a second, and the bytes that a
packet's header has more in the "modified" format of old Linux systems.
"""
_BYTE_ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_INTERFACE, _PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET, _SECRETS = 1, 2, 3, 6, 10
_RESOLUTION, _OFFSET = 9, 14  # options of an interface: if_tsresol, if_tsoffset
_TLS_KEY_LOG = 0x544C534B
_MICROSECONDS = 6


class Reader:
    """The packets of one file, by iteration. `notes` say, once that has ended, what of the file could not be
    read; `key_log` has the lines of key logs in it.

    The file is any stream of bytes, whose first four are already known as `head`.
    """

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self.notes: list[str] = []
        self.key_log: list[str] = []
        self._head = head
        self._file = file
        self._offset = 0
        self._number = 0
        self._secrets_bytes = 0

    def __iter__(self) -> Iterator[Packet]:
        """Read. Raises CaptureError where not even the beginning can be."""
        head = self._read(4)
        if head == SECTION:
            yield from self._pcapng()
        elif head in PCAP_MAGICS:
            yield from self._pcap(*PCAP_MAGICS[head])
        else:
            raise CaptureError(f"begins with {head.hex(' ')}, which is neither pcap nor pcapng")

    def _pcap(self, order: str, unit: float, more: int) -> Iterator[Packet]:
        header = self._read(20)
        if len(header) < 20:
            raise CaptureError(f"ends within its header, after {self._offset} bytes: capture again")
        # The upper bits have the length of a frame check sequence, which reading stops before.
        link_type = struct.unpack_from(f"{order}I", header, 16)[0] & 0x0FFF_FFFF
        packet = struct.Struct(f"{order}IIII{more}x")
        while len(header := self._read(packet.size)) == packet.size:
            self._number += 1
            seconds, fraction, length, _ = packet.unpack(header)
            if not self._may_have(length):
                return
            data = self._read(length)
            yield Packet(seconds + fraction * unit, link_type, data)
            if len(data) < length:
                self._ended(f"{length} bytes are announced, {len(data)} are there")
                return
        if header:
            self._number += 1
            self._ended(f"its header has {len(header)} of {packet.size} bytes")

    def _pcapng(self) -> Iterator[Packet]:
        order = self._section()
        if order is None:
            raise CaptureError(f"has a section without a byte order (byte {self._offset - 4}): capture again")
        interfaces: list[tuple[int, float, float, int]] = []
        while len(head := self._read(8)) == 8:
            if head[:4] == SECTION:
                # The type is there already, and the length is of an order that only what follows tells.
                found, interfaces = self._section(head[4:]), []
                if found is None:
                    self._ended("a section without a byte order")
                    return
                order = found
                continue
            kind, length = struct.unpack(f"{order}II", head)
            body = self._body(kind, length)
            if body is None:
                return
            try:
                if kind == _INTERFACE:
                    if len(interfaces) < MAX_INTERFACES:
                        interfaces.append(_interface(body, order))
                elif kind in (_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET):
                    self._number += 1
                    yield _packet(kind, body, order, interfaces)
                elif kind == _SECRETS:
                    self._secrets(body, order)
            except (struct.error, IndexError, OverflowError):
                self._ended(f"a block of type {kind} whose content does not fit")
                return
        if head:
            self._ended(f"a block whose header has {len(head)} of 8 bytes")

    def _section(self, length: bytes = b"") -> str | None:
        """Read a section header behind its type, and the length if that is there; the byte order, None where
        it has none.
        """
        head = length + self._read(8 - len(length))
        order = _BYTE_ORDERS.get(head[4:])
        if order is None:
            return None
        size = struct.unpack(f"{order}I", head[:4])[0]
        self._skip(max(size - 12, 0))
        return order

    def _body(self, kind: int, length: int) -> bytes | None:
        """The body of a block of these types, empty for others; None where the file ends or cannot go on."""
        if length < 12 or length % 4:
            self._ended(f"a block of type {kind} that announces {length} bytes")
            return None
        size = length - 8
        if kind not in (_INTERFACE, _PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET, _SECRETS):
            return b"" if self._skip(size) == size else None
        if length > MAX_BLOCK_BYTES:
            self._ended(f"a block of type {kind} that announces {length} bytes")
            return None
        body = self._read(size)
        if len(body) < size:
            self._ended(f"{size} bytes are announced, {len(body)} are there")
            return None
        return body[:-4]

    def _secrets(self, body: bytes, order: str) -> None:
        kind, length = struct.unpack_from(f"{order}II", body)
        self._secrets_bytes += length
        if kind == _TLS_KEY_LOG and self._secrets_bytes <= MAX_SECRETS_BYTES:
            self.key_log += body[8 : 8 + length].decode("ascii", "replace").splitlines()

    def _may_have(self, length: int) -> bool:
        if length <= MAX_PACKET_BYTES:
            return True
        self._ended(f"it announces {length} bytes, and no packet has more than {MAX_PACKET_BYTES}")
        return False

    def _ended(self, why: str) -> None:
        self.notes.append(
            f"cannot be read beyond packet {self._number}, at byte {self._offset} ({why}); what is before "
            "counts"
        )

    def _read(self, size: int) -> bytes:
        data = self._head[:size]
        self._head = self._head[size:]
        if len(data) < size:
            data += self._file.read(size - len(data))
        self._offset += len(data)
        return data

    def _skip(self, size: int) -> int:
        """Pass over bytes without keeping them; how many there were."""
        left = size
        while left and (data := self._read(min(left, _CHUNK))):
            left -= len(data)
        return size - left


def _interface(body: bytes, order: str) -> tuple[int, float, float, int]:
    """The link type of an interface, the seconds of one tick, the seconds to add, and its snap length."""
    link_type, snap_length = struct.unpack_from(f"{order}HxxI", body)
    tick, offset = 10.0**-_MICROSECONDS, 0
    place = 8
    while place + 4 <= len(body):
        option, length = struct.unpack_from(f"{order}HH", body, place)
        value = body[place + 4 : place + 4 + length]
        if option == _RESOLUTION and length == 1:
            exponent = value[0] & 0x7F
            tick = 2.0**-exponent if value[0] & 0x80 else 10.0**-exponent
        elif option == _OFFSET and length == 8:
            offset = struct.unpack(f"{order}q", value)[0]
        elif option == 0:
            break
        place += 4 + (length + 3) // 4 * 4
    return link_type, tick, float(offset), snap_length


def _packet(kind: int, body: bytes, order: str, interfaces: list[tuple[int, float, float, int]]) -> Packet:
    """The packet of a block. Raises IndexError for one of no known interface, struct.error for one that is
    shorter than it says.
    """
    if kind == _SIMPLE_PACKET:
        link_type, _, _, snap_length = interfaces[0]
        original = struct.unpack_from(f"{order}I", body)[0]
        return Packet(0.0, link_type, body[4 : 4 + min(original, snap_length or original)])
    if kind == _PACKET:
        number, high, low, length = struct.unpack_from(f"{order}HxxIII", body)
    else:
        number, high, low, length = struct.unpack_from(f"{order}IIII", body)
    link_type, tick, offset, _ = interfaces[number]
    if 20 + length > len(body):
        raise struct.error("a packet that is longer than its block")
    return Packet((high << 32 | low) * tick + offset, link_type, body[20 : 20 + length])


def reader_of(data: bytes) -> Reader:
    """A reader of a file that is in memory."""
    return Reader(b"", io.BytesIO(data))
