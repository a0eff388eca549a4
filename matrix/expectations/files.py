"""What is expected of each cell: a baseline run, else these files, else that it works.

The files are `expectations/*.toml`, read in order of their names; each holds a list of `[[expectation]]`
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

from matrix.cell import Cell
from matrix.errors import ExpectationError
from matrix.judgement.outcome import Expectation, Outcome

BUNDLED = Path(__file__).parent
DEFAULT = Expectation()


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _not_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty: say why, and where that is known from")
    return " ".join(value.split())


def _current_form(value: object) -> object:
    """Read the cause that close_notify had among the alerts, before it was one of its own."""
    is_older = isinstance(value, str) and value.endswith(":alert-close_notify")
    return str(value).replace(":alert-", ":") if is_older else value


def _is_reason(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[a-z-]+:\S+", value):
        raise ValueError(
            f"{value!r} is no reason; write <phase>:<cause>, e.g. server-hello:alert-handshake_failure"
        )
    return value


class Entry(BaseModel):
    """One `[[expectation]]` as written in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cells: Annotated[tuple[str, ...], BeforeValidator(_as_list)]
    outcome: Outcome
    reason: Annotated[str | None, BeforeValidator(_current_form), AfterValidator(_is_reason)] = None
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
        """The value the judge works with."""
        return Expectation(self.outcome, self.reason, self.why)


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
