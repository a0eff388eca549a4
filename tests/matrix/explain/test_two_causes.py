"""Servers that mind two things: each is found, by the reaction to it. In a folder of the user's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.explain.result import Explanation, Kind
from matrix.explain.words import sentence
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer, RunningServers
from servers.variant import parse_server_id
from tests.matrix.explain.asked import causes_of, explained

SERVER = """
id = "{id}"
title = "A server of a test"
kind = "emulated"
default = false
control = "openssl-0.9.8-tls1"
source = "a test"

[declared]
versions = ["TLSv1.0", "TLSv1.1", "TLSv1.2"]
certificates = ["rsa"]
cipher_suites = ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"]

[emulation]
named_groups = ["secp256r1"]
{intolerances}

[levels.one]
title = "A server of a test"
stack = "this project's engine"
"""
INTOLERANCE = '[[emulation.intolerance]]\nfeatures = ["{}"]\nreaction = "{}"\n'
CLIENT = "openssl-1.0.1"
NO_ALPN = "not extension:application_layer_protocol_negotiation"
PAIRS = {
    "two-reactions": [("extension:server_name", "alert:internal_error"), ("extension:heartbeat", "reset")],
    "alert-then-hang": [("extension:session_ticket", "alert:decode_error"), ("ec-cipher-suite", "hang")],
    "either": [("extension:server_name", "fin"), ("extension:heartbeat", "fin")],
    "together": [("extension:server_name and extension:heartbeat", "reset")],
    "together-absent": [(f"extension:heartbeat and {NO_ALPN}", "http:400")],
    "three": [("extension:server_name and extension:heartbeat and ec-cipher-suite", "alert:decode_error")],
    "one-of-three": [
        ("extension:server_name", "fin"),
        ("extension:heartbeat", "fin"),
        ("cipher-suite:0xc013", "fin"),
    ],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServers]:
    folder: Path = tmp_path_factory.mktemp("servers")
    for name, minded in PAIRS.items():
        (folder / name).mkdir()
        tables = "\n".join(INTOLERANCE.format(*each) for each in minded)
        text = SERVER.format(id=name, intolerances=tables)
        (folder / name / "server.toml").write_text(text, encoding="utf-8")
    definitions = load_definitions([folder])
    variants = [parse_server_id(f"{name}@one", definitions) for name in PAIRS]
    with start_servers(variants, make_credentials()) as servers:
        yield servers


def found_at(running: RunningServers, name: str) -> Explanation:
    server = running[f"{name}@one"]
    assert isinstance(server, RunningServer), server
    return explained(server.port, CLIENT)


@pytest.mark.long(but=["two-reactions"])
@pytest.mark.parametrize("name", ["two-reactions", "alert-then-hang"])
def test_two_causes_with_different_reactions(running: RunningServers, name: str) -> None:
    (first, _), (second, _) = PAIRS[name]
    explanation = found_at(running, name)
    assert explanation.kind is Kind.ONE
    assert first in causes_of(explanation)[0]
    assert explanation.then is not None
    assert explanation.then.kind is Kind.ONE
    assert second in causes_of(explanation.then)[0]
    assert ". Without that: " in sentence(explanation, "server", CLIENT)


def test_two_causes_with_the_same_reaction(running: RunningServers) -> None:
    (group,) = causes_of(found_at(running, "either"))
    assert {
        "extension:server_name or extension:heartbeat",
        "extension:heartbeat or extension:server_name",
    } & {*group}


def test_two_things_together(running: RunningServers) -> None:
    (group,) = causes_of(found_at(running, "together"))
    assert {
        "extension:server_name and extension:heartbeat",
        "extension:heartbeat and extension:server_name",
    } & {*group}


def test_one_thing_that_is_there_and_one_that_is_not(running: RunningServers) -> None:
    (group,) = causes_of(found_at(running, "together-absent"))
    parts = {frozenset(name.split(" and ")) for name in group}
    assert frozenset({"extension:heartbeat", NO_ALPN}) in parts


@pytest.mark.long
def test_three_things_together(running: RunningServers) -> None:
    (group,) = causes_of(found_at(running, "three"))
    wanted = frozenset({"extension:server_name", "extension:heartbeat", "ec-cipher-suite"})
    assert wanted in {frozenset(name.split(" and ")) for name in group}


@pytest.mark.long
def test_any_of_three_things(running: RunningServers) -> None:
    """Found one after the other: without the first the hello still fails."""
    names: set[str] = set()
    explanation: Explanation | None = found_at(running, "one-of-three")
    while explanation is not None:
        names |= {part for group in causes_of(explanation) for part in group[0].split(" or ")}
        explanation = explanation.then
    assert {"extension:server_name", "extension:heartbeat"} <= names
    assert names & {"cipher-suite:TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "cipher-suite:0xc013"}
