"""Questions about renegotiation: a first hello, a second one inside the connection, and what became of it.

The words are those of tests/vectors/jsse-renegotiation.json and jsse-server-initiated.json (SOURCES.md beside
them says what each means); an answer has the fields of their outcomes.
"""

import asyncio
import os
from dataclasses import dataclass
from typing import Any

from bench.fidelity import answers
from bench.fidelity.questions import Patience
from clients.http_answer import Answer
from handshake.client import ClientConnection
from handshake.client.hello import FilledHello
from handshake.events import (
    AlertReceived,
    ApplicationData,
    Event,
    HandshakeCompleted,
    PeerClosed,
    RenegotiationRequested,
)
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate, HelloTemplate
from handshake.renegotiation import Renegotiation
from handshake.wire.extensions import push_renegotiation_info
from handshake.wire.registry import (
    AlertDescription,
    AlertLevel,
    ContentType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    alert_name,
)

VERSIONS = {
    "3.0": ProtocolVersion.SSL_3_0,
    "3.1": ProtocolVersion.TLS_1_0,
    "3.3": ProtocolVersion.TLS_1_2,
}
TLS_RSA_WITH_AES_128_CBC_SHA = 0x002F
SCSV = 0x00FF
UNKNOWN_EXTENSION = 0x7777
FINISHED_OUT_OF_PLACE = bytes((HandshakeType.FINISHED, 0, 0, 0))
REQUEST = b"GET / HTTP/1.0\r\nHost: server.example.test\r\nConnection: keep-alive\r\n\r\n"
ASKING = REQUEST.replace(b"GET / ", b"GET /reneg ")
ANSWERED = "200 OK"
CUTS = ("split_in_two_records", "split_in_header", "extra_handshake_bytes_in_same_record")
_WILLING = ClientPolicy(renegotiation=Renegotiation.LEGACY, hello_request="ignore")


def hello(version: int, carries: str, verify_data: bytes = b"") -> HelloTemplate:
    """A hello for AES-128 that carries what the word says; `verify_data` is the client's Finished before."""
    bodies = {
        "RI": [push_renegotiation_info(b"")],
        "good": [push_renegotiation_info(verify_data)],
        "good+SCSV": [push_renegotiation_info(verify_data)],
        "empty": [push_renegotiation_info(b"")],
        "zero_len": [b""],
        "wrong": [push_renegotiation_info(bytes(len(verify_data)))],
        "wrong_len": [push_renegotiation_info(verify_data[:-1])],
    }.get(carries, [])
    extensions = [ExtensionTemplate(ExtensionType.RENEGOTIATION_INFO, body) for body in bodies]
    if carries == "none+unknown_empty_last":
        extensions.append(ExtensionTemplate(UNKNOWN_EXTENSION))
    suites = (TLS_RSA_WITH_AES_128_CBC_SHA, *((SCSV,) if "SCSV" in carries else ()))
    return HelloTemplate(version, suites, record_version=version, extensions=tuple(extensions) or None)


class CuttingClient(ClientConnection):
    """A client that may cut its second hello or put more behind it: one of CUTS."""

    cut: str | None = None

    def write_hello(self, hello: FilledHello) -> None:
        """Write the hello in the fragments that the cut asks for."""
        message = hello.message
        middle = len(message) // 2
        fragments = {
            "split_in_two_records": [message[:middle], message[middle:]],
            "split_in_header": [message[:2], message[2:]],
            "extra_handshake_bytes_in_same_record": [message + FINISHED_OUT_OF_PLACE],
        }.get(self.cut or "", [message])
        for fragment in fragments:
            self.records.write(ContentType.HANDSHAKE, fragment, self.now)


def willing_client(version: int, initial: str) -> CuttingClient:
    """A client that renegotiates when told to, whatever the server has signalled."""
    return CuttingClient(
        hello(version, initial),
        server_name=None,
        limits=ClientLimits(),
        policy=_WILLING,
        entropy=os.urandom,
    )


def event_word(event: Event) -> str | None:
    """What the vectors call an event; None for those they leave out."""
    match event:
        case AlertReceived(level, description):
            return f"{AlertLevel(level).name.lower()} {alert_name(description)}({description})"
        case ApplicationData():
            return "application_data"
        case RenegotiationRequested():
            return "HelloRequest"
        case HandshakeCompleted(negotiated):
            return "completed (abbreviated)" if negotiated.is_resumed else "completed"
        case PeerClosed(close_notify=False):
            return "FIN"
    return None


def second_server_hello(client: ClientConnection) -> dict[str, Any]:
    """What the vectors keep of the second ServerHello."""
    handshake = client.handshake
    body = handshake.server_extensions.get(ExtensionType.RENEGOTIATION_INFO)
    assert handshake.previous is not None, "only asked for after a renegotiation"
    both = handshake.previous.client_verify_data + handshake.previous.server_verify_data
    is_expected = body == push_renegotiation_info(both)
    return {
        "second_version": f"{handshake.version >> 8}.{handshake.version & 0xFF}",
        "second_renegotiation_info": "client+server verify_data"
        if is_expected
        else body.hex()
        if body is not None
        else None,
        "same_session": handshake.is_resumed,
    }


def _ends(event: Event) -> bool:
    """Whether the peer ends its side, in an orderly way or not."""
    match event:
        case AlertReceived(_, AlertDescription.CLOSE_NOTIFY) | PeerClosed():
            return True
    return False


