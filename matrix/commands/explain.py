"""`tls-matrix explain CELL_ID | --client C --target HOST:PORT`: which part of the hello a server minds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec.structs import replace
from rich.text import Text

from clients.destination import TargetError, is_loopback, parse_target
from clients.pace import DEFAULT_RATE, at_once, pace_of
from clients.profile import Profile
from matrix.cell import Cell, parse_cell_id
from matrix.commands import completion
from matrix.commands.asking_first import Rate, Yes, ask_first
from matrix.commands.options import (
    ClientsDir,
    Json,
    ServersDir,
    Timeout,
    console,
    one_line_errors,
    tell,
    write_out,
)
from matrix.commands.result_folder import cannot_be_written, check_folder
from matrix.errors import EXIT_AS_EXPECTED, EXIT_HARNESS, EXIT_NOT_AS_EXPECTED, SelectionError
from matrix.explain.asking import Asker
from matrix.explain.explanation import MOST_PROBES, Terms
from matrix.explain.explanation import explain as explain_hello
from matrix.explain.proof import Proof
from matrix.explain.report import document, write_files
from matrix.explain.result import Explanation, Kind
from matrix.explain.words import proof_sentence
from matrix.grid.run_cell import own_credentials
from matrix.grid.servers import grid_servers, read_credentials
from matrix.plan.loading import choose_profile, load_all_profiles
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.plan.plan import Plan
from matrix.results.run_file import to_json
from matrix.scenarios import CONNECT, SCENARIOS
from matrix.wording import printable

TARGET = "target"
"""What a target is called where its server has no other name."""
_ONE = (Kind.ONE, Kind.OWN_RULE, Kind.CHOICE, Kind.SCENARIO)
_NOT_REACHED = (Kind.UNREACHABLE, Kind.DOWN, Kind.NOT_TLS)
_PROGRAMS = "genuine programs cannot send changed hellos; explain a profile that plays the program"


CellId = Annotated[
    str | None,
    typer.Argument(
        metavar="[CELL_ID]",
        help="A cell as reports name it: <server id>/<client>/<scenario>; its server is started.",
        show_default=False,
        autocompletion=completion.cells,
    ),
]
ClientId = Annotated[
    str | None,
    typer.Option(
        metavar="CLIENT",
        help="The client whose hello fails, for --target.",
        autocompletion=completion.one_client,
    ),
]
TargetAddress = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT[,sni=NAME][,starttls=PROTOCOL][,cert=FILE,key=FILE]",
        help="A server that runs already, as `run --target` has it, without a name.",
    ),
]
MaxProbes = Annotated[int, typer.Option(metavar="NUMBER", min=10, help="The most connections that are made.")]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Write explanation.json and the two hellos, in hexadecimal, into this folder."
    ),
]


def explain(
    cell: CellId = None,
    client: ClientId = None,
    target: TargetAddress = None,
    max_probes: MaxProbes = MOST_PROBES,
    rate: Rate = None,
    timeout: Timeout = 2.0,
    yes: Yes = False,
    out: Out = None,
    json: Json = False,
    servers_dir: ServersDir = None,
    clients_dir: ClientsDir = None,
) -> None:
    """Find which part of a client's hello a server minds, and prove it with two hellos.

    Hellos of this and other clients are sent, changed in one thing or several, each on a connection of its
    own, with a request where the failure comes after the handshake. Nothing else is sent. Most causes take
    fewer than 40 connections, two things together fewer than 120; where several causes hide one another, each
    takes its own, and their numbers are told.

    Exit status: 0 one cause (or several that come one after the other), 1 several left, a server that is
    flaky or changes, or nothing to explain because the client gets through, 2 the command line or a file has
    errors, 3 no server answers, or none that speaks TLS, or the files cannot be written.
    """
    with one_line_errors() as notes:
        chosen = _chosen(cell, client, target, load_all_profiles(clients_dir or (), notes))
        options = _options(chosen, target, timeout, rate, servers_dir, clients_dir)
        plan = make_plan(options, notes)
        if out is not None:
            check_folder("--out", out)
    pace = _pace(plan, rate, max_probes, is_agreed=yes)
    profile = plan.profiles[chosen.client]
    with _asker(plan, chosen, timeout, pace) as asker:
        failing = asker.sent(profile.player.hellos[0].template)
        others = {name: each.player for name, each in plan.profiles.items() if name != profile.id}
        found = explain_hello(profile.player, others, asker, Terms(max_probes))
    server = plan.targets[0].destination.address if plan.targets else chosen.server
    written = document(found, server, profile.id, chosen.scenario, failing)
    files, unwritten = _written(out, written, found.proof) if out is not None else ([], None)
    if json:
        write_out(to_json(written))
    else:
        _print(found, written, files)
    if unwritten is not None:
        tell(f"tls-matrix: --out {out}: {cannot_be_written(unwritten)}")
        raise typer.Exit(EXIT_HARNESS)
    raise typer.Exit(_status(found))


def _chosen(
    cell: str | None, client: str | None, target: str | None, profiles: Mapping[str, Profile]
) -> Cell:
    if cell is not None and (client or target):
        raise SelectionError("CELL_ID names client and server: leave --client and --target out")
    if cell is not None:
        named = parse_cell_id(cell)
        return replace(named, client=choose_profile(named.client, profiles, _PROGRAMS).id)
    if client is None or target is None:
        raise SelectionError("say what is to be explained: CELL_ID, or --client CLIENT --target HOST:PORT")
    _check_address(target)
    return Cell(TARGET, choose_profile(client, profiles, _PROGRAMS).id, CONNECT.id)


def _check_address(target: str) -> None:
    """Raise what is wrong with an address without the name that nobody has given."""
    try:
        parse_target(f"{TARGET}={target}")
    except TargetError as error:
        said = str(error).removeprefix(f'target "{TARGET}={target}": ')
        raise SelectionError(f'--target "{target}": {said}') from error


def _options(
    chosen: Cell,
    target: str | None,
    timeout: float,
    rate: float | None,
    servers_dir: list[Path] | None,
    clients_dir: list[Path] | None,
) -> RunOptions:
    where: dict[str, Any] = (
        {"server": (chosen.server,)} if target is None else {"target": (f"{TARGET}={target}",)}
    )
    return RunOptions(
        **where,
        client=(chosen.client,),
        scenario=(chosen.scenario,),
        timeout=timeout,
        rate=rate,
        servers_dir=tuple(servers_dir or ()),
        clients_dir=tuple(clients_dir or ()),
    )


def _pace(plan: Plan, rate: float | None, most: int, *, is_agreed: bool) -> Callable[[], None]:
    """How often the server is asked. A target's user is told first, and agrees where it is off loopback."""
    if not plan.targets:
        return at_once
    (target,) = plan.targets
    is_near = is_loopback(target.destination)
    limit = rate or (None if is_near else DEFAULT_RATE)
    speed = "" if limit is None else f", at most {limit:g} a second"
    what = f"{target.destination.address} is going to get up to {most} hellos{speed}"
    ask_first(
        f"{what}, and an HTTP request where the failure comes after the handshake",
        is_agreed=is_agreed or is_near,
    )
    return pace_of(target.destination, rate)


