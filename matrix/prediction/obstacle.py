"""What keeps a hello from working, and why, as values."""

from msgspec import Struct

from clients.player import Player
from handshake.events import Phase
from handshake.hello_template import HelloTemplate
from handshake.reason import Reason, Rule, parse_cause
from matrix.prediction.facts import ServerFacts
from servers.declared import Declared


class Obstacle(Struct, frozen=True):
    """What keeps a hello from working, in a sentence; `reason` where the definitions say how that ends."""

    why: str
    reason: Reason | None = None


class Negotiation(Struct, frozen=True):
    """One hello at one server, and the version that the server takes of it."""

    hello: HelloTemplate
    client: Player
    server: ServerFacts
    version: int

    @property
    def declared(self) -> Declared:
        """What the server declares."""
        return self.server.declared


class Undecided(Exception):
    """The declared facts do not say whether a hello works."""


def refused(phase: Phase, rule: Rule) -> Reason:
    """What the client being played does not accept, or a scenario finds missing."""
    return Reason(phase, rule.cause)


def declared_refusal(cause: str | None, phase: Phase = Phase.SERVER_HELLO) -> Reason | None:
    """How a server refuses a hello, as declared; None where that is not known."""
    return None if cause is None else Reason(phase, parse_cause(cause))