class Talk:
    """One connection of a willing client, over TCP: steps forward until something is known."""

    def __init__(
        self,
        client: CuttingClient,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        patience: Patience,
    ) -> None:
        self.client = client
        self._reader, self._writer = reader, writer
        self._patience = patience

    async def hear(self, *enough: str) -> list[str]:
        """Send what is queued, and hear until one of the words, an alert or the end; silence ends it too."""
        words: list[str] = []
        answer = Answer()
        self._writer.write(self.client.data_to_send())
        while not any(word in enough or "(" in word or word == "FIN" for word in words):
            try:
                data = await asyncio.wait_for(self._reader.read(65536), self._patience.without_bytes)
            except TimeoutError:
                return [*words, "silence"]
            except ConnectionError:
                return [*words, "RST"]
            if data:
                self.client.receive_data(data, 0.0)
            else:
                self.client.receive_end_of_stream(0.0)
            while (event := self.client.next_event()) is not None:
                if isinstance(event, ApplicationData):
                    answer.take(event.data)
                    if not answer.is_whole:
                        continue
                elif _ends(event) and answer.ends_with_the_stream:
                    words.append("application_data")
                if (word := event_word(event)) is not None:
                    words.append(word)
            self._writer.write(self.client.data_to_send())
            if not data and not words:
                return ["FIN"]
        return words

    async def request(self, request: bytes = REQUEST) -> str:
        """Send a request; ANSWERED, or the first thing that came instead."""
        if self.client.is_ended:
            return "closed"
        self.client.send_application_data(request, 0.0)
        words = await self.hear("application_data")
        return ANSWERED if "application_data" in words else words[0]

    async def end(self) -> str:
        """How the server ends its side after a fatal alert: FIN, RST, or open."""
        try:
            while await asyncio.wait_for(self._reader.read(65536), self._patience.without_bytes):
                pass
        except TimeoutError:
            return "open"
        except ConnectionError:
            return "RST"
        return "FIN"


@dataclass(frozen=True, slots=True)
class ClientBegins:
    """A renegotiation the client begins. `special` is one of the vectors' words or empty."""

    version: str
    initial: str
    second: str
    special: str = ""

    @property
    def name(self) -> str:
        """The row in words."""
        special = f", {self.special}" if self.special else ""
        return f"{self.version}: {self.initial}, then {self.second}{special}"

    @property
    def description(self) -> str:
        """Nothing that the name does not say."""
        return ""

    async def ask(self, host: str, port: int, patience: Patience) -> answers.Answer:
        """Do the first handshake, a request, the second hello, and one more request."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            client = willing_client(VERSIONS[self.version], self.initial)
            client.start(0.0)
            return await self._ask(Talk(client, reader, writer, patience))
        finally:
            writer.transport.abort()

    async def _ask(self, talk: Talk) -> dict[str, Any]:
        words = await talk.hear("completed")
        if words[-1] != "completed":
            return {"initial": words[0]}
        client = talk.client
        body = client.handshake.server_extensions.get(ExtensionType.RENEGOTIATION_INFO)
        answer: dict[str, Any] = {"first_renegotiation_info": None if body is None else body.hex()}
        if self.special != "no_request_before":
            answer["request_before"] = await talk.request()
        said = self.special.removeprefix("second_hello_says_")
        finished = client.handshake.finished
        assert finished is not None, "the handshake is complete"
        template = hello(VERSIONS.get(said, VERSIONS[self.version]), self.second, finished.client_verify_data)
        client.cut = self.special if self.special in CUTS else None
        session = client.session_by_id if self.special == "resume" else None
        if client.is_ended:
            return answer
        client.renegotiate_with(template, 0.0, session)
        result, *more = await talk.hear("completed", "completed (abbreviated)")
        answer["result"] = result
        if result.startswith("completed"):
            answer |= second_server_hello(client)
        if result.startswith("fatal"):
            answer["end"] = await talk.end()
        else:
            answer["request_after"] = more[0] if more else await talk.request()
        return answer


@dataclass(frozen=True, slots=True)
class ServerAsks:
    """A renegotiation the server's application asks for, and what the client does about it."""

    version: str
    initial: str
    client: str

    @property
    def name(self) -> str:
        """The row in words."""
        return f"{self.version}: {self.initial}, the server asks, {self.client}"

    @property
    def description(self) -> str:
        """Nothing that the name does not say."""
        return ""

    async def ask(self, host: str, port: int, patience: Patience) -> answers.Answer:
        """Do the handshake, ask for it by a request, react, and send one more request."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            client = willing_client(VERSIONS[self.version], self.initial)
            client.start(0.0)
            return await self._ask(Talk(client, reader, writer, patience))
        finally:
            writer.transport.abort()

    async def _ask(self, talk: Talk) -> dict[str, Any]:
        words = await talk.hear("completed")
        if words[-1] != "completed":
            return {"initial": words[0]}
        client = talk.client
        client.send_application_data(ASKING, 0.0)
        answer: dict[str, Any] = {"first": await talk.hear("application_data")}
        if client.is_ended:
            answer["first"].append(await talk.end())
            return answer
        if self.client.startswith("hello_"):
            finished = client.handshake.finished
            assert finished is not None, "the handshake is complete"
            carries = self.client.removeprefix("hello_")
            template = hello(VERSIONS[self.version], carries, finished.client_verify_data)
            client.renegotiate_with(template, 0.0)
            answer["then"] = (await talk.hear("completed"))[:1]
        elif self.client.endswith("no_renegotiation"):
            level = AlertLevel.WARNING if self.client.startswith("warning") else AlertLevel.FATAL
            client.send_alert(level, AlertDescription.NO_RENEGOTIATION)
            answer["then"] = (await talk.hear())[:1]
        if not client.is_ended and "FIN" not in answer.get("then", ()):
            answer["next_request"] = await talk.request()
        return answer
