"""Questions about renegotiation: a first hello, a second one inside the connection, and what became of it.

The words are those of tests/vectors/jsse-renegotiation.json and jsse-server-initiated.json (SOURCES.md beside
them says what each means); an answer has the fields of their outcomes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bench.fidelity import answers
from bench.fidelity.questions import Patience
from bench.fidelity.renegotiation_client import (
    CUTS,
    VERSIONS,
    CuttingClient,
    event_word,
    hello,
    second_server_hello,
    willing_client,
)
from clients.http_answer import Answer
from handshake.events import AlertReceived, ApplicationData, Event, PeerClosed
from handshake.wire.registry import AlertDescription, AlertLevel, ExtensionType

REQUEST = b"GET / HTTP/1.0\r\nHost: server.example.test\r\nConnection: keep-alive\r\n\r\n"
ASKING = REQUEST.replace(b"GET / ", b"GET /reneg ")
ANSWERED = "200 OK"


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


async def _once_connected(
    host: str,
    port: int,
    patience: Patience,
    version: int,
    initial: str,
    ask: Callable[[Talk], Awaitable[answers.Answer]],
) -> answers.Answer:
    """Do the first handshake, then ask; the handshake's own failure is the answer where there is one."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        client = willing_client(version, initial)
        client.start(0.0)
        talk = Talk(client, reader, writer, patience)
        words = await talk.hear("completed")
        return await ask(talk) if words[-1] == "completed" else {"initial": words[0]}
    finally:
        writer.transport.abort()


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
        return await _once_connected(host, port, patience, VERSIONS[self.version], self.initial, self._ask)

    async def _ask(self, talk: Talk) -> dict[str, Any]:
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
        return await _once_connected(host, port, patience, VERSIONS[self.version], self.initial, self._ask)

    async def _ask(self, talk: Talk) -> dict[str, Any]:
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
