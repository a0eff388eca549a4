"""`tls-matrix compare OLD [NEW]`: what a patch changed, and for whom, between two runs or two servers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from definitions.fault import Together
from definitions.former import Notes
from matrix.commands.options import Json, one_line_errors, while_read, write_out
from matrix.commands.showing import saved_timings
from matrix.errors import EXIT_AS_EXPECTED, EXIT_NOT_AS_EXPECTED, SelectionError, UnreadableRun
from matrix.reports import comparison as render
from matrix.reports.page.comparison_page import render_page
from matrix.results.compare import (
    ChangeKind,
    Comparison,
    compare_servers,
    find_server,
    require_something_in_common,
)
from matrix.results.compare import compare as compare_runs
from matrix.results.compared_run import ComparedRun
from matrix.results.run_file import RunFile, load_whole_run

_FAIL_ON = {
    "regressed": ChangeKind.REGRESSION,
    "unmeasured": ChangeKind.UNMEASURED,
    "weaker": ChangeKind.WEAKER,
    "changed": ChangeKind.CHANGED_REASON,
    "new": ChangeKind.NEW,
    "gone": ChangeKind.GONE,
}


class Format(StrEnum):
    """How a comparison is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


_RENDER = {
    Format.TEXT: render.render_text,
    Format.MARKDOWN: render.render_markdown,
    Format.HTML: render_page,
    Format.JSON: render.render_json,
}


def compare(
    old: Annotated[
        Path, typer.Argument(help="The run before: its folder or its run.json.", show_default=False)
    ],
    new: Annotated[
        Path | None,
        typer.Argument(help="The run now; without it, the same run.", show_default=False),
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="PAT", help="The server before: one of OLD, by id.")
    ] = None,
    becomes: Annotated[
        str | None, typer.Option("--with", metavar="PAT", help="The server now: one of NEW, by id.")
    ] = None,
    format: Annotated[Format, typer.Option(help="Output format.")] = Format.TEXT,
    json: Json = False,
    fail_on: Annotated[
        str,
        typer.Option(metavar="LIST", help=f"What else gives exit status 1: {', '.join(_FAIL_ON)}."),
    ] = "",
) -> None:
    """Compare two runs, or two servers of one run or of two: which clients lose or gain service, and why.

    Without --server and --with, cells are compared one by one, and servers of one name across their levels.
    For more than two levels, `run --levels` shows where each client stopped or started to work.
    Exit status: 0 no regression; 1 a cell is worse than before, or worked and was not measured again;
    2 a run cannot be read, has no such server, or the two have nothing in common.
    """
    with one_line_errors() as notes:
        on = _kinds(fail_on)
        comparison = _compare(old, new, server, becomes, notes)
        require_something_in_common(comparison)
    with while_read():
        write_out(_RENDER[Format.JSON if json else format](comparison))
    raise typer.Exit(EXIT_NOT_AS_EXPECTED if comparison.fails(on) else EXIT_AS_EXPECTED)


def _kinds(fail_on: str) -> list[ChangeKind]:
    """Read the list of --fail-on."""
    words = [word.strip() for word in fail_on.split(",") if word.strip()]
    unknown = next((word for word in words if word not in _FAIL_ON), None)
    if unknown is not None:
        raise SelectionError(f"--fail-on {unknown}: there is {', '.join(_FAIL_ON)}")
    return [_FAIL_ON[word] for word in words]


def _compare(
    old: Path, new: Path | None, server: str | None, becomes: str | None, notes: Notes
) -> Comparison:
    if (server is None) != (becomes is None):
        missing = "--server" if server is None else "--with"
        raise SelectionError(f"{missing} is missing; give both, the server before and the server now")
    if server is None or becomes is None:
        if new is None:
            raise SelectionError(
                "the run now is missing; give it, or --server and --with to compare within one run"
            )
        old_run, new_run = _runs(old, new, notes)
        return _of_runs(compare_runs(old_run, new_run), _run(old, old_run), _run(new, new_run))
    old_run, new_run = _runs(old, new, notes)
    before = find_server(server, old_run, f"tls-matrix report {old}")
    now = find_server(becomes, new_run, f"tls-matrix report {new or old}")
    comparison = compare_servers(old_run, before, new_run, now)
    return _of_runs(comparison, _run(old, old_run, before), _run(new or old, new_run, now))


def _of_runs(comparison: Comparison, before: ComparedRun, now: ComparedRun) -> Comparison:
    return replace(comparison, before=before, now=now)


def _run(place: Path, run: RunFile, server: str | None = None) -> ComparedRun:
    """What is to be said of a run that is compared; one without readable times is compared all the same."""
    return ComparedRun(str(place), run, saved_timings(place if place.is_dir() else place.parent), server)


def _runs(old: Path, new: Path | None, notes: Notes) -> tuple[RunFile, RunFile]:
    """The run before and the run now, which is the same where there is none; or the faults of both."""
    together = Together()
    with together:
        before = load_whole_run(old, notes)
    with together:
        now = load_whole_run(new, notes) if new is not None else None
    together.end(UnreadableRun)
    return before, now or before
