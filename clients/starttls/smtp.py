"""SMTP: STARTTLS after EHLO (RFC 3207)."""

import re

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import CLIENT_NAME, Protocol
from clients.starttls.replies import reply

_EHLO = f"EHLO {CLIENT_NAME}.invalid\r\n".encode()  # RFC 2606: a name that is nobody's


def _prelude(dialogue: Dialogue, name: str) -> Words:
    yield from reply(dialogue, b"220")
    dialogue.say(_EHLO)
    offered = yield from reply(dialogue, b"250")
    if not any(line[4:].strip().upper() == b"STARTTLS" for line in offered):
        raise PreludeFailure("not-offered", b" ".join(offered))
    dialogue.say(b"STARTTLS\r\n")
    yield from reply(dialogue, b"220")


PROTOCOL = Protocol(
    "smtp",
    "mail submission and relay",
    _prelude,
    lambda name: _EHLO,
    re.compile(rb"(?im)^(?:EHLO|HELO|LHLO)\b(?s:.*)^STARTTLS\r?\n\Z"),
)
