"""Questions to a server, and asking many at once over real TCP.

A question has a name and can be asked of an address; what comes back is an answer (`bench.fidelity.answers`).
`FirstFlight` is one kind; a kind that needs more than one flight is another class with the same two members.
An answer is read to its end: the peer's FIN or reset, or a silence, which counts as open.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.fidelity.answers import Answer, describe_answer

VECTORS = Path(__file__).parents[2] / "tests" / "vectors" / "jsse-first-flights.json"
MAX_ANSWER_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of silence that count as open: after something has come, and when nothing has."""

    after_bytes: float
    without_bytes: float


HASTY = Patience(0.3, 2.0)
PATIENT = Patience(1.5, 4.0)
"""For a second asking, few at once, where two answers differ: a busy machine is no difference."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: one port or several alike, and how many connections each takes at once."""

    host: str
    ports: Sequence[int]
    at_once: int


class Question(Protocol):
    """What is asked; `name` is unique among the questions asked together."""

    @property
    def name(self) -> str:
        """What the report calls it."""

    @property
    def description(self) -> str:
        """What is sent, in words or in hex; shown where two answers differ. May be empty."""

    async def ask(self, host: str, port: int, patience: Patience) -> Answer:
        """Ask on a connection of its own."""


@dataclass(frozen=True, slots=True)
class FirstFlight:
    """Bytes sent as soon as the connection is there; the answer is all that comes back."""

    name: str
    sent: bytes
    description: str = ""

    async def ask(self, host: str, port: int, patience: Patience) -> Answer:
        """Send the bytes and read to the end."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(self.sent)
            received, end = await _read_to_end(reader, patience)
        finally:
            writer.transport.abort()
        return describe_answer(received, end)


async def _read_to_end(reader: asyncio.StreamReader, patience: Patience) -> tuple[bytes, str]:
    received = b""
    while len(received) < MAX_ANSWER_BYTES:
        silence = patience.after_bytes if received else patience.without_bytes
        try:
            data = await asyncio.wait_for(reader.read(65536), silence)
        except TimeoutError:
            return received, "open"
        except ConnectionError:
            return received, "RST"
        if not data:
            return received, "FIN"
        received += data
    return received, "endless"


def ask_all(questions: Iterable[Question], address: Address, patience: Patience) -> dict[str, Answer]:
    """Ask each question, as many at once as the server takes; answers by the question's name."""
    return asyncio.run(_ask_all(questions, address, patience))


async def _ask_all(questions: Iterable[Question], address: Address, patience: Patience) -> dict[str, Answer]:
    free: asyncio.Queue[int] = asyncio.Queue()
    for port in [*address.ports] * address.at_once:
        free.put_nowait(port)
    answers: dict[str, Answer] = {}

    async def ask(question: Question) -> None:
        port = await free.get()
        try:
            answers[question.name] = await question.ask(address.host, port, patience)
        finally:
            free.put_nowait(port)

    async with asyncio.TaskGroup() as asking:
        for question in questions:
            asking.create_task(ask(question))
    return answers


def recorded_first_flights() -> list[FirstFlight]:
    """The 88 first flights of the vectors (their source is in tests/vectors/SOURCES.md)."""
    flights = json.loads(VECTORS.read_text())["first_flights"]
    return [FirstFlight(flight["name"], bytes.fromhex(flight["hex"])) for flight in flights]


def measured_answers(level: str, *, elliptic_curves: bool) -> Mapping[str, Answer]:
    """What the measured code of a level answered to each of `recorded_first_flights`."""
    answers = {}
    for flight in json.loads(VECTORS.read_text())["first_flights"]:
        answer = flight["answers"][level]
        if elliptic_curves:
            answer = flight.get("ec_provider", {}).get(level, answer)
        answers[flight["name"]] = answer
    return answers


def measured_levels() -> tuple[str, ...]:
    """The levels there are measurements of, as the emulated servers call them."""
    return tuple(json.loads(VECTORS.read_text())["levels"])
