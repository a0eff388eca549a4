"""This build beside an earlier one: the same commands in two checkouts, in turn.

Each checkout has an environment of its own (`./tls-matrix` makes it). Both run the same servers, clients and
scenarios, those of the earlier build's default grid, by name. Every figure is the median, over the rounds, of
this build's value divided by the earlier one's; the targets are those of the issue that asked for them, for
commit 74bfeeb. Prints one JSON object.

    git worktree add ../earlier 74bfeeb
    python -m bench.ratchet ../earlier [--rounds N] [--cells N]
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.machine import machine

ROOT = Path(__file__).parent.parent
SERVER, CLIENT = "jsse6@6u45", "java-6"
ONE_CELL = ("--server", SERVER, "--client", CLIENT)
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


def copies(checkout: Path, folder: Path, number: int) -> tuple[str, ...]:
    """Options for so many clients: copies of one profile of the checkout."""
    folder.mkdir()
    (text,) = (path.read_text() for path in (checkout / "clients" / "profiles").glob(f"{CLIENT}.toml"))
    for each in range(number):
        (folder / f"copy-{each}.toml").write_text(text.replace(f'id = "{CLIENT}"', f'id = "copy-{each}"', 1))
    return "--clients-dir", str(folder), "--client", "copy-*", "--server", SERVER


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
    few = command(checkout, "run", "-n", "2", *copies(checkout, scratch / "few", FEW_CELLS), *out("f"))
    many = command(checkout, "run", "-n", "2", *copies(checkout, scratch / "many", cells), *out("m"))
    return {
        "start-up, seconds": begun.seconds,
        "list clients, seconds": listed.seconds,
        "cells a second, -n 2": rate(scratch / "grid"),
        "processor time per cell": (many.processor - few.processor) / (cells - FEW_CELLS),
        "controller memory per cell": (many.memory - few.memory) / (cells - FEW_CELLS),
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
    parser.add_argument("--cells", type=int, default=2000)
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
