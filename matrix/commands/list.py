"""`tls-matrix list servers|clients|sets|programs|scenarios|cells`: what there is to choose from (`sets` are
those of clients, `programs` genuine clients, which take a moment to be found); and what can be written in a
server.toml: `list emulation|declared` the keys of these tables, `list features` the features of a hello,
`list departures` the ways in which an emulated server can depart from the RFCs; and in a profile: `list
faults` what a server can do wrong, as `[accepts]` names it; and `list settings` what clients can be told.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

from matrix.cell import select
from matrix.commands import completion, listings
from matrix.commands.listings import Row
from matrix.commands.options import (
    ClientsDir,
    Json,
    ServersDir,
    console,
    one_line_errors,
    print_table,
    write_out,
)
from matrix.plan.loading import ALL, SET
from matrix.plan.options import RunOptions
from matrix.wording import printable


class Listed(StrEnum):
    """What can be listed."""

    SERVERS = "servers"
    CLIENTS = "clients"
    SETS = "sets"
    PROGRAMS = "programs"
    SCENARIOS = "scenarios"
    CELLS = "cells"
    EMULATION = "emulation"
    DECLARED = "declared"
    FEATURES = "features"
    DEPARTURES = "departures"
    FAULTS = "faults"
    SETTINGS = "settings"


def list_what(
    what: Annotated[Listed, typer.Argument(help="What to list.", show_default=False)],
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PAT]...",
            help="Only those that a shell pattern matches; of clients also set:NAME.",
            show_default=False,
            autocompletion=completion.listed,
        ),
    ] = None,
    json: Json = False,
    servers_dir: ServersDir = None,
    clients_dir: ClientsDir = None,
) -> None:
    """List servers (every id --server takes), clients, the sets of clients, genuine client programs,
    scenarios, the cells of the default grid, or the vocabulary of a server.toml: the keys of its tables
    emulation and declared, the features of a hello, the departures from the RFCs with what the RFCs demand of
    a client; what a server can do wrong, as the table accepts of a client names it; or the settings of
    clients that change their hellos, with what each takes out or puts in.

    Where standard output is no terminal, the first line names the columns and each further line is one row,
    separated by tabs; notes follow after an empty line.
    """
    options = RunOptions(servers_dir=tuple(servers_dir or ()), clients_dir=tuple(clients_dir or ()))
    with one_line_errors() as notes:
        rows = _chosen(
            import_module(f"{listings.__name__}.{what}").rows(options, notes), what, patterns or ()
        )
    if json:
        from matrix.results.run_file import to_json  # imports every model of a run

        write_out(to_json(rows))
    else:
        _print(rows)


def _chosen(rows: list[Row], what: Listed, patterns: Sequence[str]) -> list[Row]:
    """The rows that the patterns choose, all without one. Raises SelectionError for one that chooses none."""
    if not patterns or not rows:
        return rows
    name = "id" if "id" in rows[0] else "key"
    sets: dict[str, list[str]] = {f"{SET}{ALL}": [row[name] for row in rows]}
    for row in rows:
        for each in row.get("sets") or ():
            sets.setdefault(f"{SET}{each}", []).append(row[name])
    chosen: set[str] = set()
    for pattern in patterns:
        if pattern.startswith(SET) and what is Listed.CLIENTS:
            for each in select([pattern], sets, "set", "tls-matrix list sets"):
                chosen.update(sets[each])
        else:
            ids = sets[f"{SET}{ALL}"]
            chosen.update(select([pattern], ids, what.value.removesuffix("s"), f"tls-matrix list {what}"))
    return [row for row in rows if row[name] in chosen]


_SHOWN = (
    "id",
    "key",
    "values",
    "versions",
    "scenario",
    "demand",
    "section",
    "hello",
    "otherwise",
    "title",
    "installed",
    "advice",
    "released",
    "confidence",
    "attempts",
    "clients",
    "how",
    "default",
    "sets",
    "ja3",
    "ja4",
    "same_hello_as",
    "expected",
    "expected_reason",
    "prediction",
    "text",
)


def _print(rows: Sequence[Row]) -> None:
    """Print the rows; notes (hypotheses, for one) follow, once each, with an empty line before each."""
    out = console()
    columns = [name for name in _SHOWN if rows and name in rows[0]]
    if out.is_terminal and "key" in columns:
        _print_keys(rows)
    else:
        print_table(columns, [[_text(row[name]) for name in columns] for row in rows])
    texts: dict[str, dict[str, None]] = {}  # each once, with all that it is about
    for about, text in (*_notes(rows), *_toggles(rows)):
        texts.setdefault(text, {})[about] = None
    for text, abouts in texts.items():
        out.print(Text(f"\n{', '.join(abouts)}: {printable(text)}"), soft_wrap=not out.is_terminal)


def _print_keys(rows: Sequence[Row]) -> None:
    """Print each key with what may stand there and what holds without it, and its text below."""
    from servers.key_texts import REQUIRED  # imported already by what has listed the keys

    for row in rows:
        is_optional = row["default"] not in ("", REQUIRED)
        default = f"; without it {row['default']}" if is_optional else ""
        console().print(Text.assemble((row["key"], "bold"), f": {row['values']}{default}"))
        console().print(Padding(Text(row["text"]), (0, 0, 0, 4)))


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
        case False | None | ():
            return "-"
        case tuple():
            return printable(", ".join(map(str, value)))
        case _:
            return printable(str(value))
