"""The cells of the default grid, with what is expected of each."""

from definitions.former import Notes
from matrix.commands.listings import Row
from matrix.judgement.outcome import Expectation
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    return [
        {
            "id": planned.cell.id,
            **_expected(planned.expectation or Expectation()),
            "prediction": planned.prediction.outcome.value if planned.prediction else None,
            "prediction_why": planned.prediction.why if planned.prediction else "",
        }
        for planned in make_plan(options, notes).cells
    ]


def _expected(expectation: Expectation) -> Row:
    return {
        "expected": expectation.outcome.value,
        "expected_reason": None if expectation.reason is None else str(expectation.reason),
        "expected_why": expectation.why,
    }
