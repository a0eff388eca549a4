"""`tls-matrix hello import|listen`: whose hellos are in a capture, and who calls a port."""

import errno
import json
import signal
import socket
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from clients.capture.captured_hello import CapturedHello
from clients.capture.ladder import ladders
from clients.capture.listening import Refusal
from clients.capture.listening import listen as listen_at
from clients.capture.nearest import Known
from clients.capture.profile_file import check_identity, check_new, write_profile
from clients.capture.profile_text import Origin
from clients.capture.source import STANDARD_INPUT, Capture, read_capture
from matrix.commands.options import ClientsDir, Json, one_line_errors, tell, write_out
from matrix.commands.result_folder import check_folder
from matrix.commands.serve import why_not
from matrix.commands.streams import is_left
from matrix.errors import EXIT_AS_EXPECTED, EXIT_NOT_AS_EXPECTED, SelectionError
from matrix.plan.loading import load_all_profiles
from matrix.reports.captured import (
    caller_line,
    capture_json,
    capture_lines,
    likeness,
    listed,
    listed_json,
    told,
)
from matrix.reports.comparison import printable_lines
from matrix.wording import counted, printable

SCHEMA = "tls-matrix/capture/1"
LOOPBACK = "127.0.0.1"
MAX_KEPT = 1_000
"""Hellos of callers that a profile can be written of."""
_NAMED = 5
_ENDS = (signal.SIGINT, signal.SIGTERM)

Identity = Annotated[
    str | None,
    typer.Option(
        "--id", metavar="ID", help="Write the profile of the client, with this id.", show_default=False
    ),
]
Folder = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="The folder for the profile: name it with --clients-dir.")
]
PROFILES = Path("captured-clients")


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
    as_json: Json = False,
    hex: Annotated[bool, typer.Option("--hex", help="Show the bytes of each hello too.")] = False,
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
            _check_new(identity, out, profiles)
        capture = read_capture(file)
        known = Known(profiles.values())
        chosen = [one for one in listed(capture.hellos, known) if stream in (None, one.hello.stream)]
        if stream is not None and not chosen:
            raise SelectionError(no_stream(file, stream, len(capture.hellos)))
        written = ""
        if identity is not None and chosen:
            ladder = _one_client(capture.hellos, stream)
            written = _write(out, identity, ladder, name_of(file), known)
    _tell_notes(file, capture)
    if as_json:
        head = {"schema": SCHEMA, "source": file, "notes": capture.notes, "left_out": capture.left_out}
        for piece in capture_json(chosen, head):
            write_out(piece)
    elif chosen:
        write_out(printable_lines(list(capture_lines(chosen, file, with_bytes=hex))))
    else:
        tell(f"tls-matrix: {name_of(file)}: has no ClientHello")
    if written:
        tell(written)
    return EXIT_AS_EXPECTED if chosen else EXIT_NOT_AS_EXPECTED


def listen(
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
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    clients_dir: ClientsDir = None,
) -> int:
    """Say who is calling a port: a line for each connection, until Ctrl-C. With --id the profile of the first
    client is written then, with the further hellos that it tried.

    Exit status: 0 somebody called and said a hello, 1 nobody did, 2 the command line has errors.
    """
    with one_line_errors() as notes:
        profiles = load_all_profiles(clients_dir or (), notes)
        if identity is not None:
            _check_new(identity, out, profiles)
        listener = _listener(address, port)
    calls = _Calls(Known(profiles.values()), [], as_json)
    try:
        with listener, _ending() as ending:
            host, port = listener.getsockname()[:2]
            tell(f"listening on {host}:{port}; Ctrl-C ends it")
            for hello in listen_at(listener, refuse_with, ending):
                calls.take(hello)
                if is_left(sys.stdout):
                    break
    except KeyboardInterrupt:
        pass
    readable = [hello for hello in calls.kept if hello.flight is not None]
    if identity is not None and readable:
        with one_line_errors():
            tell(_write(out, identity, ladders(readable)[0], f"a call to port {port}", calls.known))
    return EXIT_AS_EXPECTED if readable else EXIT_NOT_AS_EXPECTED


