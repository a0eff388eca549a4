"""Kills runs at random moments and prints as JSON what was left over and what was lost.

    python -m bench.kills [--kills N] [--seed N] [--cells N]

`tests.kills` says what is killed and what has to come of it. `--cells` is the size of a run whose descriptors
are counted as it goes on (0: none). Exit status: 0 nothing was left over or lost, 1 something was.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.machine import machine
from tests.kills.descriptors import grown, many_cells
from tests.kills.kept_run import PYTEST, RUN
from tests.kills.moments import Moment, counted, drawn, kill_once, undisturbed


def main() -> int:
    """Kill, count and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cells", type=int, default=100_000)
    arguments = parser.parse_args()
    moments: list[Moment] = []
    many: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="tls-matrix-kills-") as name:
        folder = Path(name)
        expected = {by[0]: undisturbed(folder / by[0], by) for by in (RUN, PYTEST)}
        for index, each in enumerate(drawn(arguments.kills, arguments.seed)):
            moments.append(kill_once(folder / str(index), *each, expected))
            print(f"{index + 1}: {moments[-1]}", file=sys.stderr, flush=True)
        if arguments.cells:
            many = many_cells(folder / "many", arguments.cells)
            many["grown"] = grown(many)
    found = {"machine": machine(), "seed": arguments.seed, "kinds": counted(moments), "many_cells": many}
    print(json.dumps(found, indent=2))
    return 1 if any(moment.faults for moment in moments) or many.get("grown") else 0


if __name__ == "__main__":
    sys.exit(main())
