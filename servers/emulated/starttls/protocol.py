"""How an emulated server plays a protocol in which TLS begins after words in the clear."""

from collections.abc import Callable
from dataclasses import dataclass

from servers.emulated.starttls.dialogue import Dialogue, Words


class Framing:
    """How the bytes of TLS travel: as they are. One object a connection."""

    def wrap(self, data: bytes) -> bytes:
        """Return what goes over the wire for `data` of TLS."""
        return data

    def unwrap(self, data: bytes) -> bytes:
        """Return what there is of TLS in what came; what is incomplete is kept for later."""
        return data

    def end(self) -> None:
        """The handshake is complete: what is wrapped from now on is data."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """`prelude` holds the conversation before TLS; `answer(request)` is what anything is answered once
    connected, mostly a refusal. None is HTTP.
    """

    id: str
    prelude: Callable[[Dialogue], Words]
    answer: Callable[[bytes], bytes] | None
    framing: Callable[[], Framing] = Framing
