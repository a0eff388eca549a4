"""SMTP: STARTTLS after EHLO (RFC 3207)."""

from servers.emulated.starttls.dialogue import Dialogue, Words
from servers.emulated.starttls.protocol import Protocol

_EHLO_ANSWER = b"250-server.example.test\r\n250 STARTTLS\r\n"


def _prelude(dialogue: Dialogue) -> Words:
    dialogue.say(b"220 server.example.test ESMTP\r\n")
    while (command := (yield from dialogue.command())) != b"STARTTLS":
        is_hello = command.startswith(b"EHLO")
        dialogue.say(
            b"250-server.example.test\r\n250 STARTTLS\r\n" if is_hello else b"530 STARTTLS first\r\n"
        )
    dialogue.say(b"220 Ready to start TLS\r\n")


PROTOCOL = Protocol("smtp", _prelude, lambda request: b"250 server.example.test\r\n")
