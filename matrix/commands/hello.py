"""`tls-matrix hello show|diff|import|listen`: what clients say, decoded; whose hellos are in a capture; who
calls.
"""

import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from clients.capture.captured_hello import CapturedHello
from clients.capture.ladder import ladders
from clients.capture.listening import Refusal, listen
from clients.capture.nearest import Known
from clients.capture.profile_file import check_identity, write_profile
from clients.capture.profile_text import Origin
from clients.capture.source import STANDARD_INPUT, read_capture
from clients.profile import Profile
from matrix.commands.options import ClientsDir, Json, one_line_errors, tell, write_out
from matrix.commands.serve import why_not
from matrix.commands.streams import is_left
from matrix.errors import EXIT_AS_EXPECTED, EXIT_NOT_AS_EXPECTED, SelectionError
from matrix.plan.loading import PROGRAMS_LISTED_BY, choose_profile, load_all_profiles
from matrix.reports.captured import Listed, caller_line, capture_lines, likeness, listed, listed_json, told
from matrix.reports.comparison import printable_lines
from matrix.reports.hello import Sender, diff_json, diff_lines, show_lines
from matrix.reports.hello_view import captured_view, views
from matrix.results.run_file import to_json
from matrix.wording import counted, printable

application = typer.Typer(
    no_args_is_help=True,
    help="Show the hellos of clients, or those in a capture; find out who calls a port.",
)

SCHEMA = "tls-matrix/hello/1"
PROFILES = Path("captured-clients")
LOOPBACK = "127.0.0.1"
MAX_KEPT = 1_000
"""Hellos of callers that a profile can be written of."""
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
    ),
]
Hex = Annotated[bool, typer.Option("--hex", help="Show the bytes too.")]
Identity = Annotated[
    str | None,
    typer.Option(
        "--id", metavar="ID", help="Write the profile of the client, with this id.", show_default=False
    ),
]
Folder = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="The folder for the profile: name it with --clients-dir.")
]


@application.command()
def show(client: Client, json: Json = False, hex: Hex = False, clients_dir: ClientsDir = None) -> None:
    """Show every hello a client sends, or that a file holds, decoded."""
    with one_line_errors() as notes:
        profiles = load_all_profiles(clients_dir or (), notes)
        sender = _sender(client, profiles, _in_file(client, profiles))
    if json:
        write_out(to_json({"schema": SCHEMA, **sender.to_json()}))
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
        write_out(to_json({"schema": SCHEMA, **diff_json(left, right)}))
    else:
        write_out(printable_lines(list(diff_lines(left, right, with_bytes=hex))))


@application.command("import")
def import_(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A capture (pcap, pcapng), a hex dump, a hex stream, or what openssl s_client -msg prints; "
            "- is standard input.",
            show_default=False,
        ),
    ],
    stream: Annotated[
        int | None, typer.Option("--stream", metavar="N", help="Only the hello with this number.", min=1)
    ] = None,
    identity: Identity = None,
    out: Folder = PROFILES,
    json: Json = False,
    hex: Hex = False,
    clients_dir: ClientsDir = None,
) -> int:
    """List the hellos in a file: who says them, which known clients they are like and in what they differ,
    and what became of them.

    Exit status: 0 there are hellos, 1 there are none, 2 the file cannot be read or the command line has
    errors.
    """
    with one_line_errors() as notes:
        profiles = load_all_profiles(clients_dir or (), notes)
        if identity is not None:
            check_identity(identity, profiles)
        capture = read_capture(file)
        known = Known(profiles.values())
        chosen = [one for one in listed(capture.hellos, known) if stream in (None, one.hello.stream)]
        if stream is not None and not chosen:
            raise SelectionError(_no_stream(file, stream, len(capture.hellos)))
        written = ""
        if identity is not None and chosen:
            ladder = _one_client(capture.hellos, stream)
            written = _write(out, identity, ladder, _name(file), known)
    for note in capture.notes:
        tell(f"tls-matrix: {_name(file)}: {note}")
    if capture.left_out:
        more = counted(capture.left_out, "hello")
        tell(f"tls-matrix: {_name(file)}: has {more} more than are listed; filter it with tcpdump -r")
    if json:
        hellos = [listed_json(one) for one in chosen]
        write_out(to_json({"schema": SCHEMA, "source": file, "notes": list(capture.notes), "hellos": hellos}))
    elif chosen:
        write_out(printable_lines(list(capture_lines(chosen, file, with_bytes=hex))))
    else:
        tell(f"tls-matrix: {_name(file)}: has no ClientHello")
    if written:
        tell(written)
    return EXIT_AS_EXPECTED if chosen else EXIT_NOT_AS_EXPECTED


