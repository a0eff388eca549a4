"""POP3: STLS (RFC 2595 section 4)."""

from servers.emulated.starttls.dialogue import Dialogue, Words
from servers.emulated.starttls.protocol import Protocol


def _prelude(dialogue: Dialogue) -> Words:
    dialogue.say(b"+OK server.example.test\r\n")
    while (command := (yield from dialogue.command())) != b"STLS":
        dialogue.say(b"+OK\r\nSTLS\r\n.\r\n" if command == b"CAPA" else b"-ERR not before TLS\r\n")
    dialogue.say(b"+OK begin TLS\r\n")


PROTOCOL = Protocol("pop3", _prelude, lambda request: b"+OK\r\nUSER\r\n.\r\n")
