"""Servers that cannot be explained, or not at once: each is told for what it is. All on real connections."""

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import pytest

from matrix.explain.result import Kind
from matrix.explain.trial import Answer, Choice
from matrix.explain.words import confidence, sentence
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer, RunningServers
from servers.variant import parse_server_id
from tests.matrix.explain.asked import Decide, causes_of, explained, relay
from tests.matrix.saying import answering

MINDS = "webmethods-8.0.1@core-fix-19"
PATCHED = "webmethods-8.0.1@core-fix-20"
HANGS = "reference@rfc,intolerance=256-to-511-bytes"
CLIENT = "biztalk-ws2008"
AT_FIRST = 12
"""Connections after which something happens: later than the first questions, before the last."""


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServers]:
    definitions = load_definitions()
    variants = [parse_server_id(each, definitions) for each in (MINDS, PATCHED, HANGS)]
    with start_servers(variants, make_credentials()) as servers:
        yield servers


def port_of(running: RunningServers, server: str) -> int:
    found = running[server]
    assert isinstance(found, RunningServer), found
    return found.port


def test_a_client_that_gets_through_has_nothing_to_explain(running: RunningServers) -> None:
    assert explained(port_of(running, PATCHED), CLIENT).kind is Kind.PASSES


def test_the_relay_alone_disturbs_nothing(running: RunningServers) -> None:
    with relay(port_of(running, MINDS), lambda number: "pass") as port:
        found = explained(port, CLIENT)
    assert found.kind is Kind.ONE
    assert causes_of(found)[0][0] == "extension:supported_groups or extension:ec_point_formats"


def test_nobody_listens(running: RunningServers) -> None:
    with relay(port_of(running, MINDS), lambda number: "down") as port:
        explained(port, CLIENT)
        assert explained(port, CLIENT).kind is Kind.UNREACHABLE


@pytest.mark.parametrize(
    ("decide", "kind"),
    [
        pytest.param(lambda number: "pass" if number <= AT_FIRST else "reset", Kind.BANNED, id="bans"),
        pytest.param(lambda number: "pass" if number <= AT_FIRST else "down", Kind.DOWN, id="goes-down"),
    ],
)
def test_a_server_that_no_longer_answers(running: RunningServers, decide: Decide, kind: Kind) -> None:
    with relay(port_of(running, MINDS), decide) as port:
        found = explained(port, CLIENT)
    assert found.kind is kind
    assert not found.causes


def test_a_server_that_goes_down_after_a_hello_got_through(running: RunningServers) -> None:
    with relay(port_of(running, PATCHED), lambda number: "pass" if number == 1 else "down") as port:
        assert explained(port, CLIENT).kind is Kind.DOWN


@pytest.mark.long
def test_a_limit_of_the_rate(running: RunningServers) -> None:
    """Three connections a second at most: a pause helps, which a ban does not end."""
    moments: list[float] = []

    def decide(number: int) -> str:
        now = time.monotonic()
        if number <= AT_FIRST:
            return "pass"
        moments[:] = [moment for moment in moments if now - moment < 1.0]
        moments.append(now)
        return "pass" if len(moments) <= 3 else "reset"

    with relay(port_of(running, MINDS), decide) as port:
        found = explained(port, CLIENT, pause_seconds=1.5)
    assert found.kind is Kind.RATE_LIMITED
    assert "--rate" in sentence(found, "server", "client")


def test_a_flaky_server(running: RunningServers) -> None:
    with relay(port_of(running, PATCHED), lambda number: "reset" if number % 2 else "pass") as port:
        found = explained(port, CLIENT)
    assert found.kind is Kind.FLAKY
    assert found.rate == 0.5
    assert not found.causes


def test_a_server_that_learns(running: RunningServers) -> None:
    """It refuses the client at first and then no longer: its answers change with time."""
    with relay(port_of(running, PATCHED), lambda number: "reset" if number < AT_FIRST else "pass") as port:
        found = explained(port, CLIENT)
    assert found.kind is Kind.CHANGED
    assert not found.causes


@pytest.mark.long
def test_a_server_that_hangs_costs_no_more_than_eight_deadlines(running: RunningServers) -> None:
    seconds = 4.0
    began = time.monotonic()
    found = explained(port_of(running, HANGS), "openssl-1.0.1", seconds=seconds)
    assert causes_of(found)[0][0] == "hello-length:256..511"
    assert time.monotonic() - began < 8 * seconds


@pytest.mark.long
def test_a_server_that_never_says_a_word_costs_no_more_than_eight_deadlines() -> None:
    seconds = 1.5
    with answering(None) as destination:
        began = time.monotonic()
        found = explained(destination.port, CLIENT, seconds=seconds)
        assert time.monotonic() - began < 8 * seconds
    assert found.kind is Kind.ALL_FAIL


@pytest.mark.parametrize("most", [10, 20, 40])
def test_no_more_is_asked_than_may_be(running: RunningServers, most: int) -> None:
    counted: list[int] = []

    def decide(number: int) -> str:
        counted.append(number)
        return "pass"

    with relay(port_of(running, MINDS), decide) as port:
        found = explained(port, CLIENT, most=most)
    assert len(counted) == found.probes <= most
    assert found.kind is (Kind.ONE if most == 40 else found.kind)
    if most == 10:
        assert found.kind in (Kind.SPENT, Kind.SEVERAL)
        assert "--max-probes" in confidence(found)


def test_an_answer_that_comes_after_the_choice_is_another_one() -> None:
    silent = Answer(False, "server-hello:timeout")
    later = Answer(False, "server-hello:timeout", Choice(0x0304, 0x1301, None))
    assert not later.is_like(silent)
    assert later.gets_past(silent)
    assert not silent.gets_past(later)


@contextmanager
def refusing(alerts: Iterable[int]) -> Iterator[int]:
    """A server that sends each of these alerts to one connection, and then is down; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for alert in alerts:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # the test is over
                with connection:
                    connection.recv(65_536)
                    connection.sendall(bytes((21, 3, 1, 0, 2, 2, alert)))
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("alerts", "kind"),
    [
        pytest.param([40] * 3, Kind.DOWN, id="goes-down"),
        pytest.param([40] * 12, Kind.DOWN, id="goes-down-later"),
        pytest.param([40, 10] * 500, Kind.CHANGED, id="answers-in-turn"),
        pytest.param([40] * 1000, Kind.ALL_FAIL, id="refuses-all"),
    ],
)
def test_where_no_hello_gets_through_the_first_one_is_asked_again(alerts: list[int], kind: Kind) -> None:
    with refusing(alerts) as port:
        assert explained(port, CLIENT).kind is kind
