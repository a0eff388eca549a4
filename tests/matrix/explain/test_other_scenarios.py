"""Cells of other scenarios than connect: what ends the first handshake, and what ends what comes after it."""

from collections.abc import Iterator

import pytest

from matrix.explain.result import Explanation, Kind
from matrix.explain.words import sentence
from matrix.scenarios import SCENARIOS
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer, RunningServers
from servers.variant import parse_server_id
from tests.matrix.explain.asked import causes_of, explained

MINDS = "webmethods-8.0.1@core-fix-19"
NEEDS_SIGNAL = "jsse6@6u22"
SIGNALS_NOT = "jsse6@6-early"
REFUSES = "jsse6@6u21"
NO_SIGNAL = {
    "not cipher-suite:TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
    "not extension:renegotiation_info",
}
REQUIRES = "reference@rfc,client-certificate=require"
SERVERS = (MINDS, NEEDS_SIGNAL, SIGNALS_NOT, REFUSES, REQUIRES)
AT_FIRST = {"renegotiate-client", "resume-session-id", "resume-ticket", "client-certificate"}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServers]:
    definitions = load_definitions()
    variants = [
        parse_server_id(each, definitions) for each in (MINDS, NEEDS_SIGNAL, SIGNALS_NOT, REFUSES, REQUIRES)
    ]
    with start_servers(variants, make_credentials()) as servers:
        yield servers


def asked(running: RunningServers, server: str, client: str, scenario: str) -> Explanation:
    found = running[server]
    assert isinstance(found, RunningServer), found
    return explained(found.port, client, scenario=SCENARIOS[scenario])


@pytest.mark.parametrize("scenario", sorted(AT_FIRST))
def test_what_ends_the_first_handshake_is_explained_as_ever(running: RunningServers, scenario: str) -> None:
    found = asked(running, MINDS, "biztalk-ws2008", scenario)
    assert found.kind is Kind.ONE
    assert causes_of(found)[0][0] == "extension:supported_groups or extension:ec_point_formats"


@pytest.mark.parametrize("scenario", ["renegotiate-client", "renegotiate-server"])
def test_a_renegotiation_that_needs_rfc_5746(running: RunningServers, scenario: str) -> None:
    found = asked(running, NEEDS_SIGNAL, "ie8-winxp", scenario)
    assert found.answer.reason.startswith("renegotiation:")
    assert found.kind is Kind.ONE
    assert NO_SIGNAL in [{*name.split(" and ")} for name in causes_of(found)[0]]


def test_a_rule_of_the_client_about_renegotiations(running: RunningServers) -> None:
    found = asked(running, SIGNALS_NOT, "java-6", "renegotiate-server")
    assert found.kind is Kind.OWN_RULE
    said = sentence(found, "server", "java-6")
    assert "renegotiates only with RFC 5746" in said
    assert "a client without that rule gets through" in said


def test_a_server_that_renegotiates_with_nobody(running: RunningServers) -> None:
    found = asked(running, REFUSES, "biztalk-ws2008", "renegotiate-client")
    assert found.kind is Kind.ALL_FAIL
    assert "no hello that was tried gets past this" in sentence(found, "server", "biztalk-ws2008")


def test_a_certificate_that_is_required_is_not_a_matter_of_the_hello(running: RunningServers) -> None:
    """In TLS 1.3 a client gets to know of it only after the handshake; that is no way through."""
    found = asked(running, REQUIRES, "openssl-1.0.1", "connect")
    assert found.kind is Kind.ALL_FAIL
    assert "asked for a client certificate" in sentence(found, "server", "openssl-1.0.1")
