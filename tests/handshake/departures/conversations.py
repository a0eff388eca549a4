"""A client and a departing server in one process, in the scenario in which the departure shows."""

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from msgspec.structs import replace

from handshake.client.connection import ClientConnection
from handshake.crypto.credentials import Credential
from handshake.errors import LocalError
from handshake.features import parse_feature
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate, HelloTemplate
from handshake.server import ClientCertificate, ServerConfiguration, ServerConnection
from handshake.server.departures.departure import Departure, Scenario
from handshake.session import Session, SessionCache
from handshake.wire.registry import ExtensionType, NamedGroup, ProtocolVersion
from servers.credentials import KINDS
from tests.handshake.peers import ANSWER, REQUEST, Ours, configuration, pump, template

SUITES_13 = (0x1301, 0x1303, 0x1302)
SUITES_12 = (0xC02F, 0xC030, 0xC013, 0xC014, 0x009E, 0x002F, 0x0035)
SUITES = (0xC013, 0xC014, 0x0033, 0x002F, 0x0035)


def suites_of(version: int) -> tuple[int, ...]:
    """Suites of one version, ephemeral ones first."""
    if version >= ProtocolVersion.TLS_1_3:
        return SUITES_13
    return SUITES_12 if version == ProtocolVersion.TLS_1_2 else SUITES


def hello_for(departure: Departure, version: int) -> HelloTemplate:
    """A hello that meets the departure."""
    hello = _hello(version)
    if departure.hello == "extension:supported_versions" and version < ProtocolVersion.TLS_1_3:
        listed = ExtensionTemplate(ExtensionType.SUPPORTED_VERSIONS, bytes.fromhex("0403040303"))
        return replace(hello, extensions=(*(hello.extensions or ()), listed))
    return parse_feature(departure.hello).with_(hello) if departure.hello else hello


def hello_without(departure: Departure, version: int) -> HelloTemplate:
    """A hello that has not what the departure names."""
    return parse_feature(departure.hello).without(_hello(version))


def _hello(version: int) -> HelloTemplate:
    hello = template(version, *suites_of(version))
    extensions = list(hello.extensions or ())
    if version < ProtocolVersion.TLS_1_3:
        extensions.append(ExtensionTemplate(ExtensionType.SESSION_TICKET))
    else:
        extensions.append(ExtensionTemplate(ExtensionType.PSK_KEY_EXCHANGE_MODES, b"\x01\x01"))
    return replace(hello, extensions=tuple(extensions))


def settings(departure: Departure | None, version: int) -> ServerConfiguration:
    """A server of one version with everything that a departure may need."""
    quirks: dict[str, Any] = {"departures": () if departure is None else (departure,), "tickets": True}
    if departure is not None and departure.scenario is Scenario.CLIENT_CERTIFICATE:
        quirks["client_certificate"] = ClientCertificate.REQUEST
    if departure is not None and departure.certificate:
        shown = _credential(departure.certificate)
        quirks["credentials"] = {shown.certificate_type: shown}
    groups = (NamedGroup.X25519, NamedGroup.SECP256R1, NamedGroup.SECP384R1)
    return configuration(version, *suites_of(version), named_groups=groups, **quirks)


@cache
def _credential(kind: str) -> Credential:
    return KINDS[kind].make(subject="server.example.test", now=datetime.now(UTC), serial=5)


@dataclass
class Conversation:
    """Both sides, the server's first. `is_complete` says whether application data went both ways."""

    client: Ours
    server: Ours
    is_complete: bool = False
    sessions: SessionCache = field(default_factory=SessionCache)


def converse(
    departure: Departure,
    version: int,
    *,
    sessions: SessionCache | None = None,
    session: Session | None = None,
    hello: HelloTemplate | None = None,
) -> Conversation:
    """Connect, and go on to where the departure shows; a resumption has a connection before it."""
    sessions = sessions or SessionCache()
    hello = hello or hello_for(departure, version)
    if departure.scenario is Scenario.RESUMPTION and session is None:
        before = _Talk(settings(None, version), hello, sessions, None)
        before.run(departure)
        session = before.session
        assert session is not None, "there is a session to resume"
    talk = _Talk(settings(departure, version), hello, sessions, session)
    talk.run(departure)
    return Conversation(talk.client, talk.server, talk.is_complete, sessions)


class _Talk:
    def __init__(
        self,
        configured: ServerConfiguration,
        hello: HelloTemplate,
        sessions: SessionCache,
        session: Session | None,
    ) -> None:
        connection = ClientConnection(
            hello,
            server_name="server.example.test",
            limits=ClientLimits(),
            policy=ClientPolicy(),
            entropy=os.urandom,
            session=session,
            clock=time.time,
        )
        connection.start(0.0)
        self.client = Ours(connection)
        self.server = Ours(
            ServerConnection(configured, entropy=os.urandom, sessions=sessions, clock=time.time)
        )
        self.is_complete = False

    @property
    def session(self) -> Session | None:
        """What the client can resume."""
        return self.client.connection.session_by_ticket or self.client.connection.session_by_id

    def run(self, departure: Departure) -> None:
        """Handshake, request and answer, a renegotiation where that is the scenario, and the end."""
        pump(self.client, self.server)
        if departure.scenario is Scenario.RENEGOTIATION:
            self._attempt(lambda: self.client.connection.renegotiate(0.0))
        elif departure.scenario is Scenario.HELLO_REQUEST:
            self._attempt(lambda: self.server.connection.request_renegotiation(0.0))
        self._attempt(lambda: self.client.send(REQUEST))
        self._attempt(lambda: self.server.send(ANSWER))
        received = bytes(self.server.received), bytes(self.client.received)
        self.is_complete = received[0] == REQUEST and received[1].endswith(ANSWER)
        self.server.connection.close(0.0)
        pump(self.client, self.server)

    def _attempt(self, act: Any) -> None:
        """Do something that an ended connection refuses to do."""
        try:
            act()
        except LocalError:
            return
        pump(self.client, self.server)
