"""`tls-matrix twin HOST:PORT --id ID`: learn a live server's answers, and write an emulated server that gives
them.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.destination import Destination, is_loopback, parse_destination
from clients.pace import DEFAULT_RATE, Pace, at_once
from matrix.commands.asking_first import Rate, Yes, ask_first
from matrix.commands.options import ClientsDir, Json, Timeout, one_line_errors, tell, write_out
from matrix.commands.result_folder import cannot_be_written, check_folder
from matrix.errors import EXIT_AS_EXPECTED, EXIT_HARNESS, EXIT_NOT_AS_EXPECTED, SelectionError
from matrix.plan.loading import load_all_profiles
from matrix.results.run_file import to_json
from matrix.twin.asking import Interviewer, Unreachable
from matrix.twin.definition import LEVEL, WRITTEN_BY, is_as_written
from matrix.twin.learning import Flaky
from matrix.twin.making import Maker, NotStarted, Twin, Unanswered, Wanted
from matrix.twin.row import Terms
from matrix.wording import counted, printable
from servers.definition import BUNDLED_SERVERS

BUDGET = 1500
"""Connections that may be made to learn; the proof comes besides."""
QUICK_BUDGET = 200
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_CELLS_SHOWN = 20


Address = Annotated[
    str,
    typer.Argument(
        metavar="HOST:PORT[,sni=NAME][,starttls=PROTOCOL]",
        help="Where the live server listens, as `run --target` has it.",
        show_default=False,
    ),
]
Id = Annotated[str, typer.Option("--id", metavar="ID", help="The id of the twin.", show_default=False)]
Folder = Annotated[
    Path, typer.Option("--servers-dir", metavar="DIR", help="The folder that the twin's folder goes into.")
]
Quick = Annotated[bool, typer.Option("--quick", help=f"Ask {QUICK_BUDGET} times at most, not {BUDGET}.")]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite ID/server.toml although somebody has edited it.")
]


def twin(
    address: Address,
    server_id: Id,
    servers_dir: Folder = Path(),
    quick: Quick = False,
    force: Force = False,
    yes: Yes = False,
    rate: Rate = None,
    timeout: Timeout = 2.0,
    json: Json = False,
    clients_dir: ClientsDir = None,
) -> None:
    """Learn a live server's answers, write an emulated server that gives them, and prove that it does.

    The proof is the row of all clients at both. The twin is ID/server.toml in DIR, which is made where it is
    missing; one that somebody has edited is not overwritten without --force. Exit status: 0 the rows are
    equal, 1 they differ, or the server is flaky, 2 the command line has errors, 3 no server answers, or none
    that speaks TLS, or the twin cannot be written.
    """
    budget = QUICK_BUDGET if quick else BUDGET
    with one_line_errors() as notes:
        destination = parse_destination(address)
        clients = {each.id: each.player for each in load_all_profiles(clients_dir or (), notes).values()}
        check_place(servers_dir, server_id, is_forced=force)
        agree(destination, budget, len(clients), rate, is_agreed=yes)
    pace = at_once if rate is None and is_loopback(destination) else Pace(rate or DEFAULT_RATE).wait
    source = f"Asked at {destination.address} on {datetime.now(UTC):%Y-%m-%d}"
    maker = Maker(
        Wanted(server_id, servers_dir, destination, source),
        clients,
        Interviewer(destination, budget, timeout, pace),
        Terms(timeout, pace),
        lambda line: tell(f"tls-matrix: {line}"),
    )
    made = _made(maker)
    if json:
        write_out(to_json(_as_json(made, maker.interviewer.asked)))
    else:
        _print(made, maker.interviewer.asked)
    raise typer.Exit(EXIT_NOT_AS_EXPECTED if made.differing else EXIT_AS_EXPECTED)


def _made(maker: Maker) -> Twin:
    try:
        return maker.make()
    except KeyboardInterrupt:
        file = maker.wanted.folder / maker.wanted.server_id / "server.toml"
        if file.exists():
            tell(f"tls-matrix: {file}: was not proved; run the command again before relying on it")
        raise
    except Flaky as error:
        tell(f"tls-matrix: {error}")
        raise typer.Exit(EXIT_NOT_AS_EXPECTED) from error
    except (Unreachable, Unanswered, NotStarted) as error:
        tell(f"tls-matrix: {error}")
        raise typer.Exit(EXIT_HARNESS) from error
    except OSError as error:
        tell(f"tls-matrix: --servers-dir {maker.wanted.folder}: {cannot_be_written(error)}")
        raise typer.Exit(EXIT_HARNESS) from error


def check_place(folder: Path, server_id: str, *, is_forced: bool = False) -> None:
    """Find out before anything is asked whether the twin can be written. Raises SelectionError."""
    if not _ID.fullmatch(server_id):
        raise SelectionError(f'--id {server_id}: write small letters, digits, dots, "-" and "_"')
    if (BUNDLED_SERVERS / server_id / "server.toml").is_file():
        raise SelectionError(f"--id {server_id}: is a server that there is; choose another")
    file = folder / server_id / "server.toml"
    check_folder("--servers-dir", folder)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeError) as error:
        raise SelectionError(f"{file}: is there and cannot be read ({error}); choose another --id") from error
    if WRITTEN_BY not in text:
        raise SelectionError(f"{file}: is there and was not written by this command; choose another --id")
    if not is_forced and not is_as_written(text):
        raise SelectionError(
            f"{file}: was edited since this command wrote it; choose another --id, or lose the changes with "
            "--force"
        )


def agree(
    destination: Destination, budget: int, clients: int, rate: float | None, *, is_agreed: bool
) -> None:
    """Say what will be sent, and ask first where that is somebody else's server."""
    pace = rate or (None if is_loopback(destination) else DEFAULT_RATE)
    speed = "" if pace is None else f", {pace:g} a second at most"
    ask_first(
        f"{destination.address} is going to get up to {budget} connections to learn from, and then those of "
        f"{clients} clients, twice where a cell differs{speed}; each is a TLS handshake, and an HTTP request "
        "where that completes",
        is_agreed=is_agreed or is_loopback(destination),
    )


