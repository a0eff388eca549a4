"""A tunnel through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6). Behind it the server speaks HTTP."""

import re

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import Protocol

MAX_FIELDS = 200

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |$)")


def _prelude(dialogue: Dialogue, name: str) -> Words:
    dialogue.say(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    status = yield from dialogue.line()
    found = _STATUS.match(status)
    if found is None:
        raise PreludeFailure("unreadable", status)
    if not found[1].startswith(b"2"):
        raise PreludeFailure("refused", status)
    for _ in range(MAX_FIELDS):
        if not (yield from dialogue.line()):
            return
    raise PreludeFailure("unreadable", status)


PROTOCOL = Protocol(
    "http-connect",
    "a server behind an HTTP proxy",
    _prelude,
    None,
    re.compile(rb"\ACONNECT \S+ HTTP/1\.(?s:.*)\r?\n\r?\n\Z"),
)
