"""The sets of clients."""

from clients.profile import DEFAULT_SETS
from definitions.former import Notes
from matrix.commands.listings import Row
from matrix.plan.loading import load_all_profiles, sets_of
from matrix.plan.options import RunOptions


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    profiles = load_all_profiles(options.clients_dir, notes)
    return [
        {"id": name, "clients": len(members), "default": name in DEFAULT_SETS, "members": members}
        for name, members in sets_of(profiles).items()
    ]
