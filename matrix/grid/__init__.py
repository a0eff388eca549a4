"""The folder of the grid's one test, and the name under which a worker is told what to run."""

from pathlib import Path

GRID = Path(__file__).parent
WORKER_INPUT = "tls_matrix"
