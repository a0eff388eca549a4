"""How an emulated server plays a protocol in which TLS begins after words in the clear."""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from handshake.clear_text import Framing
from servers.emulated.starttls.dialogue import Dialogue, Words


class Protocol(Struct, frozen=True):
    """`prelude` holds the conversation before TLS; `answer(request)` is what anything is answered once
    connected, mostly a refusal. None is HTTP, unless there is a `service`: the conversation inside TLS, which
    ends the connection with its end. `settings` are what a definition may set in [protocol], with what holds
    without it.
    """

    id: str
    prelude: Callable[[Dialogue], Words]
    answer: Callable[[bytes], bytes] | None
    framing: Callable[[], Framing] = Framing
    service: Callable[[Dialogue], Words] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
