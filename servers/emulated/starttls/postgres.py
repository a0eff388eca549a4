"""PostgreSQL: SSLRequest, answered with one byte (PostgreSQL documentation, "SSL Session Encryption")."""

import struct

from servers.emulated.starttls.dialogue import Broken, Dialogue, Words
from servers.emulated.starttls.protocol import Protocol

SSL_REQUEST = struct.pack("!II", 8, 80_877_103)
GSS_REQUEST = struct.pack("!II", 8, 80_877_104)  # libpq asks for it first where it has Kerberos


def _prelude(dialogue: Dialogue) -> Words:
    while (request := (yield from dialogue.exactly(8))) == GSS_REQUEST:
        dialogue.say(b"N")
    if request != SSL_REQUEST:
        dialogue.say(_error(b"28000", b"no encryption"))
        raise Broken("the client asks for no encryption")
    dialogue.say(b"S")


def _error(code: bytes, text: bytes) -> bytes:
    fields = b"SFATAL\0C" + code + b"\0M" + text + b"\0\0"
    return b"E" + struct.pack("!I", 4 + len(fields)) + fields


PROTOCOL = Protocol("postgres", _prelude, lambda request: _error(b"28000", b"nobody may log in"))
