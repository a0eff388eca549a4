"""The genuine client programs, and how to get those that are missing."""

from clients.genuine.programs import load_programs
from definitions.former import Notes
from matrix.commands.listings import Row
from matrix.plan.options import RunOptions


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    return [
        {
            "id": program.id,
            "title": program.title,
            "installed": program.missing is None,
            "advice": program.missing or "",
        }
        for program in load_programs(options.clients_dir, notes).values()
    ]
