"""The grid under pytest: the plugin, the controlling process, the workers, the servers, and the one test.

`GRID` is this folder; `WORKER_INPUT` the name under which a worker is told what to run.
"""

import os
from pathlib import Path

GRID = Path(__file__).parent
WORKER_INPUT = "tls_matrix"


def useful_workers() -> int:
    """How many worker processes keep the processors busy: as many as there are. One more costs a start, most
    of a second of processor time, and made the default grid slower (on 2 processors by a twentieth).
    """
    return len(os.sched_getaffinity(0))
