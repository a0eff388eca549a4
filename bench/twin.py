"""How like the twins of real servers are: each is learned on loopback and its row compared with the server's.

    python -m bench.twin [SERVER_ID]... [--quick] [--markdown]

Prints JSON (or the table of the README): for each server the cells of all profiles in `connect`, how many of
them are equal in outcome and reason, how many agree on the same version, suite and group too, the connections
it took to learn, the seconds of all, and each cell that differs. A stack that is not fetched is said to be
missing. The twins are written into a temporary folder.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.machine import machine
from clients.destination import Destination
from clients.profile import load_profiles
from matrix.commands.twin import BUDGET, QUICK_BUDGET
from matrix.grid.servers import START_SECONDS
from matrix.results.run_file import to_json
from matrix.twin.asking import Interviewer
from matrix.twin.making import Maker, Twin, Wanted
from matrix.twin.row import Terms
from servers.credentials import SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import certificate_kinds, parse_server_id

SERVERS = (
    "openssl@1.0.1u",
    "openssl@1.1.1l",
    "openssl@4.0.3",
    "jsse@17",
    "jsse@25",
    "gnutls@system",
    "nss@system",
    "nginx@system",
    "bun@1.4.4",
    "tlslite@0.8.2",
)
SECONDS = 2.0


def main() -> int:
    """Make the twins and print what became of them; 1 where a cell differs."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.twin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("servers", nargs="*", default=SERVERS, metavar="SERVER_ID")
    parser.add_argument("--quick", action="store_true", help=f"ask {QUICK_BUDGET} times, not {BUDGET}")
    parser.add_argument("--markdown", action="store_true", help="print the table of the README")
    arguments = parser.parse_args()
    budget = QUICK_BUDGET if arguments.quick else BUDGET
    found: dict[str, Any] = {}
    for server_id in arguments.servers:
        print(f"{server_id} ...", file=sys.stderr)
        found[server_id] = _facts(server_id, budget)
    differing = sum(len(facts.get("differing", {})) for facts in found.values())
    if arguments.markdown:
        print("\n".join(table(found)))
    else:
        facts = {"machine": machine(), "budget": budget, "servers": found, "differing": differing}
        print(to_json(facts), end="")
    return 1 if differing else 0


def table(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The lines of a table: a server in each."""
    yield "| server | connections to learn | cells | equal | same choice |"
    yield "|---|---|---|---|---|"
    for server_id, facts in found.items():
        if "missing" in facts:
            yield f"| `{server_id}` | not installed | | | |"
            continue
        figures = (facts[key] for key in ("asked", "cells", "equal", "same_choice"))
        yield f"| `{server_id}` | {' | '.join(map(str, figures))} |"


def _facts(server_id: str, budget: int) -> dict[str, Any]:
    clients = {each.id: each.player for each in load_profiles().values()}
    with _running(server_id) as destination, TemporaryDirectory() as folder:
        if destination is None:
            return {"missing": True}
        began = time.monotonic()
        wanted = Wanted("twin", Path(folder), destination, f"{server_id} on loopback")
        maker = Maker(wanted, clients, Interviewer(destination, budget, SECONDS), Terms(SECONDS))
        twin = maker.make()
        seconds = round(time.monotonic() - began, 1)
    return {
        **_compared(twin),
        "asked": maker.interviewer.asked,
        "seconds": seconds,
        "notes": twin.draft.notes,
    }


def _compared(twin: Twin) -> dict[str, Any]:
    differing = twin.differing
    same_choice = sum(cell.choice == twin.row[name].choice for name, cell in twin.live.items())
    return {
        "cells": len(twin.live),
        "equal": len(twin.live) - len(differing),
        "same_choice": same_choice,
        "amended": list(twin.amended),
        "differing": {name: [twin.live[name].words, twin.row[name].words] for name in differing},
    }


@contextmanager
def _running(server_id: str) -> Iterator[Destination | None]:
    variant = parse_server_id(server_id, load_definitions())
    credentials = make_credentials(kinds=certificate_kinds([variant]))
    with start_servers([variant], credentials, START_SECONDS) as running:
        result = running[variant.id]
        if isinstance(result, RunningServer):
            yield Destination(result.host, result.port, SUBJECT)
        else:
            yield None


if __name__ == "__main__":
    sys.exit(main())
