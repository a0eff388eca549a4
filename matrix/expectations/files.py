"""What is expected of each cell: a baseline run, else these files, else what the definitions say.

The files are a user's own (a folder, and `expectations.toml` beside a server.toml), then the shipped
`expectations/*.toml`, each folder read in order of its files' names. A file holds a list of `[[expectation]]`
with `cells` (a shell pattern on the cell's id, or a list of them), `outcome`, `reason` and `why`. The first
entry that matches a cell counts; that no cell is matched by two entries, and that no pattern matches
nothing, is kept true by a test (`ambiguous`, `unused`), so that order never matters in the shipped files.
"""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from definitions.fault import Mistakes, Together, shown
from definitions.former import Notes
from definitions.reading import read_toml
from handshake.reason import Reason, parse_reason
from matrix.cell import Cell
from matrix.errors import ExpectationError
from matrix.judgement.outcome import NOTHING_TO_DO, Expectation, Outcome

BUNDLED = Path(__file__).parent
BESIDE_A_SERVER = "expectations.toml"
"""A server's own file, in the folder of its server.toml."""
DEFAULT = Expectation()


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _not_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty: say why, and where that is known from")
    return " ".join(value.split())


def _as_reason(value: object) -> Reason:
    if isinstance(value, Reason):
        return value
    if not isinstance(value, str):
        raise ValueError(f"is {shown(value)}: write text in quotes")
    return parse_reason(value)


class Entry(BaseModel):
    """One `[[expectation]]` as written in a file."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    cells: Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_as_list)]
    outcome: Outcome
    reason: Annotated[Reason, BeforeValidator(_as_reason)] | None = None
    why: Annotated[str, AfterValidator(_not_empty)]

    @model_validator(mode="after")
    def _reason_fits_outcome(self) -> "Entry":
        if self.outcome is Outcome.WORKS and self.reason is not None:
            raise Mistakes([(("reason",), "what works has no reason: drop it")])
        if self.outcome is not Outcome.WORKS and self.reason is None:
            raise Mistakes([(("reason",), "is missing: every outcome but works needs a reason")])
        return self

    @property
    def expectation(self) -> Expectation:
        """The value the judge works with. A scenario that does not apply was once written as a failure."""
        is_applicable = self.reason is None or self.reason.cause not in NOTHING_TO_DO
        outcome = self.outcome if is_applicable else Outcome.NOT_APPLICABLE
        return Expectation(outcome, self.reason, self.why)


class ExpectationFile(BaseModel):
    """One file of expectations."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    expectation: Annotated[tuple[Entry, ...], Field(min_length=1)]


class _Rule(Struct, frozen=True):
    pattern: str
    matches: re.Pattern[str]
    expectation: Expectation
    source: str


def _any_of(rules: Iterable[_Rule]) -> re.Pattern[str]:
    """One expression for all: a run of a fleet has millions of cells to look through."""
    return re.compile("|".join(rule.matches.pattern for rule in rules))


class Expectations:
    """All entries, in order."""

    def __init__(self, entries: Iterable[tuple[str, Entry]] = ()) -> None:
        self._rules = [
            _Rule(pattern, re.compile(fnmatch.translate(pattern)), entry.expectation, source)
            for source, entry in entries
            for pattern in entry.cells
        ]

    def __bool__(self) -> bool:
        return bool(self._rules)

    @cached_property
    def _any_of_them(self) -> re.Pattern[str]:
        return _any_of(self._rules)

    def before(self, further: "Expectations") -> "Expectations":
        """These, and where none of them matches the others."""
        combined = Expectations()
        combined._rules = [*self._rules, *further._rules]
        return combined

    def explicit(self, cell: Cell) -> Expectation | None:
        """Give the first entry that matches a cell."""
        if not self._any_of_them.match(cell.id):
            return None
        return next((rule.expectation for rule in self._rules if rule.matches.match(cell.id)), None)

    def expected(self, cell: Cell) -> Expectation:
        """Give the expectation of a cell: the first entry that matches, else that it works."""
        return self.explicit(cell) or DEFAULT

    def ambiguous(self, cells: Iterable[Cell]) -> list[str]:
        """Name each cell that two entries match with different expectations."""
        found = []
        for cell in cells:
            if not self._any_of_them.match(cell.id):
                continue
            rules = [rule for rule in self._rules if rule.matches.match(cell.id)]
            if len({rule.expectation for rule in rules}) > 1:
                found.append(
                    f"{cell.id}: " + " and ".join(f"{rule.source} {rule.pattern!r}" for rule in rules)
                )
        return found

    def unused(self, cells: Iterable[Cell]) -> list[str]:
        """Name each pattern that matches none of the cells; no more cells are taken than that needs."""
        left, any_left = self._rules, _any_of(self._rules)
        for cell in cells:
            if not left:
                break
            if any_left.match(cell.id):
                left = [rule for rule in left if not rule.matches.match(cell.id)]
                any_left = _any_of(left)
        return [f"{rule.source}: {rule.pattern!r}" for rule in left]


def load_expectations(directories: Sequence[Path] = (BUNDLED,), notes: Notes | None = None) -> Expectations:
    """Read every file of the folders; old keys and notations go into `notes`. Raises ExpectationError with
    the faults of all files.
    """
    files = [path for directory in directories for path in sorted(directory.glob("*.toml"))]
    return _load([(path, path.name) for path in files], notes)


def load_own_expectations(
    directory: Path | None, server_folders: Iterable[Path], notes: Notes | None = None
) -> Expectations:
    """Read a user's own files: those of the folder, then those beside the servers. Raises ExpectationError
    with the faults of all files, or naming a folder that has none.
    """
    files: list[Path] = []
    if directory is not None:
        files += sorted(directory.glob("*.toml"))
        if not files:
            raise ExpectationError(
                f"--expectations {directory}: has no file *.toml; check the name of the folder"
            )
    files += [file for folder in server_folders if (file := folder / BESIDE_A_SERVER).is_file()]
    return _load([(path, str(path)) for path in files], notes)


def _load(files: Iterable[tuple[Path, str]], notes: Notes | None) -> Expectations:
    """Read the files, each under the name that it has in messages."""
    entries: list[tuple[str, Entry]] = []
    together = Together()
    for path, name in files:
        with together:
            content = read_toml(path, ExpectationFile, ExpectationError, notes)
            entries += [(name, entry) for entry in content.expectation]
    together.end(ExpectationError)
    return Expectations(entries)
