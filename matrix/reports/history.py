"""The history for people: the last runs as a table, and cells over time as lines. Pure."""

from collections.abc import Iterator, Sequence

from matrix.history.counting import Counts
from matrix.history.kept_run import State
from matrix.history.over_time import CellOverTime, Course, Span
from matrix.history.store import StoredRun
from matrix.judgement.outcome import Outcome
from matrix.reports.cell_text import outcome_text
from matrix.wording import counted, printable

COLUMNS = (
    "started (UTC)", "run", "cells", "works", "fallback", "fails", "n/a", "not measured", "unexpected", "",
)  # fmt: skip
NO_DATE = "date not recorded"
_COUNTED = (
    Outcome.WORKS,
    Outcome.WORKS_AFTER_FALLBACK,
    Outcome.FAILS,
    Outcome.NOT_APPLICABLE,
    None,
)


def run_row(counts: Counts) -> tuple[str, ...]:
    """A run as a row of the table."""
    run = counts.run
    numbers = (counts.cells, *map(counts.of, _COUNTED), counts.unexpected)
    return (when(run), printable(run.name), *map(str, numbers), "partial" if run.partial else "")


def when(run: StoredRun) -> str:
    """When a run started."""
    return printable(run.started[:19].replace("T", " ")) or NO_DATE


def cell_lines(cells: Sequence[CellOverTime]) -> Iterator[str]:
    """Cells over time; of several, those that gave the same in every run are counted."""
    is_alone = len(cells) == 1
    steady = unmeasured = 0
    for cell in cells:
        if is_alone or cell.course in (Course.CHANGED, Course.FLAKY):
            yield from _lines(cell)
        elif cell.course is Course.STEADY:
            steady += 1
        else:
            unmeasured += 1
    if steady:
        yield f"{counted(steady, 'cell')} gave the same result in every run"
    if unmeasured:
        were = "was" if unmeasured == 1 else "were"
        yield f"{counted(unmeasured, 'cell')} {were} never measured"


def _lines(cell: CellOverTime) -> Iterator[str]:
    yield f"{printable(cell.cell)}: {_headline(cell)}"
    yield from (f"  {_span(span)}" for span in cell.spans)
    if cell.unmeasured:
        yield f"  not measured in {counted(cell.unmeasured, 'run')}"


def _headline(cell: CellOverTime) -> str:
    changed_in = cell.changed_in
    match cell.course:
        case Course.NOT_MEASURED:
            return "was never measured"
        case Course.STEADY:
            return "the same result in every run"
        case Course.FLAKY:
            return "FLAKY: the same definitions gave different results"
        case Course.CHANGED:
            assert changed_in is not None, "it has another result than before"
            return f"changed, first in {printable(changed_in.name)} ({when(changed_in)})"


def _span(span: Span) -> str:
    more = f" to {when(span.last)}, {span.runs} runs" if span.runs > 1 else ""
    why = "" if span.course is Course.STEADY else f"{span.course.value}: "
    return f"{when(span.first)} {printable(span.first.name)}{more}: {why}{_result(span.state)}"


def _result(state: State) -> str:
    known = {outcome.value: outcome for outcome in Outcome}
    outcome = known.get(state.outcome)
    said = str(outcome_text(outcome)) if outcome else state.outcome
    details = (state.reason, state.version, state.cipher_suite)
    return printable(", ".join(filter(None, (said, *details))))