@contextmanager
def _asker(plan: Plan, chosen: Cell, timeout: float, pace: Callable[[], None]) -> Iterator[Asker]:
    """Who asks the server, which is started if it is one of ours, and proved to answer; else the command
    ends.
    """
    with grid_servers(plan) as servers:
        endpoint = servers.endpoints[chosen.server]
        if endpoint.problem is not None:
            name = "" if plan.targets else f"{chosen.server}: "  # of a target the note has the address
            tell(f"tls-matrix: {name}{endpoint.problem.note}")
            raise typer.Exit(EXIT_HARNESS)
        assert endpoint.destination is not None, "a server without a problem listens"
        yield Asker(
            endpoint.destination,
            timeout,
            scenario=SCENARIOS[chosen.scenario],
            pace=pace,
            credentials=read_credentials(servers.client_credentials),
            own=own_credentials(endpoint),
        )


def _written(folder: Path, written: dict[str, Any], proof: Proof | None) -> tuple[list[Path], OSError | None]:
    """The files that were written, and what was in the way: then there are none."""
    try:
        return write_files(folder, written, proof), None
    except OSError as error:
        return [], error


def _status(found: Explanation) -> int:
    if found.kind in _NOT_REACHED:
        return EXIT_HARNESS
    return EXIT_AS_EXPECTED if found.kind in _ONE else EXIT_NOT_AS_EXPECTED


def _print(found: Explanation, written: dict[str, Any], files: list[Path]) -> None:
    _line(f"{written['sentence']}.", "bold")
    _line(f"  confidence: {written['confidence']}")
    for text in written["evidence"]["accepted"]:
        if text not in written["sentence"]:
            _line(f"  {text}")
    if found.proof is not None:
        _line(f"  proof: {proof_sentence(found.proof)}")
    if found.nearest is not None:
        _line(f"  the nearest client that gets through: {found.nearest}")
    for product in written["known_products"]:
        _line(f"  known to behave so: {product['who']} ({product['source']})")
        _line(f"  on the server: {product['remedy']}")
    for setting in written["settings"]:
        _line(f"  on the client: {setting['how']} ({setting['source']})")
    _line(f"  {written['cost']}")
    for path in files:
        _line(f"  {path}")


def _line(text: str, style: str = "") -> None:
    console().print(Text(printable(text), style=style), soft_wrap=True)
