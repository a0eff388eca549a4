"""Answers recorded from the code of Java 6 and 7, and which emulated server stands for which of them.

The file and its sources are described in tests/vectors/SOURCES.md; levels and settings come from it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.fidelity.answers import Answer
from bench.fidelity.questions import FirstFlight

VECTORS = Path(__file__).parents[2] / "tests" / "vectors" / "jsse-first-flights.json"
JAVA_7 = "7"


@dataclass(frozen=True, slots=True)
class MeasuredServer:
    """An emulated server by its id, the level it stands for and the setting that was measured."""

    id: str
    level: str
    setting: str


@cache
def _recorded() -> Mapping[str, Any]:
    recorded: Mapping[str, Any] = json.loads(VECTORS.read_text())
    return recorded


def recorded_first_flights() -> list[FirstFlight]:
    """The 88 first flights."""
    return [FirstFlight(each["name"], bytes.fromhex(each["hex"])) for each in _recorded()["first_flights"]]


def measured_servers() -> Iterator[MeasuredServer]:
    """Every level in every setting it was measured in: without elliptic curves, with them, as it comes."""
    for level in _recorded()["levels"]:
        if level.startswith(JAVA_7):
            server = f"jsse7@{level},policy=unlimited"
            yield MeasuredServer(f"{server},protocols=tlsv1,ec=no", level, "answers")
            yield MeasuredServer(f"{server},protocols=tlsv1", level, "ec_provider")
            yield MeasuredServer(server, level, "stock")
        else:
            server = f"jsse6@{level},policy=unlimited"
            yield MeasuredServer(server, level, "answers")
            yield MeasuredServer(f"{server},ec=yes", level, "ec_provider")


def renegotiation_server(level: str, toggles: str) -> str:
    """The server whose renegotiations were measured at a level: SSLv3 and TLSv1, no elliptic curves."""
    if level.startswith(JAVA_7):
        return f"jsse7@{level},policy=unlimited,protocols=tlsv1,ec=no{toggles}"
    return f"jsse6@{level},policy=unlimited{toggles}"


def levels() -> list[str]:
    """The levels there are recorded answers of."""
    return list(_recorded()["levels"])


def measured_answers(server: MeasuredServer) -> dict[str, Answer]:
    """What the code answered to each of the recorded first flights, by its name."""
    answers = {name: _with_beginnings(answer) for name, answer in _recorded()["answers"].items()}
    return {
        flight["name"]: answers[_at(flight, server.setting, server.level)]
        for flight in _recorded()["first_flights"]
    }


def _with_beginnings(answer: Answer) -> Answer:
    """The same with what every ServerHello that was measured began its random and its session id with."""
    if "server_hello" not in answer:
        return answer
    return {**answer, "server_hello": {**answer["server_hello"], **_recorded().get("server_hello", {})}}


def _at(flight: Mapping[str, Any], setting: str, level: str) -> str:
    """The name of the answer; where a setting has none of its own it is that of the plain one."""
    for table in (flight.get(setting, {}), flight["answers"]):
        name = table.get(level, table.get("*"))
        if name is not None:
            return str(name)
    raise KeyError(f"{flight['name']}: no answer of {level}")
