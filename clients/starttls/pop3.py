"""POP3: STLS (RFC 2595 section 4)."""

import re

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import Protocol


def _prelude(dialogue: Dialogue, name: str) -> Words:
    yield from _ok(dialogue)
    dialogue.say(b"STLS\r\n")
    yield from _ok(dialogue)


def _ok(dialogue: Dialogue) -> Words:
    line = yield from dialogue.line()
    if line.startswith(b"-ERR"):
        raise PreludeFailure("refused", line)
    if not line.startswith(b"+OK"):
        raise PreludeFailure("unreadable", line)


PROTOCOL = Protocol(
    "pop3", "mailbox access", _prelude, lambda name: b"CAPA\r\n", re.compile(rb"(?im)^STLS\r?\n\Z")
)
