"""`tls-matrix test`: the project's own tests, which only a checkout has."""

import os

import typer

from matrix.commands.options import tell
from matrix.errors import EXIT_USAGE
from matrix.results.places import CHECKOUT

CONTEXT_SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def test(context: typer.Context) -> None:
    """Run the project's own tests (--long: all of them); arguments go to pytest. Only a checkout has tests.

    Exit status: pytest's; 2 where this is no checkout, 3 where what tests need cannot be installed.
    """
    if CHECKOUT is None:
        tell("tls-matrix: test: only a checkout of the project has tests; get one, and run ./tls-matrix test")
        raise typer.Exit(EXIT_USAGE)
    program = CHECKOUT / "tls-matrix"
    os.execv(program, [str(program), "test", *context.args])
