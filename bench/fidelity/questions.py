"""Questions to a server, and asking many at once over real TCP.

A question has a name and can be asked of an address; what comes back is an answer (`bench.fidelity.answers`).
`FirstFlight` is one kind; a kind that needs more than one flight is another class with the same two members.
An answer is read to its end: the peer's FIN or reset, or a silence, which counts as open.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.fidelity.answers import Answer, describe_answer

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
        return describe_answer(received, end, time.time())


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
