"""A server that asks for a certificate at once, in a renegotiation or after the handshake, with a short list
of authorities or a long one: what the definitions predict of every scenario is what is seen.
"""

from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from clients.destination import Destination
from clients.profile import load_profiles
from handshake.crypto.credentials import Credential
from matrix.cell import Cell
from matrix.judgement.judge import outcome_of
from matrix.judgement.outcome import Outcome
from matrix.plan.cells import plan_cells
from matrix.scenarios import SCENARIOS, Meeting
from servers.contract import PrivateKeyAndChain
from servers.credentials import CLIENT_SUBJECT, SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, RunningServers, start_servers
from servers.variant import ServerVariant, parse_server_id

PROFILES = load_profiles()
DEFINITIONS = load_definitions()
WAYS = ("", "-in-renegotiation", "-post-handshake")
ASKED = {f"{how}{way}": way for how, way in product(("request", "require"), WAYS)}
LISTS = {"trusted": "", "60000-bytes": ",certificate-authorities=60000-bytes"}
IDS = [f"reference@rfc{listed},client-certificate={asked}" for listed in LISTS.values() for asked in ASKED]
CLIENTS = ["ie8-win7", "openssl-1.0.1", "openssl-3.0", "java-17"]
"""TLS 1.0, 1.2, 1.3, and 1.3 with a limit for the length of a message."""
CHOSEN = ["connect", "client-certificate", "renegotiate-client", "renegotiate-server"]
CLIENT_CREDENTIALS = make_credentials(CLIENT_SUBJECT)


@pytest.fixture(scope="module")
def variants() -> Mapping[str, ServerVariant]:
    return {variant.id: variant for variant in (parse_server_id(each, DEFINITIONS) for each in IDS)}


@pytest.fixture(scope="module")
def running(variants: Mapping[str, ServerVariant]) -> Iterator[RunningServers]:
    trusted = {kind: pem.chain for kind, pem in CLIENT_CREDENTIALS.items()}
    with start_servers(variants.values(), make_credentials(), 20, client_certificates=trusted) as servers:
        yield servers


def shown(credentials: Mapping[str, PrivateKeyAndChain]) -> Mapping[str, Credential]:
    return {kind: Credential.from_pem(pem.private_key, pem.chain) for kind, pem in credentials.items()}


@pytest.mark.long(but=["*=require-in-*", "*=require-post-*"])
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("server_id", IDS)
def test_what_is_predicted_is_seen(
    server_id: str, client: str, running: RunningServers, variants: Mapping[str, ServerVariant]
) -> None:
    variant = parse_server_id(server_id, DEFINITIONS)
    server = running[variant.id]
    assert isinstance(server, RunningServer), server
    meeting = Meeting(
        PROFILES[client].player,
        Destination(server.host, server.port, SUBJECT),
        10.0,
        shown(CLIENT_CREDENTIALS),
    )
    for scenario in CHOSEN:
        (planned,) = plan_cells([Cell(variant.id, client, scenario)], variants, PROFILES, None)
        assert planned.expectation is not None
        seen = outcome_of(SCENARIOS[scenario].carry_out(meeting))
        assert seen == (planned.expectation.outcome, planned.expectation.reason), scenario


def reason(server_id: str, client: str, scenario: str) -> str | None:
    variant = parse_server_id(server_id, DEFINITIONS)
    cell = Cell(variant.id, client, scenario)
    (planned,) = plan_cells([cell], {variant.id: variant}, PROFILES, None)
    assert planned.expectation is not None
    assert (planned.expectation.reason is None) is (planned.expectation.outcome is Outcome.WORKS)
    return None if planned.expectation.reason is None else str(planned.expectation.reason)


@pytest.mark.parametrize(
    ("toggles", "client", "scenario", "expected"),
    [
        ("client-certificate=require-in-renegotiation", "openssl-1.0.1", "connect", None),
        (
            "client-certificate=require-in-renegotiation",
            "openssl-1.0.1",
            "renegotiate-server",
            "renegotiation:alert-handshake_failure",
        ),
        ("client-certificate=request-in-renegotiation", "openssl-1.0.1", "renegotiate-server", None),
        (
            "client-certificate=require",
            "openssl-1.0.1",
            "connect",
            "finished:alert-handshake_failure",
        ),
        (
            "client-certificate=require",
            "openssl-3.0",
            "connect",
            "application-data:alert-certificate_required",
        ),
        ("client-certificate=require-post-handshake", "openssl-3.0", "connect", None),
        (
            "certificate-authorities=60000-bytes,client-certificate=request",
            "java-17",
            "connect",
            "certificate:policy-handshake-message-length",
        ),
        ("certificate-authorities=60000-bytes,client-certificate=request", "openssl-3.0", "connect", None),
        ("client-certificate=request", "java-17", "connect", None),
    ],
)
def test_what_is_predicted(toggles: str, client: str, scenario: str, expected: str | None) -> None:
    assert reason(f"reference@rfc,{toggles}", client, scenario) == expected
