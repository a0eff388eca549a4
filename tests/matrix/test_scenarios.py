"""Scenarios with the servers themselves: what must happen, and beside it what must not."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from clients.destination import Destination
from clients.profile import load_profiles
from handshake.crypto.credentials import Credential
from handshake.reason import Reason, parse_reason
from matrix.judgement.judge import outcome_of
from matrix.judgement.outcome import NOTHING_TO_DO, Outcome
from matrix.scenarios import SCENARIOS, Meeting
from servers.credentials import CLIENT_SUBJECT, SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.variant import parse_server_id

PROFILES = load_profiles()
CLIENT, SERVER = "renegotiate-client", "renegotiate-server"
ID, TICKET, CERTIFICATE = "resume-session-id", "resume-ticket", "client-certificate"
LEGACY_ON = "webmethods-8.0.1@core-fix-19,client-renegotiation=legacy,renegotiation=legacy"
S_SERVER = "openssl-s_server@system,configuration=legacy"
WORKS = None

# Each row: server, client, scenario, the reason of its failure or WORKS, and the secure and legacy answers.
RENEGOTIATIONS: list[tuple[str, str, str, str | None, str, str]] = [
    # Java 6 by update level (research note on JSSE, sections 5 and 6)
    ("jsse6@6u18", "openssl-1.0.1", CLIENT, WORKS, "not-tried", "completed"),
    ("jsse6@6u18", "openssl-1.0.1", SERVER, WORKS, "not-tried", "completed"),
    (
        "jsse6@6u21",
        "ie8-winxp",
        CLIENT,
        "renegotiation:alert-no_renegotiation",
        "not-tried",
        "alert-no_renegotiation",
    ),
    (
        "jsse6@6u21",
        "ie6-winxp",  # SSLv3
        CLIENT,
        "renegotiation:alert-handshake_failure",
        "not-tried",
        "alert-handshake_failure",
    ),
    (
        "jsse6@6u21",
        "ie8-winxp",
        SERVER,
        "renegotiation:alert-handshake_failure",
        "not-tried",
        "alert-handshake_failure",
    ),
    ("jsse6@6u21,renegotiation=legacy", "ie8-winxp", CLIENT, WORKS, "not-tried", "completed"),
    ("jsse6@6u45", "ie8-win7", CLIENT, WORKS, "completed", "not-tried"),
    ("jsse6@6u45", "ie8-win7", SERVER, WORKS, "completed", "not-tried"),
    (
        "jsse6@6u45",
        "ie8-winxp",
        CLIENT,
        "renegotiation:alert-no_renegotiation",
        "not-tried",
        "alert-no_renegotiation",
    ),
    ("jsse6@6u45,renegotiation=legacy", "ie8-winxp", CLIENT, WORKS, "not-tried", "completed"),
    ("jsse6@6u45,renegotiation=legacy", "ie8-winxp", SERVER, WORKS, "not-tried", "completed"),
    # OpenSSL (research note on servers, section 5)
    (
        S_SERVER,
        "ie8-win7",
        CLIENT,
        "renegotiation:alert-no_renegotiation",
        "alert-no_renegotiation",
        "not-tried",
    ),
    (f"{S_SERVER},client-initiated=yes", "ie8-win7", CLIENT, WORKS, "completed", "not-tried"),
    ("openssl@4.0.3", "openssl-1.0.1", SERVER, WORKS, "completed", "not-tried"),
    (
        "openssl@4.0.3,renegotiation=off",
        "openssl-1.0.1",
        SERVER,
        "renegotiation:policy-not-requested",
        "policy-not-requested",
        "not-tried",
    ),
    # Debian 12, measured: GnuTLS and NSS let a client begin one, stunnel only when told to, nginx never.
    ("gnutls@system", "ie8-win7", CLIENT, WORKS, "completed", "not-tried"),
    (
        "gnutls@system",
        "java-6u18",
        CLIENT,
        "renegotiation:alert-no_renegotiation",
        "not-tried",
        "alert-no_renegotiation",
    ),
    ("gnutls@system,renegotiation=legacy", "java-6u18", CLIENT, WORKS, "not-tried", "completed"),
    ("nss@system", "openssl-1.0.1", CLIENT, WORKS, "completed", "not-tried"),
    (
        "nss@system,renegotiation=off",
        "openssl-1.0.1",
        CLIENT,
        "renegotiation:alert-no_renegotiation",
        "alert-no_renegotiation",
        "not-tried",
    ),
    ("stunnel@system,client-initiated=yes", "openssl-1.0.1", CLIENT, WORKS, "completed", "not-tried"),
    (
        "stunnel@system",
        "openssl-1.0.1",
        CLIENT,
        "renegotiation:alert-no_renegotiation",
        "alert-no_renegotiation",
        "not-tried",
    ),
    (
        "stunnel@system",
        "openssl-1.0.1",
        SERVER,
        "renegotiation:policy-not-requested",
        "policy-not-requested",
        "not-tried",
    ),
    (
        "nginx@system",
        "openssl-1.0.1",
        CLIENT,
        "renegotiation:alert-no_renegotiation",
        "alert-no_renegotiation",
        "not-tried",
    ),
    # The remedy of 2012: of no use, the hello itself is what fails.
    (LEGACY_ON, "biztalk-ws2008", CLIENT, "server-hello:alert-unexpected_message", "", ""),
    (LEGACY_ON, "wfetch-winxp", CLIENT, WORKS, "not-tried", "completed"),
]
# Each row: server, client, scenario, the reason of its failure or WORKS.
OTHERS: list[tuple[str, str, str, str | None]] = [
    # TLS 1.2 with a server that knows no RSASSA-PSS: the client must not be told otherwise.
    ("jsse7@7u25,client-certificate=request", "openssl-1.0.1", CERTIFICATE, None),
    (LEGACY_ON, "biztalk-ws2008", "connect", "server-hello:alert-unexpected_message"),
    ("jsse6@6u18", "ie6-winxp", ID, WORKS),
    ("jsse7@7u25", "openssl-1.0.1", ID, WORKS),
    ("jsse7@7u25", "openssl-1.0.1", TICKET, "resumption:policy-no-session"),
    ("openssl@4.0.3", "openssl-1.0.1", TICKET, WORKS),
    ("openssl@4.0.3", "openssl-3.0", TICKET, WORKS),
    ("openssl@4.0.3", "openssl-3.0", ID, "resumption:policy-no-session"),
    ("tlslite@0.8.2", "java-7", ID, WORKS),
    ("tlslite@0.8.2", "gnutls-3.7", TICKET, WORKS),
    ("jsse6@6u45", "ie8-winxp", CERTIFICATE, "certificate:policy-not-requested"),
    ("jsse6@6u45,client-certificate=request", "ie8-winxp", CERTIFICATE, WORKS),
    ("jsse6@6u45,client-certificate=require", "ie6-winxp", CERTIFICATE, WORKS),
    ("jsse6@6u45,client-certificate=require", "ie8-winxp", "connect", "finished:alert-bad_certificate"),
    ("openssl@4.0.3,client-certificate=require", "openssl-3.0", CERTIFICATE, WORKS),
    (
        "openssl@4.0.3,client-certificate=require",
        "openssl-3.0",
        "connect",
        "application-data:alert-certificate_required",
    ),
    (
        "openssl@4.0.3,client-certificate=require",
        "openssl-1.0.1",
        "connect",
        "finished:alert-handshake_failure",
    ),
    ("tlslite@0.8.2,client-certificate=request", "java-7", CERTIFICATE, WORKS),
    ("gnutls@system", "openssl-1.0.1", ID, "resumption:policy-no-extended_master_secret"),
    ("gnutls@system", "java-8", ID, "resumption:policy-full-handshake"),
    ("gnutls@system", "openssl-1.0.1", CERTIFICATE, WORKS),
    ("nss@system,client-certificate=require", "openssl-3.0", CERTIFICATE, WORKS),
    ("nginx@system", "openssl-1.0.1", TICKET, WORKS),
    ("nginx@system", "java-8", ID, "resumption:policy-full-handshake"),
    ("stunnel@system", "java-8", ID, WORKS),
    ("stunnel@system", "openssl-3.0", TICKET, WORKS),
    ("stunnel@system,client-certificate=request", "openssl-1.0.1", CERTIFICATE, WORKS),
]


@pytest.fixture(scope="module")
def client_credentials() -> Mapping[str, Any]:
    return make_credentials(CLIENT_SUBJECT)


@pytest.fixture(scope="module")
def running(client_credentials: Mapping[str, Any]) -> Iterator[RunningServers]:
    """Every server that a row names."""
    definitions = load_definitions()
    names = dict.fromkeys(row[0] for row in (*RENEGOTIATIONS, *OTHERS))
    variants = [parse_server_id(name, definitions) for name in names]
    trusted = {kind: pem.chain for kind, pem in client_credentials.items()}
    with start_servers(variants, make_credentials(), 20, client_certificates=trusted) as servers:
        yield servers


def expected(text: str | None) -> tuple[Outcome, Reason | None]:
    if text is None:
        return Outcome.WORKS, None
    reason = parse_reason(text)
    return Outcome.NOT_APPLICABLE if reason.cause in NOTHING_TO_DO else Outcome.FAILS, reason


def meeting(running: RunningServers, server_id: str, client: str, shown: Mapping[str, Any]) -> Meeting:
    variant = parse_server_id(server_id, load_definitions())
    server = running[variant.id]
    if isinstance(server, NotInstalled):
        pytest.skip(server.message)
    assert isinstance(server, RunningServer), server
    credentials = {kind: Credential.from_pem(pem.private_key, pem.chain) for kind, pem in shown.items()}
    return Meeting(PROFILES[client].player, Destination(server.host, server.port, SUBJECT), 10.0, credentials)


@pytest.mark.parametrize(("server_id", "client", "scenario", "reason", "secure", "legacy"), RENEGOTIATIONS)
def test_renegotiation(
    running: RunningServers,
    client_credentials: Mapping[str, Any],
    server_id: str,
    client: str,
    scenario: str,
    reason: str | None,
    secure: str,
    legacy: str,
) -> None:
    seen = SCENARIOS[scenario].carry_out(meeting(running, server_id, client, client_credentials))
    assert outcome_of(seen) == expected(reason)
    if seen.renegotiation is not None:
        assert (seen.renegotiation.secure, seen.renegotiation.legacy) == (secure, legacy)


@pytest.mark.parametrize(("server_id", "client", "scenario", "reason"), OTHERS)
def test_resumption_and_certificates(
    running: RunningServers,
    client_credentials: Mapping[str, Any],
    server_id: str,
    client: str,
    scenario: str,
    reason: str | None,
) -> None:
    seen = SCENARIOS[scenario].carry_out(meeting(running, server_id, client, client_credentials))
    assert outcome_of(seen) == expected(reason)
    if scenario in (ID, TICKET) and reason is None:
        assert seen.later is not None
        assert seen.later.negotiated is not None
        assert seen.later.negotiated.is_resumed


def test_a_certificate_nobody_trusts_is_refused(running: RunningServers) -> None:
    strangers = make_credentials("stranger.example.test")
    where = meeting(running, "jsse6@6u45,client-certificate=request", "ie8-winxp", strangers)
    seen = SCENARIOS[CERTIFICATE].carry_out(where)
    assert outcome_of(seen) == (Outcome.FAILS, parse_reason("finished:alert-certificate_unknown"))


def test_scenarios_are_found_by_their_files() -> None:
    assert set(SCENARIOS) == {
        "connect",
        CLIENT,
        SERVER,
        ID,
        TICKET,
        CERTIFICATE,
        "split-hello",
        "large-hello",
    }
    assert [name for name, scenario in SCENARIOS.items() if scenario.is_default] == ["connect"]
