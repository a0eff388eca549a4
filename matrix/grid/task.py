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
    """The cells in the order in which they are run: each client goes round all servers before the next does.
    A server that is slow, or a target whose pace is waited for, then holds up one cell and not all processes.
    """
    rounds: dict[tuple[str, str], int] = {}
    for planned in plan.cells:
        rounds.setdefault((planned.cell.client, planned.cell.scenario), len(rounds))
    return sorted(plan.cells, key=lambda planned: rounds[planned.cell.client, planned.cell.scenario])


def tasks_of(plan: Plan) -> list[CellTask]:
    """The cells of a plan, in the order in which they are run."""
    return [CellTask(planned.cell, planned.expectation) for planned in _in_turn(plan)]
