"""The grid as a whole: seconds for the default grid, cells a second, the largest process, collection.

Targets (design, on 2 cores): the default grid, servers' start included, under 10 s; at least 150 cells/s
under `pytest -n auto`, from the first result to the last; no process over 150 MB; 1,000 cells collected in
under 1 s. Prints one JSON object; medians of several runs.

    python -m bench.grid [--runs N]
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import machine
from clients.profile import BUNDLED_PROFILES

ROOT = Path(__file__).parent.parent
COPIED_PROFILE = "java-7"
COPIES = 24
EVERY_SERVER = "--server=*"


def run(*arguments: str) -> tuple[float, str]:
    """Run a Python module to its end; return wall seconds and what it printed."""
    start = time.perf_counter()
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - start, done.stdout


def run_pytest(*arguments: str) -> str:
    """Run pytest in the project's configuration; return what it printed."""
    return run("pytest", "-q", "-p", "no:cacheprovider", *arguments)[1]


def cells_per_second(folder: Path) -> float:
    """Read the rate off a run's timings."""
    timings = json.loads((folder / "timings.json").read_text())
    seconds = timings["last_result_after_seconds"] - timings["first_result_after_seconds"]
    return float((len(timings["cells"]) - 1) / seconds)


def default_grid(runs: int, scratch: Path) -> dict[str, object]:
    """Run the default grid as a user does, and under pytest."""
    walls, rates = [], []
    for number in range(runs):
        history = f"--history={scratch / 'history.sqlite'}"
        walls.append(run("matrix", "run", "--out", str(scratch / f"run-{number}"), history)[0])
        folder = scratch / f"pytest-{number}"
        run_pytest("-n", "auto", f"--out={folder}", history)
        rates.append(cells_per_second(folder))
    seconds, rate = statistics.median(walls), statistics.median(rates)
    return {
        "default_grid_seconds": {"median": round(seconds, 2), "target": 10, "met": seconds < 10},
        "cells_per_second": {"median": round(rate), "target": 150, "met": rate >= 150},
    }


def collection(scratch: Path) -> dict[str, object]:
    """Collect a thousand cells: every server at every level, times the clients and copies of one."""
    copies = scratch / "clients"
    copies.mkdir()
    text = (BUNDLED_PROFILES / f"{COPIED_PROFILE}.toml").read_text(encoding="utf-8")
    for number in range(COPIES):
        copy = text.replace(f'id = "{COPIED_PROFILE}"', f'id = "copy-{number}"', 1)
        (copies / f"copy-{number}.toml").write_text(copy, encoding="utf-8")
    printed = run_pytest("--collect-only", f"--clients-dir={copies}", EVERY_SERVER)
    found = re.search(r"([0-9]+) tests collected in ([0-9.]+)s", printed)
    assert found is not None, printed[-500:]
    cells, seconds = int(found[1]), float(found[2])
    is_met = cells >= 1000 and seconds < 1
    return {"collection": {"cells": cells, "seconds": seconds, "target": 1, "met": is_met}}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as scratch:
        result = default_grid(runs, Path(scratch)) | collection(Path(scratch))
    # Of all descendants that were waited for, workers and servers too, the largest one.
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    result["largest_process_mb"] = {"maximum": round(megabytes), "target": 150, "met": megabytes < 150}
    print(json.dumps({"bench": "grid", "runs": runs, "machine": machine(), **result}, indent=1))


if __name__ == "__main__":
    main()
