"""Every genuine program that is here, against real servers: it talks to one, and how one refuses it is what
is seen.
"""

import socket
from collections.abc import Iterator

import pytest

from bench.fidelity.reactions.departing import departing_servers, server_id
from bench.fidelity.reactions.genuine import met
from clients.destination import Destination
from clients.genuine.program import PREFIX
from clients.genuine.programs import load_programs
from clients.genuine.visit import visit
from clients.observation import Observation
from clients.reaction import Reaction
from handshake.server.departures.collection import departures
from handshake.wire.record import Record, push_record
from handshake.wire.registry import AlertDescription, ContentType
from servers.credentials import SUBJECT
from servers.processes.start import RunningServer, RunningServers
from tests.clients.genuine.peers import scripted, servers_of_ours
from tests.clients.servers import read_hello

SECONDS = 20.0
PROGRAMS = load_programs()
MODERN, INCIDENT = "openssl@4.0.3", "jsse7@7u85,protocols=tlsv1"
ONLY_TLS_1_0 = ("genuine-openssl-1.0.0f",)
VERSIONS = {"TLSv1.0": 0x0301, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
HANDSHAKE_FAILURE = push_record(
    Record(ContentType.ALERT, 0x0301, bytes((2, AlertDescription.HANDSHAKE_FAILURE)))
)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Destination]]:
    with servers_of_ours(MODERN, INCIDENT) as found:
        yield found


def visit_of(identity: str, destination: Destination) -> Observation:
    program = PROGRAMS[identity]
    if program.missing is not None:
        pytest.skip(program.missing)
    return visit(program, destination, deadline_seconds=SECONDS)


def installed(program: str) -> str:
    """The one version of a program that is installed."""
    found = [identity for identity in PROGRAMS if identity.startswith(f"{PREFIX}{program}")]
    missing = PROGRAMS[found[0]].missing
    if missing is not None:
        pytest.skip(missing)
    return found[0]


@pytest.mark.long(but=["genuine-openssl-4.0.3", "genuine-jsse-17.0.9", "genuine-go-1.22"])
@pytest.mark.parametrize("identity", PROGRAMS)
def test_it_talks_to_a_server(identity: str, servers: dict[str, Destination]) -> None:
    is_old = identity in ONLY_TLS_1_0
    seen = visit_of(identity, servers[INCIDENT if is_old else MODERN])
    assert [attempt.failure for attempt in seen.attempts] == [None]
    assert seen.is_answered
    assert seen.response.startswith(b"HTTP/1")
    (attempt,) = seen.attempts
    assert attempt.negotiated is not None
    assert attempt.offered_version_name in VERSIONS
    if not is_old:
        assert attempt.negotiated.version == VERSIONS[attempt.offered_version_name]


@pytest.mark.parametrize("identity", PROGRAMS)
def test_a_server_that_refuses_is_seen_to(identity: str) -> None:
    def refuse(connection: socket.socket) -> bytes:
        hello = read_hello(connection)
        connection.sendall(HANDSHAKE_FAILURE)
        return hello

    with scripted(refuse) as destination:
        seen = visit_of(identity, destination)
    assert {str(attempt.failure) for attempt in seen.attempts} == {"server-hello:alert-handshake_failure"}
    assert seen.response == b""


@pytest.mark.long(but=["genuine-openssl-4.0.3", "genuine-jsse-17.0.9", "genuine-go-1.22"])
@pytest.mark.parametrize("identity", PROGRAMS)
def test_a_server_that_closes_is_seen_to(identity: str) -> None:
    with scripted(read_hello) as destination:
        seen = visit_of(identity, destination)
    assert {str(attempt.failure) for attempt in seen.attempts} == {"server-hello:fin"}


def test_a_silent_server_is_waited_for() -> None:
    program = PROGRAMS[installed("openssl-")]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = Destination("127.0.0.1", listener.getsockname()[1], "server.example.test")
        seen = visit(program, silent, deadline_seconds=0.5)
    assert str(seen.attempts[0].failure) == "server-hello:timeout"


