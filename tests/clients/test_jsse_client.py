"""The Java profiles, each held against every case measured at the levels it stands for.

A case's settings are more often not the stock ones (AES of all strengths, no elliptic curves, other
protocols): then the hello is the case's own, and limits and policy are the profile's. Wire lengths leave
these open: whether the SCSV goes along in a renegotiation (RFC 5746 forbids it; by the source it stays in a
legacy one), where renegotiation_info stands, and the alert with which a renegotiation ends that the server
refuses.
"""

import os
from itertools import pairwise
from typing import Any

import pytest

from handshake.client.hello import fill_hello
from handshake.events import Event, PeerFaulted, RenegotiationStarted
from handshake.renegotiation import Renegotiation
from handshake.server import RenegotiationRules
from handshake.wire.registry import AlertDescription, AlertLevel, ProtocolVersion
from tests.clients.jsse_client import (
    CASES,
    HELLO_REQUESTS,
    LEVELS,
    PROFILE_OF,
    PROFILES,
    SILENT,
    VERSIONS,
    alert,
    application_saw,
    at_level,
    client,
    hello_at,
    play,
    sent_alerts,
    sent_records,
    server_of,
    template_of,
)
from tests.handshake.peers import ANSWER, REQUEST, Ours, exchange, pump

STOCK_6 = "default, limited-strength JCE policy (AES 128 only), no EC provider"
STOCK_7 = "default, limited-strength JCE policy, EC provider present, host name www.ssllabs.com"
DEFAULT = "default"
ONE_SUITE = "TLSv1 only, only TLS_RSA_WITH_AES_128_CBC_SHA"
HOST_NAME = "www.ssllabs.com"
NO_COMMON_SUITE = "no common cipher suite"
MEASURED = [
    pytest.param(name, level, id=f"{level}-{name}")
    for name, case in CASES.items()
    for level in LEVELS
    if hello_at(case, level) is not None
]
WITH_SERVER = [case for case in MEASURED if "server" in CASES[str(case.values[0])]]
WITHOUT_SERVER = [case for case in MEASURED if case not in WITH_SERVER]
RENEGOTIATING = [level for level in LEVELS if PROFILES[PROFILE_OF[level]].policy.renegotiation != "off"]
SENDING_RENEGOTIATION_INFO = LEVELS[LEVELS.index("6u22") :]
HELLO_REQUESTED = [
    pytest.param(case, level, id=f"{level}-{case['version']}-{case['settings']}-{number}")
    for number, case in enumerate(HELLO_REQUESTS)
    for level in LEVELS
]
ANSWERS = {
    "answer: RST": b"",
    "answer: fatal handshake_failure(40)": alert(AlertLevel.FATAL, 40),
    "answer: fatal unexpected_message(10)": alert(AlertLevel.FATAL, 10),
    "answer: fatal protocol_version(70) in a 3.0 record": alert(
        AlertLevel.FATAL, 70, ProtocolVersion.SSL_3_0
    ),
    "answer: warning unrecognized_name(112) only": alert(AlertLevel.WARNING, 112),
}


def same_outside(mutable: list[int], one: bytes, other: bytes) -> bool:
    start, length = mutable
    end = start + length
    return len(one) == len(other) and (one[:start], one[end:]) == (other[:start], other[end:])


def client_at(
    level: str, name: str, *, settings: str = "", version: str = "3.1", profile: str | None = None
) -> Ours:
    """The client of a level with the hello of a case."""
    measured = hello_at(CASES[name], level)
    assert measured is not None, "only what was measured is a parameter"
    template = template_of(bytes.fromhex(measured["hex"]))
    return client(PROFILES[profile or PROFILE_OF[level]], template, settings, VERSIONS[version])


