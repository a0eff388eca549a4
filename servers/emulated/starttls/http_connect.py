"""An HTTP proxy and the server behind it in one: CONNECT (RFC 9110 section 9.3.6) to whatever it may be."""

from servers.emulated.starttls.dialogue import Broken, Dialogue, Words
from servers.emulated.starttls.protocol import Protocol


def _prelude(dialogue: Dialogue) -> Words:
    request = line = yield from dialogue.command()
    while line:
        line = yield from dialogue.command()
    if not request.startswith(b"CONNECT "):
        dialogue.say(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\nConnection: close\r\n\r\n")
        raise Broken("the first request is not CONNECT")
    dialogue.say(b"HTTP/1.1 200 Connection established\r\n\r\n")


PROTOCOL = Protocol("http-connect", _prelude, None)
