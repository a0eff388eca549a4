"""Replies that begin with three digits: SMTP's (RFC 5321 section 4.2) and FTP's (RFC 959 section 4.2)."""

import re
from collections.abc import Generator

from clients.starttls.dialogue import Dialogue, PreludeFailure

MAX_REPLY_LINES = 200

_REPLY = re.compile(rb"[1-5][0-9]{2}(?:[ -]|$)")


def reply(dialogue: Dialogue, expected: bytes) -> Generator[None, None, list[bytes]]:
    """Read a reply and return its lines. Raises PreludeFailure unless its code is `expected`."""
    lines = [(yield from dialogue.line())]
    code = lines[0][:3]
    if not _REPLY.match(lines[0]):
        raise PreludeFailure("unreadable", lines[0])
    if lines[0][3:4] == b"-":  # the last line has the code and a space; FTP's lines between may have neither
        while not (lines[-1][:3] == code and lines[-1][3:4] in (b" ", b"")):
            if len(lines) == MAX_REPLY_LINES:
                raise PreludeFailure("unreadable", lines[0])
            lines.append((yield from dialogue.line()))
    if code != expected:
        raise PreludeFailure("refused", b" ".join(lines))
    return lines
