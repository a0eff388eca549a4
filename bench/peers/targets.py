"""The ratios of this program to its peers, and the targets they are held against. Pure.

A ratio is made of the two samples of one round, and the median of the rounds is what counts. Where one of the
two was not measured, the target is not met.
"""

import statistics
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bench.peers.measured import Row, Sample

RUN = "tls-matrix run, every client"
TESTSSL = "testssl --client-simulation"
SSLYZE = "sslyze"
S_CLIENT = "openssl s_client"
S_TIME = "openssl s_time -new"
CELL = "tls-matrix, a connect cell"
PYOPENSSL = "pyOpenSSL, both ends in memory"
REFUSED = "tls-matrix explain, a hello that is refused"
ANSWERED = "tls-matrix explain, a whole handshake"
TLSFUZZER_REFUSED = "tlsfuzzer, a hello that is refused"
TLSFUZZER_ANSWERED = "tlsfuzzer, a hello up to ServerHelloDone"


def _seconds(sample: Sample) -> float:
    return sample.seconds


def _each(sample: Sample) -> float:
    return sample.each


class Target(NamedTuple):
    """`above` divided by `below`, of what `value` takes of each, is at most or at least `bound`."""

    what: str
    above: str
    below: str
    value: Callable[[Sample], float]
    is_most: bool
    bound: float

    @property
    def words(self) -> str:
        """The bound for people."""
        return f"{'at most' if self.is_most else 'at least'} {self.bound:g}"

    def ratio(self, rows: Mapping[str, Row]) -> float | None:
        """The median of the rounds; None where one of the two was not measured."""
        if self.above not in rows or self.below not in rows:
            return None
        pairs = zip(rows[self.above].samples, rows[self.below].samples, strict=True)
        return statistics.median(self.value(above) / self.value(below) for above, below in pairs)

    def is_met(self, ratio: float | None) -> bool:
        """Whether it is; what was not measured meets nothing."""
        if ratio is None:
            return False
        return ratio <= self.bound if self.is_most else ratio >= self.bound


TARGETS = (
    Target("whole command, of testssl's time", RUN, TESTSSL, _seconds, True, 0.1),
    Target("times faster than testssl, per client", TESTSSL, RUN, _each, False, 60),
    Target("times faster than sslyze, a client to a handshake", SSLYZE, RUN, _each, False, 25),
    Target("explain's probe, of tlsfuzzer's: refused", REFUSED, TLSFUZZER_REFUSED, _each, True, 1),
    Target("explain's probe, of tlsfuzzer's: answered", ANSWERED, TLSFUZZER_ANSWERED, _each, True, 1),
    Target("a connect cell, of pyOpenSSL's handshake and request", CELL, PYOPENSSL, _each, True, 1.6),
)
