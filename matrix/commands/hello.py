"""`tls-matrix hello show|diff`: what clients say, decoded; and the commands about captures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from clients.capture.captured_hello import CapturedHello
from clients.capture.source import STANDARD_INPUT, read_capture
from clients.profile import Profile
from matrix.commands import completion
from matrix.commands.captured import import_, listen, name_of, no_stream, unreadable
from matrix.commands.options import ClientsDir, Json, one_line_errors, write_out
from matrix.errors import SelectionError
from matrix.plan.loading import PROGRAMS_LISTED_BY, choose_profile, load_all_profiles
from matrix.reports.comparison import printable_lines
from matrix.reports.hello import Sender, diff_json, diff_lines, show_lines
from matrix.reports.hello_view import captured_view, views
from matrix.results.run_file import to_json
from matrix.wording import counted

application = typer.Typer(
    no_args_is_help=True,
    help="Show the hellos of clients, or those in a capture; find out who calls a port.",
)
application.command("import")(import_)
application.command("listen")(listen)

HELLO_SCHEMA, DIFFERENCE_SCHEMA = "tls-matrix/hello/1", "tls-matrix/hello-difference/1"
_NUMBER = "#"
"""Stands between a file and the number of a hello in it."""
_PROGRAMS_SEND = (
    "only a profile says what its client sends; of a genuine program, tls-matrix run --evidence all keeps it "
    f"(see `{PROGRAMS_LISTED_BY}`)"
)
Client = Annotated[
    str,
    typer.Argument(
        metavar="CLIENT|FILE",
        help="A client profile, or a file as `hello import` takes it; FILE#N is its hello number N.",
        show_default=False,
        autocompletion=completion.one_client,
    ),
]
Hex = Annotated[bool, typer.Option("--hex", help="Show the bytes too.")]


@application.command()
def show(client: Client, json: Json = False, hex: Hex = False, clients_dir: ClientsDir = None) -> None:
    """Show every hello a client sends, or that a file holds, decoded."""
    with one_line_errors() as notes:
        profiles = load_all_profiles(clients_dir or (), notes)
        sender = _sender(client, profiles, _in_file(client, profiles))
    if json:
        write_out(to_json({"schema": HELLO_SCHEMA, **sender.to_json()}))
    else:
        write_out(printable_lines(list(show_lines(sender, with_bytes=hex))))


@application.command()
def diff(
    first: Client, second: Client, json: Json = False, hex: Hex = False, clients_dir: ClientsDir = None
) -> None:
    """Show two clients' hellos side by side: differences, common parts and order."""
    with one_line_errors() as notes:
        profiles = load_all_profiles(clients_dir or (), notes)
        one, other = (_in_file(each, profiles) for each in (first, second))
        left, right = _sender(first, profiles, one, other), _sender(second, profiles, other, one)
    if json:
        write_out(to_json({"schema": DIFFERENCE_SCHEMA, **diff_json(left, right)}))
    else:
        write_out(printable_lines(list(diff_lines(left, right, with_bytes=hex))))


def _sender(
    argument: str,
    profiles: Mapping[str, Profile],
    own: Sequence[CapturedHello],
    beside: Sequence[CapturedHello] = (),
) -> Sender:
    """Whose hellos are meant: `own`, those in a file, else a client's. Raises SelectionError."""
    if own:
        return Sender(argument, counted(len(own), "hello"), tuple(map(captured_view, own)))
    profile = choose_profile(argument, profiles, _PROGRAMS_SEND)
    source = profile.provenance
    title = f"{profile.title} ({source.kind}, confidence {source.confidence})"
    return Sender(profile.id, title, tuple(views(profile, beside)))


def _in_file(argument: str, profiles: Mapping[str, Profile]) -> list[CapturedHello]:
    """The readable hellos in a file, or the one whose number stands behind it; none where a client is meant.

    Raises SelectionError, UnusableFile.
    """
    path, number = _file_and_number(argument)
    is_path = argument == STANDARD_INPUT or "/" in argument or Path(path).exists()
    if not is_path or argument in profiles:
        return []
    hellos = read_capture(path).hellos
    chosen = [hello for hello in hellos if number in (None, hello.stream)]
    readable = [hello for hello in chosen if hello.flight is not None]
    if chosen and not readable:
        raise SelectionError(f"{name_of(path)}: {unreadable(chosen[0])}")
    if not chosen and number is not None:
        raise SelectionError(no_stream(path, number, len(hellos)))
    if not chosen:
        raise SelectionError(f"{name_of(path)}: has no ClientHello")
    return readable


def _file_and_number(argument: str) -> tuple[str, int | None]:
    path, mark, number = argument.rpartition(_NUMBER)
    return (path, int(number)) if mark and number.isascii() and number.isdecimal() else (argument, None)
