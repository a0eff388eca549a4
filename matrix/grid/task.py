"""The cells of a run as the processes that run them know them, and the order in which they are run."""

from msgspec import Struct

from matrix.cell import Cell
from matrix.judgement.outcome import Expectation
from matrix.plan.plan import Plan, PlannedCell


class CellTask(Struct, frozen=True):
    """A cell and what is expected of it."""

    cell: Cell
    expectation: Expectation | None


def _in_turn(plan: Plan) -> list[PlannedCell]:
    """The cells in the order in which they are run: at targets each client goes round all of them before the
    next does, so that the pace of one target is waited for while others are asked.
    """
    targets = {target.name for target in plan.targets}
    rounds: dict[tuple[str, str], int] = {}
    for planned in plan.cells:
        rounds.setdefault((planned.cell.client, planned.cell.scenario), len(rounds))

    def turn(planned: PlannedCell) -> int:
        cell = planned.cell
        return rounds[cell.client, cell.scenario] if cell.server in targets else -1

    return sorted(plan.cells, key=turn)


def tasks_of(plan: Plan) -> list[CellTask]:
    """The cells of a plan, in the order in which they are run."""
    return [CellTask(planned.cell, planned.expectation) for planned in _in_turn(plan)]
