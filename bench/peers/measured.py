"""What is measured of a peer: how many of what, in how many seconds. Pure, but for `repeated`'s clock."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Sample(NamedTuple):
    """`number` clients, handshakes or probes took `seconds` together, and one of them took `each` seconds."""

    seconds: float
    number: int
    each: float


class Peer(NamedTuple):
    """Somebody who does this work: `unit` is what is counted, `measure` does it once."""

    name: str
    version: str
    unit: str
    measure: Callable[[], Sample]


class Missing(NamedTuple):
    """A peer that is not here, and what to do so that it is."""

    name: str
    advice: str


class Row(NamedTuple):
    """The samples of a peer, one of each round."""

    peer: Peer
    samples: list[Sample]

    @property
    def seconds(self) -> float:
        """The median of the rounds."""
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def each(self) -> float:
        """The median of the rounds."""
        return statistics.median(sample.each for sample in self.samples)

    @property
    def number(self) -> int:
        """How many in a round; the median, where the rounds differ."""
        return round(statistics.median(sample.number for sample in self.samples))


def whole(seconds: float, number: int) -> Sample:
    """The sample of a command, whose start each of its clients bears a part of."""
    return Sample(seconds, number, seconds / number)


def repeated(once: Callable[[], None], seconds: float) -> Sample:
    """Call again and again for so long; `each` is the median of the calls, so a pause of the machine does not
    count.
    """
    taken: list[float] = []
    began = time.perf_counter()
    while not taken or time.perf_counter() - began < seconds:
        before = time.perf_counter()
        once()
        taken.append(time.perf_counter() - before)
    return Sample(time.perf_counter() - began, len(taken), statistics.median(taken))


def in_turn(peers: list[Peer], rounds: int) -> dict[str, Row]:
    """Measure all of them once a round."""
    rows = {peer.name: Row(peer, []) for peer in peers}
    for _ in range(rounds):
        for row in rows.values():
            row.samples.append(row.peer.measure())
    return rows
