"""What the definitions alone say of a scenario: a server that cannot ask, and one that forgets."""

import dataclasses

import pytest
from msgspec import structs

from clients.player import PlayedHello, Player
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV, parse_cipher_suite
from handshake.wire.registry import ExtensionType, ProtocolVersion
from matrix.prediction import Agreement, Prediction, ServerFacts
from matrix.scenarios import SCENARIOS
from servers.declared import Declared, DeclaredRefusals, DeclaredRenegotiation

RSA_AES = parse_cipher_suite("TLS_RSA_WITH_AES_128_CBC_SHA")
HELLO = HelloTemplate(ProtocolVersion.TLS_1_0, (RSA_AES, TLS_EMPTY_RENEGOTIATION_INFO_SCSV))
DECLARED = Declared((ProtocolVersion.TLS_1_0,), (RSA_AES,))


def reason(scenario: str, declared: Declared, hello: HelloTemplate = HELLO) -> str | None:
    agreed = Agreement(hello, ProtocolVersion.TLS_1_0)
    said: Prediction | None = SCENARIOS[scenario].predict(
        Player((PlayedHello(hello),)), ServerFacts(declared), agreed
    )
    return None if said is None else str(said.reason)


@pytest.mark.parametrize("allowed", ["off", "secure", "legacy"])
def test_a_server_that_cannot_ask_never_does(allowed: str) -> None:
    able = dataclasses.replace(DECLARED, renegotiation=DeclaredRenegotiation(allowed))
    unable = dataclasses.replace(
        DECLARED, renegotiation=DeclaredRenegotiation(allowed, server_initiated=False)
    )
    not_requested = "renegotiation:policy-not-requested"
    assert reason("renegotiate-server", able) == (not_requested if allowed == "off" else None)
    assert reason("renegotiate-server", unable) == not_requested
    assert reason("renegotiate-client", unable) == reason("renegotiate-client", able), (
        "that is another matter"
    )


def test_a_server_that_forgets_makes_a_full_handshake() -> None:
    assert reason("resume-session-id", DECLARED) is None
    forgetful = dataclasses.replace(DECLARED, forgets_sessions=True)
    extended = structs.replace(HELLO, extensions=(ExtensionTemplate(ExtensionType.EXTENDED_MASTER_SECRET),))
    assert reason("resume-session-id", forgetful, extended) == "resumption:policy-full-handshake"
    assert reason("resume-session-id", forgetful) == "resumption:policy-no-extended_master_secret"
    none = dataclasses.replace(DECLARED, forgets_sessions=True, resumption=())
    assert reason("resume-session-id", none) == "resumption:policy-no-session"


def test_both_facts_travel_to_the_program() -> None:
    told = dataclasses.replace(
        DECLARED,
        forgets_sessions=True,
        renegotiation=DeclaredRenegotiation(server_initiated=False),
        refusals=DeclaredRefusals(hello_with={"hello-length:40000..": "fin"}),
    )
    assert Declared.from_json(told.to_json()) == told
