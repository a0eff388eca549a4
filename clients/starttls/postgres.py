"""PostgreSQL: SSLRequest, answered with one byte (PostgreSQL documentation, "SSL Session Encryption")."""

import re
import struct

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import CLIENT_NAME, Protocol

SSL_REQUEST_CODE = 80_877_103
PROTOCOL_3_0 = 3 << 16


def _prelude(dialogue: Dialogue, name: str) -> Words:
    dialogue.say(struct.pack("!II", 8, SSL_REQUEST_CODE))
    answer = yield from dialogue.exactly(1)
    if answer == b"N":
        raise PreludeFailure("not-offered", answer)
    if answer == b"E":  # an ErrorResponse: a length, then fields that end with NUL
        size = int.from_bytes((yield from dialogue.exactly(4)))
        error = yield from dialogue.exactly(max(size - 4, 0))
        raise PreludeFailure("refused", error.replace(b"\0", b" "))
    if answer != b"S":
        raise PreludeFailure("unreadable", answer)


def _startup(name: str) -> bytes:
    """A StartupMessage; the server has no such user, or asks for a password, and says so."""
    settings = b"".join(word.encode() + b"\0" for word in ("user", CLIENT_NAME, "database", CLIENT_NAME, ""))
    return struct.pack("!II", 8 + len(settings), PROTOCOL_3_0) + settings


PROTOCOL = Protocol(
    "postgres",
    "PostgreSQL database",
    _prelude,
    _startup,
    re.compile(rb"\A\x00\x00\x00\x08\x04\xd2\x16\x2f\Z"),
)
