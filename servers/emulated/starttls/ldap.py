"""LDAP: the StartTLS extended operation (RFC 4511 section 4.14)."""

from collections.abc import Generator

from servers.emulated.starttls.dialogue import Broken, Dialogue, Words
from servers.emulated.starttls.protocol import Protocol

START_TLS = b"1.3.6.1.4.1.1466.20037"
SEQUENCE, INTEGER, EXTENDED_REQUEST = 0x30, 0x02, 0x77
_RESULT = bytes.fromhex("0a0100 0400 0400")  # success, without a name and a text


def _prelude(dialogue: Dialogue) -> Words:
    message = yield from _message(dialogue)
    if message[3:4] != bytes([EXTENDED_REQUEST]) or START_TLS not in message:
        raise Broken("the first operation is not StartTLS")
    dialogue.say(_response(message, 0x78))


def _message(dialogue: Dialogue) -> Generator[None, None, bytes]:
    """Read an LDAPMessage of a one-byte id; what is in it."""
    tag, length = yield from dialogue.exactly(2)
    if tag != SEQUENCE or length > 4 + 0x80:
        raise Broken("what came is no LDAPMessage")
    if length & 0x80:
        length = int.from_bytes((yield from dialogue.exactly(length & 0x7F)))
    message = yield from dialogue.exactly(length)
    if message[:2] != bytes([INTEGER, 1]):
        raise Broken("what came is no LDAPMessage")
    return message


def _response(message: bytes, tag: int) -> bytes:
    """An operation's response, of the message's id."""
    return bytes([SEQUENCE, 3 + 2 + len(_RESULT)]) + message[:3] + bytes([tag, len(_RESULT)]) + _RESULT


# Once connected anything is answered like a BindRequest in a short message.
PROTOCOL = Protocol("ldap", _prelude, lambda request: _response(request[2:], 0x61))
