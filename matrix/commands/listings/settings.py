"""What clients can be told that changes their hellos."""

from definitions.former import Notes
from matrix.commands.listings import Row
from matrix.plan.loading import load_all_settings
from matrix.plan.options import RunOptions


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """A row for each setting, with the features that it takes out of the hello and puts into it."""
    return [
        {
            "id": setting.id,
            "clients": ", ".join(setting.clients),
            "how": setting.how,
            "without": [feature.name for feature in setting.without],
            "adding": [feature.name for feature in setting.adding],
            "confidence": setting.confidence,
            "source": setting.source,
            "note": setting.note,
        }
        for setting in load_all_settings(options.clients_dir, notes).values()
    ]
