"""MySQL: the capability CLIENT_SSL and an SSLRequest (MySQL documentation, "Connection Phase")."""

import struct

from servers.emulated.starttls.dialogue import Broken, Dialogue, Words
from servers.emulated.starttls.protocol import Protocol

CLIENT_SSL = 0x0800
# CLIENT_LONG_PASSWORD, CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH
CAPABILITIES = 0x0000_0001 | 0x0000_0200 | CLIENT_SSL | 0x0000_8000 | 0x0008_0000
SSL_REQUEST_BYTES = 32
_SCRAMBLE = b"abcdefghijklmnopqrst"  # for passwords, of which none is right


def _packet(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload


def _greeting() -> bytes:
    low, high = CAPABILITIES & 0xFFFF, CAPABILITIES >> 16
    first = struct.pack("<I8sxHBHHB10x", 1, _SCRAMBLE[:8], low, 33, 2, high, len(_SCRAMBLE) + 1)
    return b"\x0a5.7.0-emulated\0" + first + _SCRAMBLE[8:] + b"\0mysql_native_password\0"


def _prelude(dialogue: Dialogue) -> Words:
    dialogue.say(_packet(0, _greeting()))
    head = yield from dialogue.exactly(4)
    request = yield from dialogue.exactly(int.from_bytes(head[:3], "little"))
    if len(request) != SSL_REQUEST_BYTES or not int.from_bytes(request[:4], "little") & CLIENT_SSL:
        dialogue.say(_error(head[3] + 1))
        raise Broken("the client asks for no encryption")


def _error(number: int) -> bytes:
    return _packet(number & 0xFF, b"\xff" + struct.pack("<H", 1045) + b"#28000Nobody may log in")


PROTOCOL = Protocol("mysql", _prelude, lambda request: _error((*request, 0, 0, 0, 2)[3] + 1))
