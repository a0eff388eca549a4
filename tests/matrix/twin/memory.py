"""An emulated server in this process, asked without a socket: what the questions and the rows of tests
meet."""

import dataclasses
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import structs

from clients.connect import connect
from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.observation import Observation
from clients.player import PlayedHello, Player
from clients.renegotiate import ClientRenegotiation
from clients.transport import TransportFailure
from handshake.client.hello import fill_hello
from handshake.crypto.credentials import Credential
from handshake.hello_template import ClientPolicy
from handshake.reason import Kind
from handshake.renegotiation import Renegotiation
from handshake.server import Ending, ServerConfiguration
from matrix.twin.definition import LEVEL, Heading, definition_text
from matrix.twin.draft import Draft
from matrix.twin.inquiry import Asking, Inquiry, Manner
from matrix.twin.learning import hold
from matrix.twin.questions import QUESTIONS
from matrix.twin.reply import Reply, reply_of, reply_to_bytes
from servers.credentials import make_credentials
from servers.declared import Declared
from servers.definition import load_definition
from servers.emulated.emulation import read_emulation, server_configuration
from servers.emulated.served import ServedConnection
from servers.emulated.server import EmulatedServer
from servers.variant import ServerVariant, parse_server_id

SERVER_NAME = "server.example.test"
DESTINATION = Destination("memory", 1, SERVER_NAME)
SECONDS = 5.0


@cache
def credentials() -> Mapping[str, Credential]:
    """Ordinary credentials, made once."""
    return {kind: Credential.from_pem(pem.private_key, pem.chain) for kind, pem in make_credentials().items()}


def server_of(emulation: Mapping[str, Any], **declared: Any) -> EmulatedServer:
    """The server of an [emulation] table and facts that are declared."""
    facts = Declared(**declared)
    made = server_configuration(facts, read_emulation(emulation, "x"), credentials())
    return EmulatedServer("x@1", made)


def server_of_variant(variant: ServerVariant) -> EmulatedServer:
    """The server of a definition."""
    emulation = read_emulation(variant.emulation(), variant.id)
    made = server_configuration(variant.declared(), emulation, credentials())
    return EmulatedServer(variant.id, made)


class MemoryStream:
    """One connection to the server."""

    local_port = 0
    ends = None
    segment_size = 1460

    def __init__(self, server: EmulatedServer) -> None:
        self._served = ServedConnection(server)
        self._incoming = self._served.data_to_send()

    def send(self, data: bytes, deadline: float) -> None:
        """Let the server read, unless it has ended."""
        if not self._served.is_over:
            self._served.receive(data, time.monotonic())
            self._incoming += self._served.data_to_send()

    def receive(self, deadline: float) -> bytes:
        """What the server has said; its end; or silence, for which nobody has to wait."""
        if self._incoming:
            data, self._incoming = self._incoming, b""
            return data
        if self._served.is_over and self._served.ending is Ending.FIN:
            return b""
        is_reset = self._served.is_over and self._served.ending is Ending.RESET
        raise TransportFailure(Kind.RESET if is_reset else Kind.TIMEOUT)

    def pause(self, seconds: float, deadline: float) -> bool:
        """What was sent has arrived."""
        return bool(self._incoming)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Memory:
    """Asks the server in memory; `asked` counts the connections."""

    server: EmulatedServer
    asked: int = 0

    def exchange_type(self, kind: type[Exchange] = Exchange) -> type[Exchange]:
        """The exchange, with this server at the other end."""
        server = self.server

        class InMemory(kind):  # type: ignore[misc, valid-type]
            def open(self) -> MemoryStream:
                return MemoryStream(server)

        return InMemory

    def connect(self, player: Player, kind: type[Exchange] = Exchange) -> Observation:
        """Let a client connect."""
        self.asked += 1
        return connect(player, DESTINATION, deadline_seconds=SECONDS, exchange_type=self.exchange_type(kind))

    def ask(self, inquiry: Inquiry) -> Reply:
        """Ask as `matrix.twin.asking.Interviewer` does."""
        player = Player(
            (PlayedHello(inquiry.hello),), policy=ClientPolicy(renegotiation=Renegotiation.LEGACY)
        )
        if inquiry.spoiled is not None:
            return self._spoiled(inquiry)
        match inquiry.manner:
            case Manner.CONNECT:
                return reply_of(self.connect(player))
            case Manner.RENEGOTIATE:
                return reply_of(self.connect(player, ClientRenegotiation))
            case _:
                return reply_of(self._resume(player, inquiry.manner))

    def hold(self, asking: Asking[Any]) -> Any:
        """Hold a conversation."""
        return hold(asking, self)  # type: ignore[arg-type]

    def _spoiled(self, inquiry: Inquiry) -> Reply:
        assert inquiry.spoiled is not None
        self.asked += 1
        stream, received = MemoryStream(self.server), b""
        stream.send(inquiry.spoiled(fill_hello(inquiry.hello, SERVER_NAME, os.urandom).wire), 0.0)
        try:
            while data := stream.receive(0.0):
                received += data
                reply = reply_to_bytes(received, Kind.TIMEOUT)
                if not reply.is_silent:
                    return reply
        except TransportFailure as failure:
            return reply_to_bytes(received, failure.kind)
        return reply_to_bytes(received, Kind.FIN)

    def _resume(self, player: Player, manner: Manner) -> Observation:
        template = player.templates[0]
        visit = Visit(DESTINATION, SECONDS, b"GET / HTTP/1.0\r\n\r\n")
        first = self.exchange_type()(player, template, visit)
        attempt = first.run()
        by_id = manner is Manner.RESUME_BY_ID
        session = first.connection.session_by_id if by_id else first.connection.session_by_ticket
        self.asked += 2
        seen = Observation((attempt,), first.certificate_sha256, bytes(first.answer.data))
        if session is None:
            return seen
        again = self.exchange_type()(player, template, structs.replace(visit, session=session))
        return dataclasses.replace(seen, later=again.run())


def learned(server: EmulatedServer) -> tuple[Draft, int]:
    """What all questions find out of the server, and in how many connections."""
    memory, draft = Memory(server), Draft()
    for question in QUESTIONS:
        memory.hold(question.ask(draft))
    return draft, memory.asked


def twin_of(draft: Draft, folder: Path) -> EmulatedServer:
    """The server that a draft defines, written into a file and read again."""
    return server_of_variant(variant_of(draft, folder))


def variant_of(draft: Draft, folder: Path) -> ServerVariant:
    """The variant that a draft defines, written into a file and read again."""
    place = folder / "twin"
    place.mkdir(parents=True, exist_ok=True)
    heading = Heading("twin", f"asked on {datetime.now(UTC):%Y-%m-%d}", "openssl-3.0")
    (place / "server.toml").write_text(definition_text(draft, heading), encoding="utf-8")
    definition = load_definition(place / "server.toml")
    return parse_server_id(f"twin@{LEVEL}", {"twin": definition})


def configuration_of(draft: Draft, folder: Path) -> ServerConfiguration:
    """How the twin behaves."""
    return twin_of(draft, folder).configuration
