"""A comparison of two runs, or of two servers, as text, Markdown or JSON; the page is in
`matrix.reports.page.comparison_page`. Pure.

Which runs were compared comes first in every form, then how many clients lose service, then the regressions;
cells that stayed as they were are counted, not listed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from matrix.reports.change_groups import (
    ChangeGroup,
    is_why_of_before,
    service_changes,
    told_groups,
    told_service_changes,
    why,
)
from matrix.reports.compared_runs import ComparedTable, compared_json, compared_lines, compared_table
from matrix.reports.markdown import escape
from matrix.results.compare import Change, ChangeKind, Comparison
from matrix.results.run_file import CellRecord, to_json
from matrix.wording import counted, joined, printable

TITLES = {
    ChangeKind.REGRESSION: "Regressions: worse than before",
    ChangeKind.UNMEASURED: "Not measured again: worked before",
    ChangeKind.WEAKER: "Weaker: works as before, but",
    ChangeKind.FIXED: "Fixed: failed before",
    ChangeKind.IMPROVEMENT: "Improved: no fallback needed any more",
    ChangeKind.CHANGED_REASON: "Different: another reason, or does not apply",
    ChangeKind.NOT_COMPARABLE: "Not comparable: one of the two runs has no result",
    ChangeKind.NEW: "New",
    ChangeKind.GONE: "Gone: did not work before",
}


def render_text(comparison: Comparison) -> str:
    """Give plain lines."""
    lines = [
        line
        for part in (compared_lines(comparison), told_service_changes(comparison))
        for line in ([*part, ""] if part else [])
    ]
    for kind, changes in listed(comparison):
        lines.append(f"{TITLES[kind]} ({len(changes)})")
        told = told_groups(changes)
        for group in told.groups:
            lines += _block(group)
        lines += [*([f"  and {told.left_out}"] if told.left_out else []), ""]
    return printable_lines([*lines, summary(comparison), *hypotheses(comparison)])


def render_markdown(comparison: Comparison) -> str:
    """Give a page for a change ticket."""
    lines = ["# What changed", "", *_compared(compared_table(comparison))]
    lines += [f"**{escape(said)}**\n" for said in told_service_changes(comparison)]
    lines += [escape(summary(comparison)), ""]
    for kind, changes in listed(comparison):
        told = told_groups(changes)
        columns = columns_of(kind, told.groups)
        lines += [f"## {escape(TITLES[kind])} ({len(changes)})", ""]
        lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
        lines += [*(_row(group, len(columns)) for group in told.groups), ""]
        lines += [f"And {escape(told.left_out)}.", ""] if told.left_out else []
    lines += [f"{escape(line)}\n" for line in hypotheses(comparison)]
    return "\n".join(lines)


def render_json(comparison: Comparison) -> str:
    """Give every change but the unchanged cells, which are counted."""
    counts = {kind.value: len(comparison.of(kind)) for kind in ChangeKind}
    changes = [_as_json(change) for kind, changes in listed(comparison) for change in changes]
    return to_json(
        {
            "schema": "tls-matrix/comparison/1",
            "before": compared_json(comparison.before),
            "now": compared_json(comparison.now),
            "summary": service_changes(comparison),
            "counts": counts,
            "changes": changes,
            "hypotheses": list(comparison.hypotheses),
            "partial": comparison.is_partial,
        }
    )


def summary(comparison: Comparison) -> str:
    """Say in a line what changed."""
    words = {
        ChangeKind.REGRESSION: "worse",
        ChangeKind.UNMEASURED: "not measured again",
        ChangeKind.WEAKER: "weaker",
        ChangeKind.FIXED: "fixed",
        ChangeKind.IMPROVEMENT: "improved",
        ChangeKind.CHANGED_REASON: "with another reason",
        ChangeKind.NOT_COMPARABLE: "not comparable",
        ChangeKind.NEW: "new",
        ChangeKind.GONE: "gone",
        ChangeKind.UNCHANGED: "unchanged",
    }
    counts = ((len(comparison.of(kind)), word) for kind, word in words.items())
    said = ", ".join(f"{number} {word}" for number, word in counts if number) or "no cells"
    partial = (
        " The run now is partial: it ended before every cell was tried." if comparison.is_partial else ""
    )
    return f"{_verdict(comparison)}: {said}.{partial}"


def _verdict(comparison: Comparison) -> str:
    if comparison.has_regression:
        return "Regression"
    unmeasured = len(comparison.of(ChangeKind.UNMEASURED))
    if not unmeasured:
        return "No regression"
    were = "was" if unmeasured == 1 else "were"
    return f"Not known: {counted(unmeasured, 'cell')} that worked {were} not measured again"


def printable_lines(lines: list[str]) -> str:
    """Join lines, each made safe for a terminal."""
    return "".join(f"{printable(line)}\n" for line in lines)


def listed(comparison: Comparison) -> Iterator[tuple[ChangeKind, list[Change]]]:
    """The kinds of changes that there are, each with its changes, the worst first."""
    for kind in TITLES:
        changes = comparison.of(kind)
        if changes:
            yield kind, changes


def hypotheses(comparison: Comparison) -> list[str]:
    """What is to be said of servers whose behaviour is assumed."""
    if not comparison.hypotheses:
        return []
    return [f"The behaviour of {joined(list(comparison.hypotheses))} is a hypothesis."]


def _block(group: ChangeGroup) -> list[str]:
    """Give the lines of one group in a text."""
    lines = [f"  {group.who} ({group.where(' -> ')}, {group.scenario})"]
    match group.kind:
        case ChangeKind.NEW:
            lines.append(f"    now: {group.now}")
        case ChangeKind.GONE:
            lines.append(f"    before: {group.before}")
        case _:
            lines += [f"    before: {group.before}", f"    now: {group.now}"]
    return lines + ([f"    {why_title(group.kind)}: {group.why}"] if group.why else [])


def why_title(kind: ChangeKind) -> str:
    """What the reason given for such a change is called."""
    return "why before" if is_why_of_before(kind) else "why"


def columns_of(kind: ChangeKind, found: Sequence[ChangeGroup]) -> list[str]:
    """What the columns of a table of such changes are called; one for reasons only where there are some."""
    why = [why_title(kind)] if any(group.why for group in found) else []
    return ["clients", "server", "scenario", "before", "now", *why]


def _row(group: ChangeGroup, columns: int) -> str:
    """Give one row of the Markdown table, of so many columns."""
    places = (group.who, group.where(", now "), group.scenario)
    values = (*places, group.before, group.now, group.why)[:columns]
    return f"| {' | '.join(map(escape, values))} |"


def _compared(table: ComparedTable | None) -> list[str]:
    """Give the table of the runs that were compared."""
    if table is None:
        return []
    head = ["", *table.columns]
    rows = (f"| {' | '.join(map(escape, (name, *values)))} |" for name, values in table.rows)
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows, ""]


def _as_json(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "old": _cell_json(change.old),
        "new": _cell_json(change.new),
        "why": why(change),
    }


def _cell_json(cell: CellRecord | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    return {
        "id": cell.id,
        "outcome": cell.outcome,
        "reason": cell.reason and str(cell.reason),
        "verdict": cell.verdict,
    }
