"""How an emulated server plays a protocol in which TLS begins after words in the clear."""

from collections.abc import Callable
from dataclasses import dataclass

from handshake.clear_text import Framing
from servers.emulated.starttls.dialogue import Dialogue, Words


@dataclass(frozen=True, slots=True)
class Protocol:
    """`prelude` holds the conversation before TLS; `answer(request)` is what anything is answered once
    connected, mostly a refusal. None is HTTP.
    """

    id: str
    prelude: Callable[[Dialogue], Words]
    answer: Callable[[bytes], bytes] | None
    framing: Callable[[], Framing] = Framing
