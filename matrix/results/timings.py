"""timings.json, read back: what differs between two runs of the same thing.

A report can be made without it; then no date and no command are recorded.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matrix.results.run_folder import TIMINGS


@dataclass(frozen=True, slots=True)
class Timings:
    """When a run started (ISO 8601, UTC) and by which command, both empty where not recorded; `seconds` are
    those of each cell by its id.
    """

    started: str = ""
    command: Sequence[str] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)


NO_TIMINGS = Timings()


def timings_from(content: Any) -> Timings:
    """Take from the content of a timings.json what is there and is what it should be."""
    if not isinstance(content, dict):
        return NO_TIMINGS
    started, command, cells = content.get("started"), content.get("command"), content.get("cells")
    return Timings(
        started if isinstance(started, str) else "",
        tuple(map(str, command)) if isinstance(command, list) else (),
        {str(cell): float(seconds) for cell, seconds in cells.items() if isinstance(seconds, float | int)}
        if isinstance(cells, dict)
        else {},
    )


def load_timings(folder: Path) -> Timings:
    """Read the timings of a run's folder; a run without readable ones is reported all the same."""
    try:
        return timings_from(json.loads((folder / TIMINGS).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return NO_TIMINGS
