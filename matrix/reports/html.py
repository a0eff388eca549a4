"""grid.html: the run as one page to forward, without network, or scripts or fonts from elsewhere. Pure.

Everything from peers and definitions goes through the template's autoescape, after control characters are
made visible. The one script of the page opens what a link leads to, and the page's policy allows that script
alone, by its digest; where scripts are off, newer browsers open it by style.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from matrix.reports import cell_text, digest, facts, headline, levels, played, renegotiation
from matrix.reports.next_step import next_step
from matrix.reports.template import render_template
from matrix.results.levels import level_series
from matrix.results.run_file import CellRecord, RunFile
from matrix.results.timings import NO_TIMINGS, Timings
from matrix.wording import reason_in_words

TEMPLATE = "grid.html.jinja"
SERVERS_SIDE_BY_SIDE = 24
WIDE_FROM = 14
"""A printed page has room for the words of fewer columns only; from here on it has signs alone."""
_OPEN_TARGET = (
    "const open = () => { const cell = document.getElementById(decodeURIComponent(location.hash.slice(1)));"
    " if (cell instanceof HTMLDetailsElement) { cell.open = true; cell.scrollIntoView(); } };"
    ' addEventListener("hashchange", open); addEventListener("DOMContentLoaded", open);'
    ' addEventListener("click", event => { if (event.target.closest("td a")) setTimeout(open); });'
)


def render_html(run: RunFile, timings: Timings = NO_TIMINGS) -> str:
    """Give the whole page."""
    return render_template(TEMPLATE, _content(run, timings))


def _content(run: RunFile, timings: Timings) -> Mapping[str, Any]:
    nobody = digest.unasked(run)
    digest_of_script = base64.b64encode(hashlib.sha256(_OPEN_TARGET.encode()).digest()).decode("ascii")
    return {
        "run": run,
        "script": Markup(_OPEN_TARGET),
        "script_source": f"'sha256-{digest_of_script}'",
        "headline": headline.headline(run),
        "partial": headline.PARTIAL,
        "is_good": all(cell.verdict.is_as_expected for cell in run.cells),
        "legend": cell_text.legend(run),
        "grids": [grid for scenario in digest.scenarios(run) for grid in _grids(run, scenario)],
        "all_series": level_series(run),
        "levels": levels,
        "renegotiations": renegotiation.server_answers(run),
        "renegotiation_columns": renegotiation.COLUMNS,
        "to_look_at": [
            (title, [(group.line, next_step(group, run)) for group in groups])
            for title, groups in (
                ("Unexpected results", digest.unexpected(run)),
                ("Not measured, although a result was due", digest.broken(run)),
                ("Failures, fallbacks and notes", digest.observed_failures(run)),
            )
            if groups
        ],
        "lists": list(_lists(run)),
        "expected_failures": digest.expected_failures(run),
        "tested": facts.tested(run, timings),
        "detailed": [cell for cell in run.cells if _has_details(cell) and cell.server not in nobody],
        "text": cell_text.cell_text,
        "negotiated": cell_text.negotiated_text,
        "facts": facts.cell_facts,
        "has_details": _has_details,
        "hint": _hint,
    }


def _lists(run: RunFile) -> Iterator[tuple[str, Sequence[str]]]:
    """What is told in plain lists, each under its title."""
    yield played.TITLE, played.told(run)
    yield "What the clients that work have in common", digest.inferences(run)
    yield digest.CAUSES, digest.causes(run)
    yield "Notes (*)", digest.cell_notes(run)
    yield "Observations of each server", facts.facts_by_server(run)
    yield digest.FINDINGS, digest.findings(run)
    yield "Not applicable", [f"{group.line}." for group in digest.not_applicable(run)]
    yield "Not measured", [f"{group.line}." for group in digest.not_measured(run)]
    yield "About the servers", digest.server_notes(run)
    yield digest.ABOUT_CLIENTS, digest.client_notes(run)


def _grids(run: RunFile, scenario: str) -> Iterator[Mapping[str, Any]]:
    """The tables of a scenario; many servers are in several, one below the other."""
    servers = digest.grid_columns(run, scenario)
    for first in range(0, len(servers), SERVERS_SIDE_BY_SIDE):
        shown = servers[first : first + SERVERS_SIDE_BY_SIDE]
        yield {
            "scenario": scenario,
            "is_wide": len(shown) >= WIDE_FROM,
            "servers": shown,
            "clients": digest.grid_rows(run, scenario),
            "cells": {(cell.client, cell.server): cell for cell in run.cells if cell.scenario == scenario},
        }


def _has_details(cell: CellRecord) -> bool:
    return cell.verdict != "passed" or cell.finding or bool(cell.notes)


def _hint(cell: CellRecord) -> str:
    """What the mouse shows over a cell."""
    lines = [cell.id]
    if cell.reason:
        lines.append(reason_in_words(cell.detailed_reason or cell.reason))
    if cell.note:
        lines.append(cell.note)
    lines += [f"{name}: {value}" for name, value in facts.cell_facts(cell)]
    lines.append(f"verdict: {cell.verdict.value}")
    return "; ".join(lines)
