"""Profiles against the genuine programs that they play: which kinds of certificates each takes.

    python -m bench.fidelity.certificates [--program PATTERN]... [--kind PATTERN]... [--all] [--write]
        [--plays PROGRAM=PROFILE]...

Every kind of reference@rfc,certificate=KIND is shown in TLS 1.2 and in TLS 1.3. Prints what each program
does about it, and every difference from the profile. Exits with 1 where a difference is none of KNOWN. --all
shows it to the programs that are not compared, too. --write keeps what the others do as test vectors; what is
kept of programs and kinds that were not chosen stays. --plays compares a program with a profile that does not
name it. Browsers are left out unless --program names them. A genuine client has its checks of names, chains
and dates off where it can be told to; what is left are those of the handshake itself.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch

from bench.fidelity.certificates.differences import KNOWN
from bench.fidelity.certificates.showing import VERSIONS, Shown, all_shown, showing_servers
from bench.fidelity.certificates.taking import Taken, agree, all_taken, taken_by_profile
from bench.fidelity.certificates.vectors import Measured, read_vectors, renewed, write_vectors
from bench.fidelity.reactions.__main__ import compared, is_browser, pair
from bench.fidelity.reactions.genuine import AT_ONCE
from clients.genuine.program import Program
from clients.genuine.programs import load_programs
from clients.profile import Profile
from handshake.wire.registry import version_name


def main() -> int:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", action="append", metavar="PATTERN")
    parser.add_argument("--kind", action="append", metavar="PATTERN")
    parser.add_argument("--plays", action="append", type=pair, metavar="PROGRAM=PROFILE", default=[])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    try:
        pairs = compared(arguments.program or (), plays=arguments.plays)
    except KeyError as error:
        parser.error(f"there is no {error.args[0]!r} (tls-matrix list programs, tls-matrix list clients)")
    wanted = arguments.kind or ["*"]
    shown = [each for each in all_shown() if any(fnmatch(each.kind, pattern) for pattern in wanted)]
    programs = {program.id: program for program, _ in pairs}
    if arguments.all:
        programs |= _programs_here(arguments.program or ["*"])
    if not programs or not shown:
        print("no such program is here, no profile plays it, or there is no such kind", file=sys.stderr)
        return 2
    found: dict[str, dict[Shown, Taken]] = {identity: {} for identity in programs}
    at_once = 1 if any(map(is_browser, programs)) else AT_ONCE
    with showing_servers(shown) as servers:
        for program, each, taken in all_taken(servers, list(programs.values()), shown, at_once):
            found[program.id][each] = taken
    news = [_print(program.id, profile, found[program.id]) for program, profile in pairs]
    for identity in sorted(programs.keys() - {program.id for program, _ in pairs}):
        print(f"{identity}, compared with no profile")
        _print_rows(found[identity])
    if arguments.write:
        date = datetime.now(UTC).date().isoformat()
        measured = [
            Measured(profile.id, program.id, date, {each: str(t) for each, t in found[program.id].items()})
            for program, profile in pairs
        ]
        write_vectors(renewed(read_vectors(), measured, shown))
    return int(any(news))


def _programs_here(patterns: Sequence[str]) -> dict[str, Program]:
    return {
        identity: program
        for identity, program in load_programs().items()
        if program.missing is None and any(fnmatch(identity, pattern) for pattern in patterns)
    }


def _print(program: str, profile: Profile, rows: Mapping[Shown, Taken]) -> bool:
    """Print a program's rows and the differences; whether one is not known."""
    played = {shown: taken_by_profile(profile.player, shown) for shown in rows}
    known = KNOWN.get(profile.id, {})
    differing = [shown for shown, taken in rows.items() if not agree(taken, played[shown])]
    print(f"{program}, played by {profile.id}: {len(rows) - len(differing)} of {len(rows)} agree")
    _print_rows(rows)
    for shown in differing:
        why = known.get(str(shown), "NEW")
        print(f"  DIFFERS {shown}: {rows[shown]} | played: {played[shown]} [{why}] {rows[shown].words}")
    return any(str(shown) not in known for shown in differing)


def _print_rows(rows: Mapping[Shown, Taken]) -> None:
    """A line for each kind, with both versions where they differ."""
    for kind in dict.fromkeys(shown.kind for shown in rows):
        words = {version_name(version): str(rows[Shown(kind, version)]) for version in VERSIONS}
        alike = len(set(words.values())) == 1
        told = next(iter(words.values())) if alike else "; ".join(f"{v}: {does}" for v, does in words.items())
        print(f"  {kind}: {told}")


if __name__ == "__main__":
    sys.exit(main())
