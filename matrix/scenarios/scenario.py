"""What a scenario is: something to ask of a client and a server, carried out on real connections.

A scenario is a value in a module of its own in this folder, called SCENARIO; adding one is adding a file.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from clients.connect import connect
from clients.destination import Destination
from clients.exchange import Exchange
from clients.observation import Observation
from clients.pace import at_once
from clients.player import Player
from handshake.crypto.credentials import Credential
from matrix.prediction import Agreement, Prediction, ServerFacts


class Meeting(Struct, frozen=True):
    """A client and the server it is to meet. `deadline_seconds` is for each connection, `pace` waits for the
    turn of one; `credentials` by certificate type are those the server trusts, for scenarios that show one,
    `own` those that the user wants shown in every scenario. `is_ours` is false for a target, which does
    nothing for our sake.
    """

    player: Player
    destination: Destination
    deadline_seconds: float
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    own: Mapping[str, Credential] = field(default_factory=dict)
    pace: Callable[[], None] = at_once
    is_ours: bool = True

    def connect(
        self,
        exchange_type: type[Exchange] = Exchange,
        credentials: Mapping[str, Credential] | None = None,
    ) -> Observation:
        """Connect as ever, do as `exchange_type` does once connected, and show the credentials when asked."""
        return connect(
            self.player,
            self.destination,
            deadline_seconds=self.deadline_seconds,
            exchange_type=exchange_type,
            credentials=self.own or credentials,
            pace=self.pace,
        )


def nothing_to_add(client: Player, server: ServerFacts, agreement: Agreement) -> Prediction | None:
    """Predict no more than that they connect."""
    return None


class Scenario(Struct, frozen=True):
    """`carry_out` lets them meet and tells what was seen; whatever the peer does is an observation.

    `predict` says, from both definitions and what they agree on, how it ends beyond connecting: an exact
    failure, or None when it works. `is_default`: done when no scenario is chosen. `shows_certificate`: the
    client has one to show. `makes_probes`: once connected it asks with changed hellos (`probing`), and what
    these amount to is the reason, whatever a fallback had before.
    """

    id: str
    title: str
    carry_out: Callable[[Meeting], Observation]
    predict: Callable[[Player, ServerFacts, Agreement], Prediction | None] = nothing_to_add
    is_default: bool = False
    shows_certificate: bool = False
    makes_probes: bool = False
