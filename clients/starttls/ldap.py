"""LDAP: the StartTLS extended operation (RFC 4511 section 4.14). Two messages, so BER is read by hand."""

import re
from collections.abc import Generator

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import Protocol

SEQUENCE, INTEGER, ENUMERATED = 0x30, 0x02, 0x0A
EXTENDED_RESPONSE = 0x78  # [APPLICATION 24], constructed
SUCCESS, PROTOCOL_ERROR = 0, 2

# LDAPMessage 1: ExtendedRequest with requestName 1.3.6.1.4.1.1466.20037
_START_TLS = bytes.fromhex("301d 020101 7718 8016") + b"1.3.6.1.4.1.1466.20037"
# LDAPMessage 2: an anonymous BindRequest (section 4.2), version 3, no name, no password
_ANONYMOUS_BIND = bytes.fromhex("300c 020102 6007 020103 0400 8000")


def _prelude(dialogue: Dialogue, name: str) -> Words:
    dialogue.say(_START_TLS)
    message = yield from _element(dialogue, SEQUENCE)
    kind, _, rest = _split(message)
    response, result, _ = _split(rest)
    if (kind, response) != (INTEGER, EXTENDED_RESPONSE):
        raise PreludeFailure("unreadable", message)
    kind, code, rest = _split(result)
    if kind != ENUMERATED or len(code) != 1:
        raise PreludeFailure("unreadable", message)
    if code[0] == SUCCESS:
        return
    _, _, rest = _split(rest)  # matchedDN
    _, diagnostic, _ = _split(rest)
    # What an operation it does not know gets (section 4.12); other codes are a refusal for now.
    what = "not-offered" if code[0] == PROTOCOL_ERROR else "refused"
    raise PreludeFailure(what, b"result code %d: %s" % (code[0], diagnostic))


def _element(dialogue: Dialogue, expected: int) -> Generator[None, None, bytes]:
    """Read one BER element off the wire and return its content."""
    tag, length = yield from dialogue.exactly(2)
    if tag != expected:
        raise PreludeFailure("unreadable", bytes([tag, length]))
    if length & 0x80:
        length = int.from_bytes((yield from dialogue.exactly(length & 0x7F)))
    return (yield from dialogue.exactly(length))


def _split(data: bytes) -> tuple[int, bytes, bytes]:
    """Take the first element of `data` apart: its tag, its content, and what follows it."""
    try:
        tag, length, start = data[0], data[1], 2
    except IndexError:
        raise PreludeFailure("unreadable", data) from None
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start])
    if len(data) < start + length:
        raise PreludeFailure("unreadable", data)
    return tag, data[start : start + length], data[start + length :]


PROTOCOL = Protocol(
    "ldap",
    "directory access",
    _prelude,
    lambda name: _ANONYMOUS_BIND,
    re.compile(rb"1\.3\.6\.1\.4\.1\.1466\.20037"),
)
