"""How fast `hello import` reads a large capture, and in how much memory.

Makes a pcap file in a temporary folder: connections of TLS, each with a hello, an answer and data, some of
plain HTTP, packets of 800 bytes on average; then lets the command read it, and prints one JSON object.

    python -m bench.capture_import [--bytes N] [--folder DIR]
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bench.machine import machine
from clients.profile import load_profiles
from handshake.client.hello import fill_hello
from handshake.wire.client_hello import Extension
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import ServerHello, push_server_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType, HandshakeType

LINKTYPE_ETHERNET = 1
FULL_SEGMENT = 1448
DATA_RECORDS = 4
"""Of each connection, 16 kB each: a page and what belongs to it."""
CLIENTS = ("chromium-156", "openssl-3.0", "java-8", "ie8-winxp", "gnutls-3.7")
_SYN, _ACK, _FIN = 0x02, 0x10, 0x01
_ALERT = push_record(Record(ContentType.ALERT, 0x0301, b"\x02\x28"))
_SERVER_HELLO = ServerHello(0x0303, bytes(32), bytes(32), 0x1301, extensions=(Extension(43, b"\x03\x04"),))
_MESSAGE = push_handshake_message(
    HandshakeMessage(HandshakeType.SERVER_HELLO, push_server_hello(_SERVER_HELLO))
)
_ANSWER = push_record(Record(ContentType.HANDSHAKE, 0x0303, _MESSAGE)) + DATA_RECORDS * push_record(
    Record(ContentType.APPLICATION_DATA, 0x0303, bytes(16_384))
)
_FINISHED = push_record(Record(ContentType.APPLICATION_DATA, 0x0303, bytes(53)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=2**31)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tls-matrix-", dir=asked.folder) as folder:
        path = Path(folder, "large.pcap")
        with path.open("wb") as file:
            packets = write_capture(file, asked.bytes)
        size = path.stat().st_size
        began = time.perf_counter()
        command = [sys.executable, "-m", "matrix", "hello", "import", str(path), "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            listed = json.loads(program.stdout.read())
            _, status, used = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
    result = {
        "bytes": size,
        "packets": packets,
        "bytes_of_a_packet": round(size / packets),
        "hellos": len(listed["hellos"]),
        "status": program.returncode,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "gb_per_minute": round(size / 1e9 / seconds * 60, 2),
        "microseconds_of_a_packet": round(seconds / packets * 1e6, 1),
        "memory_mb": round(used.ru_maxrss / 1024),
    }
    print(json.dumps({"bench": "capture_import", "machine": machine(), **result}, indent=1))


def write_capture(file: BinaryIO, size: int) -> int:
    """Write a pcap file of about `size` bytes; how many packets it has."""
    profiles = load_profiles()
    hellos = [
        fill_hello(profiles[client].attempts[0].template, "server.example.test", bytes).wire
        for client in CLIENTS
    ]
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, LINKTYPE_ETHERNET))
    packets = written = number = 0
    while written < size:
        for frame in _connection(number, hellos[number % len(hellos)]):
            packets += 1
            written += file.write(
                struct.pack("<IIII", packets >> 10, packets & 0x3FF, len(frame), len(frame))
            )
            written += file.write(frame)
        number += 1
    return packets


def _connection(number: int, hello: bytes) -> Iterator[bytes]:
    """The frames of one connection; every tenth speaks plain HTTP, every seventh is refused."""
    client, server = bytes((10, 1, number >> 16 & 0xFF, number >> 8 & 0xFF)), b"\x0a\x00\x00\x01"
    there = client, server, 1024 + (number & 0xFF) * 200, 443
    back = server, client, 443, there[2]
    first = b"GET / HTTP/1.1\r\nHost: server\r\n\r\n" if number % 10 == 0 else hello
    answer = _ALERT if number % 7 == 0 else _ANSWER
    yield _frame(*there, 999, _SYN, b"")
    yield _frame(*back, 1999, _SYN | _ACK, b"")
    yield _frame(*there, 1000, _ACK, b"")
    yield _frame(*there, 1000, _ACK, first)
    said = 1000 + len(first)
    for start in range(0, len(answer), FULL_SEGMENT):
        yield _frame(*back, 2000 + start, _ACK, answer[start : start + FULL_SEGMENT])
        if start // FULL_SEGMENT % 8:
            yield _frame(*there, said, _ACK, b"")
    if answer is _ANSWER:
        yield _frame(*there, said, _ACK, _FINISHED)
        said += len(_FINISHED)
    yield _frame(*back, 2000 + len(answer), _FIN | _ACK, b"")
    yield _frame(*there, said, _FIN | _ACK, b"")


def _frame(
    source: bytes, target: bytes, port: int, to: int, sequence: int, flags: int, payload: bytes
) -> bytes:
    tcp = struct.pack(">HHIIBBHHH", port, to, sequence, 0, 0x80, flags, 65_535, 0, 0) + bytes(12) + payload
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + source + target
    return bytes(12) + b"\x08\x00" + ip + tcp


if __name__ == "__main__":
    main()
