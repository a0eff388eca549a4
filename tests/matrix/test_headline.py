"""The first line of every report: true, whatever was and was not measured."""

from typing import Any

import pytest

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.headline import headline, partial
from matrix.results.run_file import CellRecord
from tests.matrix.runs import cell, run

MISSING = "nss is not installed: apt install libnss3-tools"
W, B, N, F = Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK, Outcome.NOT_APPLICABLE, Outcome.FAILS
OBSERVED = {"verdict": Verdict.OBSERVED, "expected": None}


def cells(number: int, outcome: Outcome | None = W, **more: Any) -> list[CellRecord]:
    server = f"{outcome}-{more.get('verdict')}"
    return [cell(server, f"c{client}", outcome, **more) for client in range(number)]


def expected(number: int) -> list[CellRecord]:
    return cells(number, F, verdict=Verdict.EXPECTED_FAILURE, expected=F, expected_why="it is known")


def unmeasured(number: int, **more: Any) -> list[CellRecord]:
    return cells(number, None, verdict=Verdict.NOT_INSTALLED, **{"note": MISSING, **more})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (cells(1), "1 cell: 1 works. All as expected."),
        (cells(2) + expected(1), "3 cells: 2 work, 1 fails. All as expected."),
        (cells(18) + cells(5, F), "23 cells: 18 work, 5 fail. 5 unexpected results."),
        (cells(1) + cells(1, B), "2 cells: 1 works, 1 works only after a fallback. 1 unexpected result."),
        (
            cells(18) + expected(3) + unmeasured(2),
            f"23 cells: 18 work, 3 fail, 2 were not measured ({MISSING}). "
            "All that was measured is as expected.",
        ),
        (unmeasured(1), f"1 cell: 1 was not measured ({MISSING})."),
        (cells(18, **OBSERVED) + cells(5, F, **OBSERVED), "23 cells: 18 work, 5 fail."),
        (
            cells(1, **OBSERVED) + cells(2),
            "3 cells: 3 work. The 2 cells with an expected result are as expected.",
        ),
        (
            cells(1) + cells(2, N, reason="renegotiation:policy-tls-1.3", verdict=Verdict.NOT_APPLICABLE),
            "3 cells: 1 works, 2 do not apply. All as expected.",
        ),
        ([], "No cell was run."),
    ],
)
def test_it_counts_and_says_what_is_unexpected(given: list[CellRecord], said: str) -> None:
    assert headline(run(*given)) == said


def test_of_a_partial_run_not_all_is_as_expected() -> None:
    said = "1 cell: 1 works. All that was measured is as expected."
    assert headline(run(*cells(1), partial=True)) == said


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        (47, "Partial: the run ended when 1 of 47 cells were measured."),
        (None, "Partial: the run ended before every cell was measured."),  # a file of before it was written
    ],
)
def test_of_a_partial_run_it_says_how_much_there_is(planned: int | None, said: str) -> None:
    cut = run(*cells(1), partial=True)
    assert partial(cut.model_copy(update={"run": cut.run.model_copy(update={"planned": planned})})) == said
    assert partial(run(*cells(1))) == ""


def test_it_names_two_reasons_of_what_was_not_measured() -> None:
    several = [
        cell("a", f"c{number}", None, verdict=Verdict.HARNESS_ERROR, note=f"reason {number}")
        for number in range(4)
    ]
    said = "4 cells: 4 were not measured (reason 0; reason 1; 2 more reasons)."
    assert headline(run(*several)) == said
