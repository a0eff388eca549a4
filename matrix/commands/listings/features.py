"""The features of a hello."""

from definitions.former import Notes
from handshake.features import notations
from matrix.commands.listings import Row
from matrix.plan.options import RunOptions


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    return [{"id": notation, "title": meaning} for notation, meaning in notations().items()]
