"""Options that several commands share, and how they speak to people: errors to standard error, one line
each.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from definitions.fault import UnusableFile
from definitions.former import Notes
from matrix.errors import EXIT_USAGE
from matrix.plan.plan import USAGE_ERRORS
from matrix.wording import printable

ServersDir = Annotated[
    list[Path] | None, typer.Option("--servers-dir", metavar="DIR", help="A folder with servers of your own.")
]
ClientsDir = Annotated[
    list[Path] | None, typer.Option("--clients-dir", metavar="DIR", help="A folder with clients of your own.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]

WIDTH_WITHOUT_TERMINAL = 120


class _Out(Console):
    """rich's own answer to a reader who has left is exit status 1, which means something else here."""

    def on_broken_pipe(self) -> None:
        """Leave it to `while_read`."""
        raise BrokenPipeError


@contextmanager
def while_read() -> Iterator[None]:
    """Print to standard output as long as somebody reads it; who has seen enough changes no exit status."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        write_nowhere()


def write_nowhere() -> None:
    """Send standard output nowhere from now on: Python's own last flush must not fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def console() -> Console:
    """Make a console for standard output that never reads markup or emoji names into what it prints."""
    width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
    return _Out(markup=False, highlight=False, emoji=False, width=width)


def write_out(text: str) -> None:
    """Print text as it is on standard output."""
    sys.stdout.write(text)


def tell(text: str) -> None:
    """Print a line for a person on standard error."""
    # In one piece: several threads may tell of what they do.
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


@contextmanager
def one_line_errors() -> Iterator[Notes]:
    """Turn whatever a person must mend into one line a fault on standard error and exit status 2; gives what
    readers put their notes into, which are told when all is well.
    """
    notes = Notes()
    try:
        yield notes
    except USAGE_ERRORS as error:
        for line in error.lines if isinstance(error, UnusableFile) else (str(error),):
            tell(f"tls-matrix: {line}")
        raise typer.Exit(EXIT_USAGE) from error
    for line in notes:
        tell(f"tls-matrix: {line}")
