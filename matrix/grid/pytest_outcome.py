"""A verdict as pytest's own outcome: passed, failed, xfailed, failed (strict), skipped or error.

It is put into the report and not raised in the test: pytest formats a traceback of whatever is raised, which
cost a quarter of a run's time where it was an expected failure [measured], and says nothing here.
"""

import pytest

from matrix.judgement.outcome import Verdict
from matrix.results.cell_result import CellResult
from matrix.wording import printable, reason_in_words


def show(result: CellResult, report: pytest.TestReport, address: str) -> None:
    """Let the report of a cell's test say what the cell's verdict is; `address` is its server's."""
    judgement = result.judgement
    outcome = judgement.outcome.value if judgement.outcome else ""
    said = printable(f"{outcome}: {reason_in_words(judgement.reason)}" if judgement.reason else outcome)
    match judgement.verdict:
        case Verdict.PASSED | Verdict.OBSERVED:
            return
        case Verdict.EXPECTED_FAILURE:
            report.wasxfail = said
            _skip(report, said)
        case Verdict.NOT_APPLICABLE:
            _skip(report, said)
        case Verdict.UNSUPPORTED | Verdict.NOT_INSTALLED:
            _skip(report, printable(judgement.note))
        case Verdict.UNEXPECTED_PASS:
            _fail(report, f"[XPASS(strict)] better than expected: {said}")
        case Verdict.HARNESS_ERROR:
            _fail(report, f"{printable(judgement.note)} [{address}]")
        case _:
            _fail(report, said or printable(judgement.note))


def _skip(report: pytest.TestReport, why: str) -> None:
    path, line, _ = report.location
    report.outcome = "skipped"
    report.longrepr = (path, line or 0, f"Skipped: {why}")


def _fail(report: pytest.TestReport, why: str) -> None:
    report.outcome = "failed"
    report.longrepr = why
