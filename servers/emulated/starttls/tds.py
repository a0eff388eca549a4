"""TDS, SQL Server's protocol: the TLS handshake inside PRELOGIN packets (MS-TDS sections 2.2.6.5, 3.3)."""

import struct

from handshake.clear_text import Framing
from servers.emulated.starttls.dialogue import Broken, Dialogue, Words
from servers.emulated.starttls.protocol import Protocol

PRELOGIN, TABULAR_RESULT = 0x12, 0x04
HEADER_BYTES, MAX_PACKET_BYTES = 8, 4096
VERSION, ENCRYPTION, TERMINATOR = 0x00, 0x01, 0xFF
ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED, ENCRYPT_REQUIRED = range(4)
SQL_SERVER_2008 = bytes([10, 0, 0x06, 0x40, 0, 0])  # 10.0.1600


def _packet(kind: int, data: bytes, *, number: int = 1, is_last: bool = True) -> bytes:
    return struct.pack("!BBHHBB", kind, is_last, HEADER_BYTES + len(data), 0, number & 0xFF, 0) + data


def _prelude(dialogue: Dialogue) -> Words:
    header = yield from dialogue.exactly(HEADER_BYTES)
    size = int.from_bytes(header[2:4])
    if header[0] != PRELOGIN or not header[1] & 1 or size < HEADER_BYTES:
        raise Broken("the first packet is not a whole PRELOGIN")
    asked = _encryption((yield from dialogue.exactly(size - HEADER_BYTES)))
    granted = ENCRYPT_ON if asked == ENCRYPT_ON else ENCRYPT_REQUIRED
    options = struct.pack("!BHHBHHB", VERSION, 11, 6, ENCRYPTION, 17, 1, TERMINATOR)
    dialogue.say(_packet(TABULAR_RESULT, options + SQL_SERVER_2008 + bytes([granted])))
    if asked == ENCRYPT_NOT_SUPPORTED:
        raise Broken("the client has no encryption")


def _encryption(options: bytes) -> int:
    for start in range(0, len(options) - 4, 5):
        option, offset, size = struct.unpack_from("!BHH", options, start)
        value: bytes = options[offset : offset + 1]
        if option == ENCRYPTION and size == len(value) == 1:
            return value[0]
        if option == TERMINATOR:
            break
    return ENCRYPT_NOT_SUPPORTED


def _login_failed(request: bytes) -> bytes:
    """The tokens ERROR 18456 and DONE (sections 2.2.7.10 and 2.2.7.6)."""
    text = "Login failed."
    error = struct.pack("<IBBH", 18456, 1, 14, len(text)) + text.encode("utf-16-le") + bytes(2)
    error += struct.pack("<I", 1)
    done = struct.pack("<BHHQ", 0xFD, 2, 0, 0)
    return _packet(TABULAR_RESULT, b"\xaa" + struct.pack("<H", len(error)) + error + done)


class PreloginFraming(Framing):
    """The handshake in PRELOGIN packets, until it is complete or a client sends a record outside of one."""

    def __init__(self) -> None:
        self._is_over = False
        self._is_raw = False
        self._pending = b""

    def wrap(self, data: bytes) -> bytes:
        """Return packets until the handshake is complete; none for nothing."""
        if self._is_over:
            return data
        room = MAX_PACKET_BYTES - HEADER_BYTES
        parts = [data[start : start + room] for start in range(0, len(data), room)]
        return b"".join(
            _packet(PRELOGIN, part, number=number, is_last=number == len(parts))
            for number, part in enumerate(parts, start=1)
        )

    def unwrap(self, data: bytes) -> bytes:
        """Return what is in whole packets, and what comes after them as it is."""
        if self._is_raw:
            return data
        self._pending += data
        found = b""
        while self._pending.startswith(bytes([PRELOGIN])):
            size = max(int.from_bytes(self._pending[2:4]), HEADER_BYTES)
            if len(self._pending) < size:
                return found
            found += self._pending[HEADER_BYTES:size]
            self._pending = self._pending[size:]
        self._is_raw = bool(self._pending)
        found, self._pending = found + self._pending, b""
        return found

    def end(self) -> None:
        """Both sides are on the connection itself from now on: the client's Finished has been read."""
        self._is_over = self._is_raw = True


PROTOCOL = Protocol("tds", _prelude, _login_failed, PreloginFraming)