def _print(made: Twin, asked: int) -> None:
    differing = made.differing
    total = len(made.live)
    write_out(
        f"{total - len(differing)} of {counted(total, 'cell')} are equal, after "
        f"{counted(asked, 'connection')}.\n"
    )
    for name in differing[:_CELLS_SHOWN]:
        live, twin_cell = made.live[name], made.row[name]
        write_out(printable(f"  {name}: live {live.words}, twin {twin_cell.words}") + "\n")
    if len(differing) > _CELLS_SHOWN:
        write_out(f"  and {len(differing) - _CELLS_SHOWN} more (--json has all)\n")
    for amended in made.amended:
        write_out(printable(f"Found by its cells: {amended}") + "\n")
    for note in made.draft.notes:
        write_out(printable(f"Not decided: {note}") + "\n")
    write_out(printable(f"The twin: {made.file}") + "\n")
    folder = made.file.parent.parent
    write_out(printable(f"Try it: ./tls-matrix serve {_id(made)} --servers-dir {folder}") + "\n")


def _id(made: Twin) -> str:
    return f"{made.file.parent.name}@{LEVEL}"


def _as_json(made: Twin, asked: int) -> dict[str, Any]:
    differing = made.differing
    return {
        "server": _id(made),
        "file": str(made.file),
        "asked": asked,
        "questions": {each.question: each.asked for each in made.learned},
        "cells": len(made.live),
        "equal": len(made.live) - len(differing),
        "differing": {
            name: {"live": made.live[name].words, "twin": made.row[name].words} for name in differing
        },
        "choices_differing": {
            name: {"live": list(cell.choice), "twin": list(made.row[name].choice)}
            for name, cell in made.live.items()
            if name not in differing and cell.choice != made.row[name].choice
        },
        "amended": list(made.amended),
        "notes": made.draft.notes,
    }
