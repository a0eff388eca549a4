"""What a server sends in the segment of its Finished, in every scenario: it is read at once, and nothing of
it may break a conversation. How the connection ends behind the Finished is an observation. Scenarios that
make probes make connections as `connect` does.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from itertools import permutations
from typing import Any

import pytest

from clients.destination import Destination
from clients.observation import COMPLETED, NOT_TRIED, Observation
from clients.profile import load_profiles
from handshake.crypto.credentials import Credential, generate_rsa
from handshake.events import ApplicationData
from handshake.server import ClientCertificate, ServerConfiguration, ServerConnection
from handshake.session import SessionCache
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType, HandshakeType
from matrix.scenarios import SCENARIOS, Meeting
from servers.listener import reset_on_close
from tests.clients.servers import Script, scripted_server

ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
HELLO_REQUEST = push_handshake_message(HandshakeMessage(HandshakeType.HELLO_REQUEST, b""))
CLIENTS = {"TLS 1.2": "openssl-1.0.1", "TLS 1.3": "openssl-3.0"}
VERSIONS: dict[str, dict[str, Any]] = {
    "TLS 1.2": {"versions": (0x0303,), "cipher_suites": (0x009C,)},
    "TLS 1.3": {"versions": (0x0304,), "cipher_suites": (0x1301,), "named_groups": (0x001D, 0x0017)},
}
CONVERSATIONS = [name for name, scenario in SCENARIOS.items() if not scenario.makes_probes]
PROFILES = load_profiles()

Piece = Callable[[ServerConnection], None]


def alert(level: int, description: int) -> Piece:
    return lambda tls: tls.send_alert(level, description)


def record(content_type: int, fragment: bytes) -> Piece:
    return lambda tls: tls.records.write(content_type, fragment, 0.0)


def nothing(tls: ServerConnection) -> None:
    """Add nothing to the segment."""


LEAVES = "leaves"
PIECES: dict[str, Piece] = {
    "close_notify": alert(AlertLevel.WARNING, AlertDescription.CLOSE_NOTIFY),
    "fatal close_notify": alert(AlertLevel.FATAL, AlertDescription.CLOSE_NOTIFY),
    "fatal alert": alert(AlertLevel.FATAL, AlertDescription.HANDSHAKE_FAILURE),
    "no_renegotiation": alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION),
    "HelloRequest": record(ContentType.HANDSHAKE, HELLO_REQUEST),
    "answer": record(ContentType.APPLICATION_DATA, ANSWER),
    "head": record(ContentType.APPLICATION_DATA, b"HTTP/1.0 200 OK\r\n\r\n"),
    "part": record(ContentType.APPLICATION_DATA, ANSWER[:9]),
    "half a message": record(ContentType.HANDSHAKE, HELLO_REQUEST[:2]),
    "unknown record": record(99, b"x"),
    "bad ChangeCipherSpec": record(ContentType.CHANGE_CIPHER_SPEC, b"\x02"),
}


@cache
def credential() -> Credential:
    return generate_rsa(2048, subject="server.example.test", now=datetime.now(UTC), serial=1)


def has_finished(tls: ServerConnection) -> bool:
    return any(each.direction == "sent" and each.name == "Finished" for each in tls.transcript)


def server(configuration: ServerConfiguration, sessions: SessionCache, pieces: tuple[str, ...]) -> Script:
    """Answers requests; with pieces, these follow the Finished in one segment, and FIN. It reads on until the
    client closes, or leaves: a reset then follows the FIN.
    """

    def script(plain: socket.socket) -> bytes:
        tls = ServerConnection(configuration, entropy=os.urandom, sessions=sessions)
        request = b""
        while not tls.is_ended and (data := plain.recv(65_536)):
            tls.receive_data(data, 0.0)
            while (event := tls.next_event()) is not None:
                request += event.data if isinstance(event, ApplicationData) else b""
            if b"\r\n\r\n" in request:
                tls.send_application_data(ANSWER, 0.0)
                tls.close(0.0)
            if pieces and has_finished(tls):
                for piece in pieces:
                    PIECES.get(piece, nothing)(tls)
                break
            plain.sendall(tls.data_to_send())
        plain.sendall(tls.data_to_send())
        plain.shutdown(socket.SHUT_WR)
        if LEAVES in pieces:
            reset_on_close(plain)
            return b""
        with suppress(OSError):  # the client may reset what it has had enough of
            while plain.recv(65_536):
                pass
        return b""

    return script


def observe(scenario: str, version: str, *pieces: str) -> Observation:
    """Carry out a scenario whose last connection is cut short."""
    asks = ClientCertificate.REQUEST if scenario == "client-certificate" else ClientCertificate.NO
    configuration = ServerConfiguration(
        **VERSIONS[version],
        credentials={"rsa": credential()},
        tickets=scenario == "resume-ticket",
        client_certificate=asks,
        trusted_certificates=credential().chain,
    )
    sessions = SessionCache()
    is_resumed = scenario.startswith("resume-") and (version, scenario) != ("TLS 1.3", "resume-session-id")
    before = [server(configuration, sessions, ())] if is_resumed else []
    with scripted_server(*before, server(configuration, sessions, pieces)) as listening:
        return SCENARIOS[scenario].carry_out(
            Meeting(
                PROFILES[CLIENTS[version]].player,
                Destination("127.0.0.1", listening.port, "server.example.test"),
                2.0,
                credentials={"rsa": credential()},
            )
        )


def reason(observation: Observation) -> str | None:
    last = observation.later or observation.attempts[-1]
    return None if last.failure is None else str(last.failure)


RENEGOTIATIONS = ("renegotiate-client", "renegotiate-server")
BEHIND_THE_FINISHED = {
    "close_notify": "close_notify",
    "fatal close_notify": "close_notify",
    "fatal alert": "alert-handshake_failure",
    "part": "fin",
    "unknown record": "protocol-error-unexpected-message",
    "bad ChangeCipherSpec": "protocol-error-decode",
}


@pytest.mark.parametrize("piece", BEHIND_THE_FINISHED)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scenario", CONVERSATIONS)
def test_the_ending_has_its_own_reason(scenario: str, version: str, piece: str) -> None:
    observation = observe(scenario, version, piece)
    phase, cause = "application-data", BEHIND_THE_FINISHED[piece]
    if piece == "bad ChangeCipherSpec" and version == "TLS 1.3":
        cause = "protocol-error-unexpected-message"  # RFC 8446 section 5
    is_open = piece == "part"
    if observation.later is not None:
        phase = "resumption"
    elif scenario in RENEGOTIATIONS and is_open and version == "TLS 1.2":
        phase = "renegotiation"  # it was begun before the FIN was read
    assert reason(observation) == f"{phase}:{cause}"
    if scenario in RENEGOTIATIONS:
        seen = observation.renegotiation
        assert seen is not None
        assert seen.secure == ("fin" if phase == "renegotiation" else NOT_TRIED)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scenario", CONVERSATIONS)
def test_a_fin_is_one_though_the_kernel_resets_what_comes_after_it(scenario: str, version: str) -> None:
    said = str(reason(observe(scenario, version, LEAVES)))
    assert said.endswith(":fin")


@pytest.mark.parametrize("piece", ["answer", "head"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scenario", CONVERSATIONS)
def test_a_server_may_speak_first(scenario: str, version: str, piece: str) -> None:
    observation = observe(scenario, version, piece, "close_notify")
    expected = None
    if scenario in RENEGOTIATIONS:  # an answer to nothing is no renegotiation
        expected = "application-data:close_notify"
        if version == "TLS 1.3":
            expected = "renegotiation:policy-tls-1.3"
    elif (version, scenario) == ("TLS 1.3", "resume-session-id"):
        expected = "resumption:policy-no-session"
    assert reason(observation) == expected


@pytest.mark.parametrize("scenario", RENEGOTIATIONS)
def test_a_renegotiation_that_the_server_asks_for_at_once(scenario: str) -> None:
    """The client has begun it before it could begin its own; the server then goes away."""
    observation = observe(scenario, "TLS 1.2", "HelloRequest")
    seen = observation.renegotiation
    assert reason(observation) == "renegotiation:fin"
    assert seen is not None
    assert (seen.secure, seen.connection_after) == ("fin", "closed")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scenario", CONVERSATIONS)
def test_no_order_of_them_breaks_a_conversation(scenario: str, version: str) -> None:
    for pieces in permutations(PIECES, 2):
        observation = observe(scenario, version, *pieces)
        said = str(reason(observation))
        assert not said.endswith((":timeout", ":reset")), (pieces, said)
        if observation.renegotiation is not None:
            assert COMPLETED not in (observation.renegotiation.secure, observation.renegotiation.legacy)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scenario", CONVERSATIONS)
def test_without_pieces_the_conversations_come_to_their_ends(scenario: str, version: str) -> None:
    """The negative control: the same server, left to answer."""
    expected = {
        ("TLS 1.3", "renegotiate-client"): "renegotiation:policy-tls-1.3",
        ("TLS 1.3", "renegotiate-server"): "renegotiation:policy-tls-1.3",
        ("TLS 1.3", "resume-session-id"): "resumption:policy-no-session",
        ("TLS 1.2", "renegotiate-server"): "renegotiation:policy-not-requested",
    }
    assert reason(observe(scenario, version)) == expected.get((version, scenario))
