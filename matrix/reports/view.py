"""How much of a run a terminal shows: which rows of the grid, and which sections around it."""

from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from matrix.reports.table import Rows


class Section(Enum):
    """A part of what a terminal shows behind the headline."""

    UNEXPECTED = auto()
    NOTES = auto()
    PROOFS = auto()
    GRID = auto()
    CELL_LINES = auto()
    TESTED = auto()
    LEVELS = auto()
    RENEGOTIATION = auto()
    FINDINGS = auto()
    EXPECTED = auto()
    NOT_MEASURED = auto()
    SERVERS = auto()


class View(Struct, frozen=True):
    """What is shown. `groups_at_most`: after so many groups of cells only their number is told."""

    rows: Rows
    sections: frozenset[Section]
    groups_at_most: int | None = None

    def with_rows(self, rows: Rows) -> "View":
        """The same with other rows of the grid."""
        return replace(self, rows=rows)

    def with_levels(self) -> "View":
        """The same with what becomes of each client from level to level; QUIET stays as it is."""
        return self if self == QUIET else replace(self, sections=self.sections | {Section.LEVELS})


BRIEF = View(Rows.DIFFERING, frozenset({Section.UNEXPECTED, Section.NOTES, Section.GRID}), groups_at_most=10)
VERBOSE = View(Rows.ALL, frozenset(Section))
QUIET = View(Rows.ALL, frozenset({Section.UNEXPECTED}), groups_at_most=10)


def view_of(verbosity: int) -> View:
    """What pytest's -v and -q ask for."""
    return VERBOSE if verbosity > 0 else QUIET if verbosity < 0 else BRIEF
