"""The servers: every id that `--server` takes."""

from definitions.former import Notes
from matrix.commands.listings import Row
from matrix.plan.loading import load_all_definitions
from matrix.plan.options import RunOptions
from matrix.plan.servers import default_servers
from servers.variant import expand


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    definitions = load_all_definitions(options.servers_dir, notes)
    default = {variant.id for variant in default_servers(definitions)}
    return [
        {
            "id": variant.id,
            "title": variant.title,
            "kind": definition.kind,
            "level": variant.level,
            "toggles": dict(variant.toggles),
            "about_toggles": {
                name: ". ".join(text for text in (toggle.title, toggle.note) if text)
                for name, toggle in definition.toggles.items()
                if name in variant.toggles
            },
            "released": definition.levels[variant.level].released,
            "stack": definition.levels[variant.level].stack,
            "default": variant.id in default,
            "note": " ".join(
                text for text in (definition.note, definition.levels[variant.level].note) if text
            ),
        }
        for definition in definitions.values()
        for variant in expand(definition)
    ]
