"""Two runs, or two servers, side by side: what a patch fixed, what it broke, what only fails differently now.

Pure. Cells of two runs are matched by id. Cells without a partner are matched by their server's name, without
level and toggles, where each run has exactly one such server: that is how a server before and after a fix is
compared. Two named servers, of one run or of two, are matched by client and scenario.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from matrix.cell import Cell, select
from matrix.errors import SelectionError
from matrix.judgement.outcome import Outcome
from matrix.results.compared_run import ComparedRun
from matrix.results.run_file import CellRecord, RunFile, ServerRecord
from matrix.results.strength import weaknesses
from matrix.wording import counted, joined


class ChangeKind(StrEnum):
    """What became of a cell, in the order it is reported.

    UNMEASURED: it worked before, and nothing was found out now. WEAKER: it works as before, with an older
    version, a weaker kind of cipher suite, or an answer that refuses. NOT_COMPARABLE: one of the two found
    nothing out, and it did not work before.
    """

    REGRESSION = "regression"
    UNMEASURED = "unmeasured"
    WEAKER = "weaker"
    FIXED = "fixed"
    IMPROVEMENT = "improvement"
    CHANGED_REASON = "changed-reason"
    NOT_COMPARABLE = "not-comparable"
    NEW = "new"
    GONE = "gone"
    UNCHANGED = "unchanged"


class Change(Struct, frozen=True):
    """One cell of the two runs; `old` is None for a new cell, `new` for one that is gone."""

    kind: ChangeKind
    old: CellRecord | None
    new: CellRecord | None

    @property
    def cell(self) -> CellRecord:
        """The cell as it is now, or as it was when it is gone."""
        cell = self.new or self.old
        if cell is None:
            raise ValueError("a change without cells")
        return cell


class Comparison(Struct, frozen=True):
    """All changes, by kind and then by id; `hypotheses` are the servers whose behaviour is assumed;
    `is_partial` says that the run now ended before every cell was tried. `before` and `now` are the runs.
    """

    changes: tuple[Change, ...]
    hypotheses: tuple[str, ...] = ()
    is_partial: bool = False
    before: ComparedRun | None = None
    now: ComparedRun | None = None

    def of(self, kind: ChangeKind) -> list[Change]:
        """Give the changes of one kind."""
        return [change for change in self.changes if change.kind is kind]

    @property
    def has_regression(self) -> bool:
        """True when a cell does worse than before."""
        return bool(self.of(ChangeKind.REGRESSION))

    def fails(self, on: Iterable[ChangeKind] = ()) -> bool:
        """Whether a gate is to close: on a regression, on what was not measured again, and on these kinds."""
        return any(self.of(kind) for kind in (ChangeKind.REGRESSION, ChangeKind.UNMEASURED, *on))


def compare(old: RunFile, new: RunFile) -> Comparison:
    """Compare two runs."""
    old_cells, new_cells = old.by_id(), new.by_id()
    partners = {identifier: identifier for identifier in new_cells if identifier in old_cells}
    renamed = renamed_servers(old.servers, new.servers)
    for cell in new_cells.values():
        if cell.id in partners or cell.server not in renamed:
            continue
        former = Cell(renamed[cell.server], cell.client, cell.scenario).id
        if former in old_cells and former not in new_cells:
            partners[cell.id] = former
    comparison = _comparison(old_cells, new_cells, partners, old.servers | new.servers)
    return replace(comparison, is_partial=new.run.partial)


def compare_servers(old: RunFile, before: str, new: RunFile, now: str) -> Comparison:
    """Compare the server `before` of one run with the server `now` of another, or of the same one."""
    old_cells = {cell.id: cell for cell in old.cells if cell.server == before}
    new_cells = {cell.id: cell for cell in new.cells if cell.server == now}
    partners = {cell.id: Cell(before, cell.client, cell.scenario).id for cell in new_cells.values()}
    partners = {cell: former for cell, former in partners.items() if former in old_cells}
    servers = {before: old.servers[before], now: new.servers[now]}
    comparison = _comparison(old_cells, new_cells, partners, servers)
    return replace(comparison, is_partial=new.run.partial)


def find_server(pattern: str, run: RunFile, listed_by: str) -> str:
    """Give the one server of a run that the pattern matches; `listed_by` is the command that shows them all.

    Raises SelectionError where there is none, with near ids, or more than one.
    """
    found = select([pattern], run.servers, "server", listed_by)
    if len(found) > 1:
        raise SelectionError(
            f"{pattern!r} matches {counted(len(found), 'server')} of the run: {', '.join(found)}; name one"
        )
    return found[0]


def _comparison(
    old_cells: Mapping[str, CellRecord],
    new_cells: Mapping[str, CellRecord],
    partners: Mapping[str, str],
    servers: Mapping[str, ServerRecord],
) -> Comparison:
    """Put the changes in order; `partners` are the ids of cells before by the ids of those now."""
    used = set(partners.values())
    changes = [_change(old_cells[former], new_cells[now]) for now, former in partners.items()]
    changes += [Change(ChangeKind.NEW, None, cell) for cell in new_cells.values() if cell.id not in partners]
    changes += [Change(_kind_of_gone(cell), cell, None) for cell in old_cells.values() if cell.id not in used]
    order = list(ChangeKind)
    return Comparison(
        tuple(sorted(changes, key=lambda change: (order.index(change.kind), change.cell.id))),
        tuple(sorted(server for server, record in servers.items() if record.hypothesis)),
    )


def renamed_servers(old: Iterable[str], new: Iterable[str]) -> dict[str, str]:
    """Map a server id of the new run to the old run's of the same name, where both runs have exactly one."""
    before, after = _by_name(old), _by_name(new)
    return {
        after[name][0]: before[name][0]
        for name in after.keys() & before.keys()
        if len(after[name]) == 1 and len(before[name]) == 1
    }


