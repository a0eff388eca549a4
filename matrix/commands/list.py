"""`tls-matrix list servers|clients|sets|programs|scenarios|cells`: what there is to choose from (`sets` are
those of clients, `programs` genuine clients, which take a moment to be found); and what can be written in a
server.toml: `list emulation|declared` the keys of these tables, `list features` the features of a hello,
`list departures` the ways in which an emulated server can depart from the RFCs; and in a profile: `list
faults` what a server can do wrong, as `[accepts]` names it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

from clients.fingerprints import fingerprints_of, same_hellos
from clients.genuine.programs import load_programs
from clients.profile import DEFAULT_SETS
from definitions.former import Notes
from handshake.fault_names import listed_faults
from handshake.features import notations
from handshake.server.departures.collection import departures
from handshake.wire.registry import version_name
from matrix.commands.options import (
    ClientsDir,
    Json,
    ServersDir,
    console,
    one_line_errors,
    print_table,
    write_out,
)
from matrix.judgement.outcome import Expectation
from matrix.plan.departing import showing_scenarios
from matrix.plan.loading import load_all_definitions, load_all_profiles, sets_of
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.plan.servers import default_servers
from matrix.results.run_file import ASSUMED, to_json
from matrix.scenarios import SCENARIOS
from matrix.wording import printable
from servers.key_texts import REQUIRED, declared_key_texts, emulation_key_texts
from servers.variant import expand

Row = dict[str, Any]


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


def list_what(
    what: Annotated[Listed, typer.Argument(help="What to list.", show_default=False)],
    json: Json = False,
    servers_dir: ServersDir = None,
    clients_dir: ClientsDir = None,
) -> None:
    """List servers (every id --server takes), clients, the sets of clients, genuine client programs,
    scenarios, the cells of the default grid, or the vocabulary of a server.toml: the keys of its tables
    emulation and declared, the features of a hello, the departures from the RFCs with what the RFCs demand of
    a client; or what a server can do wrong, as the table accepts of a client names it.

    Where standard output is no terminal, the first line names the columns and each further line is one row,
    separated by tabs; notes follow after an empty line.
    """
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
    profiles = load_all_profiles(options.clients_dir, notes)
    known_by = fingerprints_of(profiles)
    same = same_hellos(known_by)
    return [
        {
            "id": profile.id,
            "title": profile.title,
            "stack": profile.stack,
            "os": profile.os,
            "released": profile.released,
            "provenance": profile.provenance.kind,
            "source": profile.provenance.source,
            "confidence": profile.provenance.confidence,
            "conduct_confidence": profile.accepts.confidence or ASSUMED,
            "attempts": len(profile.attempts),
            "default": profile.is_default,
            "sets": profile.sets,
            "plays": profile.plays,
            "ja3": known_by[profile.id].ja3,
            "ja4": known_by[profile.id].ja4,
            "same_hello_as": same[profile.id],
            "note": profile.provenance.note,
        }
        for profile in profiles.values()
    ]


def _sets(options: RunOptions, notes: Notes) -> list[Row]:
    profiles = load_all_profiles(options.clients_dir, notes)
    return [
        {"id": name, "clients": len(members), "default": name in DEFAULT_SETS, "members": members}
        for name, members in sets_of(profiles).items()
    ]


def _programs(options: RunOptions, notes: Notes) -> list[Row]:
    return [
        {
            "id": program.id,
            "title": program.title,
            "installed": program.missing is None,
            "advice": program.missing or "",
        }
        for program in load_programs(options.clients_dir, notes).values()
    ]


def _scenarios(options: RunOptions, notes: Notes) -> list[Row]:
    return [{"id": scenario.id, "title": scenario.title} for scenario in SCENARIOS.values()]


def _cells(options: RunOptions, notes: Notes) -> list[Row]:
    return [
        {
            "id": planned.cell.id,
            **_expected(planned.expectation or Expectation()),
            "prediction": planned.prediction.outcome.value if planned.prediction else None,
            "prediction_why": planned.prediction.why if planned.prediction else "",
        }
        for planned in make_plan(options, notes).cells
    ]


def _expected(expectation: Expectation) -> Row:
    return {
        "expected": expectation.outcome.value,
        "expected_reason": None if expectation.reason is None else str(expectation.reason),
        "expected_why": expectation.why,
    }


def _emulation(options: RunOptions, notes: Notes) -> list[Row]:
    return [asdict(key) for key in emulation_key_texts()]


def _declared(options: RunOptions, notes: Notes) -> list[Row]:
    return [asdict(key) for key in declared_key_texts()]


def _features(options: RunOptions, notes: Notes) -> list[Row]:
    return [{"id": notation, "title": meaning} for notation, meaning in notations().items()]


def _departures(options: RunOptions, notes: Notes) -> list[Row]:
    return [
        {
            "id": departure.name,
            "versions": ", ".join(version_name(version) for version in departure.versions),
            "scenario": ", ".join(showing_scenarios(departure)),
            "demand": str(departure.demand),
            "section": departure.demand.section,
            "hello": departure.hello,
            "otherwise": "" if departure.otherwise is None else str(departure.otherwise),
            "title": f"The server {departure.title}",
        }
        for departure in departures().values()
    ]


def _faults(options: RunOptions, notes: Notes) -> list[Row]:
    return [{"id": name, "text": f"{words[0].upper()}{words[1:]}"} for name, words in listed_faults().items()]


_SOURCES: dict[Listed, Callable[[RunOptions, Notes], list[Row]]] = {
    Listed.SERVERS: _servers,
    Listed.CLIENTS: _clients,
    Listed.SETS: _sets,
    Listed.PROGRAMS: _programs,
    Listed.SCENARIOS: _scenarios,
    Listed.CELLS: _cells,
    Listed.EMULATION: _emulation,
    Listed.DECLARED: _declared,
    Listed.FEATURES: _features,
    Listed.DEPARTURES: _departures,
    Listed.FAULTS: _faults,
}
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
