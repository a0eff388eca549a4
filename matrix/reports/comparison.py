"""A comparison of two runs as text, Markdown or JSON. Pure.

Regressions come first in every form; cells that stayed as they were are counted, not listed.
"""

from collections.abc import Iterator
from typing import Any

from matrix.compare import Change, ChangeKind, Comparison
from matrix.reports.markdown import escape
from matrix.run_file import CellRecord, to_json
from matrix.wording import SHORT_WORDS, joined, printable

_TITLES = {
    ChangeKind.REGRESSION: "Regressions: worse than before",
    ChangeKind.FIXED: "Fixed: failed before",
    ChangeKind.IMPROVEMENT: "Improved: no fallback needed any more",
    ChangeKind.CHANGED_REASON: "Same outcome, different reason",
    ChangeKind.NOT_COMPARABLE: "Not comparable: one of the two runs found nothing out",
    ChangeKind.NEW: "New",
    ChangeKind.GONE: "Gone",
}


def render_text(comparison: Comparison) -> str:
    """Give plain lines."""
    lines: list[str] = []
    for kind, changes in _listed(comparison):
        lines += [f"{_TITLES[kind]} ({len(changes)})", *(f"  {_line(change)}" for change in changes), ""]
    return printable_lines([*lines, summary(comparison), *_hypotheses(comparison)])


def render_markdown(comparison: Comparison) -> str:
    """Give a page for a change ticket."""
    lines = ["# What changed", "", escape(summary(comparison)), ""]
    for kind, changes in _listed(comparison):
        lines += [f"## {escape(_TITLES[kind])}", "", "| client | server | scenario | before | now |"]
        lines += ["|---|---|---|---|---|", *map(_row, changes), ""]
    lines += [f"{escape(line)}\n" for line in _hypotheses(comparison)]
    return "\n".join(lines)


def render_json(comparison: Comparison) -> str:
    """Give every change but the unchanged cells, which are counted."""
    counts = {kind.value: len(comparison.of(kind)) for kind in ChangeKind}
    changes = [_as_json(change) for kind, changes in _listed(comparison) for change in changes]
    return to_json(
        {
            "schema": "tls-matrix/comparison/1",
            "counts": counts,
            "changes": changes,
            "hypotheses": list(comparison.hypotheses),
        }
    )


def summary(comparison: Comparison) -> str:
    """Say in a line what changed."""
    words = {
        ChangeKind.REGRESSION: "worse",
        ChangeKind.FIXED: "fixed",
        ChangeKind.IMPROVEMENT: "improved",
        ChangeKind.CHANGED_REASON: "with another reason",
        ChangeKind.NOT_COMPARABLE: "not comparable",
        ChangeKind.NEW: "new",
        ChangeKind.GONE: "gone",
        ChangeKind.UNCHANGED: "unchanged",
    }
    counts = ((len(comparison.of(kind)), word) for kind, word in words.items())
    said = ", ".join(f"{number} {word}" for number, word in counts if number) or "no cells at all"
    return f"{'Regression' if comparison.has_regression else 'No regression'}: {said}."


def printable_lines(lines: list[str]) -> str:
    """Join lines, each made safe for a terminal."""
    return "".join(f"{printable(line)}\n" for line in lines)


def _listed(comparison: Comparison) -> Iterator[tuple[ChangeKind, list[Change]]]:
    for kind in _TITLES:
        changes = comparison.of(kind)
        if changes:
            yield kind, changes


def _hypotheses(comparison: Comparison) -> list[str]:
    if not comparison.hypotheses:
        return []
    return [f"The behaviour of {joined(list(comparison.hypotheses))} is a hypothesis."]


def _row(change: Change) -> str:
    """Give one row of the Markdown table."""
    old, new = change.old, change.new
    server = change.cell.server
    if old is not None and new is not None and old.server != new.server:
        server = f"{old.server}, now {new.server}"
    columns = (change.cell.client, server, change.cell.scenario, _state(old), _state(new))
    return f"| {' | '.join(map(escape, columns))} |"


def _line(change: Change) -> str:
    match change.kind:
        case ChangeKind.NEW | ChangeKind.GONE:
            return f"{_name(change)}: {_state(change.cell)}"
        case _:
            return f"{_name(change)}: {_state(change.old)} -> {_state(change.new)}"


def _name(change: Change) -> str:
    if change.old is not None and change.new is not None and change.old.id != change.new.id:
        return f"{change.old.id} -> {change.new.server}"
    return change.cell.id


def _state(cell: CellRecord | None) -> str:
    if cell is None:
        return "-"
    word = SHORT_WORDS[cell.outcome] if cell.outcome else cell.verdict.value
    return f"{word} ({cell.reason})" if cell.reason else word


def _as_json(change: Change) -> dict[str, Any]:
    return {"kind": change.kind.value, "old": _cell_json(change.old), "new": _cell_json(change.new)}


def _cell_json(cell: CellRecord | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    return {"id": cell.id, "outcome": cell.outcome, "reason": cell.reason, "verdict": cell.verdict}
