"""What can be wrong with a history file, each said in one line: what it is and what to do about it."""

import sqlite3
from pathlib import Path

from matrix.errors import MatrixError, to_write

_ANOTHER = "name another file with --history"
_FILL_ANEW = ", and fill a new one with `tls-matrix history import RUN...`"
_WHAT = (
    (sqlite3.SQLITE_FULL, "has no room, the disk is full", "free space"),
    (sqlite3.SQLITE_READONLY, "cannot be written", f"make it writable, or {_ANOTHER}"),
    (sqlite3.SQLITE_PERM, "cannot be written", f"make it writable, or {_ANOTHER}"),
    (sqlite3.SQLITE_CANTOPEN, "cannot be opened", f"make it writable, or {_ANOTHER}"),
    (sqlite3.SQLITE_IOERR, "cannot be read or written", f"see to the disk, or {_ANOTHER}"),
    (sqlite3.SQLITE_NOTADB, "is no history", f"move it away, or {_ANOTHER}"),
)
_PRIMARY = 0xFF
"""The low byte of SQLite's error code says the kind, the rest the occasion."""


class HistoryError(MatrixError):
    """A history file that cannot be used. `remedy` is what to do first, `then` what to do next; who has a
    run to add knows that better.
    """

    def __init__(self, file: Path, what: str, remedy: str, then: str = "") -> None:
        super().__init__(f"{file}: {what}: {remedy}{then}")
        self.file, self.what, self.remedy = file, what, remedy


class HistoryInUse(HistoryError):
    """A history that another program is writing, which passes."""


def no_history(file: Path) -> HistoryError:
    """A file that is something else."""
    return HistoryError(file, "is no history", f"move it away, or {_ANOTHER}")


def damaged(file: Path, why: object) -> HistoryError:
    """A history with something in it that no version of this program has written."""
    return HistoryError(file, f"is damaged ({why})", "move it away", _FILL_ANEW)


def newer(file: Path, version: int, known: int) -> HistoryError:
    """A history that a later version of this program has written."""
    what = f"is of a newer version of this program (form {version}; this one knows {known})"
    return HistoryError(file, what, f"use that version, or {_ANOTHER}")


def of_system(file: Path, error: OSError) -> HistoryError:
    """What the system said of the file or its folder."""
    remedy = to_write(error, f"make it writable, or {_ANOTHER}")
    return HistoryError(file, f"cannot be written ({error.strerror})", remedy)


def of_database(file: Path, error: sqlite3.Error) -> HistoryError:
    """What SQLite said."""
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & _PRIMARY
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        what = "is in use by another program, which did not end in time"
        return HistoryInUse(file, what, "try again later")
    for code, what, remedy in _WHAT:
        if primary == code:
            return HistoryError(file, what, remedy)
    return damaged(file, error)
