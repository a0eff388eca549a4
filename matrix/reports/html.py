"""grid.html: the run as one page to forward, without network, scripts or fonts from elsewhere. Pure.

Everything from peers and definitions goes through the template's autoescape, after control characters are
made visible.
"""

from collections.abc import Mapping
from typing import Any

from matrix.reports import digest, levels, renegotiation
from matrix.reports.template import render_template
from matrix.results.levels import ladders
from matrix.results.run_file import CellRecord, RunFile
from matrix.wording import reason_in_words

TEMPLATE = "grid.html.jinja"


def render_html(run: RunFile) -> str:
    """Give the whole page."""
    return render_template(TEMPLATE, _content(run))


def _content(run: RunFile) -> Mapping[str, Any]:
    return {
        "run": run,
        "headline": digest.headline(run),
        "legend": digest.legend(run),
        "grids": [_grid(run, scenario) for scenario in digest.scenarios(run)],
        "ladders": ladders(run),
        "ladder_title": levels.title,
        "ladder_words": levels.words,
        "renegotiations": renegotiation.server_answers(run),
        "renegotiation_columns": renegotiation.COLUMNS,
        "unexpected": digest.unexpected(run),
        "findings": digest.findings(run),
        "expected_failures": digest.expected_failures(run),
        "not_tried": digest.not_tried(run),
        "notes": digest.notes(run),
        "detailed": [cell for cell in run.cells if _has_details(cell)],
        "words": digest.cell_words,
        "has_details": _has_details,
        "hint": _hint,
    }


def _grid(run: RunFile, scenario: str) -> Mapping[str, Any]:
    return {
        "scenario": scenario,
        "servers": digest.grid_columns(run, scenario),
        "clients": digest.grid_rows(run, scenario),
        "cells": {(cell.client, cell.server): cell for cell in run.cells if cell.scenario == scenario},
    }


def _has_details(cell: CellRecord) -> bool:
    return cell.verdict != "passed" or cell.finding


def _hint(cell: CellRecord) -> str:
    """What the mouse shows over a cell."""
    lines = [cell.id]
    if cell.reason:
        lines.append(reason_in_words(cell.detailed_reason or cell.reason))
    if cell.note:
        lines.append(cell.note)
    if cell.negotiated:
        lines.append(f"{cell.negotiated.version}, {cell.negotiated.cipher_suite}")
    lines.append(f"verdict: {cell.verdict.value}")
    return "; ".join(lines)
