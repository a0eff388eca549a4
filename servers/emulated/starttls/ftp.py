"""FTP: AUTH TLS (RFC 4217 section 4)."""

from servers.emulated.starttls.dialogue import Dialogue, Words
from servers.emulated.starttls.protocol import Protocol

_NOT_LOGGED_IN = b"530 Not logged in\r\n"


def _prelude(dialogue: Dialogue) -> Words:
    dialogue.say(b"220 server.example.test\r\n")
    while (yield from dialogue.command()) not in (b"AUTH TLS", b"AUTH TLS-C"):
        dialogue.say(_NOT_LOGGED_IN)
    dialogue.say(b"234 AUTH TLS\r\n")


PROTOCOL = Protocol("ftp", _prelude, lambda request: _NOT_LOGGED_IN)
