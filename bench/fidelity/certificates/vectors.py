"""What genuine programs do about certificates, as it is kept: `tests/vectors/client-certificates.json`.

A row is `[kind, version, what the program does]`, under the profile that plays it, with the program's id and
the date of the measurement.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.fidelity.certificates.showing import Shown, all_shown
from handshake.wire.registry import parse_version, version_name

FILE = Path(__file__).parents[3] / "tests" / "vectors" / "client-certificates.json"
ABOUT = (
    "What genuine client programs do about kinds of certificates, measured by "
    "python -m bench.fidelity.certificates --write, with their checks of names, chains and dates off where "
    "they can be told to. A row: kind, version, what the program does; under the profile that plays it."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one program, and the profile that plays it."""

    profile: str
    program: str
    date: str
    does: Mapping[Shown, str]


def read_vectors(path: Path = FILE) -> list[Measured]:
    """Read the file."""
    profiles = json.loads(path.read_text())["profiles"]
    return [
        Measured(
            profile,
            entry["program"],
            entry["date"],
            {Shown(kind, parse_version(version)): does for kind, version, does in entry["rows"]},
        )
        for profile, entry in profiles.items()
    ]


def renewed(
    before: Iterable[Measured], measured: Iterable[Measured], asked: Container[Shown]
) -> list[Measured]:
    """What was kept before with what is measured now. Profiles whose program was not measured stay as they
    are; of one that was, so do the rows of what was not `asked`, if it is the same program.
    """
    kept = {each.profile: each for each in before}
    for each in measured:
        earlier, rows = kept.get(each.profile), dict(each.does)
        if earlier is not None and earlier.program == each.program:
            rows |= {shown: does for shown, does in earlier.does.items() if shown not in asked}
        in_order = {shown: rows[shown] for shown in all_shown() if shown in rows}
        kept[each.profile] = replace(each, does=in_order)
    return sorted(kept.values(), key=lambda each: each.profile)


def write_vectors(measured: Sequence[Measured], path: Path = FILE) -> None:
    """Write the file, a row a line."""
    lines = ["{", f' "about": {json.dumps(ABOUT)},', ' "profiles": {']
    for number, each in enumerate(measured):
        head = {"program": each.program, "date": each.date}
        lines.append(f'  {json.dumps(each.profile)}: {json.dumps(head)[:-1]}, "rows": [')
        rows = ([shown.kind, version_name(shown.version), does] for shown, does in each.does.items())
        lines.append(",\n".join(f"   {json.dumps(row)}" for row in rows))
        lines.append("  ]}" + ("," if number + 1 < len(measured) else ""))
    path.write_text("\n".join((*lines, " }", "}")) + "\n")
