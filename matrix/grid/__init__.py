"""The grid under pytest: the plugin, the controlling process, the workers, the servers, and the one test.

`GRID` is this folder; `WORKER_INPUT` the name under which a worker is told what to run.
"""

import os
from pathlib import Path

GRID = Path(__file__).parent
WORKER_INPUT = "tls_matrix"


def useful_workers() -> int:
    """How many worker processes keep the processors busy: one more than those, since one may be waiting for a
    server that stays silent.
    """
    return len(os.sched_getaffinity(0)) + 1
