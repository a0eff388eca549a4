"""The rows of a grid, those that are alike folded into one, those that say nothing left out. Pure."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from matrix.reports.cell_text import cell_text
from matrix.reports.groups import some
from matrix.reports.table import Rows, Table, says_something
from matrix.results.run_file import CellRecord
from matrix.wording import counted, joined, printable

_NAMED_AT_MOST = 3
_WIDEST_NAMES = 40


class Row(Struct, frozen=True):
    """Clients with the same texts at the same servers.

    `cells` are those of the first client, None where it has none.
    """

    clients: tuple[str, ...]
    cells: tuple[CellRecord | None, ...]

    @property
    def label(self) -> str:
        """The clients by name where they are few, else the first of them and how many are like it."""
        names = [printable(client) for client in self.clients]
        named = joined(names)
        is_short = len(names) <= _NAMED_AT_MOST and len(named) <= _WIDEST_NAMES
        return named if is_short or len(names) == 1 else f"{names[0]} and {len(names) - 1} like it"


class FoldedGrid(Struct, frozen=True):
    """Some servers side by side: the rows of a kind, and the number of clients left out."""

    servers: tuple[str, ...]
    kind: Rows
    rows: tuple[Row, ...]
    left_out: int


def fold(table: Table, servers: Sequence[str], rows: Rows) -> FoldedGrid:
    """Give the rows of a table at some of its servers. ALL gives each client a row of its own."""
    row_of = {client: table.row(client, servers) for client in table.clients}
    row_of = {client: row for client, row in row_of.items() if any(row)}
    shown = [client for client, row in row_of.items() if says_something(row, rows)]
    alike: dict[object, list[str]] = defaultdict(list)
    for client in shown:
        texts = tuple(None if cell is None else cell_text(cell) for cell in row_of[client])
        alike[client if rows is Rows.ALL else texts].append(client)
    folded = tuple(Row(tuple(those), row_of[those[0]]) for those in alike.values())
    return FoldedGrid(tuple(servers), rows, folded, len(row_of) - len(shown))


def left_out_text(grid: FoldedGrid) -> str:
    """Say how many clients were left out and why; empty where none was."""
    if not grid.left_out:
        return ""
    those = counted(grid.left_out, "more client" if grid.rows else "client")
    if grid.kind is Rows.UNEXPECTED:
        return f"{those} without an unexpected result"
    works = "works" if grid.left_out == 1 else "work"
    servers = grid.servers
    where = printable(servers[0]) if len(servers) == 1 else f"{_all(len(servers))} servers of this table"
    if not grid.rows:
        where = some([printable(server) for server in servers])
    return f"{those} {works} with {where}"


def _all(number: int) -> str:
    return "both" if number == 2 else f"all {number}"
