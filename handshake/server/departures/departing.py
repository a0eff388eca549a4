"""The departures of one handshake, as the engine asks them: each place where it chooses or sends has one
method here. Without departures every method gives back what it got. A departure that changes something has
shown: a hello may give it no occasion.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from handshake.crypto.delegation import Delegation
from handshake.server.choice import Agreement, Choice
from handshake.server.departures.departure import Departure, Scenario, Situation
from handshake.server.steps import Flight, Steps
from handshake.wire.handshake_message import HandshakeMessage

What = TypeVar("What")


class Departing(Struct, frozen=True):
    """`departures` are those of the configuration; `situation` makes what they may look at, `shown` takes
    the name of each that changes something.
    """

    departures: tuple[Departure, ...]
    situation: Callable[[], Situation]
    shown: Callable[[str], None]

    def choice(self, chosen: Choice) -> Choice:
        """The choice of version, suite and group that is answered with."""
        if not self.departures:
            return chosen
        situation = replace(self.situation(), version=chosen.version, suite=chosen.suite)
        for departure in self.departures:
            if departure.shows(situation):
                chosen = self._noted(departure, chosen, departure.chooses(situation, chosen))
        return chosen

    def agreement(self, agreed: Agreement) -> Agreement:
        """What extensions agree on."""
        return self._through(agreed, lambda departure: departure.agrees)

    def parameters(self, parameters: bytes) -> bytes:
        """The parameters of a ServerKeyExchange, not signed yet."""
        return self._through(parameters, lambda departure: departure.parameters)

    def delegation(self, delegation: Delegation | None) -> Delegation | None:
        """What is delegated in TLS 1.3, None where nothing is."""
        return self._through(delegation, lambda departure: departure.delegates)

    def scheme(self, scheme: int) -> int:
        """The scheme of a signature, from TLS 1.2 on."""
        return self._through(scheme, lambda departure: departure.scheme)

    def group_to_ask_for(self, groups: tuple[int, ...], shares: tuple[int, ...], retries: int) -> int | None:
        """The group of a HelloRetryRequest that needs not be, after so many before it; None for none."""
        if not self.departures:
            return None
        situation = self.situation()
        for departure in self.departures:
            is_due = departure.scenario is Scenario.RETRY and retries < departure.retries
            if is_due and departure.shows(situation):
                return self._noted(departure, None, departure.asks_again(situation, groups, shares))
        return None

    def messages(self, message: HandshakeMessage) -> tuple[HandshakeMessage, ...]:
        """What goes out instead of a message."""
        messages: Iterable[HandshakeMessage] = (message,)
        if self.departures:
            situation = self.situation()
            for departure in self.departures:
                if departure.shows(situation):
                    before = tuple(messages)
                    after = tuple(new for old in before for new in departure.rewrites(situation, old))
                    messages = self._noted(departure, before, after)
        return tuple(messages)

    def before(self, handshake_type: int) -> tuple[HandshakeMessage, ...]:
        """What goes out before a message that is computed from what went before."""
        if not self.departures:
            return ()
        situation = self.situation()
        return tuple(
            message
            for departure in self.departures
            if departure.shows(situation)
            for message in self._noted(departure, (), tuple(departure.leads_in(situation, handshake_type)))
        )

    def flight(self, flight: Flight, steps: Steps) -> Steps:
        """The steps of a flight."""
        if self.departures:
            situation = self.situation()
            for departure in self.departures:
                if departure.shows(situation):
                    steps = self._noted(departure, steps, departure.arranges(situation, flight, steps))
        return steps

    def _through(self, what: What, hook: Callable[[Departure], Callable[[Situation, What], What]]) -> What:
        if self.departures:
            situation = self.situation()
            for departure in self.departures:
                if departure.shows(situation):
                    what = self._noted(departure, what, hook(departure)(situation, what))
        return what

    def _noted(self, departure: Departure, before: What, after: What) -> What:
        """What a departure has made of something, told where it is another."""
        if after != before:
            self.shown(departure.name)
        return after
