"""Saying what is going to be sent to a server that may not be the user's, or to be downloaded, and asking
whether it may be.
"""

import sys
from typing import Annotated

import typer

from clients.pace import DEFAULT_RATE
from matrix.commands.options import tell
from matrix.errors import EXIT_USAGE
from matrix.plan.bounds import RATE

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before a server off loopback is asked.")]
Rate = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        help=f"Connections a second (default: {DEFAULT_RATE:g} off loopback, no limit on it).",
        **RATE.of_option(),
    ),
]

ASKED_MUCH = "the server may be asked so much"


def ask_first(what: str, *, is_agreed: bool, consent: str = ASKED_MUCH) -> None:
    """Say what is going to happen and go on only if the user agrees, now or by --yes, that `consent`. Without
    a terminal nobody can, and the command ends with exit status 2.
    """
    if not is_agreed and not sys.stdin.isatty():
        tell(f"tls-matrix: {what}: nobody is there to be asked; give --yes if {consent}")
        raise typer.Exit(EXIT_USAGE)
    tell(f"tls-matrix: {what}")
    if not is_agreed and not typer.confirm("Go on?", err=True):
        raise typer.Exit(EXIT_USAGE)
