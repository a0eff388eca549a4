"""What a run costs: in one process and in two, with 100 cells and with 100,000, whole and in eight shards.

The cells of the second part are many targets times a hundred clients. All clients are copies of one profile.
All targets are the address of one emulated server, which is started before. So every cell is the same work at
every size, a target and a client cost what they cost in a fleet, and the processor time is this program's.
Copies of a profile alone would be 100,000 files to read, which nobody has. The page and the comparison are
those of this run and of one in which every second cell has failed, as after a patch.

Prints one JSON object: for each size processor time per cell, memory of the controlling process, seconds;
what page and comparison take; whether eight shards that ran at once are the whole run, byte for byte.

    python -m bench.scale [--most CELLS] [--cells CELLS_FOR_ONE_TO_TWO]
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from bench.machine import machine
from bench.page import made_anew
from bench.ratchet import CLIENT, ROOT, SERVER, Taken, command, rate
from matrix.results.places import PAGE
from matrix.results.run_file import RUN_FILE_NAME
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id

SIZES = (100, 1_000, 10_000, 100_000)
CLIENTS = 100
SHARDS = 8
CELLS_OF_SHARDS = 1_000
FASTER_WITH_TWO = 1.8
MOST_GROWTH = 1.25
"""What a cell of the largest run may cost of one of the smallest, without the start of the run."""
MOST_PAGE_BYTES = 16_000_000
MOST_COMPARISON_BYTES = 200_000
MOST_SECONDS_TO_READ = 120.0
TIMEOUT_SECONDS = 3600


class Grid(NamedTuple):
    """What is run: the options that choose the cells."""

    cells: int
    options: tuple[str, ...]


@contextmanager
def one_server() -> Iterator[str]:
    """The address of the emulated server."""
    variant = parse_server_id(SERVER, load_definitions())
    with start_servers([variant], make_credentials()) as servers:
        server = servers[variant.id]
        assert isinstance(server, RunningServer), server
        yield f"{server.host}:{server.port}"


def copies(folder: Path, number: int) -> tuple[str, ...]:
    """Options for so many clients: copies of one profile."""
    folder.mkdir(parents=True)
    text = (ROOT / "clients" / "profiles" / f"{CLIENT}.toml").read_text()
    for each in range(number):
        (folder / f"copy-{each}.toml").write_text(text.replace(f'id = "{CLIENT}"', f'id = "copy-{each}"', 1))
    return "--clients-dir", str(folder)


def grid(cells: int, address: str, folder: Path) -> Grid:
    """So many cells at this address: a hundred clients times as many targets as that takes."""
    chosen = copies(folder / "clients", min(CLIENTS, cells))
    targets = "".join(f'host-{each:04} = "{address}"\n' for each in range(max(1, cells // CLIENTS)))
    (folder / "site.toml").write_text(f'clients = ["copy-*"]\n\n[targets]\n{targets}')
    return Grid(cells, ("--matrix", str(folder / "site.toml"), *chosen, "-n", "2"))


def run(asked: Grid, folder: Path, *more: str) -> Taken:
    """Run it; the processor time is that of all its processes, the memory that of the controlling one."""
    return command(ROOT, "run", *asked.options, *_into(folder), *more)


def _into(folder: Path) -> tuple[str, ...]:
    return "--out", str(folder), "--history", f"{folder}.sqlite", "--quiet"


def one_to_two(cells: int, scratch: Path) -> dict[str, Any]:
    """The rate of one run in one process, and in two."""
    chosen = (*copies(scratch / "copies", cells), "--client", "copy-*", "--server", SERVER)
    rates = {}
    for number in ("1", "2"):
        folder = scratch / f"n-{number}"
        command(ROOT, "run", *chosen, "-n", number, *_into(folder))
        rates[number] = rate(folder)
    faster = rates["2"] / rates["1"]
    return {
        "cells": cells,
        "cells_per_second": {f"-n {number}": round(value) for number, value in rates.items()},
        "faster": {
            "value": round(faster, 2),
            "target": FASTER_WITH_TWO,
            "met": faster >= FASTER_WITH_TWO,
        },
    }


def sizes(most: int, address: str, scratch: Path) -> dict[str, Any]:
    """The costs of runs of more and more cells; the last one's page and comparison."""
    taken: dict[int, Taken] = {}
    for cells in (size for size in SIZES if size <= most):
        folder = scratch / str(cells)
        taken[cells] = run(grid(cells, address, folder), folder / "run")
    further = list(further_cells(taken))
    growth = further[-1] / further[0] if len(further) > 1 else None
    return {
        "sizes": [
            {
                "cells": cells,
                "seconds": round(each.seconds, 1),
                "processor_ms_per_cell": round(1000 * each.processor / cells, 2),
                "controlling_process_mb": round(each.memory / 2**20),
            }
            for cells, each in taken.items()
        ],
        "processor_ms_of_a_further_cell": [round(1000 * each, 2) for each in further],
        "growth": {
            "value": growth and round(growth, 2),
            "target": MOST_GROWTH,
            "met": growth is not None and growth <= MOST_GROWTH,
        },
        "reading": reading(folder / "run", scratch / "after"),
    }


