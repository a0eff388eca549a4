"""split-hello and large-hello with servers and relays on sockets: what they blame, and what they do not."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from clients.destination import Destination
from clients.observation import Observation
from clients.player import PlayedHello
from clients.profile import load_profile, load_profiles
from handshake.features import features_of, flight_of, parse_feature
from handshake.reason import parse_reason
from matrix.judgement.judge import outcome_of
from matrix.judgement.outcome import Outcome
from matrix.prediction import agreement, predict
from matrix.prediction.of_server import facts_of_server
from matrix.reports.hello import Sender, show_lines
from matrix.reports.hello_view import views
from matrix.results.evidence import evidence_of, observation_of
from matrix.scenarios import SCENARIOS, Meeting
from matrix.scenarios.probing import ORDINARY
from servers.credentials import SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.variant import parse_server_id
from tests.clients.test_delivery import DELIVERY
from tests.clients.test_profile_format import GOOD, write
from tests.matrix.relays import reading_once
from tests.matrix.test_run import run_json, tls_matrix

PROFILES = load_profiles()
SPLIT, LARGE = "split-hello", "large-hello"
MOST_CONNECTIONS = 30
"""Of a cell of these scenarios, as README says."""
TOLERANT = "reference@rfc"
INTOLERANT = {
    "reads-once": (SPLIT, "server-hello:alert-decode_error", "arrives in two segments"),
    "one-segment": (SPLIT, "server-hello:reset", "arrives in two segments"),
    "over-1400-bytes": (LARGE, "server-hello:timeout", " bytes, not one of 1,40"),
    "one-record": (SPLIT, "server-hello:fin", "does not answer a hello in two records"),
    "first-record-under-6-bytes": (
        SPLIT,
        "server-hello:fin",
        "has 6 bytes, not one whose first record has 5",
    ),
}
# Measured on the servers themselves (research note on servers of 2026, and here).
REAL = [
    ("openssl@1.0.0f", "openssl-1.0.1", SPLIT, "server-hello:fin", "has 3 bytes, not one whose first"),
    ("openssl@1.0.1u", "openssl-3.0", SPLIT, "server-hello:fin", "has 6 bytes, not one whose first"),
    ("openssl@1.0.2d", "chromium-156", SPLIT, "server-hello:fin", "has 6 bytes, not one whose first"),
    (
        "openssl@1.0.1e",
        "chromium-156",
        SPLIT,
        "server-hello:policy-protocol_version",
        "has 6 bytes, not one whose first record has 5",
    ),
    (
        "openssl@1.0.2o",
        "openssl-3.0",
        LARGE,
        "server-hello:alert-illegal_parameter",
        "answers a hello of 16,388 bytes, not one of 16,389 bytes",
    ),
    (
        "jsse@17",
        "openssl-3.0",
        LARGE,
        "server-hello:alert-unexpected_message",
        "answers a hello of 32,772 bytes, not one of 32,773 bytes",
    ),
    (
        "jsse@25",
        "chromium-156",
        LARGE,
        "server-hello:alert-unexpected_message",
        "answers a hello of 32,772 bytes, not one of 32,773 bytes",
    ),
    ("jsse@11", "openssl-3.0", LARGE, None, ""),
    ("jsse@17", "openssl-3.0", SPLIT, None, ""),
    ("openssl@4.0.3", "chromium-156", LARGE, None, ""),
    ("openssl@4.0.3", "chromium-156", SPLIT, None, ""),
    ("tlslite@0.8.2", "openssl-3.0", LARGE, None, ""),
    ("tlslite@0.8.2", "openssl-3.0", SPLIT, None, ""),
    ("jsse6@6u18", "openssl-1.0.1", SPLIT, "server-hello:alert-unexpected_message", "has 4 bytes, not one"),
    ("jsse6@6u21", "openssl-1.0.1", SPLIT, None, ""),
]
SERVERS = sorted({row[0] for row in REAL} | {TOLERANT, *(f"{TOLERANT},intolerance={n}" for n in INTOLERANT)})


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServers]:
    definitions = load_definitions()
    variants = [parse_server_id(server, definitions) for server in SERVERS]
    with start_servers(variants, make_credentials()) as servers:
        yield servers


def started(running: RunningServers, server: str) -> RunningServer:
    found = running[server]
    if isinstance(found, NotInstalled):
        pytest.skip(found.message)
    assert isinstance(found, RunningServer), found
    return found


def observe(port: int, client: str, scenario: str, deadline_seconds: float = 2.0) -> Observation:
    where = Destination("127.0.0.1", port, SUBJECT)
    return SCENARIOS[scenario].carry_out(Meeting(PROFILES[client].player, where, deadline_seconds))


def said(observation: Observation) -> tuple[Outcome, str | None, str]:
    outcome, reason = outcome_of(observation)
    return outcome, reason and str(reason), reason.detail.blame if reason else ""


def is_predicted(server: str, client: str, scenario: str) -> tuple[Outcome, str | None] | None:
    """What the definitions say beyond connecting."""
    facts = facts_of_server(parse_server_id(server, load_definitions()))
    player = PROFILES[client].player
    connecting = predict(player, facts)
    assert connecting is None or connecting.outcome is Outcome.WORKS
    agreed = agreement(player, facts, after_fallback=False)
    assert agreed is not None
    prediction = SCENARIOS[scenario].predict(player, facts, agreed)
    return prediction and (prediction.outcome, prediction.reason and str(prediction.reason))


@pytest.mark.long(but=["openssl@4.0.3-*", "jsse6@6u21-*"])
@pytest.mark.parametrize(("server", "client", "scenario", "reason", "blame"), REAL)
def test_what_servers_do_with_such_hellos(
    running: RunningServers, server: str, client: str, scenario: str, reason: str | None, blame: str
) -> None:
    outcome, seen, words = said(observe(started(running, server).port, client, scenario))
    assert (outcome, seen) == ((Outcome.WORKS, None) if reason is None else (Outcome.FAILS, reason))
    assert blame in words
    if reason != "server-hello:policy-protocol_version":  # a matter for the expectations
        assert is_predicted(server, client, scenario) == (None if reason is None else (outcome, seen))


@pytest.mark.long(but=["reads-once", "one-segment", "one-record", "first-record-under-6-bytes"])
@pytest.mark.parametrize("name", INTOLERANT)
def test_each_intolerance_is_named_by_its_scenario_and_predicted(running: RunningServers, name: str) -> None:
    scenario, reason, blame = INTOLERANT[name]
    server = f"{TOLERANT},intolerance={name}"
    port = started(running, server).port
    for other in (SPLIT, LARGE):
        outcome, seen, words = said(observe(port, "openssl-1.0.1", other, 1.0))
        is_large_in_records = (name, other) == ("one-record", LARGE)
        is_minded = other == scenario or is_large_in_records
        assert (outcome, seen) == ((Outcome.FAILS, reason) if is_minded else (Outcome.WORKS, None))
        assert (blame if other == scenario else "") in words
        assert is_predicted(server, "openssl-1.0.1", other) == ((outcome, seen) if is_minded else None)


def test_the_control_of_the_intolerances_minds_nothing(running: RunningServers) -> None:
    for client in ("openssl-1.0.1", "chromium-156", "openssl-0.9.8"):
        assert said(observe(started(running, TOLERANT).port, client, SPLIT))[0] is Outcome.WORKS


@pytest.mark.long
def test_lengths_from_256_to_511_hang_and_no_others(running: RunningServers) -> None:
    """RFC 7685 is there for such servers: clients pad beyond these lengths."""
    definitions = load_definitions()
    variant = parse_server_id(f"{TOLERANT},intolerance=256-to-511-bytes", definitions)
    with start_servers([variant], make_credentials()) as servers:
        port = started(servers, variant.id).port
        within, beyond = "openssl-3.0", "openssl-0.9.8-tls1"
        assert parse_feature("hello-length:256..511").present(flight_of(PROFILES[within].player.templates[0]))
        assert said(observe(port, within, "connect", 0.5))[1] == "server-hello:timeout"
        assert said(observe(port, beyond, "connect"))[0] is Outcome.WORKS
        assert said(observe(port, beyond, LARGE))[0] is Outcome.WORKS


def test_an_sslv2_format_hello_in_two_segments_is_minded_too(running: RunningServers) -> None:
    port = started(running, f"{TOLERANT},intolerance=reads-once").port
    outcome, _, words = said(observe(port, "openssl-0.9.8", SPLIT))
    assert (outcome, "two segments" in words) == (Outcome.FAILS, True)
    assert said(observe(port, "openssl-0.9.8", LARGE))[:2] == (
        Outcome.NOT_APPLICABLE,
        "client-hello:policy-no-extension-block",
    )


@pytest.mark.long
def test_a_relay_that_reads_once_minds_segments_and_nothing_else(running: RunningServers) -> None:
    behind = ("127.0.0.1", started(running, TOLERANT).port)
    with reading_once(behind) as relay:
        outcome, reason, words = said(observe(relay.port, "openssl-3.0", SPLIT, 1.0))
        assert (outcome, reason) == (Outcome.FAILS, "server-hello:timeout")
        assert words == "does not answer a hello that arrives in two segments, 0.25 s apart; in one it does"
        half = sum(flight_of(PROFILES["openssl-3.0"].player.templates[0]).segments) // 2
        assert set(relay.dropped) == {half}
        assert said(observe(relay.port, "openssl-3.0", LARGE, 1.0))[0] is Outcome.WORKS
    assert said(observe(behind[1], "openssl-3.0", SPLIT))[0] is Outcome.WORKS


@pytest.mark.long
def test_the_same_relay_with_room_for_1400_bytes_minds_the_size(running: RunningServers) -> None:
    behind = ("127.0.0.1", started(running, TOLERANT).port)
    with reading_once(behind, 1400) as relay:
        outcome, reason, words = said(observe(relay.port, "java-6-tlsv1-aes128", LARGE, 0.5))
        assert (outcome, reason) == (Outcome.FAILS, "server-hello:timeout")
        start, _, rest = words.partition("answers a hello of ")
        answered, unanswered = rest.removesuffix(" bytes").split(" bytes, not one of ")
        assert start == ""
        assert (
            int(answered.replace(",", "")) <= 1395 < int(unanswered.replace(",", ""))
        )  # and a record header
    assert said(observe(behind[1], "java-6-tlsv1-aes128", LARGE))[0] is Outcome.WORKS


@pytest.mark.long
@pytest.mark.parametrize("client", ["chromium-156", "openssl-4.0"])
def test_a_post_quantum_client_alone_finds_the_size_at_that_relay(
    running: RunningServers, client: str
) -> None:
    behind = ("127.0.0.1", started(running, TOLERANT).port)
    with reading_once(behind, 1400) as relay:
        observation = observe(relay.port, client, LARGE, 0.5)
        connecting = observe(relay.port, client, "connect", 0.5)
    outcome, reason, words = said(observation)
    assert (outcome, reason) == said(connecting)[:2]
    assert outcome is Outcome.FAILS
    start, _, rest = words.partition("answers a hello of ")
    answered, unanswered = rest.removesuffix(" bytes; asked without ML-KEM").split(" bytes, not one of ")
    assert start == ""
    assert int(answered.replace(",", "")) <= 1395 < int(unanswered.replace(",", ""))
    assert len(observation.connections) <= MOST_CONNECTIONS
    again = observation_of(evidence_of(observation, ["TLSv1.3"]))
    assert (*outcome_of(again), said(again)[2]) == (*outcome_of(observation), words)
    kept = {probe.hello for probe in observation.probes if probe.attempt.transcript}
    assert "without ML-KEM" in kept
    assert len(kept) == 2
    assert said(observe(behind[1], client, LARGE))[0] is Outcome.WORKS


@pytest.mark.long
def test_the_size_of_the_hello_that_was_sent_counts_and_not_the_written_one(running: RunningServers) -> None:
    """A long server name makes it longer than the room that the hello as it is written would fit."""
    player = PROFILES["openssl-4.0"].player
    room = flight_of(player.templates[0]).length + 50
    name = ".".join(["a-long-label-of-a-server-name"] * 5 + [SUBJECT])
    with reading_once(("127.0.0.1", started(running, TOLERANT).port), room) as relay:
        meeting = Meeting(player, Destination("127.0.0.1", relay.port, name), 0.5)
        outcome, _, words = said(SCENARIOS[LARGE].carry_out(meeting))
    assert outcome is Outcome.FAILS
    assert words.startswith("answers a hello of 1,")
    assert words.endswith(" bytes; asked without ML-KEM")


@pytest.mark.long
def test_a_client_with_fallbacks_is_asked_with_its_first_hello(running: RunningServers) -> None:
    player = PROFILES["chromium-156"].player
    fallback = PlayedHello(player.templates[0], frozenset({parse_reason("server-hello:timeout").cause}))
    twice = replace(player, hellos=(*player.hellos[:1], fallback))
    with reading_once(("127.0.0.1", started(running, TOLERANT).port), 200) as relay:
        meeting = Meeting(twice, Destination("127.0.0.1", relay.port, SUBJECT), 0.5)
        observation = SCENARIOS[LARGE].carry_out(meeting)
    assert len(observation.attempts) == 2
    seen = evidence_of(observation, ["the first", "the second"])
    assert [probe.connection.version for probe in seen.probes] == ["the first"] * 2


@pytest.mark.long
def test_where_no_smaller_hello_is_answered_the_outcome_is_that_of_connect(running: RunningServers) -> None:
    behind = ("127.0.0.1", started(running, TOLERANT).port)
    with reading_once(behind, 200) as relay:
        observation = observe(relay.port, "chromium-156", LARGE, 0.5)
        connecting = observe(relay.port, "chromium-156", "connect", 0.5)
    assert said(observation) == said(connecting)
    assert said(observation)[2] == ""
    assert [probe.hello for probe in observation.probes] == ["without ML-KEM", "without ML-KEM and ECH"]


@pytest.mark.long
def test_a_target_has_a_row_that_says_what_it_minds(running: RunningServers, tmp_path: Path) -> None:
    behind = ("127.0.0.1", started(running, TOLERANT).port)
    with reading_once(behind) as relay:
        target = f"relay=127.0.0.1:{relay.port}"
        scenarios = ("--scenario", SPLIT, "--scenario", LARGE)
        folder = tmp_path / "run"
        result = tls_matrix(
            "run", "--target", target, "--client", "openssl-3.0", *scenarios, "--timeout", 1, "--out", folder
        )
    assert result.returncode == 0, result.stderr
    assert "relay with openssl-3.0 (split-hello): the server does not answer a hello" in " ".join(
        (folder / "grid.md").read_text(encoding="utf-8").split()
    )
    cells = {cell["scenario"]: cell for cell in run_json(folder)["cells"]}
    assert cells[LARGE]["outcome"] == "works"
    assert cells[SPLIT]["reason_detail"]["blame"].startswith("does not answer a hello that arrives in two")
    seen = json.loads((folder / "evidence" / f"relay/openssl-3.0/{SPLIT}.json").read_text(encoding="utf-8"))
    halves = [probe for probe in seen["probes"] if probe["hello"] == "in two segments"]
    segments = [entry for entry in halves[0]["connection"]["transcript"] if entry["kind"] == "segment"]
    assert [entry["name"] for entry in segments] == ["1 of 2", "2 of 2"]
    assert segments[1]["time"] - segments[0]["time"] >= 0.25


@contextmanager
def dying(port: int, connections: int) -> Iterator[int]:
    """A relay that carries so many connections, and closes every later one at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()
        accepting = threading.Thread(target=_die_after, args=(listener, port, connections, ended))
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _die_after(listener: socket.socket, port: int, connections: int, ended: threading.Event) -> None:
    while not ended.is_set():
        with suppress(OSError):
            client, _ = listener.accept()
            connections -= 1
            if connections < 0:
                client.close()
                continue
            behind = socket.create_connection(("127.0.0.1", port))
            for source, sink in ((client, behind), (behind, client)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError), source:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("scenario", [SPLIT, LARGE])
