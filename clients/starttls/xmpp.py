"""XMPP: starttls among the features of a stream (RFC 6120 section 5).

The answers are searched and not parsed as XML, since all that matters is which element comes next.
"""

import re
from collections.abc import Generator
from html import escape

from clients.starttls.dialogue import Dialogue, PreludeFailure, Words
from clients.starttls.protocol import Protocol

MAX_ELEMENTS = 200

_STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


def _stream(name: str) -> bytes:
    return (
        f"""<?xml version='1.0'?><stream:stream to="{escape(name)}" xmlns='jabber:client' """
        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    ).encode()


def _prelude(dialogue: Dialogue, name: str) -> Words:
    dialogue.say(_stream(name))
    features = yield from _read(dialogue, b"</stream:features", b"<stream:features/")
    if not any(tag.startswith(b"<starttls") for tag in features):
        raise PreludeFailure("not-offered", b"".join(features[-10:]))
    dialogue.say(_STARTTLS)
    yield from _read(dialogue, b"<proceed")


def _read(dialogue: Dialogue, *ends: bytes) -> Generator[None, None, list[bytes]]:
    """Read tags to one that begins like one of `ends`. Raises PreludeFailure at an error or a failure."""
    tags: list[bytes] = []
    while len(tags) < MAX_ELEMENTS:
        text = yield from dialogue.through(b">")
        tag = text.strip()
        if not tag.startswith(b"<") and not tags:
            break
        tags.append(tag)
        if tag.startswith((b"</stream:error", b"</failure", b"</stream:stream")) or (
            tag.startswith(b"<failure") and tag.endswith(b"/>")
        ):
            raise PreludeFailure("refused", b"".join(tags[-10:]))
        if tag.startswith(ends):
            return tags
    raise PreludeFailure("unreadable", b"".join(tags[-10:]) or text)


PROTOCOL = Protocol(
    "xmpp",
    "messaging, client to server",
    _prelude,
    _stream,
    re.compile(rb"<starttls\b[^>]*>\s*(?:</starttls>\s*)?\Z"),
)
