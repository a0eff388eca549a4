"""A hostile server without a socket, and the client's exchange with it."""

from collections.abc import Callable
from typing import Protocol

from clients.connect import request_for
from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.observation import Attempt
from clients.player import PlayedHello, Player
from clients.starttls import StartTls
from clients.transport import TransportFailure
from handshake.events import ApplicationData
from handshake.hello_template import ClientLimits, ClientPolicy
from handshake.reason import Kind, parse_reason
from handshake.server import ServerConnection
from tests.hostile.handshakes import Handshake
from tests.mutations.records import Alteration, AlteredRecords

SERVER_NAME = "server.example.test"
SECONDS = 600.0
"""The deadline of an exchange in memory, where silence is known at once."""
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
NOTHING = Alteration(lambda written: (written,))
UNALTERED = -1


class Server:
    """A server with a record that is altered. `then` is done when a request has come, and says whether it is
    answered behind that; `needed` is how many bytes have gone out with the end of the answer. The handshake
    is complete behind record `completion`, for which the client waits behind record `before_completion`.
    """

    def __init__(
        self,
        handshake: Handshake,
        alteration: Alteration = NOTHING,
        number: int = UNALTERED,
        then: Callable[[ServerConnection], bool] = lambda connection: True,
    ) -> None:
        self.connection = ServerConnection(handshake.configuration, entropy=bytes)
        self.records = AlteredRecords(self.connection.records, alteration, number)
        self.connection.records = self.records
        self.before_completion = self.completion = 0
        self.needed = 0
        self.was_asked = False
        self._then = then
        self._request = b""
        self._given = 0
        self._outgoing = b""

    def take(self, data: bytes) -> None:
        """What the client says."""
        connection = self.connection
        was_connected = connection.is_connected
        connection.receive_data(data, 0.0)
        if not was_connected:
            self.before_completion, self.completion = self.completion, len(self.records.meant)
        while (event := connection.next_event()) is not None:
            if isinstance(event, ApplicationData):
                self._request += event.data
        if b"\r\n\r\n" in self._request and not connection.is_ended:
            self._request = b""
            self.was_asked = True
            if self._then(connection):
                connection.send_application_data(ANSWER, 0.0)
                self._outgoing += connection.data_to_send()
                self.needed = self._given + len(self._outgoing)
                connection.close(0.0)

    @property
    def is_over(self) -> bool:
        """Whether it has ended the connection."""
        return self.connection.is_ended

    def give(self) -> bytes:
        """What it says."""
        data = self._outgoing + self.connection.data_to_send()
        self._outgoing = b""
        self._given += len(data)
        return data


class Speaker(Protocol):
    """Who is at the other end of a line."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""

    def take(self, data: bytes) -> None:
        """What the client says."""

    def give(self) -> bytes:
        """What there is to say."""


class Line:
    """The client's connection to a server, which breaks as `ending` behind `stop` bytes. What comes at once
    is at most `piece` bytes, and `spoil` has the last word about all of it; `heard` is what the client got.
    """

    local_port = 0
    ends = None
    segment_size = 1460

    def __init__(
        self,
        server: Speaker,
        stop: int | None = None,
        ending: Kind = Kind.FIN,
        piece: int = 65_536,
        spoil: Callable[[int, bytes], bytes] = lambda place, data: data,
    ) -> None:
        self._server = server
        self._left = stop
        self._ending = ending
        self._piece = piece
        self._spoil = spoil
        self._incoming = server.give()
        self.carried = 0
        self.heard = b""

    def send(self, data: bytes, deadline: float) -> None:
        """Let the server read."""
        self._server.take(data)
        self._incoming += self._server.give()

    def receive(self, deadline: float) -> bytes:
        """What the server has said; where it says nothing, nobody has to wait."""
        size = self._piece if self._left is None else min(self._piece, self._left)
        data, self._incoming = self._incoming[:size], self._incoming[size:]
        if data:
            self.carried += len(data)
            self._left = None if self._left is None else self._left - len(data)
            heard = self._spoil(self.carried - len(data), data)
            self.heard += heard
            return heard
        ending = self._ending
        if self._left != 0:
            ending = Kind.FIN if self._server.is_over else Kind.TIMEOUT
        if ending is Kind.FIN:
            return b""
        raise TransportFailure(ending)

    def pause(self, seconds: float, deadline: float) -> bool:
        """What was sent has arrived."""
        return bool(self._incoming)

    def close(self) -> None:
        """Nothing is open."""


def visit(
    handshake: Handshake,
    line: Line,
    kind: type[Exchange] = Exchange,
    policy: ClientPolicy | None = None,
    starttls: StartTls | None = None,
) -> Attempt:
    """Let the client have its exchange over the line."""

    class OverTheLine(kind):  # type: ignore[misc, valid-type]
        def open(self) -> Line:
            return line

    player = Player((PlayedHello(handshake.hello),), ClientLimits(), policy or ClientPolicy())
    destination = Destination("hostile", 1, SERVER_NAME, starttls)
    request = REQUEST if starttls is None else request_for(destination)
    attempt = OverTheLine(player, handshake.hello, Visit(destination, SECONDS, request)).run()
    assert isinstance(attempt, Attempt)
    check_told(attempt)
    return attempt


def check_told(attempt: Attempt) -> None:
    """An attempt has worked or has a reason, which is one that reports, files and the judge know."""
    failure = attempt.failure
    if failure is None:
        assert attempt.negotiated is not None
        return
    assert parse_reason(str(failure)) == failure
    assert failure.sentence
