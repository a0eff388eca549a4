"""Options that several commands share, and how they speak to people: errors to standard error, one line
each.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from definitions.former import Notes
from matrix.errors import EXIT_USAGE
from matrix.plan.bounds import SECONDS
from matrix.wording import printable

ServersDir = Annotated[
    list[Path] | None, typer.Option("--servers-dir", metavar="DIR", help="A folder with servers of your own.")
]
ClientsDir = Annotated[
    list[Path] | None, typer.Option("--clients-dir", metavar="DIR", help="A folder with clients of your own.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
Timeout = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="Seconds for each connection attempt.", **SECONDS.of_option()),
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
    except Exception as error:
        from matrix.plan.usage_errors import USAGE_ERRORS, lines_of  # imports all that can be wrong

        if not isinstance(error, USAGE_ERRORS):
            raise
        for line in lines_of(error):
            tell(f"tls-matrix: {line}")
        raise typer.Exit(EXIT_USAGE) from error
    for line in notes:
        tell(f"tls-matrix: {line}")
