"""Options that several commands share, and how they speak to people: errors to standard error, one line
each.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from definitions.fault import UnusableFile
from definitions.former import Notes
from matrix.errors import EXIT_USAGE, SelectionError
from matrix.plan.usage_errors import USAGE_ERRORS, lines_of
from matrix.reports.files import PAGE
from matrix.reports.folding import Rows
from matrix.reports.terminal import print_run
from matrix.reports.view import BRIEF, QUIET, VERBOSE, View
from matrix.results.run_file import RunFile
from matrix.results.timings import NO_TIMINGS, Timings, load_timings
from matrix.wording import printable

ServersDir = Annotated[
    list[Path] | None, typer.Option("--servers-dir", metavar="DIR", help="A folder with servers of your own.")
]
ClientsDir = Annotated[
    list[Path] | None, typer.Option("--clients-dir", metavar="DIR", help="A folder with clients of your own.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]


class Only(StrEnum):
    """What `--only` takes: the rows of the grid to show."""

    UNEXPECTED = "unexpected"
    DIFFERING = "differing"


Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Show the whole grid, the levels, the findings and the rest.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show the headline only.")]
OnlyRows = Annotated[
    Only | None,
    typer.Option("--only", help="Rows of the grid to show (default: differing; with -v all of them)."),
]

WIDTH_WITHOUT_TERMINAL = 120


@contextmanager
def while_read() -> Iterator[None]:
    """Print to standard output: all of it is out when this ends, before more is said on standard error."""
    yield
    sys.stdout.flush()


def console() -> Console:
    """Make a console for standard output that never reads markup or emoji names into what it prints."""
    width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(markup=False, highlight=False, emoji=False, width=width)


def view_asked(verbose: bool, quiet: bool, only: Only | None) -> View:
    """What to show of a run. Raises SelectionError where the options contradict each other."""
    if quiet and (verbose or only is not None):
        other = "-v" if verbose else "--only"
        raise SelectionError(f"--quiet and {other} contradict each other; leave one of them out")
    view = VERBOSE if verbose else QUIET if quiet else BRIEF
    return view if only is None else view.with_rows(Rows(only.value))


def show_run(run: RunFile, view: View, timings: Timings, written: Path | None) -> None:
    """Print a run and then where its page is: in the folder `written`, if it could be written."""
    print_run(run, console(), view, timings)
    if written is not None and view is not QUIET:
        write_out(f"The page: {printable(str(written / PAGE))}\n")


def write_out(text: str) -> None:
    """Print text as it is on standard output."""
    sys.stdout.write(text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on a terminal; elsewhere a line of the columns' names and one a row, tabs in between."""
    out = console()
    if not out.is_terminal:
        write_out("".join("\t".join(row) + "\n" for row in (columns, *rows)))
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)


def tell(text: str) -> None:
    """Print a line for a person on standard error."""
    # In one piece: several threads may tell of what they do.
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


@contextmanager
def one_line_errors() -> Iterator[Notes]:
    """Turn what a person must correct into one line per error on standard error and exit status 2; gives what
    readers put their notes into, which are told when all is well.
    """
    notes = Notes()
    try:
        yield notes
    except USAGE_ERRORS as error:
        for line in lines_of(error):
            tell(f"tls-matrix: {line}")
        raise typer.Exit(EXIT_USAGE) from error
    for line in notes:
        tell(f"tls-matrix: {line}")


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
