"""How many cells of a run went how: the counts of its headline. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from matrix.history.store import StoredRun
from matrix.judgement.outcome import Outcome, Verdict

_UNEXPECTED = (Verdict.FAILED, Verdict.UNEXPECTED_PASS)


class Counts(Struct, frozen=True):
    """A run and its cells: by outcome (empty: not measured), and those that went otherwise than expected."""

    run: StoredRun
    by_outcome: dict[str, int]
    unexpected: int

    @property
    def cells(self) -> int:
        """All of them."""
        return sum(self.by_outcome.values())

    def of(self, outcome: Outcome | None) -> int:
        """How many have this outcome, or none."""
        return self.by_outcome.get("" if outcome is None else outcome.value, 0)


def counts_of(run: StoredRun, states: Iterable[tuple[str, str, int]]) -> Counts:
    """Count from how many cells have each verdict and outcome."""
    by_outcome: dict[str, int] = {}
    unexpected = 0
    for verdict, outcome, number in states:
        by_outcome[outcome] = by_outcome.get(outcome, 0) + number
        unexpected += number if verdict in _UNEXPECTED else 0
    return Counts(run, by_outcome, unexpected)