def further_cells(taken: dict[int, Taken]) -> Iterator[float]:
    """Seconds of processors for each cell that a run has more than the next smaller one."""
    ordered = sorted(taken.items())
    for (fewer, before), (more, after) in pairwise(ordered):
        yield (after.processor - before.processor) / (more - fewer)


def reading(before: Path, after: Path) -> dict[str, Any]:
    """What it takes to make the page of a large run, and to compare it with one where half of it fails."""
    fail_half(before, after)
    page = made_anew(after)
    said = {form: compared(before, after, form) for form in ("text", "markdown", "html")}
    size, limit = (after / PAGE).stat().st_size, MOST_PAGE_BYTES
    slowest = max(page["seconds_to_make"], *(each["seconds"] for each in said.values()))
    largest = max(said["text"]["bytes"], said["markdown"]["bytes"])
    return {
        "page": page,
        "compare": said,
        "page_bytes": {"value": size, "target": limit, "met": size <= limit},
        "comparison_bytes": {
            "value": largest,
            "target": MOST_COMPARISON_BYTES,
            "met": largest <= MOST_COMPARISON_BYTES,
        },
        "seconds": {
            "value": slowest,
            "target": MOST_SECONDS_TO_READ,
            "met": slowest <= MOST_SECONDS_TO_READ,
        },
    }


def fail_half(before: Path, after: Path) -> None:
    """Write a run in which every second cell has got an alert."""
    after.mkdir()
    content = json.loads((before / RUN_FILE_NAME).read_text())
    reason = "server-hello:alert-handshake_failure"
    for cell in content["cells"][::2]:
        failed = {"outcome": "fails", "reason": reason}
        attempts = [attempt | failed for attempt in cell["attempts"]]
        cell |= failed | {"negotiated": None, "http_status": None, "attempts": attempts}
    (after / RUN_FILE_NAME).write_text(json.dumps(content, sort_keys=True))


def compared(before: Path, after: Path, form: str) -> dict[str, Any]:
    """Compare two runs; how long that takes, and how much there is to read."""
    began = time.perf_counter()
    said = subprocess.run(
        [ROOT / "tls-matrix", "compare", str(before), str(after), "--format", form],
        stdout=subprocess.PIPE,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    seconds = time.perf_counter() - began
    if said.returncode != 1:
        raise SystemExit(f"compare ended with {said.returncode}, and half of the cells are worse")
    lines = said.stdout.count(b"\n")
    return {"seconds": round(seconds, 1), "bytes": len(said.stdout), "lines": lines}


def shards(cells: int, address: str, scratch: Path) -> dict[str, Any]:
    """Eight shards at once on this machine, put together, beside the whole run."""
    asked = grid(cells, address, scratch / "asked")
    alone = run(asked, scratch / "whole").seconds
    parts = [scratch / f"part-{number}" for number in range(1, SHARDS + 1)]
    began = time.perf_counter()
    ended = all_at_once(
        ("run", *asked.options, "--shard", f"{number}/{SHARDS}", *_into(part))
        for number, part in enumerate(parts, start=1)
    )
    seconds = time.perf_counter() - began
    command(ROOT, "report", "merge", *map(str, parts), "--out", str(scratch / "merged"))
    whole, merged = ((scratch / name / RUN_FILE_NAME).read_bytes() for name in ("whole", "merged"))
    return {
        "cells": cells,
        "shards": SHARDS,
        "seconds": {"whole": round(alone, 1), "eight at once": round(seconds, 1)},
        "exit_statuses": ended,
        "the same": {"value": merged == whole, "target": True, "met": merged == whole},
    }


def all_at_once(commands: Iterator[Sequence[str]]) -> list[int]:
    """Run these commands of the program beside each other; their exit statuses."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    running = [
        subprocess.Popen([ROOT / "tls-matrix", *each], env=environment, stdout=subprocess.DEVNULL)
        for each in commands
    ]
    return [each.wait(TIMEOUT_SECONDS) for each in running]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--cells", type=int, default=4000)
    asked = parser.parse_args()
    if asked.most < SIZES[0]:
        parser.error(f"--most {asked.most}: the smallest run has {SIZES[0]} cells")
    with tempfile.TemporaryDirectory() as folder, one_server() as address:
        scratch = Path(folder)
        measured = {
            "one_to_two": one_to_two(asked.cells, scratch),
            **sizes(asked.most, address, scratch),
            "shards": shards(min(asked.most, CELLS_OF_SHARDS), address, scratch),
        }
    about = {"bench": "scale", "machine": machine(), "server": SERVER, "client": CLIENT}
    print(json.dumps(about | measured, indent=1))


if __name__ == "__main__":
    main()