def _by_name(servers: Iterable[str]) -> Mapping[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for server in servers:
        names[server.partition("@")[0]].append(server)
    return names


def require_something_in_common(comparison: Comparison) -> None:
    """Refuse two runs that say nothing of each other, which no gate may pass on. Raises SelectionError."""
    pairs = [change for change in comparison.changes if change.old is not None and change.new is not None]
    if not pairs:
        raise SelectionError(f"the runs have no cell in common: {_what_differs(comparison)}")
    if all(cell is None or cell.outcome is None for change in pairs for cell in (change.old, change.new)):
        raise SelectionError("the runs have no cell in common that has a result in either")


def _what_differs(comparison: Comparison) -> str:
    """Say whether it is the servers, the clients or the scenarios that two runs have not in common."""
    old = [change.old for change in comparison.changes if change.old is not None]
    new = [change.new for change in comparison.changes if change.new is not None]
    for what in ("client", "scenario", "server"):
        before, now = ({getattr(cell, what) for cell in cells} for cells in (old, new))
        if before.isdisjoint(now) and (what == "server" or (before and now)):
            advice = "if one stands for the other, name them with --server and --with"
            mend = advice if what == "server" else f"run both with the same {what}s"
            return f"before there is {_listed(before)}, now there is {_listed(now)}; {mend}"
    return "no client was tried at the same server in the same scenario; run both with the same of each"


def _listed(servers: Iterable[str]) -> str:
    return joined(sorted(servers)) if servers else "no server"


def _change(old: CellRecord, new: CellRecord) -> Change:
    return Change(_kind(old, new), old, new)


def _kind_of_gone(old: CellRecord) -> ChangeKind:
    return ChangeKind.UNMEASURED if _worked(old) else ChangeKind.GONE


def _worked(cell: CellRecord) -> bool:
    return cell.outcome in (Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK)


def _kind(old: CellRecord, new: CellRecord) -> ChangeKind:
    if old.outcome is None and new.outcome is None:
        return ChangeKind.UNCHANGED
    if old.outcome is None or new.outcome is None:
        return ChangeKind.UNMEASURED if _worked(old) else ChangeKind.NOT_COMPARABLE
    if old.outcome is not new.outcome:
        return _kind_of_outcomes(old.outcome, new.outcome)
    if old.reason != new.reason:
        return ChangeKind.CHANGED_REASON
    return ChangeKind.WEAKER if weaknesses(old, new) else ChangeKind.UNCHANGED


def _kind_of_outcomes(old: Outcome, new: Outcome) -> ChangeKind:
    """What another outcome is; that a scenario does not apply is neither better nor worse."""
    if Outcome.NOT_APPLICABLE in (old, new):
        return ChangeKind.CHANGED_REASON
    if new.rank < old.rank:
        return ChangeKind.REGRESSION
    return ChangeKind.FIXED if old is Outcome.FAILS else ChangeKind.IMPROVEMENT
