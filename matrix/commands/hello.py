"""`tls-matrix hello show|diff`: what clients say, decoded."""

from typing import Annotated

import typer

from matrix.commands.options import ClientsDir, one_line_errors, write_out
from matrix.plan.loading import PROGRAMS_LISTED_BY, choose_profile, load_all_profiles
from matrix.reports.comparison import printable_lines
from matrix.reports.hello import diff_lines, show_lines

application = typer.Typer(
    no_args_is_help=True, help="Show the hellos of a client, or those of two clients side by side."
)

_PROGRAMS_SEND = (
    "only a profile says what its client sends; of a genuine program, tls-matrix run --evidence all keeps it "
    f"(see `{PROGRAMS_LISTED_BY}`)"
)
Client = Annotated[str, typer.Argument(metavar="CLIENT", help="A client profile.", show_default=False)]


@application.command()
def show(client: Client, clients_dir: ClientsDir = None) -> None:
    """Show every hello a client sends, decoded."""
    with one_line_errors() as notes:
        profile = choose_profile(client, load_all_profiles(clients_dir or (), notes), _PROGRAMS_SEND)
    write_out(printable_lines(list(show_lines(profile))))


@application.command()
def diff(first: Client, second: Client, clients_dir: ClientsDir = None) -> None:
    """Show two clients' hellos side by side: differences, common parts and order."""
    with one_line_errors() as notes:
        profiles = load_all_profiles(clients_dir or (), notes)
        left, right = (choose_profile(each, profiles, _PROGRAMS_SEND) for each in (first, second))
    write_out(printable_lines(list(diff_lines(left, right))))
