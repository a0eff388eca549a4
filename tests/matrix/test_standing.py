"""How a run stands: green is what went as expected, and nothing else is."""

import pytest

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.standing import Standing, standing, standing_text
from matrix.results.run_file import CellRecord
from tests.matrix.runs import cell, run

FAILS, FALLBACK = Outcome.FAILS, Outcome.WORKS_AFTER_FALLBACK
OBSERVED, BROKEN, MISSING = Verdict.OBSERVED, Verdict.HARNESS_ERROR, Verdict.NOT_INSTALLED


def seen(client: str, outcome: Outcome = Outcome.WORKS) -> CellRecord:
    return cell("a@1", client, outcome, verdict=OBSERVED)


@pytest.mark.parametrize(
    ("cells", "stands", "said"),
    [
        ([cell("a@1", "x")], Standing.AS_EXPECTED, "as expected"),
        (
            [cell("a@1", "x"), cell("a@1", "y", None, verdict=MISSING)],
            Standing.AS_EXPECTED,
            "as expected, as far as it was measured",
        ),
        ([seen("x"), seen("y")], Standing.AS_EXPECTED, "no expectation, none of 2 cells fails"),
        ([seen("x"), seen("y", FAILS)], Standing.UNJUDGED, "no expectation, 1 fails"),
        (
            [cell("a@1", "u"), seen("v", FAILS), seen("w", FAILS), seen("x", FALLBACK)],
            Standing.UNJUDGED,
            "no expectation, 2 fail and 1 works only after a fallback",
        ),
        ([cell("a@1", "x", FAILS), seen("y", FAILS)], Standing.UNEXPECTED, "1 unexpected"),
        (
            [cell("a@1", "x", FAILS), cell("a@1", "y", None, verdict=BROKEN)],
            Standing.UNEXPECTED,
            "1 unexpected and 1 not measured",
        ),
        ([cell("a@1", "y", None, verdict=BROKEN)], Standing.UNEXPECTED, "1 not measured"),
        ([cell("a@1", "y", None, verdict=MISSING)], Standing.NOTHING, "nothing was measured"),
        ([], Standing.NOTHING, "nothing was measured"),
    ],
)
def test_a_run_stands_as_its_cells_do(cells: list[CellRecord], stands: Standing, said: str) -> None:
    assert (standing(run(*cells)), standing_text(run(*cells))) == (stands, said)


def test_no_two_look_alike() -> None:
    assert len({each.sign for each in Standing}) == len(Standing)
