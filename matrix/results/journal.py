"""The journal of a run: what was measured, on disk as soon as it was, so that nothing that ends the run loses
it.

The first line has everything of run.json but its cells, each further line one cell; a cell that comes twice
counts as it came last. One line may say that evidence had to make room. A line that is not whole (the disk
was full, the machine lost power) is passed over.
Whoever writes a journal holds a lock on it, which the system gives back with the process.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, Self

from msgspec import Struct

from matrix.errors import UnreadableRun
from matrix.results.run_file import CellRecord, RunFile

JOURNAL = "journal.jsonl"
_LOST = b'{"lost_evidence":true}'


class Journal:
    """A journal being written. Every method may raise OSError; `adds` counts the cells written."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._stream = os.fdopen(os.open(folder / JOURNAL, flags, 0o666), "ab", buffering=0)
        self._is_torn = False
        self.adds = 0
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._stream.close()
            raise

    def begin(self, frame: RunFile, planned: int, started: str) -> None:
        """Write the first line: the run without its cells, how many there are to be, and when it began."""
        head = {"planned": planned, "started": started, "run": frame.model_dump(mode="json", by_alias=True)}
        self._write(json.dumps(head, ensure_ascii=False).encode("utf-8", "backslashreplace"))

    def add(self, cell: CellRecord, seconds: float) -> None:
        """Write a cell and how long it took."""
        self._write(b'{"seconds":%.6f,"cell":%b}' % (seconds, cell.model_dump_json(by_alias=True).encode()))
        self.adds += 1

    def lose_evidence(self) -> None:
        """Write that evidence had to make room."""
        self._write(_LOST)

    def close(self) -> None:
        """Write no more, and give the lock back."""
        self._stream.close()

    def _write(self, line: bytes) -> None:
        # Half a line may have been written before the disk was full: what comes next must not be glued to it.
        start = b"\n" if self._is_torn else b""
        self._is_torn = True
        whole = start + line + b"\n"
        written = self._stream.write(whole)
        if written != len(whole):
            self._stream.write(whole[written:])  # says why there was no room for the rest
        self._is_torn = False


class Journalled(Struct, frozen=True):
    """What a journal tells: the run as far as it came, the seconds of each cell, when it began."""

    run: RunFile
    seconds: dict[str, float]
    started: str

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the journal of a run. Raises UnreadableRun when there is none that tells of a run."""
        file = folder / JOURNAL
        try:
            lines = file.read_bytes().split(b"\n")
            head = json.loads(lines[0])
            frame = RunFile.model_validate(head["run"])
            planned, started = int(head["planned"]), str(head["started"])
        except OSError as error:
            raise UnreadableRun(f"{file}: cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UnreadableRun(f"{file}: tells of no cell: the run ended before one was measured") from error
        cells: dict[str, CellRecord] = {}
        seconds: dict[str, float] = {}
        for line in lines[1:]:
            try:
                content = json.loads(line)
                cell = CellRecord.model_validate(content["cell"])
                seconds[cell.id] = float(content["seconds"])
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            cells[cell.id] = cell
        run = _with_cells(frame, cells, planned)
        return cls(without_evidence(run) if _LOST in lines else run, seconds, started)


def without_evidence(run: RunFile) -> RunFile:
    """The same run, which says that its evidence had to make room."""
    return run.model_copy(update={"run": run.run.model_copy(update={"lost_evidence": True})})


def _with_cells(frame: RunFile, cells: dict[str, CellRecord], planned: int) -> RunFile:
    content: dict[str, Any] = {name: getattr(frame, name) for name in type(frame).model_fields}
    run = frame.run.measured(len(cells), planned)
    ordered = [cells[identifier] for identifier in sorted(cells)]
    return RunFile.model_validate({**content, "run": run, "cells": ordered})


def is_being_written(folder: Path) -> bool:
    """Whether a run that is going on writes there."""
    try:
        Journal(folder).close()
    except BlockingIOError:
        return True
    return False
