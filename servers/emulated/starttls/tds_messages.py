"""Messages of TDS as a server reads and writes them: packets, LOGIN7, and the tokens that answer it.

The layouts are those of MS-TDS, sections 2.2.3.1 (packets), 2.2.6.4 (LOGIN7) and 2.2.7 (tokens). What a
client says is bounded by the conversation (`handshake.clear_text`), and every length in it is checked.
"""

import struct
from collections.abc import Generator
from dataclasses import dataclass, field

from servers.emulated.starttls.dialogue import Broken, Dialogue

SQL_BATCH, TABULAR_RESULT, TRANSACTION_MANAGER, LOGIN7, PRELOGIN = 0x01, 0x04, 0x0E, 0x10, 0x12
END_OF_MESSAGE = 0x01
HEADER = struct.Struct("!BBHHBB")  # type, status, length with the header, SPID, packet id, window
MAX_PACKET_BYTES = 4096

TDS_7_2 = 0x7209_0002
"""From this version on line numbers have four bytes, and counts of rows eight."""
VERSIONS = {"7.3": 0x730B_0003, "7.4": 0x7400_0004}
"""What a LOGINACK says, by the name of the version (section 2.2.7.14)."""
LOGIN_FAILED = 18456
SEVERITY_OF_LOGIN = 14
ERROR, LOGINACK, DONE = 0xAA, 0xAD, 0xFD
DONE_FINAL, DONE_ERROR = 0x0000, 0x0002
_INTERFACE_SQL_TSQL = 1
_MAX_NAME_CHARACTERS = 128
_FIXED_BYTES = 36
# Offset and length of HostName, UserName, Password, AppName, ServerName (section 2.2.6.4).
_TEXTS = struct.Struct("<HHHHHHHHHH")


@dataclass(frozen=True, slots=True)
class Login:
    """What a LOGIN7 says of who logs in; `version` is TDS's."""

    version: int
    user: str
    application: str
    password: str = field(repr=False)


def packets(kind: int, data: bytes) -> bytes:
    """Put a message into packets."""
    room = MAX_PACKET_BYTES - HEADER.size
    parts = [data[start : start + room] for start in range(0, len(data), room)] or [b""]
    written = b""
    for number, part in enumerate(parts, start=1):
        status = END_OF_MESSAGE if number == len(parts) else 0
        written += HEADER.pack(kind, status, HEADER.size + len(part), 0, number & 0xFF, 0) + part
    return written


def message(dialogue: Dialogue) -> Generator[None, None, tuple[int, bytes]]:
    """Read packets to the end of a message: its type and what is in it. Raises Broken."""
    data, status, first = b"", 0, None
    while not status & END_OF_MESSAGE:
        kind, status, size, *_ = HEADER.unpack((yield from dialogue.exactly(HEADER.size)))
        first = kind if first is None else first
        if size < HEADER.size or kind != first:
            raise Broken("what came is no TDS packet")
        data += yield from dialogue.exactly(size - HEADER.size)
    assert first is not None, "there is one packet at least"
    return first, data


def read_login(data: bytes) -> Login:
    """Read a LOGIN7. Raises Broken."""
    if len(data) < _FIXED_BYTES + _TEXTS.size:
        raise Broken("the LOGIN7 breaks off in its fixed part")
    size, version = struct.unpack_from("<II", data)
    if size != len(data):
        raise Broken(f"the LOGIN7 says that it has {size} bytes and has {len(data)}")
    places = _TEXTS.unpack_from(data, _FIXED_BYTES)
    _, user, password, application, _ = (
        _text(data, *places[index : index + 2]) for index in range(0, len(places), 2)
    )
    return Login(version, _decoded(user), _decoded(application), _decoded(clear(password)))


def _text(data: bytes, offset: int, characters: int) -> bytes:
    end = offset + 2 * characters
    if characters > _MAX_NAME_CHARACTERS or end > len(data):
        raise Broken(f"the LOGIN7 has a text of {characters} characters at byte {offset}")
    return data[offset:end]


def _decoded(text: bytes) -> str:
    return text.decode("utf-16-le", "replace")


def clear(password: bytes) -> bytes:
    """The field of the password as it was before its bits were changed: each byte had its halves exchanged,
    and then 0xA5 was added modulo 2 (section 2.2.6.4).
    """
    return bytes((byte ^ 0xA5) >> 4 | ((byte ^ 0xA5) & 0x0F) << 4 for byte in password)


def error(number: int, text: str, server: str, version: int) -> bytes:
    """An ERROR token (section 2.2.7.10)."""
    words = text.encode("utf-16-le")
    body = struct.pack("<IBBH", number, 1, SEVERITY_OF_LOGIN, len(words) // 2) + words
    body += _short_text(server) + _short_text("")
    body += struct.pack("<I" if version >= TDS_7_2 else "<H", 1)
    return struct.pack("<BH", ERROR, len(body)) + body


def login_ack(version: int, product: str, product_version: tuple[int, int, int]) -> bytes:
    """A LOGINACK token (section 2.2.7.14); the version is in network order."""
    major, minor, build = product_version
    body = struct.pack("!BI", _INTERFACE_SQL_TSQL, version) + _short_text(product)
    body += struct.pack("!BBH", major, minor, build)
    return struct.pack("<BH", LOGINACK, len(body)) + body


def done(status: int, version: int) -> bytes:
    """A DONE token (section 2.2.7.6)."""
    return struct.pack("<BHHQ" if version >= TDS_7_2 else "<BHHI", DONE, status, 0, 0)


def _short_text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")
