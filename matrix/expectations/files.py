"""What is expected of each cell: a baseline run, else these files, else what the definitions say.

The files are a user's own (a folder, and `expectations.toml` beside a server.toml), then the shipped
`expectations/*.toml`, each folder read in order of its files' names. A file holds a list of `[[expectation]]`
with `cells` (a shell pattern on the cell's id, or a list of them), `outcome`, `reason` and `why`. The first
entry that matches a cell counts; that no cell is matched by two entries, and that no pattern matches
nothing, is kept true by a test (`ambiguous`, `unused`), so that order never matters in the shipped files.
"""

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

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
        raise ValueError("must not be empty: say why, and where that is known from")
    return " ".join(value.split())


def _as_reason(value: object) -> object:
    return parse_reason(value) if isinstance(value, str) else value


class Entry(BaseModel):
    """One `[[expectation]]` as written in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cells: Annotated[tuple[str, ...], BeforeValidator(_as_list)]
    outcome: Outcome
    reason: Annotated[Reason | None, BeforeValidator(_as_reason)] = None
    why: Annotated[str, AfterValidator(_not_empty)]

    @model_validator(mode="after")
    def _reason_fits_outcome(self) -> "Entry":
        if (self.reason is None) != (self.outcome is Outcome.WORKS):
            raise ValueError("a reason is needed for every outcome but works, and works has none")
        if not self.cells:
            raise ValueError("cells must name at least one pattern")
        return self

    @property
    def expectation(self) -> Expectation:
        """The value the judge works with. A scenario that does not apply was once written as a failure."""
        is_applicable = self.reason is None or self.reason.cause not in NOTHING_TO_DO
        outcome = self.outcome if is_applicable else Outcome.NOT_APPLICABLE
        return Expectation(outcome, self.reason, self.why)


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: str
    matches: re.Pattern[str]
    expectation: Expectation
    source: str


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

    def before(self, further: "Expectations") -> "Expectations":
        """These, and where none of them matches the others."""
        combined = Expectations()
        combined._rules = [*self._rules, *further._rules]
        return combined

    def explicit(self, cell: Cell) -> Expectation | None:
        """Give the first entry that matches a cell."""
        return next((rule.expectation for rule in self._rules if rule.matches.match(cell.id)), None)

    def expected(self, cell: Cell) -> Expectation:
        """Give the expectation of a cell: the first entry that matches, else that it works."""
        return self.explicit(cell) or DEFAULT

    def ambiguous(self, cells: Iterable[Cell]) -> list[str]:
        """Name each cell that two entries match with different expectations."""
        found = []
        for cell in cells:
            rules = [rule for rule in self._rules if rule.matches.match(cell.id)]
            if len({rule.expectation for rule in rules}) > 1:
                found.append(
                    f"{cell.id}: " + " and ".join(f"{rule.source} {rule.pattern!r}" for rule in rules)
                )
        return found

    def unused(self, cells: Iterable[Cell]) -> list[str]:
        """Name each pattern that matches none of the cells."""
        ids = [cell.id for cell in cells]
        return [
            f"{rule.source}: {rule.pattern!r}"
            for rule in self._rules
            if not any(rule.matches.match(i) for i in ids)
        ]


def load_expectations(directories: Sequence[Path] = (BUNDLED,)) -> Expectations:
    """Read every file of the folders. Raises ExpectationError naming the file, the entry and what to mend."""
    files = [path for directory in directories for path in sorted(directory.glob("*.toml"))]
    return Expectations((path.name, entry) for path in files for entry in _load_file(path))


def load_own_expectations(directory: Path | None, server_folders: Iterable[Path]) -> Expectations:
    """Read a user's own files: those of the folder, then those beside the servers. Raises ExpectationError
    naming the file, or a folder that has none.
    """
    files: list[Path] = []
    if directory is not None:
        files += sorted(directory.glob("*.toml"))
        if not files:
            raise ExpectationError(
                f"--expectations {directory}: has no file *.toml; check the name of the folder"
            )
    files += [file for folder in server_folders if (file := folder / BESIDE_A_SERVER).is_file()]
    return Expectations((str(path), entry) for path in files for entry in _load_file(path))


def _load_file(path: Path) -> list[Entry]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExpectationError(f"{path}: cannot be read: {error}") from error
    unknown = sorted(set(content) - {"expectation"})
    if unknown:
        raise ExpectationError(
            f"{path}: unknown key {unknown[0]!r}; the file holds [[expectation]] tables only"
        )
    entries = []
    for number, table in enumerate(content.get("expectation", []), start=1):
        try:
            entries.append(Entry.model_validate(table))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "the entry"
            raise ExpectationError(f"{path}: expectation {number}, {key}: {first['msg']}") from error
    return entries
