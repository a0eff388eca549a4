"""Renegotiating over real sockets, with servers that do it, refuse it in every way, and do it badly."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from clients.connect import connect
from clients.destination import Destination
from clients.observation import Observation
from clients.profile import load_profiles
from clients.renegotiate import ClientRenegotiation, Renegotiation, ServerRenegotiation
from handshake.crypto.credentials import Credential, generate_rsa
from handshake.errors import LocalError
from handshake.events import ApplicationData
from handshake.renegotiation import Renegotiation as Willingness
from handshake.server import RenegotiationRules, ServerConfiguration, ServerConnection
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import Alert
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType, HandshakeType
from tests.clients.servers import Script, scripted_server

PROFILES = load_profiles()
SECURE, LEGACY = "openssl-1.0.1", "ie8-winxp"
SUITES = (0x002F, 0x0005, 0x0004, 0x000A)
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
DEADLINE = 1.0
HELLO_REQUEST = push_handshake_message(HandshakeMessage(HandshakeType.HELLO_REQUEST, b""))

Act = Callable[[ServerConnection, bytes], None]
"""What a server does with the head of a request: answer it, ask for a renegotiation, nothing ..."""


@cache
def credential() -> Credential:
    return generate_rsa(2048, subject="server.example.test", now=datetime.now(UTC), serial=1)


def nothing(tls: ServerConnection) -> None:
    """Leave a connection alone."""


def engine(
    act: Act,
    rules: RenegotiationRules | None = None,
    *,
    once_connected: Callable[[ServerConnection], None] = nothing,
    goes_silent: bool = False,
    never_content: bool = False,
    **quirks: object,
) -> Script:
    """A TLS 1.0 server whose requests go to `act`; one that goes silent sends no more handshake messages
    once it is connected but a HelloRequest, one that is never content asks again after each handshake.
    """
    configuration = ServerConfiguration(
        versions=(0x0300, 0x0301),
        cipher_suites=SUITES,
        credentials={"rsa": credential()},
        renegotiation=rules or RenegotiationRules(),
    )
    configuration = replace(configuration, **quirks)

    def script(plain: socket.socket) -> bytes:
        tls, request, was_connected = ServerConnection(configuration, entropy=os.urandom), b"", False
        while data := _receive(plain):
            tls.receive_data(data, 0.0)
            while (event := tls.next_event()) is not None:
                if isinstance(event, ApplicationData):
                    request += event.data
            if goes_silent and was_connected:
                tls.data_to_send()
            while b"\r\n\r\n" in request and not tls.is_ended:
                head, _, request = request.partition(b"\r\n\r\n")
                act(tls, head)
            if tls.is_connected and not was_connected:
                once_connected(tls)
                was_connected = True
            elif never_content and was_connected:
                with suppress(LocalError):  # one is under way
                    tls.request_renegotiation(0.0)
            with suppress(OSError):  # the client may be gone
                plain.sendall(tls.data_to_send())
                if tls.is_ended:
                    plain.shutdown(socket.SHUT_WR)
        return b""

    return script


def _receive(plain: socket.socket) -> bytes:
    try:
        return plain.recv(65_536)
    except OSError:
        return b""


def answer(tls: ServerConnection, head: bytes) -> None:
    tls.send_application_data(ANSWER, 0.0)


def ask_and_answer(tls: ServerConnection, head: bytes) -> None:
    if b"/reneg" in head:
        tls.request_renegotiation(0.0)
    if not tls.is_ended:
        answer(tls, head)


def observe(
    script: Script, exchange_type: type[Renegotiation], client: str = SECURE, deadline: float = DEADLINE
) -> Observation:
    with scripted_server(script) as server:
        return connect(
            PROFILES[client].player,
            Destination("127.0.0.1", server.port, "server.example.test"),
            deadline_seconds=deadline,
            exchange_type=exchange_type,
        )


def told(observation: Observation) -> tuple[str | None, str, str, str | None]:
    """The reason, the secure and the legacy answer, and what became of the connection."""
    failure, seen = observation.attempts[-1].failure, observation.renegotiation
    assert seen is not None
    return (None if failure is None else str(failure), seen.secure, seen.legacy, seen.connection_after)


COMPLETED, NOT_TRIED = "completed", "not-tried"
BOTH = pytest.mark.parametrize("exchange_type", [ClientRenegotiation, ServerRenegotiation])


@BOTH
def test_secure(exchange_type: type[Renegotiation]) -> None:
    seen = observe(engine(ask_and_answer), exchange_type)
    assert told(seen) == (None, COMPLETED, NOT_TRIED, None)
    assert seen.is_answered
    assert seen.renegotiation is not None
    assert seen.renegotiation.offered
    assert seen.renegotiation.answered


@BOTH
def test_legacy(exchange_type: type[Renegotiation]) -> None:
    rules = RenegotiationRules(allowed=Willingness.LEGACY)
    assert told(observe(engine(ask_and_answer, rules), exchange_type, LEGACY)) == (
        None,
        NOT_TRIED,
        COMPLETED,
        None,
    )


def test_an_answer_is_waited_for_on_the_new_keys() -> None:
    def act(tls: ServerConnection, head: bytes) -> None:
        tls.request_renegotiation(0.0)

    seen = observe(engine(act), ServerRenegotiation, deadline=0.3)
    assert told(seen)[:2] == ("application-data:timeout", COMPLETED)


@pytest.mark.parametrize(
    ("refusal", "reason", "after"),
    [
        (Alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION), "alert-no_renegotiation", "open"),
        (Alert(AlertLevel.FATAL, AlertDescription.HANDSHAKE_FAILURE), "alert-handshake_failure", "closed"),
        (None, "timeout", "open"),
    ],
    ids=["warning", "fatal", "silence"],
)
def test_a_refusal_and_whether_the_connection_survives_it(
    refusal: Alert | None, reason: str, after: str
) -> None:
    rules = RenegotiationRules(allowed=Willingness.OFF, refusal=refusal)
    seen = observe(engine(answer, rules), ClientRenegotiation, LEGACY)
    assert told(seen) == (f"renegotiation:{reason}", NOT_TRIED, reason, after)


def test_a_refusal_by_warning_takes_no_time() -> None:
    rules = RenegotiationRules(allowed=Willingness.OFF)
    started = time.monotonic()
    observe(engine(answer, rules), ClientRenegotiation, LEGACY, deadline=30)
    assert time.monotonic() - started < 10  # silence would have taken half of the thirty seconds


@pytest.mark.parametrize("client", [SECURE, "java-7"])
def test_a_client_may_mind_being_refused(client: str) -> None:
    """It ends the connection, or takes any warning in a handshake for an error: the refusal comes first."""
    seen = observe(engine(answer, RenegotiationRules(allowed=Willingness.OFF)), ClientRenegotiation, client)
    assert told(seen) == (
        "renegotiation:alert-no_renegotiation",
        "alert-no_renegotiation",
        NOT_TRIED,
        "closed",
    )


def test_a_server_that_does_not_ask() -> None:
    seen = observe(engine(answer), ServerRenegotiation)
    assert told(seen)[:2] == ("renegotiation:policy-not-requested", "policy-not-requested")


def test_a_client_that_declines_and_goes_on() -> None:
    rules = RenegotiationRules(allowed=Willingness.LEGACY)
    seen = observe(engine(ask_and_answer, rules, renegotiation_info=False), ServerRenegotiation, "java-7")
    assert told(seen) == (
        "renegotiation:policy-legacy-renegotiation",
        NOT_TRIED,
        "policy-legacy-renegotiation",
        "open",
    )


def test_a_server_that_minds_being_declined() -> None:
    rules = RenegotiationRules(allowed=Willingness.LEGACY)
    script = engine(ask_and_answer, rules, renegotiation_info=False, ignores_warnings=False)
    assert told(observe(script, ServerRenegotiation, "java-7"))[3] == "closed"


@BOTH
def test_a_server_that_stops_half_way_ends_at_the_deadline(exchange_type: type[Renegotiation]) -> None:
    started = time.monotonic()
    seen = observe(engine(ask_only, goes_silent=True), exchange_type, deadline=0.6)
    assert told(seen) == ("renegotiation:timeout", "timeout", NOT_TRIED, "closed")
    assert time.monotonic() - started < 5


def ask_only(tls: ServerConnection, head: bytes) -> None:
    """Ask, and never answer anything."""
    if b"/reneg" in head:
        tls.request_renegotiation(0.0)


@BOTH
def test_a_wrong_verify_data_is_the_servers_fault(exchange_type: type[Renegotiation]) -> None:
    def forget_finished(tls: ServerConnection) -> None:
        assert tls.handshake.finished is not None
        tls.handshake.finished = replace(tls.handshake.finished, server_verify_data=bytes(12))

    script = engine(ask_and_answer, once_connected=forget_finished)
    assert told(observe(script, exchange_type))[0] == "renegotiation:protocol-error-renegotiation-info"


def test_renegotiations_without_end_come_to_an_end() -> None:
    seen = observe(engine(ask_only, never_content=True), ServerRenegotiation, deadline=60)
    assert str(seen.attempts[-1].failure).endswith(":protocol-error-excess-data")


def test_hello_requests_without_end_are_one() -> None:
    def act(tls: ServerConnection, head: bytes) -> None:
        for _ in range(1_000):
            tls.records.write(ContentType.HANDSHAKE, HELLO_REQUEST, 0.0)
        tls.request_renegotiation(0.0)
        answer(tls, head)

    assert told(observe(engine(act), ServerRenegotiation))[1] == COMPLETED


def test_tls_1_3_has_none() -> None:
    configuration = {"versions": (0x0304,), "cipher_suites": (0x1301,), "named_groups": (0x001D,)}
    for exchange_type in (ClientRenegotiation, ServerRenegotiation):
        seen = observe(engine(answer, **configuration), exchange_type, "openssl-3.0")
        assert told(seen) == ("renegotiation:policy-tls-1.3", NOT_TRIED, NOT_TRIED, None)
