"""What a protocol is in which TLS begins after words in the clear: a value in a module of its own here."""

import re
from collections.abc import Callable

from msgspec import Struct

from clients.http_answer import Answer
from clients.starttls.dialogue import Dialogue, Words
from handshake.clear_text import Framing

CLIENT_NAME = "tls-matrix"
"""How this program calls itself where a protocol wants a name; as a user it exists nowhere."""


class Protocol(Struct, frozen=True):
    """How TLS is begun in a protocol, and what is asked once connected.

    `prelude(dialogue, name)` holds the conversation before TLS; `request(name)` is one harmless request to
    which every server has an answer, a refusal included (RFCs and what was tried are named in each module);
    None is HTTP. `answer` makes what says when its answer is whole; without it the first bytes will do.
    `name` is what the client calls the server; of http-connect it is HOST:PORT. `asks` finds, in all that a
    client has said, its last word before TLS; where the handshake is framed, the first packet.
    """

    id: str
    title: str
    prelude: Callable[[Dialogue, str], Words]
    request: Callable[[str], bytes] | None
    asks: re.Pattern[bytes]
    framing: Callable[[], Framing] = Framing
    answer: Callable[[], Answer] = Answer


class StartTls(Struct, frozen=True):
    """The protocol that is spoken with a server before TLS, by id, and what the client calls the server."""

    protocol: str
    name: str