def connection(level: str, name: str, *, profile: str | None = None) -> tuple[Ours, Ours]:
    """Client and server of a case, after all they had to say to each other."""
    case = CASES[name]
    version = case["server"]["version"]
    ours = client_at(level, name, settings=name, version=version, profile=profile)
    theirs = server_of(case["server"], SILENT)
    play(ours, theirs, case)
    return ours, theirs


@pytest.mark.parametrize("level", LEVELS)
def test_the_profile_sends_the_stock_hello_of_its_level(level: str) -> None:
    measured = hello_at(CASES[STOCK_6 if level.startswith("6") else STOCK_7], level)
    assert measured is not None
    template = PROFILES[PROFILE_OF[level]].attempts[0].template
    wire = fill_hello(template, HOST_NAME, os.urandom).wire
    assert same_outside(measured["mutable"], wire, bytes.fromhex(measured["hex"]))


@pytest.mark.parametrize("level", SENDING_RENEGOTIATION_INFO)
def test_one_suite_set_by_hand_brings_renegotiation_info(level: str) -> None:
    measured = hello_at(CASES[ONE_SUITE], level)
    assert measured is not None
    wire = fill_hello(PROFILES["java-6-tlsv1-aes128"].attempts[0].template, HOST_NAME, os.urandom).wire
    assert same_outside(measured["mutable"], wire, bytes.fromhex(measured["hex"]))


@pytest.mark.parametrize(("name", "level"), MEASURED)
def test_the_hello_of_every_case_is_sent_as_measured(name: str, level: str) -> None:
    measured = hello_at(CASES[name], level)
    assert measured is not None
    ours = client_at(level, name)
    assert same_outside(measured["mutable"], ours.give(), bytes.fromhex(measured["hex"]))


@pytest.mark.parametrize(("name", "level"), WITHOUT_SERVER)
def test_the_end_of_a_connection_without_a_server_hello(name: str, level: str) -> None:
    case = CASES[name]
    ours = client_at(level, name)
    ours.give()
    ours.take(ANSWERS.get(name, b""))
    if not ours.connection.is_ended:
        ours.connection.receive_end_of_stream(0.0)
    ours.take(b"")
    assert application_saw(ours) == at_level(case["client"], level)
    sent = at_level(case.get("sent"), level) or "nothing"
    assert sent_alerts(ours) == ([] if sent == "nothing" else [sent])
    assert len(PROFILES[PROFILE_OF[level]].attempts) == 1  # no case led to a second connection


def test_every_answer_is_played() -> None:
    assert {name for name in CASES if name.startswith("answer:")} == ANSWERS.keys()


@pytest.mark.parametrize(("name", "level"), WITH_SERVER)
def test_a_connection_goes_as_measured(name: str, level: str) -> None:
    case = CASES[name]
    ours, theirs = connection(level, name)
    assert application_saw(ours) == at_level(case["client"], level)
    records, measured = sent_records(ours), at_level(case["records"], level)
    if "client renegotiates" in name:  # the measurement's server stopped reading at some time after that
        records = records[: len(measured)]
    assert records == measured
    sent = at_level(case.get("sent"), level)
    if sent == NO_COMMON_SUITE:
        assert faults(theirs) == ["no-common-cipher-suite"]
    elif sent is not None:
        assert sent_alerts(ours) == [sent]


def faults(side: Ours) -> list[str]:
    return [event.what for event in side.events if isinstance(event, PeerFaulted)]


def requested(
    level: str, case: dict[str, Any], *, profile: str | None = None
) -> tuple[Ours, Ours, list[list[int]]]:
    """A HelloRequest and an answer at once, then, if it may, the client's next request: both ends, and the
    records the client sent from then on.
    """
    setup = {
        "kx": "rsa",
        "cipher": "aes128",
        "version": case["version"],
        "sends_renegotiation_info": case["server_renegotiation_info"],
    }
    ours = client_at(level, DEFAULT, settings=case["settings"], version=case["version"], profile=profile)
    theirs = server_of(setup, RenegotiationRules(allowed=Renegotiation.LEGACY, answers_at_once=True))
    exchange(ours, theirs)
    for side in (ours, theirs):
        side.events.clear()
        side.received.clear()
    before = len(sent_records(ours))
    theirs.connection.request_renegotiation(0.0)
    theirs.send(ANSWER)
    ours.take(theirs.give())
    if not ours.connection.is_ended:
        ours.send(REQUEST)
    return ours, theirs, sent_records(ours)[before:]


