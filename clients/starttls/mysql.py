"""MySQL and MariaDB: the capability CLIENT_SSL and an SSLRequest (MySQL documentation, "Connection Phase").

An SSLRequest has no answer. A server counts handshakes that are broken off, and refuses a host that has too
many of them in a row (`max_connect_errors`, 100 by default, not for loopback); it then says so at once.
"""

import re
import struct
from collections.abc import Generator

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import CLIENT_NAME, Protocol

PROTOCOL_10 = 10
ERROR = 0xFF
CLIENT_SSL = 0x0800
# CLIENT_LONG_PASSWORD, CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH
CAPABILITIES = 0x0000_0001 | 0x0000_0200 | CLIENT_SSL | 0x0000_8000 | 0x0008_0000
MAX_PACKET_BYTES = 1 << 24
UTF8 = 33

_HEAD = struct.pack("<IIB23x", CAPABILITIES, MAX_PACKET_BYTES, UTF8)


def _prelude(dialogue: Dialogue, name: str) -> Words:
    greeting = yield from _packet(dialogue)
    if greeting[:1] == bytes([ERROR]):
        raise PreludeFailure("refused", greeting[3:])
    _, end, rest = greeting[1:].partition(b"\0")  # the server's version
    if greeting[:1] != bytes([PROTOCOL_10]) or not end or len(rest) < 15:
        raise PreludeFailure("unreadable", greeting)
    # After it: connection id (4), half of the scramble (8), a filler (1), the lower half of the capabilities.
    if not int.from_bytes(rest[13:15], "little") & CLIENT_SSL:
        raise PreludeFailure("not-offered", greeting)
    dialogue.say(_numbered(_HEAD, 1))


def _packet(dialogue: Dialogue) -> Generator[None, None, bytes]:
    size = int.from_bytes((yield from dialogue.exactly(3)), "little")
    yield from dialogue.exactly(1)  # the packet's number
    return (yield from dialogue.exactly(size))


def _numbered(payload: bytes, number: int) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload


def _login(name: str) -> bytes:
    """A HandshakeResponse41 of a user that does not exist, without a password."""
    return _numbered(_HEAD + CLIENT_NAME.encode() + b"\0\0mysql_native_password\0", 2)


PROTOCOL = Protocol(
    "mysql", "MySQL or MariaDB database", _prelude, _login, re.compile(rb"(?s)\A\x20\x00\x00\x01.{32}\Z")
)
