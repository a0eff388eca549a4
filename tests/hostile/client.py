"""A hostile client without a socket, and the emulated server's conversation with it."""

from handshake.client.connection import ClientConnection
from handshake.events import ApplicationData
from servers.contract import Connection
from servers.emulated.served import ServedConnection
from servers.emulated.server import EmulatedServer
from tests.handshake.peers import silent_client
from tests.hostile.handshakes import Handshake
from tests.hostile.server import NOTHING, REQUEST, UNALTERED
from tests.mutations.records import Alteration, AlteredRecords

PORT = 1234


class Client:
    """A client with a record that is altered; the hello is record 0. `answer` is what the server has said to
    its request, `said` is all that the client has sent. An empty request is not sent.
    """

    def __init__(
        self,
        handshake: Handshake,
        alteration: Alteration = NOTHING,
        number: int = UNALTERED,
        request: bytes = REQUEST,
    ) -> None:
        self.connection: ClientConnection = silent_client(handshake.hello)
        self.records = AlteredRecords(self.connection.records, alteration, number)
        self.connection.records = self.records
        self.connection.start(0.0)
        self.completion = 0
        self.answer = b""
        self.said = b""
        self._request = request

    def take(self, data: bytes) -> None:
        """What the server says."""
        connection = self.connection
        connection.receive_data(data, 0.0)
        while (event := connection.next_event()) is not None:
            if isinstance(event, ApplicationData):
                self.answer += event.data
        if connection.is_connected and not self.completion:
            self.completion = len(self.records.meant)
            if self._request and not connection.is_ended:
                connection.send_application_data(self._request, 0.0)

    def has_heard(self, name: str) -> bool:
        """Whether the server has sent a message of this name."""
        entries = self.connection.transcript
        return any(entry.direction == "received" and entry.name == name for entry in entries)

    def give(self) -> bytes:
        """What it says."""
        data = self.connection.data_to_send()
        self.said += data
        return data


class Conversation:
    """An emulated server's conversation with a client, of whom it hears `stop` bytes, `piece` at once."""

    def __init__(self, server: EmulatedServer) -> None:
        self.served = ServedConnection(server)
        self.heard = 0

    def hold(self, client: Client, stop: int | None = None, piece: int = 65_536) -> Connection:
        """Talk until nobody says anything, and end; what the server has seen."""
        self.talk(client, stop, piece)
        return self.end()

    def talk(self, client: Client, stop: int | None = None, piece: int = 65_536) -> None:
        """Talk until nobody says anything."""
        client.take(self.served.data_to_send())
        while data := client.give():
            self.hear(data if stop is None else data[: stop - self.heard], piece)
            client.take(self.served.data_to_send())

    def hear(self, data: bytes, piece: int = 65_536) -> None:
        """Take what a client says, unless all is over."""
        for start in range(0, len(data), piece):
            if not self.served.is_over:
                self.heard += len(data[start : start + piece])
                self.served.receive(data[start : start + piece], 0.0)

    def end(self) -> Connection:
        """The client is gone."""
        if not self.served.is_over:
            self.served.receive_end_of_stream(0.0)
        return self.served.seen(PORT)
