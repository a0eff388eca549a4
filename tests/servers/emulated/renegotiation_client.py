"""A client that begins or answers renegotiations with hellos of its own, in the words of the vectors."""

import secrets
from typing import Any

from handshake.client import ClientConnection
from handshake.client.hello import FilledHello
from handshake.events import AlertReceived, ApplicationData, HandshakeCompleted, RenegotiationRequested
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate, HelloTemplate
from handshake.renegotiation import Renegotiation
from handshake.server import ServerConnection
from handshake.session import Session
from handshake.wire.extensions import push_renegotiation_info
from handshake.wire.registry import AlertLevel, ContentType, ExtensionType, alert_name

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ANSWER = b"HTTP/1.0 200 OK\r\n\r\n"
SCSV = 0x00FF
UNKNOWN_EXTENSION = 0x7777
VERSIONS = {"3.0": 0x0300, "3.1": 0x0301, "3.3": 0x0303}
LEGACY = ClientPolicy(renegotiation=Renegotiation.LEGACY, hello_request="ignore")


class Client(ClientConnection):
    """One that may cut its second hello, or put more behind it."""

    cut: str | None = None

    def write_hello(self, hello: FilledHello) -> None:
        message = hello.message
        middle = len(message) // 2
        fragments = {
            None: [message],
            "split_in_two_records": [message[:middle], message[middle:]],
            "split_in_header": [message[:2], message[2:]],
            # an empty Finished: any message that must not come here
            "extra_handshake_bytes_in_same_record": [message + b"\x14\x00\x00\x00"],
        }[self.cut]
        for fragment in fragments:
            self.records.write(ContentType.HANDSHAKE, fragment, self.now)


def hello(version: int, carries: str, verify_data: bytes = b"") -> HelloTemplate:
    """A hello for AES-128 with what the vectors' words say."""
    words = {
        "none": [],
        "SCSV": [],
        "RI": [push_renegotiation_info(b"")],
        "good": [push_renegotiation_info(verify_data)],
        "good+SCSV": [push_renegotiation_info(verify_data)],
        "empty": [push_renegotiation_info(b"")],
        "zero_len": [b""],
        "wrong": [push_renegotiation_info(bytes(len(verify_data)))],
        "wrong_len": [push_renegotiation_info(verify_data[:-1])],
        "none+unknown_empty_last": [],
    }
    extensions = [ExtensionTemplate(ExtensionType.RENEGOTIATION_INFO, body) for body in words[carries]]
    if carries == "none+unknown_empty_last":
        extensions.append(ExtensionTemplate(UNKNOWN_EXTENSION))
    suites = (0x002F, SCSV) if "SCSV" in carries else (0x002F,)
    return HelloTemplate(version, suites, record_version=version, extensions=tuple(extensions) or None)


class Conversation:
    """A client and a server that have exchanged a first request; what the client has seen since."""

    def __init__(self, server: ServerConnection, version: int, initial: str) -> None:
        self.server = server
        self.client = Client(
            hello(version, initial),
            server_name=None,
            limits=ClientLimits(),
            policy=LEGACY,
            entropy=secrets.token_bytes,
        )
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
            match event:
                case AlertReceived(level, description):
                    word = AlertLevel(level).name.lower()
                    self.seen.append(f"{word} {alert_name(description)}({description})")
                case ApplicationData() if self.seen[-1:] != ["application_data"]:  # however it is split
                    self.seen.append("application_data")
                case RenegotiationRequested():
                    self.seen.append("HelloRequest")
                case HandshakeCompleted(negotiated):
                    self.seen.append("completed (abbreviated)" if negotiated.is_resumed else "completed")

    def end(self) -> list[str]:
        """FIN, if the server has ended the connection."""
        return ["FIN"] if self.server.is_ended else []


def second_server_hello(conversation: Conversation) -> dict[str, Any]:
    """What the vectors keep of the second ServerHello."""
    handshake = conversation.client.handshake
    body = handshake.server_extensions.get(ExtensionType.RENEGOTIATION_INFO)
    previous = handshake.previous
    assert previous is not None
    both = push_renegotiation_info(previous.client_verify_data + previous.server_verify_data)
    return {
        "second_version": f"{handshake.version >> 8}.{handshake.version & 0xFF}",
        "second_renegotiation_info": "client+server verify_data" if body == both else body,
        "same_session": handshake.is_resumed,
    }