@pytest.mark.long
@pytest.mark.parametrize("version", ["1.0.1u", "1.0.2d"])
def test_an_old_node_is_not_asked_again_after_a_refusal(version: str) -> None:
    """These begin another handshake on the same connection where they are."""
    program = PROGRAMS[f"genuine-openssl-{version}"]
    if program.missing is not None:
        pytest.skip(program.missing)
    name = "certificate-request-trailing-byte"
    with departing_servers([name]) as departing:
        seen = met(departing, program, departures()[name], SECONDS)
    assert seen.reaction == Reaction("alert:decode_error", "hello")


# What the incident's server meets: each of them refuses it in a way of its own, or takes it.
REFUSALS = {
    "curl-": ("key-exchange:policy-alert-internal_error", "internal_error"),
    "jsse-17.0.9": ("server-hello:policy-alert-protocol_version", "protocol_version"),
    "httpclient-17.0.9": ("server-hello:policy-closes", None),
    "openssl-3.4.1": ("server-hello:policy-alert-protocol_version", "protocol_version"),
    "gnutls-": (None, None),
    "chromium-": ("server-hello:policy-alert-protocol_version", "protocol_version"),
}


@pytest.mark.long(but=["openssl-3.4.1", "gnutls-"])
@pytest.mark.parametrize("program", REFUSALS)
def test_the_alert_and_the_message_that_is_refused_are_seen(
    program: str, servers: dict[str, Destination]
) -> None:
    reason, alert = REFUSALS[program]
    seen = visit_of(installed(program), servers[INCIDENT])
    failure = seen.attempts[-1].failure
    assert (None if failure is None else str(failure)) == reason
    assert (failure.detail.alert_sent or None if failure else None) == alert


# A departing server, and how programs with and without a key log refuse what it says; none has its secrets.
DEPARTURES = {
    ("openssl-3.0", "alert-in-two-records"): "certificate:policy-alert-unexpected_message",
    ("openssl-3.0", "alert-level-3"): "certificate:policy-alert-illegal_parameter",
    ("openssl-3.0", "record-version-0505"): "server-hello:policy-closes",
    ("openssl-3.0", "supported-versions-as-a-list"): "server-hello:policy-alert-decode_error",
    ("openssl-3.0", "unknown-message-after-handshake"): "application-data:policy-alert-unexpected_message",
    ("openssl-3.0", "tls13-record-of-16385-bytes"): "application-data:policy-alert-record_overflow",
    ("openssl-3.0", "retry-without-supported-versions"): None,
    ("openssl-3.0", "fatal-unrecognized-name-and-on"): "certificate:alert-unrecognized_name",
    ("gnutls", "key-update-empty"): "application-data:policy-closes",
    ("gnutls", "tls13-record-of-16385-bytes"): "application-data:policy-closes",
    ("jsse-17.0.9", "change-cipher-spec-after-handshake"): "application-data:policy-alert-unexpected_message",
    ("jsse-17.0.9", "key-update-empty"): "application-data:policy-alert-illegal_parameter",
}


@pytest.fixture(scope="module")
def departing() -> Iterator[RunningServers]:
    with departing_servers(sorted({name for _, name in DEPARTURES})) as servers:
        yield servers


@pytest.mark.long(but=["gnutls-*", "openssl-3.0-record-*"])
@pytest.mark.parametrize(("program", "name"), DEPARTURES)
def test_what_a_program_does_about_a_departure_is_its_reason(
    program: str, name: str, departing: RunningServers
) -> None:
    server = departing[server_id(name)]
    assert isinstance(server, RunningServer), server
    seen = visit_of(installed(program), Destination(server.host, server.port, SUBJECT))
    failure = seen.attempts[-1].failure
    assert (None if failure is None else str(failure)) == DEPARTURES[program, name]


def test_what_is_encrypted_is_read_where_the_program_tells_its_secrets(
    servers: dict[str, Destination],
) -> None:
    seen = visit_of(installed("curl-"), servers[MODERN])
    names = {entry.name for entry in seen.attempts[0].transcript}
    assert {"EncryptedExtensions", "Certificate", "CertificateVerify", "Finished"} <= names
    assert seen.certificate is not None
    assert seen.attempts[0].key_log


def test_without_secrets_nothing_is_made_up(servers: dict[str, Destination]) -> None:
    seen = visit_of(installed("jsse-17.0.9"), servers[MODERN])
    names = {entry.name for entry in seen.attempts[0].transcript}
    assert "EncryptedExtensions" not in names
    assert seen.certificate is None
