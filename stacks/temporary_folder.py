"""A folder for the time of a block, and the end of those whose process was killed.

Who is killed (SIGKILL, no memory left) removes nothing. So whoever has such a folder holds a lock on it,
which the system gives back with the process, however that ends; a run removes the folders that nobody holds.
Imports the standard library alone, for server programs.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

PREFIX = "tls-matrix-held-"


@contextmanager
def temporary_folder(what_for: str, parent: Path | None = None) -> Iterator[Path]:
    """A folder for this user alone, in `parent` or the folder for temporary files; `what_for` is part of its
    name. Raises OSError where there is no room.
    """
    folder, lock = held_folder(what_for, parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def held_folder(what_for: str, parent: Path | None = None) -> tuple[Path, int]:
    """The same for as long as the descriptor, which is the second value, is open. Whoever asks for it removes
    the folder.
    """
    while True:
        folder = Path(mkdtemp(prefix=f"{PREFIX}{what_for}-", dir=parent))
        # Another run may take it for abandoned, and remove it, before it is locked.
        with suppress(FileNotFoundError, BlockingIOError):
            lock = _lock(folder)
            if folder.exists():
                return folder, lock
            os.close(lock)


def remove_abandoned_folders(parent: Path | None = None) -> None:
    """Remove this user's folders whose process is gone. One that is in use, or another's, stays."""
    for left in (parent or Path(gettempdir())).glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = _lock(left)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    shutil.rmtree(left)
            finally:
                os.close(lock)


def _lock(folder: Path) -> int:
    """A descriptor that holds the folder's lock; OSError where another has it, or there is no such folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
