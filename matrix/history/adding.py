"""Runs put into a history file: one at its end, or kept ones by name."""

from collections.abc import Sequence
from pathlib import Path

from definitions.fault import Together
from definitions.former import Notes
from matrix.errors import UnreadableRun
from matrix.history.errors import HistoryError
from matrix.history.file import WAIT_SECONDS, changing
from matrix.history.kept_run import KeptRun, kept_run
from matrix.history.store import add
from matrix.results.journal import JOURNAL, is_being_written
from matrix.results.run_file import RUN_FILE_NAME, load_run
from matrix.results.saved_run import SavedRun, load_saved_run
from matrix.results.timings import timings_from


def add_at_the_end(file: Path, run: KeptRun, wait: float = WAIT_SECONDS) -> str:
    """Add a run that has come to its end; returns why it cannot be done, empty where it could."""
    try:
        add_runs(file, [run], wait)
    except HistoryError as error:
        advice = f"{error.remedy}, then tls-matrix history import {run.folder}"
        return f"{error.file}: {error.what}; the run is not in the history: {advice}"
    return ""


def add_runs(file: Path, runs: Sequence[KeptRun], wait: float = WAIT_SECONDS) -> list[bool]:
    """Add runs, all of them or none; gives for each whether it was not there already. Raises HistoryError."""
    with changing(file, wait) as connection:
        return [add(connection, run) for run in runs]


def read_kept_runs(paths: Sequence[Path], notes: Notes) -> list[KeptRun]:
    """Read runs from their folders or run files. Raises UnreadableRun with the faults of all."""
    together = Together()
    found: list[KeptRun] = []
    for path in paths:
        with together:
            found.append(_read(path, notes))
    together.end(UnreadableRun)
    return found


def _read(path: Path, notes: Notes) -> KeptRun:
    if _is_going_on(path):
        raise UnreadableRun(f"{path}: a run is being written there: import it when it has ended")
    saved = _saved(path, notes)
    if saved.untimed:
        raise UnreadableRun(*saved.untimed)
    folder = path.absolute() if _is_alone(path) else saved.folder.resolve()
    name = path.stem if _is_alone(path) else folder.name
    return kept_run(saved.run, timings_from(saved.timings), name, str(folder))


def _saved(path: Path, notes: Notes) -> SavedRun:
    """Of a run file that has another name, the timings beside it are another run's."""
    if _is_alone(path):
        return SavedRun(path.parent, load_run(path, notes))
    return load_saved_run(path, notes)


def _is_going_on(path: Path) -> bool:
    """Whether a run is still being written: it would be another one with each further cell."""
    try:
        return (path / JOURNAL).exists() and is_being_written(path)
    except OSError:  # a folder that is read-only has no run that goes on
        return False


def _is_alone(path: Path) -> bool:
    return not path.is_dir() and path.name != RUN_FILE_NAME
