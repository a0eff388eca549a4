"""A run as it was saved: what `report` starts from, whether the run came to its end or not."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from definitions.fault import UnusableFile
from definitions.former import Notes
from matrix.errors import UnreadableRun
from matrix.results.journal import JOURNAL, Journalled
from matrix.results.run_file import RUN_FILE_NAME, RunFile, load_run
from matrix.results.run_folder import TIMINGS
from matrix.results.timings import load_timings


class SavedRun(Struct, frozen=True):
    """A run and its folder. `timings` are those of timings.json; of a run that did not end, what its journal
    tells of them. `untimed` has a line for each fault of a timings.json that cannot be read.
    """

    folder: Path
    run: RunFile
    timings: Mapping[str, Any] = field(default_factory=dict)
    untimed: Sequence[str] = ()


def load_saved_run(path: Path, notes: Notes | None = None) -> SavedRun:
    """Read a run from its folder or its run.json; of one that did not end its journal, which has more than a
    run.json made meanwhile. Raises UnreadableRun.
    """
    folder = path if path.is_dir() else path.parent
    if path.is_dir() and (folder / JOURNAL).exists():
        journal = _journalled(folder)
        if journal is not None:
            return journal
    run = load_run(path, notes)
    try:
        load_timings(folder)
    except UnusableFile as unusable:
        return SavedRun(folder, run, untimed=unusable.lines)
    return SavedRun(folder, run, _timings(folder))


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
    """All that the file has: more than reports need."""
    file = folder / TIMINGS
    timings: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return timings
