"""What a server can be asked, and the conversation of a question with whoever asks. Pure.

A question is a generator: it gives an inquiry, takes the reply, and in the end has written into the draft
what follows. So nothing of a question needs a socket, and a budget can end it anywhere.
"""

from collections.abc import Callable, Generator
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from handshake.hello_template import HelloTemplate
from matrix.twin.reply import Reply

if TYPE_CHECKING:
    from matrix.twin.draft import Draft


class Manner(StrEnum):
    """What is done with a hello once it is answered.

    "connect": a request and its answer. "resume-by-id", "resume-by-ticket": a second connection offers the
    session of the first. "renegotiate": the client renegotiates, in the way that both hellos allow.
    """

    CONNECT = "connect"
    RESUME_BY_ID = "resume-by-id"
    RESUME_BY_TICKET = "resume-by-ticket"
    RENEGOTIATE = "renegotiate"


class Inquiry(Struct, frozen=True):
    """One hello, and what comes after it. `spoiled` makes of the hello's bytes what is sent in their place;
    then the answer is read no further than to its ServerHello or alert.
    """

    hello: HelloTemplate
    manner: Manner = Manner.CONNECT
    spoiled: Callable[[bytes], bytes] | None = None


Result = TypeVar("Result")
Asking = Generator[Inquiry, Reply, Result]
"""A conversation that ends with a result."""


def ask(hello: HelloTemplate) -> Asking[Reply]:
    """Ask with one hello."""
    reply = yield Inquiry(hello)
    return reply


class Question(Struct, frozen=True):
    """One thing to find out. `title` completes "asks ..." for a person; `ask` holds the conversation and
    writes into the draft.
    """

    name: str
    title: str
    ask: Callable[["Draft"], Asking[None]]
