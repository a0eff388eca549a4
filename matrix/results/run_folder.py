"""The folder of a run: reports/<time>/, with reports/latest pointing at the newest; or the folder the user
names, and then nothing outside it is written but the history, reports/latest included. `reports` is the
checkout's; without a checkout it lies in the current folder.

A run is written beside it, in `<folder>.unfinished`, and gets its name at the end, in one step: until then an
earlier run in the folder is as it was. A named folder must be new, empty, or hold a run of the same cells;
one of other cells only gives way when that is said (`force`), and files that no run has written stay. A run
that ended early never takes the place of another. What a killed run has left is kept under its time.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from matrix.errors import SelectionError, UnreadableRun, to_write
from matrix.results.beside import beside
from matrix.results.evidence import EVIDENCE, capture_file, evidence_file
from matrix.results.files import encoded, put_in_place, remove_half_files, write_pieces, write_whole
from matrix.results.journal import JOURNAL, Journal, Journalled, is_being_written
from matrix.results.places import REPORTS
from matrix.results.run_file import RUN_FILE_NAME, UNFINISHED, RunFile, encoded_run, load_run, to_json

Reports = Mapping[str, Iterable[bytes]]
"""The reports of a run by file name, each in pieces."""
LATEST = "latest"
TIMINGS = "timings.json"
_ELSEWHERE = "name a folder with --out, and a file for the history with --history"
TIME_FORMAT = "%Y-%m-%d-%H%M%S"
_REPORTS_OF_A_RUN = ("grid.md", "grid.html", "junit.xml")
_WRITTEN = {RUN_FILE_NAME, TIMINGS, EVIDENCE, JOURNAL, *_REPORTS_OF_A_RUN}


class RunFolder:
    """Where one run writes: `path` while it lasts, `place` when it is done; `said` are lines for a person.

    `cells` are the ids of those planned. Raises SelectionError where the run may not be written.
    """

    def __init__(
        self,
        out: Path | None,
        now: datetime,
        cells: Iterable[str] = (),
        *,
        force: bool = False,
        reports: Path = REPORTS,
    ) -> None:
        self._is_named = out is not None
        self.said: list[str] = []
        self.is_without_evidence = False
        if out is None:
            self.place = _timestamped(reports, now)
        else:
            self.place = out.resolve()
            _refuse_to_replace(out, set(cells), force=force)
        self.path = unfinished(self.place)
        if out is not None:
            self._make(out)
        try:
            self.journal = Journal(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def _make(self, out: Path) -> None:
        try:
            if self.path.exists():
                self._keep_unfinished(out)
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(out, error) from error

    def _keep_unfinished(self, out: Path) -> None:
        """Put what a run that was killed has left under another name, unless there is nothing in it."""
        if is_being_written(self.path):
            raise SelectionError(f"--out {out}: another run is being written there; choose another folder")
        try:
            began = Journalled.read(self.path).started
            moment = datetime.fromisoformat(began).strftime(TIME_FORMAT)
        except (UnreadableRun, ValueError):
            moment = datetime.fromtimestamp(self.path.stat().st_mtime, UTC).strftime(TIME_FORMAT)
        kept = _free(self.path.with_name(f"{self.path.name}-{moment}"))
        if _holds_nothing(self.path):
            shutil.rmtree(self.path)
            return
        self.path.rename(kept)
        self.said.append(f"a run that did not end is kept as {kept} (`tls-matrix report` shows it)")

    def remove_if_unused(self) -> None:
        """Remove the folder if no cell was measured."""
        self.journal.close()
        if not self.journal.adds and self.path.exists() and _holds_nothing(self.path):
            shutil.rmtree(self.path, ignore_errors=True)

    def make_room(self) -> bool:
        """Give up the evidence of a run on a full disk, since its results come first; whether there was
        any. What is kept of later cells goes too when the run ends.
        """
        if not (self.path / EVIDENCE).exists():
            return False
        self.is_without_evidence = True
        shutil.rmtree(self.path / EVIDENCE, ignore_errors=True)
        return True

    def keep_evidence_of(self, cells: Iterable[str]) -> None:
        """Remove the evidence of every other cell: what a worker wrote whose result nobody has heard, and
        what one was writing that was killed. No worker runs any more.
        """
        remove_half_files(self.path)
        wanted = {evidence_file(self.path, cell) for cell in cells}
        for file in (self.path / EVIDENCE).rglob("*.json"):
            if file not in wanted:
                file.unlink(missing_ok=True)
                capture_file(file).unlink(missing_ok=True)

    def write(self, run: RunFile, timings: Mapping[str, Any], reports: Reports) -> None:
        """Write every file but the evidence; `reports` by file name. Raises OSError."""
        write_run(self.path, run, {"run": self.place.name, **timings}, reports)

    def finish(self, *, is_whole: bool) -> None:
        """Let the run have its place, unless it ended early and there is another. Raises OSError."""
        self.journal.close()
        (self.path / JOURNAL).unlink(missing_ok=True)
        if self.is_without_evidence:
            shutil.rmtree(self.path / EVIDENCE, ignore_errors=True)
        if not is_whole and _holds_a_run(self.place):
            self.said.append(f"{self.place} is as it was: the run ended early and is in {self.path}")
            self.place = self.path
            return
        put_in_place(self.path, self.place, _WRITTEN)
        self.path = self.place
        if not self._is_named:
            point_latest(self.place)


def unfinished(place: Path) -> Path:
    """Where a run is written that is to be in `place`."""
    return place.with_name(f"{place.name}{UNFINISHED}")


def write_run(folder: Path, run: RunFile, timings: Mapping[str, Any] | None, reports: Reports) -> None:
    """Write the files of a run, each in one step. A report is made while it is written, beside the others.

    Raises OSError.
    """
    with beside(*(partial(_write_report, folder, reports, name) for name in reports)):
        write_pieces(folder / RUN_FILE_NAME, map(encoded, encoded_run(run)))
        if timings is not None:
            write_whole(folder / TIMINGS, encoded(to_json(timings)))


def _write_report(folder: Path, reports: Reports, name: str) -> None:
    write_pieces(folder / name, reports[name])


def point_latest(folder: Path) -> None:
    """Replace the link `latest` beside a run's folder in one step; where there are no links, by a copy."""
    link = folder.parent / LATEST
    temporary = folder.parent / f".{LATEST}-{os.getpid()}"
    with suppress(FileNotFoundError):
        temporary.unlink()
    try:
        temporary.symlink_to(folder.name)
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        temporary.replace(link)
    except OSError:
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        shutil.copytree(folder, link, dirs_exist_ok=True)