@pytest.mark.parametrize("connections", [1, 2])
def test_a_server_that_dies_is_not_said_to_mind_the_hello(
    running: RunningServers, scenario: str, connections: int
) -> None:
    with dying(started(running, TOLERANT).port, connections) as port:
        observation = observe(port, "openssl-3.0", scenario)
    outcome, _, words = said(observation)
    assert outcome is Outcome.FAILS
    assert (
        words == "does not answer the ordinary hello any more, so that nothing is known of the changed ones"
    )
    assert len(observation.probes) == connections + 1


def test_evidence_keeps_what_was_asked_and_is_judged_alike(running: RunningServers) -> None:
    observation = observe(started(running, f"{TOLERANT},intolerance=one-record").port, "openssl-3.0", LARGE)
    again = observation_of(evidence_of(observation, ["TLSv1.3"]))
    assert outcome_of(again) == outcome_of(observation)
    assert [probe.hello for probe in again.probes] == [probe.hello for probe in observation.probes]
    assert said(again)[2] == said(observation)[2] != ""
    kept = {probe.hello for probe in observation.probes if probe.attempt.transcript}
    assert ORDINARY in kept
    assert len(kept) == 2


def test_each_connection_waits_for_its_turn(running: RunningServers) -> None:
    """A rate holds for probes too."""
    turns: list[int] = []
    where = Destination("127.0.0.1", started(running, f"{TOLERANT},intolerance=one-record").port, SUBJECT)
    meeting = Meeting(PROFILES["openssl-3.0"].player, where, 2.0, pace=lambda: turns.append(1))
    for scenario in (SPLIT, LARGE):
        turns.clear()
        made = SCENARIOS[scenario].carry_out(meeting).connections
        assert len(turns) == len(made) > 4


def test_the_variants_change_nothing_that_the_hello_offers() -> None:
    hello = PROFILES["chromium-156"].player.templates[0]
    plain = {feature.name for feature in features_of(hello)}
    cut = {feature.name for feature in features_of(replace(hello, segments=(700,), records=(4,)))}
    kinds = {name.partition(":")[0] for name in plain ^ cut}
    assert kinds == {"segment-count", "record-count", "record-length"}


def test_hello_show_tells_the_delivery(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, GOOD.replace("session_id_length = 32", DELIVERY)))
    sender = Sender(profile.id, profile.title, tuple(views(profile)))
    lines = [line.split(maxsplit=1)[1] for line in show_lines(sender) if line.startswith("  delivery")]
    cut = "records of 4, 100 bytes and the rest, segments of 60 bytes and the rest, 0.5 s between them"
    assert lines == [cut, "one record"]
