"""XMPP: starttls among the features of a stream (RFC 6120 section 5)."""

from servers.emulated.starttls.dialogue import Dialogue, Words
from servers.emulated.starttls.protocol import Protocol

_HEAD = (
    b"<?xml version='1.0'?><stream:stream from='server.example.test' id='1' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)
_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"


def _prelude(dialogue: Dialogue) -> Words:
    while not (tag := (yield from dialogue.through(b">")).strip()).startswith(b"<starttls"):
        if tag.startswith(b"<stream:stream"):
            features = b"<starttls xmlns='" + _TLS + b"'><required/></starttls>"
            dialogue.say(_HEAD + b"<stream:features>" + features + b"</stream:features>")
    dialogue.say(b"<proceed xmlns='" + _TLS + b"'/>")


PROTOCOL = Protocol("xmpp", _prelude, lambda request: _HEAD + b"<stream:features/>")
