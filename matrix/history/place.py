"""Which file the history is in: the one that `--history` names, else the one that an environment variable
names, else that beside the runs.
"""

import os
from pathlib import Path

from matrix.results.places import REPORTS

VARIABLE = "TLS_MATRIX_HISTORY"
DEFAULT = REPORTS / "history.sqlite"


def named_history(option: Path | None) -> Path | None:
    """The file that somebody has named; None where nobody has."""
    if option is not None:
        return option
    value = os.environ.get(VARIABLE)
    return Path(value) if value else None


def history_file(option: Path | None) -> Path:
    """The file to read and write."""
    return named_history(option) or DEFAULT
