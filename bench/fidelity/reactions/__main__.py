"""Profiles against the genuine programs that they play: what each does about every departure of a server.

    python -m bench.fidelity.reactions [--program PATTERN]... [--departure PATTERN]... [--all] [--write]
        [--clients-dir DIR]... [--plays PROGRAM=PROFILE]...
    python -m bench.fidelity.reactions --kept [--program PATTERN]... [--departure PATTERN]... [--all]

Prints how many agree for each program, then every difference; with --all every reaction. --write keeps the
reactions of the programs as test vectors; those of programs and departures that were not chosen stay.
--clients-dir adds own programs and profiles, as it does for `tls-matrix run`; --plays compares a program with
a profile that does not name it, such as a program that only its builder has. --kept compares with what is
kept, and asks no program. What is not kept is waiting, and what a program does by chance: many such rows say
that it was too slow. Exits with 1 where a difference is none of KNOWN. Browsers are left out unless
--program names them: Chromium and Firefox take six to ten minutes each.
"""

import argparse
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from bench.fidelity.reactions.departing import departing_servers
from bench.fidelity.reactions.differences import KNOWN, agrees
from bench.fidelity.reactions.genuine import AT_ONCE, all_met
from bench.fidelity.reactions.played import Met, played
from bench.fidelity.reactions.vectors import (
    LIBRARIES_FILE,
    Measured,
    is_kept_of,
    read_vectors,
    renewed,
    write_vectors,
)
from clients.genuine.program import Program
from clients.genuine.programs import load_programs
from clients.profile import BUNDLED_PROFILES, Profile, load_profiles
from handshake.server.departures.collection import departures
from handshake.server.departures.departure import Departure
from matrix.results.played import stands_for

Row = tuple[str, Met, Met]
"""A departure, what the program did, what the profile does."""


BROWSERS = ("genuine-chromium-*", "genuine-firefox-*")
"""A visit of theirs takes one to two seconds, so those that wait for it would be late: one at a time."""


OF_THE_END = "close-"
"""How the names of departures begin that are about the server's end of a connection."""


def compared(
    patterns: Sequence[str], directories: Sequence[Path] = (), plays: Iterable[tuple[str, str]] = ()
) -> list[tuple[Program, Profile]]:
    """The programs that some profile plays and that are here, with it; without patterns all but browsers.
    `plays` are further pairs. Raises KeyError for a program or profile of those that is not there.
    """
    programs, profiles = load_programs(directories), load_profiles((BUNDLED_PROFILES, *directories))
    played_by = [(profile.plays, profile) for profile in profiles.values() if profile.plays is not None]
    found = [(stands_for(identity, programs), profile) for identity, profile in played_by]
    pairs = [(programs[identity], profile) for identity, profile in found if identity is not None]
    pairs += [(programs[program], profiles[profile]) for program, profile in plays]
    return [
        (program, profile)
        for program, profile in pairs
        if program.missing is None and _is_chosen(program.id, patterns)
    ]


def pair(written: str) -> tuple[str, str]:
    """Read PROGRAM=PROFILE."""
    program, _, profile = written.partition("=")
    return program, profile


def _is_chosen(identity: str, patterns: Sequence[str]) -> bool:
    if patterns:
        return any(fnmatch(identity, pattern) for pattern in patterns)
    return not is_browser(identity)


def is_browser(identity: str) -> bool:
    """Whether a program is one: it is ended once it has the answer, and visits one server at a time."""
    return any(fnmatch(identity, pattern) for pattern in BROWSERS)


