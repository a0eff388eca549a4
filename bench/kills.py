"""Kills runs at random moments and prints as JSON what was left over and what was lost.

    python -m bench.kills [--kills N] [--seed N] [--cells N]

`tests.kills` says what is killed and what has to come of it. `--cells` is the size of a run whose descriptors
are counted as it goes on (0: none). Containers are killed where an engine has the image of the server that is
put into one (`tls-matrix images build jsse6@6u45`).
Exit status: 0 nothing was left over or lost, 1 something was.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.machine import machine
from servers.containers.build import find_image
from servers.containers.engine import EngineError, engine
from servers.containers.recipe import recipe
from servers.definition import load_definitions
from servers.variant import parse_server_id
from tests.kills.descriptors import grown, many_cells
from tests.kills.kept_run import PYTEST, RUN
from tests.kills.kinds import KINDS, KINDS_IN_CONTAINERS
from tests.kills.moments import IN_CONTAINERS, Moment, counted, drawn, kill_once, undisturbed


def has_image(server: str) -> bool:
    """Whether an engine answers and has what a server is started from in a container."""
    variant = parse_server_id(server, load_definitions())
    wanted = recipe(variant.definition, variant.level)
    try:
        with engine() as client:
            image = find_image(client, wanted.tag)
    except EngineError:
        return False
    return image is not None and image.is_made_of(wanted)


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
        in_containers = undisturbed(folder / "docker", RUN, "docker") if has_image(IN_CONTAINERS) else None
        kinds = KINDS if in_containers is None else (*KINDS, *KINDS_IN_CONTAINERS)
        for index, (kind, by, drawing) in enumerate(drawn(arguments.kills, arguments.seed, kinds)):
            usual = in_containers if kind.backend == "docker" and in_containers else expected[by[0]]
            moments.append(kill_once(folder / str(index), kind, by, drawing, usual))
            print(f"{index + 1}: {moments[-1]}", file=sys.stderr, flush=True)
        if arguments.cells:
            many = many_cells(folder / "many", arguments.cells)
            many["grown"] = grown(many)
    found = {"machine": machine(), "seed": arguments.seed, "kinds": counted(moments), "many_cells": many}
    print(json.dumps(found, indent=2))
    return 1 if any(moment.faults for moment in moments) or many.get("grown") else 0


if __name__ == "__main__":
    sys.exit(main())
