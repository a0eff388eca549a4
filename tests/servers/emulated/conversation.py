"""A willing client and an emulated server that talk in memory; the client is the one of bench/fidelity."""

from bench.fidelity.renegotiation_client import event_word, willing_client
from handshake.events import ApplicationData
from handshake.hello_template import HelloTemplate
from handshake.server import ServerConnection
from handshake.session import Session

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ANSWER = b"HTTP/1.0 200 OK\r\n\r\n"


class Conversation:
    """A client and a server that have exchanged a first request; what the client has seen since."""

    def __init__(self, server: ServerConnection, version: int, initial: str) -> None:
        self.server = server
        self.client = willing_client(version, initial)
        self.version = version
        self.seen: list[str] = []
        self.client.start(0.0)
        self.carry()

    @property
    def verify_data(self) -> bytes:
        finished = self.client.handshake.finished
        assert finished is not None
        return finished.client_verify_data

    def carry(self) -> None:
        """Carry bytes both ways until nobody has any."""
        while True:
            forth = self.client.data_to_send()
            self.server.receive_data(forth, 0.0)
            self._serve()
            back = self.server.data_to_send()
            self.client.receive_data(back, 0.0)
            self._note()
            if not forth and not back:
                return

    def request(self) -> str:
        """Send a request on the keys there are; what the answer is called."""
        if self.client.is_ended:
            return "closed"
        before, self.seen = self.seen, []
        self.client.send_application_data(REQUEST, 0.0)
        self.carry()
        said = self.seen
        self.seen = before + said
        return "200 OK" if "application_data" in said else said[0] if said else "nothing"

    def renegotiate(self, template: HelloTemplate, cut: str | None, session: Session | None) -> None:
        """Begin, with a hello of one's own."""
        self.client.cut = cut
        self.client.renegotiate_with(template, 0.0, session)
        self.carry()

    def _serve(self) -> None:
        while (event := self.server.next_event()) is not None:
            if isinstance(event, ApplicationData) and not self.server.is_ended:
                self.server.send_application_data(ANSWER, 0.0)

    def _note(self) -> None:
        while (event := self.client.next_event()) is not None:
            word = event_word(event)
            is_more_of_an_answer = word == "application_data" and self.seen[-1:] == [word]
            if word is not None and not is_more_of_an_answer:
                self.seen.append(word)

    def end(self) -> list[str]:
        """FIN, if the server has ended the connection."""
        return ["FIN"] if self.server.is_ended else []