def _refuse_to_replace(out: Path, cells: set[str], *, force: bool) -> None:
    """Raise SelectionError unless the folder may be replaced by a run of these cells."""
    if out.name.endswith(UNFINISHED):
        raise SelectionError(f"--out {out}: is the name of a run that did not end; choose another")
    try:
        content = {entry.name for entry in out.iterdir()} if out.exists() else set()
    except OSError as error:
        raise _unwritable(out, error) from error
    if not content or (force and content & _WRITTEN):
        return
    if RUN_FILE_NAME not in content and not content <= _WRITTEN:
        raise SelectionError(f"--out {out}: is not empty and holds no run; choose a new folder")
    advice = "choose another folder, or replace it with --force"
    try:
        earlier = load_run(out)
    except UnreadableRun as error:
        raise SelectionError(f"--out {out}: holds a run that cannot be read; {advice}") from error
    before = {cell.id for cell in earlier.cells}
    if before != cells and not (earlier.run.partial and before <= cells):
        raise SelectionError(f"--out {out}: holds a run of other cells; {advice}")


def _holds_a_run(folder: Path) -> bool:
    return folder.is_dir() and any(entry.name in _WRITTEN for entry in folder.iterdir())


def _holds_nothing(folder: Path) -> bool:
    """Whether a run has left a folder without a result."""
    content = {entry.name for entry in folder.iterdir()}
    if not content <= {JOURNAL}:
        return False
    try:
        return not Journalled.read(folder).run.cells
    except UnreadableRun:
        return True


def _timestamped(reports: Path, now: datetime) -> Path:
    """Reserve a name under reports/ by making the folder that is written first."""
    for number in range(1, 1000):
        place = reports / (now.strftime(TIME_FORMAT) + ("" if number == 1 else f"-{number}"))
        if place.exists():
            continue
        try:
            unfinished(place).mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise SelectionError(
                f"{place}: cannot be made ({error.strerror}); {to_write(error, _ELSEWHERE)}"
            ) from error
        return place
    raise SelectionError(f"{reports}: is full of runs of this second; name a folder with --out")


def _free(path: Path) -> Path:
    taken = (path.with_name(f"{path.name}-{number}") for number in range(2, 1000))
    return next(candidate for candidate in (path, *taken) if not candidate.exists())


def _unwritable(out: Path, error: OSError) -> SelectionError:
    if error.errno == errno.EWOULDBLOCK:
        return SelectionError(f"--out {out}: another run is being written there; choose another folder")
    advice = to_write(error, "choose another folder")
    return SelectionError(f"--out {out}: cannot be written ({error.strerror}); {advice}")
