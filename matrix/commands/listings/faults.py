"""What a server can do wrong, as the table accepts of a client names it."""

from definitions.former import Notes
from handshake.fault_names import listed_faults
from matrix.commands.listings import Row
from matrix.plan.options import RunOptions


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    return [{"id": name, "text": f"{words[0].upper()}{words[1:]}"} for name, words in listed_faults().items()]
