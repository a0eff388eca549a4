"""The grid under pytest: the plugin, the controlling process, the workers, the servers, and the one test.

`GRID` is this folder; `WORKER_INPUT` the name under which a worker is told what to run.
"""

from pathlib import Path

GRID = Path(__file__).parent
WORKER_INPUT = "tls_matrix"
