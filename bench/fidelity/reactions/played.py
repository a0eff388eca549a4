"""What a profile does about a departure, played against the reference server in memory: no socket, no wait.

The exchange is that of a cell; in the place of its transport stands the server's own end. Where neither side
has anything more to say, the client waits for what will not come, which a deadline would end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.fidelity.reactions.departing import departing_server, has_departed, request_at
from clients.connect import connect
from clients.destination import Destination
from clients.exchange import Exchange
from clients.observation import Observation
from clients.player import Player
from clients.reaction import Reaction, reaction_of
from clients.transport import TransportFailure
from handshake.reason import Kind
from handshake.server import Ending
from handshake.server.departures.departure import Departure
from servers.credentials import SUBJECT
from servers.emulated.served import ServedConnection
from servers.emulated.server import EmulatedServer

SECONDS = 1.0
NOWHERE = Destination("127.0.0.1", 1, SUBJECT)


class InMemory:
    """A server's end in the place of a transport to it."""

    local_port = 1
    ends = None
    segment_size = None

    def __init__(self, server: EmulatedServer) -> None:
        self.served = ServedConnection(server)
        self._said = b""

    def close(self) -> None:
        """Nothing is open."""

    def send(self, data: bytes, deadline: float) -> None:
        """Let the server read."""
        del deadline
        if not self.served.is_over:
            self.served.receive(data, 0.0)

    def pause(self, seconds: float, deadline: float) -> bool:
        """Nothing takes time here; whether the server has said something already."""
        del seconds, deadline
        self._said += self.served.data_to_send()
        return bool(self._said) or self.served.is_over

    def receive(self, deadline: float) -> bytes:
        """What the server has said; empty once it has ended. Raises TransportFailure."""
        del deadline
        data, self._said = self._said + self.served.data_to_send(), b""
        if data or (self.served.is_over and self.served.ending is Ending.FIN):
            return data
        raise TransportFailure(Kind.RESET if self.served.ending is Ending.RESET else Kind.TIMEOUT)


@dataclass(frozen=True, slots=True)
class Met:
    """A reaction, and whether the server has departed at all; `words` are those of the reason."""

    reaction: Reaction
    is_met: bool
    words: str = ""


def played(player: Player, departure: Departure) -> Met:
    """What a client does about a departure."""
    server, request = departing_server(departure.name), request_at(departure)
    observation, served = play(player, server, request)
    failure = observation.attempts[-1].failure
    return Met(
        reaction_of(observation),
        any(has_departed(one.seen(InMemory.local_port)) for one in served),
        "" if failure is None else str(failure),
    )


def play(
    player: Player, server: EmulatedServer, request: bytes
) -> tuple[Observation, Sequence[ServedConnection]]:
    """A visit to a server in memory, as the client and as the server saw it, connection by connection."""
    served: list[ServedConnection] = []

    class ExchangeInMemory(Exchange):
        """The exchange of a cell, with the server in memory."""

        def open(self) -> InMemory:
            """No socket is opened."""
            transport = InMemory(server)
            served.append(transport.served)
            return transport

    observation = connect(
        player, NOWHERE, deadline_seconds=SECONDS, request=request, exchange_type=ExchangeInMemory
    )
    return observation, served
