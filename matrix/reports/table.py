"""The table of a scenario, as terminal, Markdown and page show it: which servers are its columns, which
clients its rows, and which of the rows say something. Pure.

The three differ in how they draw it: a terminal folds rows that are alike and puts what is too wide into
several tables, Markdown has every row, the page can filter.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from matrix.judgement.outcome import Outcome
from matrix.reports.cell_text import cell_text
from matrix.results.levels import in_order
from matrix.results.run_file import CellRecord, RunFile, ServerRecord


class Rows(StrEnum):
    """Which rows of a table are shown."""

    ALL = "all"
    DIFFERING = "differing"
    UNEXPECTED = "unexpected"


Row = tuple[CellRecord | None, ...]
"""The cells of a client, None where it has none."""


class Heading(Struct, frozen=True):
    """What stands above a column: `toggles` as they are in the server's id, empty without any."""

    name: str
    level: str
    toggles: tuple[str, ...]


class Table(Struct, frozen=True):
    """The cells of one scenario, by server and client. `servers` has those that could be asked anything, the
    levels of a series side by side; `clients` are sorted.
    """

    scenario: str
    servers: tuple[str, ...]
    clients: tuple[str, ...]
    cells: Mapping[tuple[str, str], CellRecord]

    def row(self, client: str, servers: Sequence[str] | None = None) -> Row:
        """The cells of a client at these servers, or at all."""
        return tuple(
            self.cells.get((server, client)) for server in (self.servers if servers is None else servers)
        )


def tables(run: RunFile) -> list[Table]:
    """The table of each scenario in which some server could be asked, sorted by scenario."""
    nobody = unasked(run)
    asked = [server for server in in_order(run.servers) if server not in nobody]
    of_scenario: dict[str, dict[tuple[str, str], CellRecord]] = {}
    for cell in run.cells:
        of_scenario.setdefault(cell.scenario, {})[cell.server, cell.client] = cell
    made = []
    for scenario, cells in sorted(of_scenario.items()):
        there = {server for server, _ in cells}
        servers = tuple(server for server in asked if server in there)
        columns = set(servers)
        clients = tuple(sorted({client for server, client in cells if server in columns}))
        if servers:
            made.append(Table(scenario, servers, clients, cells))
    return made


def unasked(run: RunFile) -> set[str]:
    """The servers that nobody could ask anything: one sentence says it, and no column of a table."""
    asked = {cell.server for cell in run.cells if cell.outcome is not None}
    return {server for server, record in run.servers.items() if record.problem and server not in asked}


def says_something(row: Row, rows: Rows) -> bool:
    """Whether a row belongs to those that are shown."""
    there = [cell for cell in row if cell is not None]
    match rows:
        case Rows.ALL:
            return True
        case Rows.DIFFERING:
            return not all(cell.outcome is Outcome.WORKS and not cell_text(cell).marks for cell in there)
        case Rows.UNEXPECTED:
            return not all(cell.verdict.is_as_expected for cell in there)


def heading(server: str, record: ServerRecord) -> Heading:
    """Divide a server's id. One without a level is its name; the path of a program may have any signs."""
    name, at, rest = server.rpartition(f"@{record.level}")
    if not at or (rest and not rest.startswith(",")):
        return Heading(server, "", ())
    return Heading(name, record.level, tuple(toggle for toggle in rest.split(",") if toggle))
