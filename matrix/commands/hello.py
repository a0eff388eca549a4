"""`tls-matrix hello show|diff`: what clients say, decoded."""

from typing import Annotated

import typer

from clients.profile import Profile
from matrix.cell import select
from matrix.commands.options import ClientsDir, one_line_errors, write_out
from matrix.errors import SelectionError
from matrix.plan.loading import load_all_profiles
from matrix.reports.comparison import printable_lines
from matrix.reports.hello import diff_lines, show_lines

application = typer.Typer(
    no_args_is_help=True, help="Show the hellos of a client, or those of two clients side by side."
)

Client = Annotated[str, typer.Argument(metavar="CLIENT", help="A client profile.", show_default=False)]


@application.command()
def show(client: Client, clients_dir: ClientsDir = None) -> None:
    """Show every hello a client sends, decoded."""
    with one_line_errors() as notes:
        profile = _one(client, load_all_profiles(clients_dir or (), notes))
    write_out(printable_lines(list(show_lines(profile))))


@application.command()
def diff(first: Client, second: Client, clients_dir: ClientsDir = None) -> None:
    """Show two clients' hellos side by side: differences, common parts and order."""
    with one_line_errors() as notes:
        profiles = load_all_profiles(clients_dir or (), notes)
        left, right = _one(first, profiles), _one(second, profiles)
    write_out(printable_lines(list(diff_lines(left, right))))


def _one(client: str, profiles: dict[str, Profile]) -> Profile:
    chosen = select([client], profiles, "client")
    if len(chosen) != 1:
        raise SelectionError(f"{client}: matches {', '.join(chosen)}; name one client")
    return profiles[chosen[0]]
