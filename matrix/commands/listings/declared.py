"""The keys of the table declared of a server.toml."""

from dataclasses import asdict

from definitions.former import Notes
from matrix.commands.listings import Row
from matrix.plan.options import RunOptions
from servers.key_texts import declared_key_texts


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    return [asdict(key) for key in declared_key_texts()]