def answer_in(events: list[Event], alerts: list[str]) -> str:
    if any(isinstance(event, RenegotiationStarted) for event in events):
        return "ClientHello"
    return alerts[0]


@pytest.mark.parametrize(("case", "level"), HELLO_REQUESTED)
def test_a_hello_request_is_answered_as_measured(case: dict[str, Any], level: str) -> None:
    ours, theirs, records = requested(level, case)
    answer, measured = at_level(case["answer"], level), at_level(case["records"], level)
    assert answer_in(ours.events, sent_alerts(ours)) == answer
    assert records[: len(measured)] == measured
    if answer == "ClientHello":
        assert records == measured
        pump(ours, theirs)
        assert not ours.connection.is_renegotiating  # nothing is missing for the handshake to complete
        assert bytes(theirs.received) == REQUEST
    elif answer.startswith("warning") and level != "6u21":  # goes on reading
        assert bytes(ours.received) == ANSWER
        theirs.take(ours.give())
        assert bytes(theirs.received) == REQUEST
    else:
        assert ours.connection.is_ended
        assert not ours.received


@pytest.mark.parametrize("level", RENEGOTIATING)
def test_a_refused_renegotiation_ends_the_connection(level: str) -> None:
    # Research note on JSSE, section 8: an exception; the alert is [source], SSLSocketImpl.recvAlert.
    ours, theirs, _ = requested(level, HELLO_REQUESTS[0])
    theirs.connection.send_alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION)
    ours.take(theirs.give())
    assert sent_alerts(ours) == ["fatal unexpected_message(10)"]
    assert ours.connection.is_ended


OBSERVED = ("hello", "client", "sent", "answer")


def behaviour(level: str) -> list[Any]:
    """All that was measured of a level but the records, which end where the test server stopped reading."""
    cases = [*CASES.values(), *HELLO_REQUESTS]
    return [at_level(case.get(key), level) for case in cases for key in OBSERVED]


def splitting(level: str) -> Any:
    return at_level(CASES["server with renegotiation_info"]["records"], level)


def test_a_profile_stands_for_levels_that_do_not_differ_and_for_all_of_them() -> None:
    for one, other in pairwise(LEVELS):
        is_same = (behaviour(one), splitting(one)) == (behaviour(other), splitting(other))
        assert is_same == (PROFILE_OF[one] == PROFILE_OF[other]), (one, other)


@pytest.mark.parametrize(
    ("level", "name", "wrong"),
    [
        ("6u22", "server with renegotiation_info", "java-6"),  # would split
        ("6u45", "server with renegotiation_info", "java-6u22"),  # would not
        ("6u21", "server without renegotiation_info, client renegotiates after second answer", "java-6u18"),
        ("6u45", "warning unrecognized_name(112), then a normal ServerHello", "openssl-0.9.8"),
        ("6u45", "DHE_RSA, 2048-bit prime", "openssl-0.9.8"),
    ],
)
def test_another_client_would_not_pass(level: str, name: str, wrong: str) -> None:
    measured = at_level(CASES[name]["records"], level)
    ours, _ = connection(level, name, profile=wrong)
    assert sent_records(ours)[: len(measured)] != measured


def test_another_client_would_not_answer_a_hello_request_like_this() -> None:
    ours, _, records = requested("6u21", HELLO_REQUESTS[1], profile="java-6u22")
    assert records == [[21, 32], [23, 48]]
    assert not ours.connection.is_ended
