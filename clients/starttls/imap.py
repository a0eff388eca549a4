"""IMAP: STARTTLS (RFC 9051 section 6.2.1, first RFC 2595)."""

import re
from collections.abc import Generator

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import Protocol

MAX_UNTAGGED_LINES = 200


def _prelude(dialogue: Dialogue, name: str) -> Words:
    greeting = yield from dialogue.line()
    if not greeting.startswith(b"* "):
        raise PreludeFailure("unreadable", greeting)
    if not greeting[2:].upper().startswith(b"OK"):  # BYE, or PREAUTH: then it is too late for STARTTLS
        raise PreludeFailure("refused", greeting)
    dialogue.say(b"a STARTTLS\r\n")
    answer = yield from _tagged(dialogue)
    if not answer[2:].upper().startswith(b"OK"):
        raise PreludeFailure("refused", answer)


def _tagged(dialogue: Dialogue) -> Generator[None, None, bytes]:
    for _ in range(MAX_UNTAGGED_LINES):
        line = yield from dialogue.line()
        if line.startswith(b"a "):
            return line
        if line.upper().startswith(b"* BYE"):
            raise PreludeFailure("refused", line)
        if not line.startswith(b"* "):
            break
    raise PreludeFailure("unreadable", line)


PROTOCOL = Protocol(
    "imap",
    "mailbox access",
    _prelude,
    lambda name: b"b CAPABILITY\r\n",
    re.compile(rb"(?im)^\S+ STARTTLS\r?\n\Z"),
)
