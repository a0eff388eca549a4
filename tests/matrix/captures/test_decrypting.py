"""tshark decrypts what was said over every suite, without a key of anybody's: in full and resumed handshakes,
and after a renegotiation.
"""

import dataclasses
import os
from pathlib import Path

import pytest
from msgspec import structs

from handshake.client.connection import ClientConnection
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate, HelloTemplate
from handshake.renegotiation import Renegotiation
from handshake.server import RenegotiationRules, ServerConnection
from handshake.session import Session, SessionCache
from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.registry import ExtensionType, ProtocolVersion, version_name
from matrix.captures.capture import capture_of
from tests.handshake.peers import Ours, client, configuration, exchange, pump, server, template
from tests.handshake.test_against_itself import CASES
from tests.matrix.captures.connections import HTTP_ANSWER, attempt, evidence
from tests.matrix.captures.tshark import fields

FIRST_PORT = 20_000
Connections = dict[str, Ours]


def name_of(version: int, suite: int) -> str:
    return f"{version_name(version)} {CIPHER_SUITES[suite].iana}"


def decrypted(folder: Path, connections: Connections, *, with_secrets: bool = True) -> set[str]:
    """The names of the connections in which tshark sees as many answers as were given."""
    ports = {FIRST_PORT + number: name for number, name in enumerate(connections)}
    attempts = [attempt(ours, port) for port, ours in zip(ports, connections.values(), strict=True)]
    if not with_secrets:
        attempts = [dataclasses.replace(each, key_log=()) for each in attempts]
    file = folder / "all.pcapng"
    file.write_bytes(capture_of(evidence(*attempts)))
    asked, answered = dict.fromkeys(ports, 0), dict.fromkeys(ports, 0)
    for packet in fields(file, "tcp.srcport", "tcp.dstport", "http.request.method", "http.response.code"):
        if packet["http.request.method"]:
            asked[int(packet["tcp.srcport"][0])] += 1
        if packet["http.response.code"]:
            answered[int(packet["tcp.dstport"][0])] += 1
    given = {
        port: ours.received.count(b"HTTP/") for port, ours in zip(ports, connections.values(), strict=True)
    }
    return {name for port, name in ports.items() if asked[port] == answered[port] == given[port]}


def in_full() -> Connections:
    made = {}
    for version, suite in CASES:
        ours, theirs = Ours(client(template(version, suite))), Ours(server(version, suite))
        exchange(ours, theirs, HTTP_ANSWER)
        made[name_of(version, suite)] = ours
    return made


def with_ticket(hello: HelloTemplate, version: int) -> HelloTemplate:
    if not ProtocolVersion.TLS_1_0 <= version <= ProtocolVersion.TLS_1_2:
        return hello
    return structs.replace(
        hello, extensions=(*hello.extensions, ExtensionTemplate(ExtensionType.SESSION_TICKET))
    )


def test_every_suite_in_full_handshakes(tmp_path: Path) -> None:
    connections = in_full()
    assert len(connections) == len(CASES)
    assert set(connections) - decrypted(tmp_path, connections) == set()


def test_without_the_secrets_only_what_is_not_encrypted_can_be_read(tmp_path: Path) -> None:
    connections = in_full()
    null = {name for name in connections if "_WITH_NULL_" in name}
    assert null
    assert decrypted(tmp_path, connections, with_secrets=False) <= null


def test_every_suite_in_resumed_sessions(tmp_path: Path) -> None:
    connections = {}
    for version, suite in CASES:
        sessions, settings = SessionCache(), configuration(version, suite, tickets=True)

        def meet(session: Session | None) -> Ours:
            connection = ClientConnection(
                with_ticket(template(version, suite), version),  # noqa: B023  # used within the turn
                server_name="server.example.test",
                limits=ClientLimits(),
                policy=ClientPolicy(),
                entropy=os.urandom,
                session=session,
            )
            connection.start(0.0)
            ours = Ours(connection)
            theirs = Ours(ServerConnection(settings, entropy=os.urandom, sessions=sessions))  # noqa: B023
            exchange(ours, theirs, HTTP_ANSWER)
            return ours

        first = meet(None)
        session = first.connection.session_by_ticket or first.connection.session_by_id
        assert session is not None, name_of(version, suite)
        again = meet(session)
        assert again.connection.negotiated.is_resumed, name_of(version, suite)
        connections[name_of(version, suite)] = first
        connections[f"{name_of(version, suite)}, resumed"] = again
    assert set(connections) - decrypted(tmp_path, connections) == set()


@pytest.mark.long
def test_every_suite_after_a_renegotiation(tmp_path: Path) -> None:
    connections = {}
    for version, suite in CASES:
        if version > ProtocolVersion.TLS_1_2:
            continue
        rules = RenegotiationRules(allowed=Renegotiation.SECURE)
        ours, theirs = (
            Ours(client(template(version, suite))),
            Ours(server(version, suite, renegotiation=rules)),
        )
        exchange(ours, theirs, HTTP_ANSWER)
        ours.connection.renegotiate(0.0)
        pump(ours, theirs)
        theirs.received.clear()
        ours.received.clear()
        exchange(ours, theirs, HTTP_ANSWER)
        ours.received += HTTP_ANSWER  # what it has received before
        connections[name_of(version, suite)] = ours
    assert set(connections) - decrypted(tmp_path, connections) == set()
