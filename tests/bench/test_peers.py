"""The bench of peers: what is missing meets no target, and the relay counts who speaks."""

import json
import socket
from pathlib import Path

import pytest

from bench.peers import commands
from bench.peers.measured import Missing, Peer, Row, Sample, in_turn, repeated, whole
from bench.peers.probes import tlsfuzzer
from bench.peers.report import as_json, as_markdown
from bench.peers.sslyze import counting_relay
from bench.peers.targets import RUN, SSLYZE, TARGETS, TESTSSL, TLSFUZZER_REFUSED
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id

README = Path(__file__).parents[2] / "README.md"
ABOUT = {
    "machine": {"processors": 2, "model": "a processor", "python": "3"},
    "server": "a server",
    "rounds": 2,
}
WHOLE, PER_CLIENT = TARGETS[:2]


def row(name: str, *samples: Sample) -> Row:
    return Row(Peer(name, "1", "clients", lambda: samples[0]), list(samples))


def test_a_ratio_is_the_median_of_those_of_the_rounds() -> None:
    """Not the ratio of the medians, which here would be 0.1 too, and met."""
    rows = {
        RUN: row(RUN, whole(2.0, 400), whole(2.0, 400), whole(9.0, 400)),
        TESTSSL: row(TESTSSL, whole(10.0, 40), whole(40.0, 40), whole(20.0, 40)),
    }
    assert WHOLE.ratio(rows) == 0.2
    assert not WHOLE.is_met(0.2)
    assert WHOLE.is_met(0.1)
    assert PER_CLIENT.ratio(rows) == pytest.approx(50)
    assert not PER_CLIENT.is_met(50)
    assert PER_CLIENT.is_met(60)


def test_what_is_missing_is_named_and_meets_no_target() -> None:
    rows = {RUN: row(RUN, whole(1.0, 400))}
    missing = [Missing(TESTSSL, "apt-get install testssl.sh")]
    content = as_json(rows, missing)
    assert content["not_measured"] == {TESTSSL: "apt-get install testssl.sh"}
    assert not any(target["met"] for target in content["targets"].values())
    table = as_markdown(ABOUT, rows, missing)
    assert f"| {TESTSSL} | | not measured: apt-get install testssl.sh | | |" in table
    assert f"| {WHOLE.what} | not measured | at most 0.1 | no |" in table
    rows[TESTSSL] = row(TESTSSL, whole(100.0, 40))
    assert as_json(rows, [])["targets"][WHOLE.what] == {"ratio": 0.01, "target": "at most 0.1", "met": True}
    assert f"| {WHOLE.what} | 0.01 | at most 0.1 | yes |" in as_markdown(ABOUT, rows, [])


def test_a_program_that_is_not_here_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = [commands.testssl(""), commands.s_client(""), commands.s_time(""), *tlsfuzzer(tmp_path, 1)]
    assert all(isinstance(each, Missing) for each in found)
    assert found[3].name == TLSFUZZER_REFUSED


def test_peers_are_measured_in_turn() -> None:
    order: list[str] = []

    def peer(name: str) -> Peer:
        def measure() -> Sample:
            order.append(name)
            return repeated(lambda: None, 0.0)

        return Peer(name, "1", "probes", measure)

    rows = in_turn([peer("a"), peer("b")], 2)
    assert order == ["a", "b", "a", "b"]
    assert [len(each.samples) for each in rows.values()] == [2, 2]


def test_the_relay_counts_the_connections_of_clients_that_speak() -> None:
    variant = parse_server_id("jsse6@6u45", load_definitions())
    with start_servers([variant], make_credentials()) as servers:
        server = servers[variant.id]
        assert isinstance(server, RunningServer)
        with counting_relay(server.host, server.port) as relay:
            address = relay.server_address[0], relay.server_address[1]
            with socket.create_connection(("127.0.0.1", int(address[1]))):
                pass
            peer = commands.this_program(f"127.0.0.1:{address[1]}", "java-6")
            assert peer.measure().number == 1
            assert relay.spoken == 1


def test_the_readme_has_a_place_for_the_tables() -> None:
    text = README.read_text()
    begin, end = (text.index(f"<!-- bench.peers: {word} -->") for word in ("begin", "end"))
    assert begin < end
    printed = [line for line in text[begin:end].splitlines()[1:] if line.startswith("|")]
    heads = [line for line in as_markdown(ABOUT, {}, []).splitlines() if line.startswith("|")]
    assert not printed or {heads[0], heads[2]} <= set(printed)
    assert json.dumps(as_json({}, [])), f"a run without {SSLYZE} and all others can be written"
