"""What a client and a server can do in a cell."""

from definitions.former import Notes
from matrix.commands.listings import Row
from matrix.plan.options import RunOptions
from matrix.scenarios import SCENARIOS


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    return [{"id": scenario.id, "title": scenario.title} for scenario in SCENARIOS.values()]
