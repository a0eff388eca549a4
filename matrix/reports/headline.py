"""The first line of every report: how many cells there are, how they went, what was not measured, and whether
that is as expected. Pure.
"""

from collections import Counter
from collections.abc import Sequence

from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.played import differences
from matrix.results.run_file import CellRecord, RunFile
from matrix.wording import counted, printable

_VERBS = (
    (Outcome.WORKS, "works", "work"),
    (Outcome.WORKS_AFTER_FALLBACK, "works only after a fallback", "work only after a fallback"),
    (Outcome.FAILS, "fails", "fail"),
    (Outcome.NOT_APPLICABLE, "does not apply", "do not apply"),
)
_REASONS_NAMED = 2
LOST_EVIDENCE = "Evidence is missing: the disk was full, and evidence made room for the results."


def headline(run: RunFile) -> str:
    """Say in one line how the run went."""
    if not run.cells:
        return "No cell was run."
    outcomes = Counter(cell.outcome for cell in run.cells)
    counts = [
        f"{outcomes[outcome]} {one if outcomes[outcome] == 1 else many}"
        for outcome, one, many in _VERBS
        if outcomes[outcome]
    ]
    if outcomes[None]:
        were = "was" if outcomes[None] == 1 else "were"
        counts.append(f"{outcomes[None]} {were} not measured{_why_not(run.cells)}")
    said = f"{counted(len(run.cells), 'cell')}: {', '.join(counts)}."
    return " ".join(part for part in (said, _against_genuine(run), _against_expectation(run)) if part)


def partial(run: RunFile) -> str:
    """Say of a run that ended early how much of it there is; empty of a whole one."""
    if not run.run.partial:
        return ""
    if run.run.planned is None:  # as in files of before it was written
        return "Partial: the run ended before every cell was measured."
    return (
        f"Partial: the run ended when {len(run.cells)} of {counted(run.run.planned, 'cell')} were measured."
    )


def lost_evidence(run: RunFile) -> str:
    """Say of a run whose evidence had to make room that it is missing; empty of any other."""
    return LOST_EVIDENCE if run.run.lost_evidence else ""


def unexpected_cells(run: RunFile) -> list[CellRecord]:
    """The cells that were measured and went otherwise than expected."""
    return [cell for cell in run.cells if cell.verdict in (Verdict.FAILED, Verdict.UNEXPECTED_PASS)]


def _why_not(cells: Sequence[CellRecord]) -> str:
    """Name the most frequent reasons why cells were not measured."""
    whys = Counter(printable(cell.note) for cell in cells if cell.outcome is None and cell.note)
    named = [why.rstrip(".") for why, _ in whys.most_common(_REASONS_NAMED)]
    if len(whys) > _REASONS_NAMED:
        named.append(f"{len(whys) - _REASONS_NAMED} more reasons")
    return f" ({'; '.join(named)})" if named else ""


def _against_genuine(run: RunFile) -> str:
    """How many cells differ between a profile and the program that it plays."""
    number = len(differences(run))
    return f"{counted(number, 'difference')} between a profile and its genuine program." if number else ""


def _against_expectation(run: RunFile) -> str:
    """Where nothing was expected of any cell there is nothing to say."""
    unexpected = len(unexpected_cells(run))
    if unexpected:
        return f"{counted(unexpected, 'unexpected result')}."
    measured = [cell for cell in run.cells if cell.outcome is not None]
    judged = [cell for cell in measured if cell.expected is not None]
    if not judged:
        return ""
    if len(judged) < len(measured):
        return f"The {counted(len(judged), 'cell')} with an expected result are as expected."
    is_whole = len(measured) == len(run.cells) and not run.run.partial
    return "All as expected." if is_whole else "All that was measured is as expected."
