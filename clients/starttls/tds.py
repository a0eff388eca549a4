"""TDS, as SQL Server speaks it: the TLS handshake inside PRELOGIN packets (MS-TDS sections 2.2.6.5, 3.2.5.2).

Both sides put the handshake into packets of type 0x12; once it is complete TLS is on the connection itself.
"""

import re
import struct
from collections.abc import Generator

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import CLIENT_NAME, Protocol
from clients.starttls.tds_answer import END_OF_MESSAGE, ERROR, HEADER, TABULAR_RESULT, LoginAnswer
from handshake.clear_text import Framing

PRELOGIN, LOGIN7 = 0x12, 0x10
MAX_PACKET_BYTES = 4096  # until another size is agreed on (section 2.2.3.1.3)
MAX_MESSAGE_BYTES = 65_536

VERSION, ENCRYPTION, TERMINATOR = 0x00, 0x01, 0xFF
ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED = 0x01, 0x02
PASSWORD = 2
"""The place of the password among the texts of a LOGIN7."""
TDS_7_3 = 0x730A_0003  # SQL Server 2008


def _packets(kind: int, data: bytes) -> bytes:
    """Put `data` into packets."""
    room = MAX_PACKET_BYTES - HEADER.size
    parts = [data[start : start + room] for start in range(0, len(data), room)]
    packets = b""
    for number, part in enumerate(parts, start=1):
        status = END_OF_MESSAGE if number == len(parts) else 0
        packets += HEADER.pack(kind, status, HEADER.size + len(part), 0, number & 0xFF, 0) + part
    return packets


def _answer(dialogue: Dialogue) -> Generator[None, None, bytes]:
    """Read packets to the end of the server's message."""
    message, status = b"", 0
    while not status & END_OF_MESSAGE:
        header = yield from dialogue.exactly(HEADER.size)
        kind, status, size, *_ = HEADER.unpack(header)
        if kind != TABULAR_RESULT or size < HEADER.size:
            raise PreludeFailure("unreadable", header)
        message += yield from dialogue.exactly(size - HEADER.size)
        if len(message) > MAX_MESSAGE_BYTES:
            raise PreludeFailure("unreadable", header)
    return message


def _prelude(dialogue: Dialogue, name: str) -> Words:
    options = struct.pack("!BHHBHHB", VERSION, 11, 6, ENCRYPTION, 17, 1, TERMINATOR)
    dialogue.say(_packets(PRELOGIN, options + bytes(6) + bytes([ENCRYPT_ON])))
    answer = yield from _answer(dialogue)
    if answer[:1] == bytes([ERROR]):
        raise PreludeFailure("refused", answer.replace(b"\0", b""))  # the text is UTF-16
    if _encryption(answer) == ENCRYPT_NOT_SUPPORTED:
        raise PreludeFailure("not-offered", b"PRELOGIN with ENCRYPT_NOT_SUP")


def _encryption(answer: bytes) -> int:
    """Find the ENCRYPTION option: a list of type, offset and length, and behind it the values."""
    for start in range(0, len(answer) - 5, 5):
        option, offset, size = struct.unpack_from("!BHH", answer, start)
        if option == TERMINATOR:
            break
        value: bytes = answer[offset : offset + 1]
        if option == ENCRYPTION and size == len(value) == 1:
            return value[0]
    raise PreludeFailure("unreadable", answer)


def obscured(password: str) -> bytes:
    """A password as a LOGIN7 has it: the halves of each byte exchanged, then 0xA5 added modulo 2 (section
    2.2.6.4). That hides it from the eye alone.
    """
    return bytes((byte >> 4 | (byte & 0x0F) << 4) ^ 0xA5 for byte in password.encode("utf-16-le"))


def _login(name: str) -> bytes:
    """A LOGIN7 (section 2.2.6.4) of a user that does not exist, with its name as the password.

    It is all that a server reads at this point; another packet ends the connection without an answer. The
    server notes a failed login.
    """
    # HostName, UserName, Password, AppName, ServerName, Unused, CltIntName, Language, Database
    fields = (CLIENT_NAME, CLIENT_NAME, CLIENT_NAME, CLIENT_NAME, name[:128], "", "", "", "")
    texts = [text.encode("utf-16-le") for text in fields]
    texts[PASSWORD] = obscured(fields[PASSWORD])
    fixed = struct.pack("<IIIIIBBBBiI", TDS_7_3, MAX_PACKET_BYTES, 7, 0, 0, 0xE0, 0x03, 0, 0, 0, 0x409)
    start = 4 + len(fixed) + 4 * len(texts) + 6 + 4 * 3 + 4
    offsets, data = b"", b""
    for text in texts:
        offsets += struct.pack("<HH", start + len(data), len(text) // 2)
        data += text
    end = start + len(data)
    # ClientID, then SSPI, AtchDBFile and ChangePassword, all empty, and the size of a long SSPI.
    offsets += bytes(6) + struct.pack("<HHHHHH", end, 0, end, 0, end, 0) + bytes(4)
    return _packets(LOGIN7, struct.pack("<I", end) + fixed + offsets + data)


class PreloginFraming(Framing):
    """The handshake in PRELOGIN packets. Where a packet would begin and a TLS record does, the server has
    stopped wrapping: no record is of these types.
    """

    def __init__(self) -> None:
        self._is_over = False
        self._is_raw = False
        self._pending = b""

    def wrap(self, data: bytes) -> bytes:
        """Return packets until the handshake is complete; none for nothing."""
        return data if self._is_over else _packets(PRELOGIN, data)

    def unwrap(self, data: bytes) -> bytes:
        """Return what is in whole packets, and what comes after them as it is."""
        if self._is_raw:
            return data
        self._pending += data
        found = b""
        while self._pending and self._pending[0] in (PRELOGIN, TABULAR_RESULT):
            size = max(int.from_bytes(self._pending[2:4]), HEADER.size)
            if len(self._pending) < size:
                return found
            found += self._pending[HEADER.size : size]
            self._pending = self._pending[size:]
        self._is_raw = bool(self._pending)
        found, self._pending = found + self._pending, b""
        return found

    @property
    def begun(self) -> bytes:
        """The packet whose end has not come."""
        return self._pending

    def end(self) -> None:
        """What is sent from now on is on the connection itself."""
        self._is_over = True


PROTOCOL = Protocol(
    "tds",
    "SQL Server",
    _prelude,
    _login,
    asks=re.compile(rb"\A\x12[\x00\x01]"),
    framing=PreloginFraming,
    answer=LoginAnswer,
)
