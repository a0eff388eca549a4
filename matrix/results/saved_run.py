"""A run as it was saved: what `report` starts from, whether the run came to its end or not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from definitions.former import Notes
from matrix.errors import UnreadableRun
from matrix.results.journal import JOURNAL, Journalled
from matrix.results.run_file import RUN_FILE_NAME, RunFile, load_run
from matrix.results.run_folder import TIMINGS


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A run and its folder. `timings` are those of timings.json; of a run that did not end, what its journal
    tells of them.
    """

    folder: Path
    run: RunFile
    timings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> dict[str, float]:
        """The times of the cells; a run without readable timings is reported all the same."""
        try:
            return {str(cell): float(seconds) for cell, seconds in self.timings["cells"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}


def load_saved_run(path: Path, notes: Notes | None = None) -> SavedRun:
    """Read a run from its folder or its run.json; of one that did not end its journal, which has more than a
    run.json made meanwhile. Raises UnreadableRun.
    """
    folder = path if path.is_dir() else path.parent
    if path.is_dir() and (folder / JOURNAL).exists():
        journal = _journalled(folder)
        if journal is not None:
            return journal
    return SavedRun(folder, load_run(path, notes), _timings(folder))


def _journalled(folder: Path) -> SavedRun | None:
    """What the journal tells, None where a run.json tells more."""
    is_there = (folder / RUN_FILE_NAME).exists()
    try:
        journal = Journalled.read(folder)
    except UnreadableRun:
        if is_there:
            return None
        raise
    if is_there and len(load_run(folder).cells) > len(journal.run.cells):
        return None
    return SavedRun(folder, journal.run, {"started": journal.started, "cells": journal.seconds})


def _timings(folder: Path) -> dict[str, Any]:
    try:
        timings: Any = json.loads((folder / TIMINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return timings if isinstance(timings, dict) else {}
