"""The folder of a run: reports/<time>/, with reports/latest pointing at the newest; or the folder the user
names. `reports` is the checkout's; without a checkout it lies in the current folder.

With a folder named by the user nothing outside it is written, reports/latest included. A named folder must
be new, empty, or hold an earlier run, whose files are replaced.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from matrix.errors import SelectionError
from matrix.results.environment import CHECKOUT
from matrix.results.run_file import RUN_FILE_NAME, RunFile, encode, to_json

REPORTS = Path("reports") if CHECKOUT is None else CHECKOUT / "reports"
LATEST = "latest"
EVIDENCE = "evidence"
TIMINGS = "timings.json"
_REPORTS_OF_A_RUN = ("grid.md", "grid.html", "junit.xml")
_WRITTEN = {RUN_FILE_NAME, TIMINGS, EVIDENCE, *_REPORTS_OF_A_RUN}


class RunFolder:
    """Where one run writes; `path` exists from the start, so that an interrupted run leaves what it has."""

    def __init__(self, out: Path | None, now: datetime, reports: Path = REPORTS) -> None:
        self._is_named = out is not None
        self.path = _named(out) if out is not None else _timestamped(reports, now)

    def add_evidence(self, cell_id: str, evidence: Mapping[str, Any]) -> None:
        """Write what went over the wire in one cell, under `evidence/<server>/<client>/<scenario>.json`."""
        file = self.path / EVIDENCE / f"{cell_id}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(to_json(evidence), encoding="utf-8")

    def remove_if_unused(self) -> None:
        """Remove a folder under reports/ in which nothing was written."""
        if not self._is_named:
            with suppress(OSError):
                self.path.rmdir()

    def write(self, run: RunFile, timings: Mapping[str, Any], reports: Mapping[str, str]) -> None:
        """Write every file but the evidence (`reports` by file name), and let reports/latest point here."""
        (self.path / RUN_FILE_NAME).write_text(encode(run), encoding="utf-8")
        (self.path / TIMINGS).write_text(to_json({"run": self.path.name, **timings}), encoding="utf-8")
        for name, text in reports.items():
            (self.path / name).write_text(text, encoding="utf-8")
        if not self._is_named:
            point_latest(self.path)


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


def _named(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        content = {entry.name for entry in out.iterdir()}
    except OSError as error:
        raise SelectionError(
            f"--out {out}: cannot be written ({error.strerror}); choose another folder"
        ) from error
    # A run that was killed leaves less than all of its files.
    if not (RUN_FILE_NAME in content or content <= _WRITTEN):
        raise SelectionError(f"--out {out}: is not empty and holds no run; choose a new folder")
    try:
        for name in (RUN_FILE_NAME, TIMINGS, *_REPORTS_OF_A_RUN):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise SelectionError(
            f"--out {out}: cannot be written ({error.strerror}); choose another folder"
        ) from error
    shutil.rmtree(out / EVIDENCE, ignore_errors=True)
    return out


def _timestamped(reports: Path, now: datetime) -> Path:
    name = now.strftime("%Y-%m-%d-%H%M%S")
    for number in range(1, 1000):
        path = reports / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise SelectionError(
                f"{path}: cannot be made ({error.strerror}); name a folder with --out"
            ) from error
        return path
    raise SelectionError(f"{reports}: is full of runs of this second; name a folder with --out")
