"""What becomes of a client's hellos, in the order in which it tries them."""

from msgspec import Struct

from clients.player import PlayedHello, Player
from handshake.hello_template import HelloTemplate
from handshake.reason import Reason
from matrix.judgement.outcome import Outcome
from matrix.prediction.facts import ServerFacts
from matrix.prediction.obstacle import Obstacle, Undecided
from matrix.prediction.obstacles import obstacle, offered_to


class Prediction(Struct, frozen=True):
    """What should happen and why, in a sentence (empty when it should simply work); `reason` where the
    definitions say it exactly.
    """

    outcome: Outcome
    why: str = ""
    reason: Reason | None = None


class Agreement(Struct, frozen=True):
    """The hello that gets through and the version the server answers it with."""

    hello: HelloTemplate
    version: int


def predict(client: Player, server: ServerFacts) -> Prediction | None:
    """Predict a cell; None when the facts do not decide it, or the server is there to be observed."""
    if server.is_only_observed:
        return None
    first: Obstacle | None = None
    before: Obstacle | None = None
    for hello in client.hellos:
        if before is not None and not _is_tried(hello, before):
            break
        try:
            before = obstacle(hello.template, client, server)
        except Undecided:
            return None
        if before is None:
            return _prediction(Outcome.WORKS_AFTER_FALLBACK if first else Outcome.WORKS, first)
        first = first or before
    return _prediction(Outcome.FAILS, first)


def _is_tried(hello: PlayedHello, before: Obstacle) -> bool:
    """Whether the hello follows what the one before met with; one whose reason is not known lets it."""
    return before.reason is None or before.reason.cause in hello.after


def _prediction(outcome: Outcome, first: Obstacle | None) -> Prediction:
    return Prediction(outcome, first.why, first.reason) if first else Prediction(outcome)


def agreement(client: Player, server: ServerFacts, *, after_fallback: bool) -> Agreement | None:
    """Say what client and server agree on where they do: in the first attempt, or in the last of the ladder;
    None without a common version.
    """
    hello = client.templates[-1 if after_fallback else 0]
    common = offered_to(server, hello) & frozenset(server.declared.versions)
    return Agreement(hello, max(common)) if common else None
