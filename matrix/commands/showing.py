"""How commands that have a run show it: the options for that, and what they print."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from definitions.fault import UnusableFile
from matrix.commands.options import console, tell, write_out
from matrix.errors import SelectionError
from matrix.reports.table import Rows
from matrix.reports.view import BRIEF, QUIET, VERBOSE, View
from matrix.results.places import PAGE
from matrix.results.run_file import RunFile
from matrix.results.timings import NO_TIMINGS, Timings, load_timings
from matrix.wording import printable


class Only(StrEnum):
    """What `--only` takes: the rows of the grid to show."""

    UNEXPECTED = "unexpected"
    DIFFERING = "differing"


Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Show the whole grid, the levels, the findings and the rest.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show the headline and what is unexpected.")]
OnlyRows = Annotated[
    Only | None,
    typer.Option("--only", help="Rows of the grid to show (default: differing; with -v all of them)."),
]


def view_asked(verbose: bool, quiet: bool, only: Only | None) -> View:
    """What to show of a run. Raises SelectionError where the options contradict each other."""
    if quiet and (verbose or only is not None):
        other = "-v" if verbose else "--only"
        raise SelectionError(f"--quiet and {other} contradict each other; leave one of them out")
    view = VERBOSE if verbose else QUIET if quiet else BRIEF
    return view if only is None else view.with_rows(Rows(only.value))


def show_run(run: RunFile, view: View, timings: Timings) -> None:
    """Print a run."""
    from matrix.reports.terminal import print_run  # takes a while, which the cells of a run need not wait for

    print_run(run, console(), view, timings)


def show_page(folder: Path, view: View) -> None:
    """Print where the page of a run is, unless only what is unexpected is asked for."""
    if view is not QUIET:
        write_out(f"The page: {printable(str(folder / PAGE))}\n")


def saved_timings(folder: Path) -> Timings:
    """The timings of a run's folder; a run without readable ones is reported all the same."""
    try:
        return load_timings(folder)
    except UnusableFile as unusable:
        tell_untimed(unusable.lines)
        return NO_TIMINGS


def tell_untimed(lines: Iterable[str]) -> None:
    """Tell why a run is reported without its times."""
    for line in lines:
        tell(f"tls-matrix: {line}; the report is made without times")
