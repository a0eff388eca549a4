"""The full grid: every server, real and emulated, at every level, with the clients of the default grid.

Targets (on 2 cores): at least 100 cells/s under `pytest -n auto`, from the first result to the last; a server
program in Python at most 60 MB, one with a Java virtual machine in it at most 250 MB, after it has met every
client. A server whose stack or package is missing here is named and left out. Prints one JSON object; medians
of several runs.

    python -m bench.full_grid [--runs N]
"""

import argparse
import json
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.grid import cells_per_second, run_pytest
from bench.machine import machine
from clients.connect import connect
from clients.destination import Destination
from clients.profile import Profile
from matrix.plan.loading import default_clients, load_all_profiles
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.results.run_file import load_run
from servers.credentials import SUBJECT, make_credentials
from servers.processes.start import ProcessServers, start_servers
from servers.running import RunningServer
from servers.variant import ServerVariant

EVERY_LEVEL = "*"
START_SECONDS = 30.0
DEADLINE_SECONDS = 2.0
JAVA = "Java virtual machine"
PYTHON = "Python"
LIMITS_MB = {PYTHON: 60, JAVA: 250}


def rate(runs: int, scratch: Path) -> dict[str, object]:
    """Run the full grid under pytest."""
    rates = []
    for number in range(runs):
        folder = scratch / str(number)
        history = f"--history={scratch / 'history.sqlite'}"
        run_pytest("-n", "auto", f"--server={EVERY_LEVEL}", f"--out={folder}", history)
        rates.append(cells_per_second(folder))
    cells = load_run(folder).cells
    verdicts = Counter(cell.verdict.value for cell in cells)
    missing = sorted({cell.server for cell in cells if cell.verdict.value == "not_installed"})
    median = statistics.median(rates)
    return {
        "cells": len(cells),
        "servers": len({cell.server for cell in cells}),
        "verdicts": dict(sorted(verdicts.items())),
        "not_installed": missing,
        "cells_per_second": {"median": round(median), "target": 100, "met": median >= 100},
    }


def memory() -> dict[str, object]:
    """Let every client meet every server, and read the peak of each server program."""
    profiles = load_all_profiles(())
    clients = [profiles[client] for client in default_clients(profiles)]
    variants = make_plan(RunOptions(server=(EVERY_LEVEL,))).variants
    peaks: dict[str, dict[str, int]] = defaultdict(dict)
    with start_servers(variants, make_credentials(), START_SECONDS) as running:
        for variant in variants:
            if isinstance(running[variant.id], RunningServer):
                kind, megabytes = peak_after(running, variant, clients)
                peaks[kind][variant.id] = megabytes
    return {
        f"{kind} server program, MB": {
            "maximum": max(found.values()),
            "at": max(found, key=lambda server: found[server]),
            "target": LIMITS_MB[kind],
            "met": max(found.values()) <= LIMITS_MB[kind],
        }
        for kind, found in sorted(peaks.items())
    }


def peak_after(
    running: ProcessServers, variant: ServerVariant, clients: Sequence[Profile]
) -> tuple[str, int]:
    """The kind of a server's program and its memory in MB once all clients have been there (Pss, proc(5): of
    what it shares with the process that it is a fork of its part counts).
    """
    server = running[variant.id]
    assert isinstance(server, RunningServer)
    for profile in clients:
        connect(
            profile.player, Destination(server.host, server.port, SUBJECT), deadline_seconds=DEADLINE_SECONDS
        )
    process = Path("/proc") / str(running.process_id(variant.id))
    rollup = (process / "smaps_rollup").read_text().splitlines()[1:]
    shares = dict(line.split(":", 1) for line in rollup)
    kind = JAVA if "libjvm.so" in (process / "maps").read_text() else PYTHON
    return kind, round(int(shares["Pss"].split()[0]) / 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as scratch:
        result = rate(runs, Path(scratch)) | memory()
    print(json.dumps({"bench": "full_grid", "runs": runs, "machine": machine(), **result}, indent=1))


if __name__ == "__main__":
    main()
