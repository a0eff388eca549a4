"""The cells of a run that is saved which are worth running again, for `run --lf`. Pure."""

from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.run_file import CellRecord, RunFile


def last_failed(run: RunFile) -> frozenset[str]:
    """The ids of the cells that were not as expected, or that failed where nothing was expected."""
    return frozenset(cell.id for cell in run.cells if _has_failed(cell))


def _has_failed(cell: CellRecord) -> bool:
    if cell.verdict is Verdict.OBSERVED:
        return cell.outcome is Outcome.FAILS
    return not cell.verdict.is_as_expected
