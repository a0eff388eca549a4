"""The bench's renegotiation grid sees the difference between two levels of Java, and none within one."""

from collections.abc import Iterator

import pytest

from bench.fidelity.comparison import Comparison, compare_with_recorded
from bench.fidelity.questions import Address
from bench.fidelity.renegotiation_grid import measured_rows
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, start_servers
from servers.variant import parse_server_id

SERVER = "jsse6@6u22,policy=unlimited"
LEGACY, SECURE = "3.1: none, then none", "3.1: RI, then good"


@pytest.fixture(scope="module")
def emulated() -> Iterator[Address]:
    variant = parse_server_id(SERVER, load_definitions())
    with start_servers([variant], make_credentials()) as servers:
        server = servers[variant.id]
        assert isinstance(server, RunningServer), server
        yield Address(server.host, [server.port], 4)


def compare(emulated: Address, level: str) -> Comparison:
    rows = {question.name: (question, answer) for question, answer in measured_rows(level, "default")}
    asked = {name: rows[name] for name in (LEGACY, SECURE)}
    questions = [question for question, _ in asked.values()]
    recorded = {name: answer for name, (_, answer) in asked.items()}
    return compare_with_recorded(SERVER, emulated, questions, recorded)


def test_an_emulation_agrees_with_the_rows_of_its_level(emulated: Address) -> None:
    comparison = compare(emulated, "6u22")
    assert (comparison.total, comparison.agreeing) == (2, 2)


def test_an_emulation_does_not_agree_with_the_rows_of_another_level(emulated: Address) -> None:
    """Before 6u19 everybody renegotiated, and nobody had heard of renegotiation_info."""
    assert {each.question for each in compare(emulated, "6u18").disagreements} == {LEGACY, SECURE}