@contextmanager
def _ending() -> Iterator[socket.socket]:
    """What can be read from once Ctrl-C or SIGTERM has come: the hello of somebody who has been refused is
    taken nevertheless. A second one is an interrupt.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    interrupting = [each for each in _ENDS if signal.getsignal(each) is signal.default_int_handler]
    ending, told = socket.socketpair()

    def interrupt_from_now_on() -> None:
        for each in interrupting:
            signal.signal(each, signal.default_int_handler)

    def end(number: int, frame: FrameType | None) -> None:
        interrupt_from_now_on()
        told.send(b"\0")

    with ending, told:
        for each in interrupting:
            signal.signal(each, end)
        try:
            yield ending
        finally:
            interrupt_from_now_on()


@dataclass
class _Calls:
    """Who has called; each is printed as it comes."""

    known: Known
    kept: list[CapturedHello]
    as_json: bool

    def take(self, hello: CapturedHello) -> None:
        before = next(
            (each[-2] for each in ladders((*self.kept, hello)) if len(each) > 1 and each[-1] is hello), None
        )
        one = told(hello, self.known, before)
        self.kept = [*self.kept, hello][:MAX_KEPT]
        line = json.dumps(listed_json(one), sort_keys=True) if self.as_json else caller_line(one)
        write_out(f"{printable(line)}\n")
        sys.stdout.flush()


def _check_new(identity: str, folder: Path, profiles: Collection[str]) -> None:
    """Find out before anybody is listened to whether the profile can be written. Raises NotWritten and
    SelectionError.
    """
    check_identity(identity, profiles)
    check_folder("--out", folder)
    check_new(folder, identity)


def _tell_notes(file: str, capture: Capture) -> None:
    """Tell what of a file could not be read, or is not listed."""
    for note in capture.notes:
        tell(f"tls-matrix: {name_of(file)}: {note}")
    if capture.left_out:
        more = counted(capture.left_out, "hello")
        tell(f"tls-matrix: {name_of(file)}: has {more} more than are listed; filter it with tcpdump -r")


def _listener(address: str, port: int) -> socket.socket:
    """Listen. Raises SelectionError."""
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
    except OSError as error:
        raise SelectionError(f"--address {address}: is no address ({error.strerror})") from error
    try:
        return socket.create_server((address, port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            advice = "is none of this machine's; `ip address` shows those"
            raise SelectionError(f"--address {address}: {advice}") from error
        raise SelectionError(f"--port {port}: {why_not(error, port)}") from error


def _one_client(hellos: Sequence[CapturedHello], stream: int | None) -> tuple[CapturedHello, ...]:
    """The hellos of the client that a profile is wanted of. Raises SelectionError where that is not clear."""
    readable = [hello for hello in hellos if hello.flight is not None]
    if stream is not None:
        chosen = hellos[stream - 1]
        found = ladders(readable)
        return next((each for each in found if chosen in each), (chosen,))
    if not readable:
        raise SelectionError(f"--id: {unreadable(hellos[0])}")
    found = ladders(readable)
    if len(found) > 1:
        numbers = ", ".join(str(each[0].stream) for each in found[:_NAMED])
        more = ", ..." if len(found) > _NAMED else ""
        raise SelectionError(
            f"--id: {len(found)} visits are listed; choose one with --stream: {numbers}{more}"
        )
    return found[0]


def _write(folder: Path, identity: str, ladder: Sequence[CapturedHello], source: str, known: Known) -> str:
    """Write the profile of a client; what a person is told of it. Raises NotWritten."""
    first = ladder[0]
    near = () if first.flight is None else known.nearest(first.flight, first.server_name)
    day = datetime.now(UTC) if first.time is None else datetime.fromtimestamp(first.time, UTC)
    origin = Origin(Path(source).name, day.strftime("%Y-%m-%d"), likeness(near))
    path, profile = write_profile(folder, identity, ladder, origin)
    attempts = counted(len(profile.attempts), "attempt")
    return f"{path}: {attempts}; use it: tls-matrix run --clients-dir {folder} --client {identity}"


def unreadable(hello: CapturedHello) -> str:
    """Say that a hello cannot be read, and why."""
    return f"the hello of stream {hello.stream} cannot be read: {hello.problem}"


def no_stream(file: str, stream: int, count: int) -> str:
    """Say that a file has no hello of that number."""
    return f"{name_of(file)}: has no hello number {stream}; there are {counted(count, 'hello')}"


def name_of(file: str) -> str:
    """What a file is called in a sentence."""
    return "standard input" if file == STANDARD_INPUT else file
