"""This build beside an earlier one: the same commands in two checkouts, in turn.

Each checkout has an environment of its own (`./tls-matrix` makes it). Both run the same servers, clients and
scenarios, those of the earlier build's default grid, by name. What a cell costs is the difference between a
run of few cells and one of many, divided by the cells that are more: as many targets as it takes, which all
are one emulated server that the checkout serves itself, with the clients of CLIENTS at each; the server's
processor time counts. Every figure is the median, over the rounds, of this build's value divided by the
earlier one's; the targets are for commit 74bfeeb. Prints one JSON object.

    git worktree add ../earlier 74bfeeb
    python -m bench.ratchet ../earlier [--rounds N] [--cells N]
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.machine import machine

ROOT = Path(__file__).parent.parent
SERVER, CLIENT = "jsse6@6u45", "java-6"
ONE_CELL = ("--server", SERVER, "--client", CLIENT)
CLIENTS = (
    "chrome-101",
    "firefox-9",
    "gnutls-3.7",
    "ie8-winxp",
    "java-17",
    "java-6",
    "java-7",
    "openssl-0.9.8",
    "openssl-1.0.1",
    "openssl-3.0",
)
FEW_CELLS = 100
TARGETS = {
    "start-up, seconds": (0.5, "at most"),
    "list clients, seconds": (0.8, "at most"),
    "cells a second, -n 2": (1.8, "at least"),
    "processor time per cell": (0.55, "at most"),
    "controller memory per cell": (0.3, "at most"),
}


class Taken(NamedTuple):
    """What a command took: seconds, seconds of processors (its children's too), and the most memory that the
    process itself had, in bytes.
    """

    seconds: float
    processor: float
    memory: int


def command(checkout: Path, *arguments: str) -> Taken:
    """Run `tls-matrix` of a checkout to its end."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(
        [checkout / "tls-matrix", *arguments],
        cwd=checkout,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    memory = 0
    while (waited := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        memory = max(memory, _peak(process.pid))
        time.sleep(0.005)
    seconds = time.perf_counter() - start
    _, status, usage = waited
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1), f"{checkout}: {arguments} ended with {process.returncode}"
    return Taken(seconds, usage.ru_utime + usage.ru_stime, memory)


def _peak(process_id: int) -> int:
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M)
    return int(found[1]) * 1024 if found else 0


@contextmanager
def served(checkout: Path) -> Iterator["Served"]:
    """One emulated server of a checkout, until the end of the block."""
    process = subprocess.Popen(
        [checkout / "tls-matrix", "serve", SERVER],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().decode().split()[-1]
        # A line is printed for each connection, which somebody must read.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        (server,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Served(address, int(server))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


class Served(NamedTuple):
    """Where a server is, and the process that it is."""

    address: str
    process_id: int

    def processor(self) -> float:
        """The seconds of processors that it has taken so far."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cells(self, number: int) -> tuple[str, ...]:
        """Options for so many cells at it."""
        targets = (f"{each:05}={self.address}" for each in range(number // len(CLIENTS)))
        clients = (option for client in CLIENTS for option in ("--client", client))
        return (*(option for target in targets for option in ("--target", f"t{target}")), *clients)


def per_cell(checkout: Path, cells: int, out: Callable[[str], tuple[str, ...]]) -> tuple[float, float]:
    """Processor time, the server's too, in seconds, and memory of the controlling process in bytes, that a
    cell more takes.
    """
    taken = []
    with served(checkout) as server:
        for number in (FEW_CELLS, cells):
            before = server.processor()
            run = command(checkout, "run", "-n", "2", *server.cells(number), *out(f"of-{number}"))
            taken.append((run.processor + server.processor() - before, run.memory))
    (few, small), (many, large) = taken
    return (many - few) / (cells - FEW_CELLS), (large - small) / (cells - FEW_CELLS)


def rate(folder: Path) -> float:
    """Cells a second, from the first result to the last."""
    timings = json.loads((folder / "timings.json").read_text())
    seconds = timings["last_result_after_seconds"] - timings["first_result_after_seconds"]
    return float((len(timings["cells"]) - 1) / seconds)


def measure(checkout: Path, grid: tuple[str, ...], cells: int, scratch: Path) -> dict[str, float]:
    """One round in one checkout."""

    def out(name: str) -> tuple[str, ...]:
        return ("--out", str(scratch / name), *has_history(checkout, scratch))

    begun = command(checkout, "run", *ONE_CELL, *out("one"))
    listed = command(checkout, "list", "clients")
    command(checkout, "run", "-n", "2", *grid, *out("grid"))
    processor, memory = per_cell(checkout, cells, out)
    return {
        "start-up, seconds": begun.seconds,
        "list clients, seconds": listed.seconds,
        "cells a second, -n 2": rate(scratch / "grid"),
        "processor time per cell": processor,
        "controller memory per cell": memory,
    }


def has_history(checkout: Path, scratch: Path) -> tuple[str, ...]:
    """The option that keeps the history of these runs away from the user's, where a build has one."""
    known = subprocess.run([checkout / "tls-matrix", "run", "--help"], capture_output=True, text=True)
    return ("--history", str(scratch / "history.sqlite")) if "--history" in known.stdout else ()


def default_grid(checkout: Path, scratch: Path) -> tuple[str, ...]:
    """The servers and clients of a checkout's default grid, as options."""
    command(checkout, "run", "--out", str(scratch / "default"), *has_history(checkout, scratch))
    run = json.loads((scratch / "default" / "run.json").read_text())
    servers = [option for name in run["servers"] for option in ("--server", name)]
    return (*servers, *(option for name in run["clients"] for option in ("--client", name)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("earlier", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--cells", type=int, default=20_000)
    asked = parser.parse_args()
    earlier = asked.earlier.resolve()
    ratios: dict[str, list[float]] = {name: [] for name in TARGETS}
    values: dict[str, list[tuple[float, float]]] = {name: [] for name in TARGETS}
    with tempfile.TemporaryDirectory() as folder:
        grid = default_grid(earlier, Path(folder))
        for number in range(asked.rounds):
            found = []
            for name, checkout in (("earlier", earlier), ("this", ROOT)):
                scratch = Path(folder, f"{name}-{number}")
                scratch.mkdir()
                found.append(measure(checkout, grid, asked.cells, scratch))
            for what in TARGETS:
                ratios[what].append(found[1][what] / found[0][what])
                values[what].append((found[0][what], found[1][what]))
    is_met: dict[str, Callable[[float, float], bool]] = {
        "at most": lambda ratio, target: ratio <= target,
        "at least": lambda ratio, target: ratio >= target,
    }
    rows = {}
    for what, (target, bound) in TARGETS.items():
        ratio = statistics.median(ratios[what])
        before, now = (statistics.median(each[side] for each in values[what]) for side in (0, 1))
        rows[what] = {
            "earlier": round(before, 5),
            "this": round(now, 5),
            "ratio": round(ratio, 2),
            "target": f"{bound} {target}",
            "met": is_met[bound](ratio, target),
        }
    print(json.dumps({"bench": "ratchet", "machine": machine(), "rounds": asked.rounds, **rows}, indent=1))


if __name__ == "__main__":
    main()