def main() -> int:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", action="append", metavar="PATTERN")
    parser.add_argument("--departure", action="append", metavar="PATTERN")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--clients-dir", action="append", type=Path, metavar="DIR", default=[])
    parser.add_argument("--plays", action="append", type=pair, metavar="PROGRAM=PROFILE", default=[])
    parser.add_argument("--kept", action="store_true")
    arguments = parser.parse_args()
    wanted = arguments.departure or ["*"]
    chosen = [one for name, one in departures().items() if any(fnmatch(name, each) for each in wanted)]
    if not chosen:
        parser.error(f"no departure is called {', '.join(wanted)} (tls-matrix list departures)")
    if arguments.kept:
        return _told(_kept_tables(arguments.program or ["*"], chosen, shows_all=arguments.all))
    try:
        pairs = compared(arguments.program or (), arguments.clients_dir, arguments.plays)
    except KeyError as error:
        parser.error(f"there is no {error.args[0]!r} (tls-matrix list programs, tls-matrix list clients)")
    if not pairs:
        print("no such program is here, or no profile plays it (tls-matrix list programs)", file=sys.stderr)
        return 2
    programs = {program.id: program for program, _ in pairs}
    at_once = 1 if any(map(is_browser, programs)) else AT_ONCE
    found: dict[str, dict[str, Met]] = {identity: {} for identity in programs}
    with departing_servers([departure.name for departure in chosen]) as servers:
        for program, departure, met in all_met(servers, list(programs.values()), chosen, at_once):
            found[program.id][departure.name] = _as_its_own(program, departure, met)
    tables = []
    for program, profile in pairs:
        rows = [
            (name, met, played(profile.player, departures()[name])) for name, met in found[program.id].items()
        ]
        tables.append(_print(program.id, profile.id, rows, shows_all=arguments.all))
    if arguments.write:
        asked = {departure.name for departure in chosen}
        write_vectors(renewed(read_vectors(), _measured(pairs, found), asked))
    return _told(tables)


def _kept_tables(
    patterns: Sequence[str], chosen: Iterable[Departure], *, shows_all: bool
) -> Iterator["Table"]:
    """Print the table of each program from what is kept of it."""
    profiles, names = load_profiles(), {departure.name for departure in chosen}
    for measured in (*read_vectors(), *read_vectors(LIBRARIES_FILE)):
        if not any(fnmatch(measured.program, pattern) for pattern in patterns):
            continue
        player = profiles[measured.profile].player
        rows = [
            (name, Met(reaction, is_met=True), played(player, departures()[name]))
            for name, reaction in measured.reactions.items()
            if name in names
        ]
        yield _print(measured.program, measured.profile, rows, shows_all=shows_all)


def _told(tables: Iterable["Table"]) -> int:
    """Print the sum; the exit status."""
    each = list(tables)
    print(f"all: {sum(table.agreeing for table in each)} of {sum(table.kept for table in each)} agree")
    return int(any(table.is_new for table in each))


def _as_its_own(program: Program, departure: Departure, met: Met) -> Met:
    """What a program did itself: a browser is ended once it has the answer, and so are its connections. Where
    a server ends in another way than it should, a program that reads on to its end closes accordingly, and a
    profile has left before, with the whole answer.
    """
    if not (is_browser(program.id) or departure.name.startswith(OF_THE_END)):
        return met
    reaction = structs.replace(met.reaction, closes_with="")
    return dataclasses.replace(met, reaction=reaction)


class Table(NamedTuple):
    """How many rows of a program agree, and of how many; `is_new` says that a difference is not known."""

    agreeing: int
    kept: int
    is_new: bool


def _print(program: str, profile: str, rows: Sequence[Row], *, shows_all: bool) -> Table:
    """Print a program's table."""
    met = [row for row in rows if row[1].is_met or row[2].is_met]
    kept = [row for row in met if is_kept_of(profile, row[0], row[1].reaction)]
    agreeing = [row for row in kept if agrees(row[1].reaction, row[2].reaction)]
    known = KNOWN.get(profile, {})
    print(
        f"{program}, played by {profile}: {len(agreeing)} of {len(kept)} agree,"
        f" {len(rows) - len(met)} give no occasion, {len(met) - len(kept)} are not kept"
    )
    is_new = False
    for name, genuine, own in kept:
        is_same = agrees(genuine.reaction, own.reaction)
        is_new |= not is_same and name not in known
        if shows_all or not is_same:
            why = "" if is_same else f" [{known.get(name, 'NEW')}] {own.words} {genuine.words}"
            print(f"  {name}: {genuine.reaction}" + ("" if is_same else f" | played: {own.reaction}{why}"))
    return Table(len(agreeing), len(kept), is_new)


def _measured(pairs: Sequence[tuple[Program, Profile]], found: dict[str, dict[str, Met]]) -> list[Measured]:
    date = datetime.now(UTC).date().isoformat()
    return [
        Measured(
            program.id,
            profile.id,
            date,
            {
                name: met.reaction
                for name, met in found[program.id].items()
                if met.is_met and is_kept_of(profile.id, name, met.reaction)
            },
        )
        for program, profile in pairs
    ]


if __name__ == "__main__":
    sys.exit(main())
