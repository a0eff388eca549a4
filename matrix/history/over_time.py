"""A cell over time: in which runs it gave the same result, where that changed, and whether it is flaky. Pure.

A cell is *flaky* where the same definitions gave different results; otherwise another result is a *change*. A
target, or a program of the user's own, can change unseen: it is flaky only where a result that was gone has
come back by the same definitions. A run in which a cell was not measured says nothing of it.
"""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from matrix.history.kept_run import State
from matrix.history.store import StoredResult, StoredRun


class Course(StrEnum):
    """What became of a cell."""

    STEADY = "steady"
    CHANGED = "changed"
    FLAKY = "flaky"
    NOT_MEASURED = "not-measured"


class Span(Struct, frozen=True):
    """Runs one after the other with the same result: `first` is the first of them. `course` says what it is
    that this result is another one than that before; of the first span it is STEADY.
    """

    first: StoredRun
    last: StoredRun
    runs: int
    state: State
    course: Course


class CellOverTime(Struct, frozen=True):
    """A cell's spans, the first run first; `unmeasured` counts the runs that found nothing out."""

    cell: str
    course: Course
    spans: tuple[Span, ...]
    unmeasured: int

    @property
    def changed_in(self) -> StoredRun | None:
        """The first run that gave the present result; None where it was never another."""
        return self.spans[-1].first if len(self.spans) > 1 else None


def over_time(cell: str, results: Iterable[StoredResult]) -> CellOverTime:
    """Put the results of a cell, in their order, into spans."""
    spans: list[Span] = []
    earlier: dict[str, list[tuple[str, ...]]] = defaultdict(list)  # by definitions, each as it came anew
    is_flaky = False
    unmeasured = 0
    for result in results:
        if not result.state.is_measured:
            unmeasured += 1
            continue
        contradicts = _contradicts(earlier[result.definitions.digest], result)
        # Also where it is no other result than the one before it, which had other definitions.
        is_flaky = is_flaky or contradicts
        if spans and spans[-1].state.result == result.state.result:
            spans[-1] = replace(spans[-1], last=result.run, runs=spans[-1].runs + 1)
            continue
        course = Course.FLAKY if contradicts else Course.CHANGED if spans else Course.STEADY
        spans.append(Span(result.run, result.run, 1, result.state, course))
    if is_flaky:
        course = Course.FLAKY
    elif spans:
        course = Course.CHANGED if len(spans) > 1 else Course.STEADY
    else:
        course = Course.NOT_MEASURED
    return CellOverTime(cell, course, tuple(spans), unmeasured)


def _contradicts(earlier: list[tuple[str, ...]], now: StoredResult) -> bool:
    """Whether a result is not what the same definitions gave; it is put to those from now on."""
    result = now.state.result
    if earlier and earlier[-1] == result:
        return False
    is_contradiction = bool(earlier) and (not now.definitions.changes_unseen or result in earlier)
    earlier.append(result)
    return is_contradiction
