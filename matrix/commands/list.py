"""`tls-matrix list servers|clients|scenarios|cells`: what there is to choose from."""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from definitions.former import Notes
from matrix.commands.options import ClientsDir, Json, ServersDir, console, one_line_errors, write_out
from matrix.plan.options import RunOptions
from matrix.plan.plan import load_all_definitions, load_all_profiles, make_plan
from matrix.plan.servers import default_servers
from matrix.results.run_file import to_json
from matrix.scenarios import SCENARIOS
from matrix.wording import printable
from servers.variant import expand

Row = dict[str, Any]


class Listed(StrEnum):
    """What can be listed."""

    SERVERS = "servers"
    CLIENTS = "clients"
    SCENARIOS = "scenarios"
    CELLS = "cells"


def list_what(
    what: Annotated[Listed, typer.Argument(help="What to list.", show_default=False)],
    json: Json = False,
    servers_dir: ServersDir = None,
    clients_dir: ClientsDir = None,
) -> None:
    """List servers (every id --server takes), clients, scenarios, or the cells of the default grid."""
    options = RunOptions(servers_dir=tuple(servers_dir or ()), clients_dir=tuple(clients_dir or ()))
    with one_line_errors() as notes:
        rows = _SOURCES[what](options, notes)
    if json:
        write_out(to_json(rows))
    else:
        _print(rows)


def _servers(options: RunOptions, notes: Notes) -> list[Row]:
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


def _clients(options: RunOptions, notes: Notes) -> list[Row]:
    return [
        {
            "id": profile.id,
            "title": profile.title,
            "stack": profile.stack,
            "os": profile.os,
            "released": profile.released,
            "provenance": profile.provenance.kind,
            "confidence": profile.provenance.confidence,
            "attempts": len(profile.attempts),
            "default": profile.default,
            "note": profile.provenance.note,
        }
        for profile in load_all_profiles(options.clients_dir, notes).values()
    ]


def _scenarios(options: RunOptions, notes: Notes) -> list[Row]:
    return [{"id": scenario.id, "title": scenario.title} for scenario in SCENARIOS.values()]


def _cells(options: RunOptions, notes: Notes) -> list[Row]:
    return [
        {
            "id": planned.cell.id,
            "expected": planned.expectation.outcome.value,
            "expected_reason": planned.expectation.reason,
            "expected_why": planned.expectation.why,
            "prediction": planned.prediction.outcome.value if planned.prediction else None,
            "prediction_why": planned.prediction.why if planned.prediction else "",
        }
        for planned in make_plan(options, notes).cells
    ]


_SOURCES: dict[Listed, Callable[[RunOptions, Notes], list[Row]]] = {
    Listed.SERVERS: _servers,
    Listed.CLIENTS: _clients,
    Listed.SCENARIOS: _scenarios,
    Listed.CELLS: _cells,
}
_SHOWN = (
    "id",
    "title",
    "released",
    "confidence",
    "attempts",
    "default",
    "expected",
    "expected_reason",
    "prediction",
)


def _print(rows: Sequence[Row]) -> None:
    """Print a table on a terminal and tab-separated lines elsewhere; notes (hypotheses, for one) follow,
    once each.
    """
    out = console()
    columns = [name for name in _SHOWN if rows and name in rows[0]]
    if out.is_terminal:
        table = Table(*columns, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(Text(_text(row[name])) for name in columns))
        out.print(table)
    else:
        write_out("".join("\t".join(_text(row[name]) for name in columns) + "\n" for row in rows))
    texts: dict[str, dict[str, None]] = {}  # each once, with all that it is about
    for about, text in (*_notes(rows), *_toggles(rows)):
        texts.setdefault(text, {})[about] = None
    for text, abouts in texts.items():
        out.print(Text(f"\n{', '.join(abouts)}: {printable(text)}"), soft_wrap=not out.is_terminal)


def _notes(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Give the notes on servers, each with the id (without toggles) it is about."""
    for row in rows:
        if row.get("kind") and row["note"]:
            yield row["id"].partition(",")[0], row["note"]


def _toggles(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Give what stands behind toggles, each with the server's name and the toggle it is about."""
    for row in rows:
        for name, text in row.get("about_toggles", {}).items():
            yield f"{row['id'].partition('@')[0]},{name}=", text


def _text(value: Any) -> str:
    match value:
        case True:
            return "yes"
        case False | None:
            return "-"
        case _:
            return printable(str(value))
