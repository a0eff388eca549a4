"""What a profile does about a departure, played against the reference server in memory: no socket, no wait.

The exchange is that of a cell; in the place of its transport stands the server's own end. Where neither side
has anything more to say, the client waits for what will not come, which a deadline would end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from clients.connect import connect
from clients.destination import Destination
from clients.exchange import Exchange
from clients.player import Player
from clients.reaction import Reaction, reaction_of
from clients.transport import TransportFailure
from handshake.reason import Kind
from handshake.server import Ending
from handshake.server.departures.departure import Departure, Scenario
from servers import contract
from servers.credentials import CLIENT_SUBJECT, SUBJECT, make_credentials
from servers.definition import ServerDefinition, load_definitions
from servers.emulated.served import DEPARTED, ServedConnection
from servers.emulated.server import EmulatedServer, emulated_server
from servers.http import RENEGOTIATION_PATH
from servers.variant import parse_server_id

SERVER = "reference@rfc"
SECONDS = 1.0
NOWHERE = Destination("127.0.0.1", 1, SUBJECT)


_OF_A_REQUEST = ("hello-request-twice", "hello-request-with-a-body")


def request_at(departure: Departure) -> bytes:
    """What is asked of a server that departs in this way: a renegotiation, where it takes one to show."""
    takes_one = departure.scenario is Scenario.RENEGOTIATION or departure.name in _OF_A_REQUEST
    path = RENEGOTIATION_PATH if takes_one else "/"
    return f"GET {path} HTTP/1.0\r\nHost: {SUBJECT}\r\n\r\n".encode()


def server_id(departure: Departure) -> str:
    """The server that departs in this way."""
    return f"{SERVER},departure={departure.name}"


class InMemory:
    """A server's end in the place of a transport to it."""

    local_port = 1

    def __init__(self, server: EmulatedServer) -> None:
        self.served = ServedConnection(server)

    def close(self) -> None:
        """Nothing is open."""

    def send(self, data: bytes, deadline: float) -> None:
        """Let the server read."""
        del deadline
        if not self.served.is_over:
            self.served.receive(data, 0.0)

    def receive(self, deadline: float) -> bytes:
        """What the server has said; empty once it has ended. Raises TransportFailure."""
        del deadline
        data = self.served.data_to_send()
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
    served: list[ServedConnection] = []
    server = departing_server(departure.name)

    class ExchangeInMemory(Exchange):
        """The exchange of a cell, with the server in memory."""

        def open(self) -> InMemory:
            """No socket is opened."""
            transport = InMemory(server)
            served.append(transport.served)
            return transport

    observation = connect(
        player,
        NOWHERE,
        deadline_seconds=SECONDS,
        request=request_at(departure),
        exchange_type=ExchangeInMemory,
    )
    failure = observation.attempts[-1].failure
    return Met(
        reaction_of(observation),
        any((one.seen(InMemory.local_port).log or "").startswith(DEPARTED) for one in served),
        "" if failure is None else str(failure),
    )


@cache
def departing_server(departure_name: str) -> EmulatedServer:
    """The reference server with one departure."""
    credentials, trusted, definitions = _ingredients()
    variant = parse_server_id(f"{SERVER},departure={departure_name}", definitions)
    return emulated_server(variant.configuration(credentials, trusted, NOWHERE.host))


@cache
def _ingredients() -> tuple[
    Mapping[str, contract.PrivateKeyAndChain], Mapping[str, str], Mapping[str, ServerDefinition]
]:
    """What a server is made of, made once: its keys, the certificates that it trusts, the definitions."""
    trusted = {kind: pem.chain for kind, pem in make_credentials(CLIENT_SUBJECT).items()}
    return make_credentials(), trusted, load_definitions()
