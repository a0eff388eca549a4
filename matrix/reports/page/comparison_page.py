"""A comparison of two runs, or of two servers, as one page in the style of a run's page. Pure.

Which runs were compared comes first, and how many clients lose service; then the grid of what became of each
cell, with its filters and what each cell was and is; then the changes in groups, which are there without
scripts, too.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from matrix.reports import comparison as said
from matrix.reports.change_groups import fares, told_groups, told_service_changes, why
from matrix.reports.compared_runs import compared_table
from matrix.reports.page.chunks import told
from matrix.reports.page.document import MOST_BYTES, render_frame
from matrix.reports.page.interned import Interned
from matrix.reports.page.look import MAX_TEXT, Explained, Look
from matrix.reports.page.sheet import MAX_NAME, NONE, Sheet, legend
from matrix.reports.page.stories import pairs, recorded_attempt, recorded_facts
from matrix.results.compare import Change, ChangeKind, Comparison
from matrix.results.run_file import CellRecord
from matrix.wording import bounded

TEMPLATE = "comparison.html.jinja"
ROWS = [
    ["differing", "that changed", "rows in which nothing changed are left out"],
    ["all", "all", ""],
    ["unexpected", "with a regression", "rows without a regression are left out"],
]


class Became(Explained):
    """What became of a cell; the values are those of ChangeKind."""

    REGRESSION = "regression", "▼", "worse", "does worse than before"
    UNMEASURED = "unmeasured", "?", "not measured again", "worked before, and nothing was found out now"
    WEAKER = "weaker", "▽", "weaker", "works as before, with something weaker"
    FIXED = "fixed", "▲", "fixed", "failed before"
    IMPROVEMENT = "improvement", "△", "improved", "needs no fallback any more"
    CHANGED_REASON = "changed-reason", "≠", "different", "has another reason, or does not apply"
    NOT_COMPARABLE = "not-comparable", "·", "not comparable", "one of the two runs has no result"
    NEW = "new", "+", "new", "is in the run now alone"
    GONE = "gone", "-", "gone", "was in the run before alone, and did not work"
    UNCHANGED = "unchanged", "=", "unchanged", "fares as before"


_BECAME = {kind: each for kind in ChangeKind for each in Became if each.value == kind.value}


class _NoTrait(Explained):
    """A change has no traits beside what it is."""


def render_page(comparison: Comparison) -> str:
    """Give the whole page."""
    frame = render_frame(
        TEMPLATE,
        {
            "compared": compared_table(comparison),
            "summary": said.summary(comparison),
            "fails": comparison.fails(),
            "service": told_service_changes(comparison),
            "sections": [
                {
                    "title": said.TITLES[kind],
                    "number": len(changes),
                    "columns": said.columns_of(kind, shown.groups),
                    "has_why": any(group.why for group in shown.groups),
                    "groups": shown.groups,
                    "left_out": shown.left_out,
                }
                for kind, changes in said.listed(comparison)
                for shown in [told_groups(changes)]
            ],
            "hypotheses": said.hypotheses(comparison),
        },
    )
    grid = _sheet(comparison)
    order = list(ChangeKind)
    changes = sorted(comparison.changes, key=lambda change: order.index(change.kind))
    stories = told(
        ((_id(change), change) for change in changes),
        ChangeStories,
        MOST_BYTES - frame.size(grid.data),
    )
    return b"".join(frame.page(grid.with_stories(stories.numbers), stories.chunks)).decode()


class ChangeStories:
    """What cells were and are, each story once."""

    def __init__(self) -> None:
        self._stories, self._attempts = Interned(), Interned()

    @property
    def size(self) -> int:
        """Characters of all as JSON, nearly."""
        return self._stories.size + self._attempts.size

    def __len__(self) -> int:
        return len(self._stories.values)

    def to_json(self) -> dict[str, Any]:
        """All of them, and what they refer to by number."""
        return {"stories": self._stories.values, "attempts": self._attempts.values}

    def number(self, change: Change) -> int:
        """Tell what became of a cell; the number of its story."""
        told = [("before", fares(change.old)), ("now", fares(change.new))]
        if why(change):
            told.append((said.why_title(change.kind), why(change)))
        sides = (("before", change.old, change.new), ("now", change.new, change.old))
        for when, cell, other in sides:
            others = set() if other is None else set(recorded_facts(other))
            facts = () if cell is None else recorded_facts(cell)
            told += [(f"{name} {when}", value) for name, value in facts if (name, value) not in others]
        return self._stories.number(
            {
                "facts": pairs(told),
                "attempts": [
                    [f"{when}, attempt {number}", self._attempts.number(recorded_attempt(attempt))]
                    for when, cell, _ in sides
                    if cell is not None
                    for number, attempt in enumerate(cell.attempts, start=1)
                ],
                "difference": None,
                "messages": False,
            }
        )


def _sheet(comparison: Comparison) -> Sheet:
    columns = sorted({_servers(change) for change in comparison.changes})
    clients = sorted({change.cell.client for change in comparison.changes})
    by_place = {(_place(change)): change for change in comparison.changes}
    looks, ids = Interned(), list[str]()

    def row_of(scenario: str, client: str) -> dict[str, Any] | None:
        flat: list[int] = []
        kinds = set()
        for column in columns:
            change = by_place.get((scenario, client, column))
            if change is None:
                flat += (NONE, NONE, NONE, 0)
                continue
            kinds.add(change.kind)
            flat += (looks.number(asdict(_look(change))), len(ids), NONE, 0)
            ids.append(_id(change))
        if not kinds:
            return None
        return {
            "client": clients.index(client),
            "differs": kinds != {ChangeKind.UNCHANGED},
            "unexpected": ChangeKind.REGRESSION in kinds,
            "cells": flat,
        }

    scenarios = sorted({change.cell.scenario for change in comparison.changes})
    data = {
        "servers": [_column(column) for column in columns],
        "clients": [
            {
                "id": bounded(client, MAX_NAME),
                "quoted": bounded(shlex.quote(client), MAX_NAME),
                "title": "",
                "sets": [],
            }
            for client in clients
        ],
        "groups": [
            {
                "scenario": bounded(scenario, MAX_NAME),
                "rows": [row for client in clients if (row := row_of(scenario, client)) is not None],
            }
            for scenario in scenarios
        ],
        "looks": looks.values,
        "legend": legend(looks.values, Became, _NoTrait),
        "choices": ROWS,
    }
    return Sheet(data, ids)


def _look(change: Change) -> Look:
    became = _BECAME[change.kind]
    now = f"{fares(change.old)}; now {fares(change.new)}"
    reasons = [str(cell.reason) for cell in _cells(change) if cell.reason is not None]
    return Look(
        became.value,
        became.sign,
        became.word,
        (),
        bounded(", ".join(dict.fromkeys(reasons)), MAX_TEXT),
        bounded(now, MAX_TEXT),
        "",
    )


def _column(servers: Sequence[str]) -> dict[str, Any]:
    """The server before and the one now above a column, by name and levels where the name stays."""
    names, levels = zip(*(_divided(server) for server in servers), strict=True)
    is_one = len(set(names)) == 1
    return {
        "id": bounded(_arrow(servers), MAX_NAME),
        "name": bounded(names[0] if is_one else _arrow(servers), MAX_NAME),
        "level": bounded(_arrow(levels), MAX_NAME) if is_one else "",
        "toggles": [],
        "title": "",
        "stack": "",
        "hypothesis": False,
        "repeat": "",
    }


def _divided(server: str) -> tuple[str, str]:
    name, _, level = server.partition("@")
    return (server, "") if "/" in name else (name, level)


def _arrow(names: Iterable[str]) -> str:
    return " → ".join(dict.fromkeys(name for name in names if name))


def _servers(change: Change) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell.server for cell in _cells(change)))


def _cells(change: Change) -> list[CellRecord]:
    return [cell for cell in (change.old, change.new) if cell is not None]


def _place(change: Change) -> tuple[str, str, tuple[str, ...]]:
    return change.cell.scenario, change.cell.client, _servers(change)


def _id(change: Change) -> str:
    scenario, client, servers = _place(change)
    return f"{_arrow(servers)}/{client}/{scenario}"