@application.command("listen")
def listen_(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
    address: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = LOOPBACK,
    refuse_with: Annotated[
        Refusal,
        typer.Option(
            help="How callers are refused; many a client tries again after fin, and shows another hello."
        ),
    ] = Refusal.ALERT,
    identity: Identity = None,
    out: Folder = PROFILES,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    clients_dir: ClientsDir = None,
) -> int:
    """Say who is calling a port: a line for each connection, until Ctrl-C. With --id the profile of the first
    client is written then, with the further hellos that it tried.

    Exit status: 0 somebody called and said a hello, 1 nobody did, 2 the command line has errors.
    """
    with one_line_errors() as notes:
        profiles = load_all_profiles(clients_dir or (), notes)
        if identity is not None:
            check_identity(identity, profiles)
        listener = _listener(address, port)
    known = Known(profiles.values())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    calls = _Calls([], json)
    try:
        with listener:
            where = listener.getsockname()
            tell(f"listening on {where[0]}:{where[1]}; Ctrl-C ends it")
            for hello in listen(listener, refuse_with):
                calls.take(hello, known)
                if is_left(sys.stdout):
                    break
    except KeyboardInterrupt:
        pass
    readable = [hello for hello in calls.kept if hello.flight is not None]
    if identity is not None and readable:
        with one_line_errors():
            ladder = ladders(readable)[0]
            tell(_write(out, identity, ladder, f"a call to port {where[1]}", known))
    return EXIT_AS_EXPECTED if readable else EXIT_NOT_AS_EXPECTED


@dataclass
class _Calls:
    """Who has called; each is printed as it comes."""

    kept: list[CapturedHello]
    as_json: bool

    def take(self, hello: CapturedHello, known: Known) -> None:
        if len(self.kept) < MAX_KEPT:
            self.kept.append(hello)
        ladder = next((each for each in ladders((*self.kept[-2:-1], hello)) if hello in each), (hello,))
        one = told(hello, known, ladder[-2] if len(ladder) > 1 else None)
        if self.as_json:
            write_out(_one_line_json(one))
        else:
            write_out(f"{printable(caller_line(one))}\n")
        sys.stdout.flush()


def _one_line_json(one: Listed) -> str:
    return " ".join(line.strip() for line in to_json(dict(listed_json(one))).splitlines()) + "\n"


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=128)
    except socket.gaierror as error:
        raise SelectionError(
            f"--address {address}: is none of this machine's; write one of `ip address`"
        ) from error
    except OSError as error:
        raise SelectionError(f"--port {port}: {why_not(error, port)}") from error


def _sender(
    argument: str,
    profiles: dict[str, Profile],
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


def _in_file(argument: str, profiles: dict[str, Profile]) -> list[CapturedHello]:
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
        raise SelectionError(f"{_name(path)}: {_unreadable(chosen[0])}")
    if not chosen and number is not None:
        raise SelectionError(_no_stream(path, number, len(hellos)))
    if not chosen:
        raise SelectionError(f"{_name(path)}: has no ClientHello")
    return readable


def _unreadable(hello: CapturedHello) -> str:
    return f"the hello of stream {hello.stream} cannot be read: {hello.problem}"


def _file_and_number(argument: str) -> tuple[str, int | None]:
    path, mark, number = argument.rpartition(_NUMBER)
    return (path, int(number)) if mark and number.isascii() and number.isdecimal() else (argument, None)


def _one_client(hellos: Sequence[CapturedHello], stream: int | None) -> tuple[CapturedHello, ...]:
    """The hellos of the client that a profile is wanted of. Raises SelectionError where that is not clear."""
    readable = [hello for hello in hellos if hello.flight is not None]
    if not readable:
        raise SelectionError(f"--id: {_unreadable(hellos[0])}")
    found = ladders(readable)
    if stream is not None:
        return next(
            (each for each in found if any(hello.stream == stream for hello in each)), (hellos[stream - 1],)
        )
    if len(found) > 1:
        numbers = ", ".join(str(each[0].stream) for each in found[:5])
        raise SelectionError(
            f"--id: there are {len(found)} clients or visits; choose one with --stream ({numbers} ...)"
        )
    return found[0]


def _write(folder: Path, identity: str, ladder: Sequence[CapturedHello], source: str, known: Known) -> str:
    first = ladder[0]
    near = () if first.flight is None else known.nearest(first.flight, first.server_name)
    day = datetime.now(UTC) if first.time is None else datetime.fromtimestamp(first.time, UTC)
    origin = Origin(Path(source).name, day.strftime("%Y-%m-%d"), likeness(near))
    path, profile = write_profile(folder, identity, ladder, origin)
    attempts = counted(len(profile.attempts), "attempt")
    return f"{path}: {attempts}; use it: tls-matrix run --clients-dir {folder} --client {identity}"


def _no_stream(file: str, stream: int, count: int) -> str:
    return f"{_name(file)}: has no hello number {stream}; there are {counted(count, 'hello')}"


def _name(file: str) -> str:
    return "standard input" if file == STANDARD_INPUT else file
