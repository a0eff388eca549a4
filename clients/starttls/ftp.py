"""FTP: AUTH TLS on the control connection (RFC 4217 section 4)."""

import re

from clients.starttls.dialogue import Dialogue, Words
from clients.starttls.protocol import Protocol
from clients.starttls.replies import reply


def _prelude(dialogue: Dialogue, name: str) -> Words:
    yield from reply(dialogue, b"220")
    dialogue.say(b"AUTH TLS\r\n")
    yield from reply(dialogue, b"234")


# Before a login most servers answer NOOP with a refusal (530), which is an answer.
PROTOCOL = Protocol(
    "ftp",
    "file transfer, its control connection",
    _prelude,
    lambda name: b"NOOP\r\n",
    re.compile(rb"(?im)^AUTH (?:TLS|SSL)\r?\n\Z"),
)
