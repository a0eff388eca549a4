"""IMAP: STARTTLS (RFC 9051 section 6.2.1)."""

from servers.emulated.starttls.dialogue import Dialogue, Words
from servers.emulated.starttls.protocol import Protocol


def _prelude(dialogue: Dialogue) -> Words:
    dialogue.say(b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] server.example.test\r\n")
    while True:
        tag, _, command = (yield from dialogue.through(b"\n")).strip().partition(b" ")
        match command.upper():
            case b"STARTTLS":
                dialogue.say(tag + b" OK begin TLS\r\n")
                return
            case b"CAPABILITY":
                dialogue.say(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n" + tag + b" OK\r\n")
            case _:
                dialogue.say((tag or b"*") + b" BAD not before TLS\r\n")


def _answer(request: bytes) -> bytes:
    tag = request.split(b" ")[0].strip() or b"*"
    return b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK\r\n"


PROTOCOL = Protocol("imap", _prelude, _answer)
