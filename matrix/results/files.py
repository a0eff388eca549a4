"""Files that are whole or not there: written under another name and renamed, so that neither a full disk nor
a kill leaves half of one.
"""

import errno
import json
import os
import re
import shutil
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

import msgspec

from matrix.wording import printable

_NOT_UTF8 = re.compile("[\ud800-\udfff]")
TEMPORARY = ".part"
"""How the name of a file ends that is being written."""


def as_saved(text: str) -> str:
    """The text as a file of a run has it, where bytes that are no text are escaped for people."""
    return _NOT_UTF8.sub(lambda found: printable(found[0]), text)


def to_json(content: Any) -> str:
    """Write JSON as every file of a run is written: sorted keys, two spaces, a line feed at the end.

    A byte that is no text, as in a path, is escaped for people: what JSON has for it few programs read.
    """
    # Python's own encoder is in C only as long as it does not indent.
    return msgspec.json.format(to_json_line(content), indent=2) + "\n"


def to_json_line(content: Any) -> str:
    """Write the same JSON on one line, many times as fast."""
    return _escaped(json.dumps(content, sort_keys=True, ensure_ascii=False)) + "\n"


def _escaped(text: str) -> str:
    return _NOT_UTF8.sub(lambda found: json.dumps(printable(found[0]))[1:-1], text)


def encoded(text: str) -> bytes:
    """A text as every report of a run is written; a byte that is no text is escaped."""
    return text.encode("utf-8", "backslashreplace")


def write_whole(file: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file in one step; what was there before is there until then. Raises OSError.

    `mode` is that of a new file, less the process's mask.
    """
    write_pieces(file, [content], mode)


def write_pieces(file: Path, pieces: Iterable[bytes], mode: int = 0o666) -> None:
    """The same of a content that comes in pieces."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}{TEMPORARY}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(handle, "wb") as stream:
            stream.writelines(pieces)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_half_files(folder: Path) -> None:
    """Remove what the killed were writing there; nobody may be writing now."""
    for half in folder.rglob(f"*{TEMPORARY}"):
        half.unlink(missing_ok=True)


def put_in_place(new: Path, place: Path, ours: Container[str]) -> None:
    """Give the folder `new` the name `place` in one step. What was there is removed then, except for entries
    whose names are not `ours`, which stay. Raises OSError; then nothing was removed.
    """
    try:
        if not place.exists() or not any(place.iterdir()):
            new.rename(place)  # over an empty folder, too (POSIX)
            return
        _exchange(new, place)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        _move_content(new, place, ours)  # `place` is where something is mounted: it cannot be renamed
        return
    for entry in list(new.iterdir()):
        if entry.name not in ours:
            entry.rename(place / entry.name)
    shutil.rmtree(new)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change their names, in one step where the system can (Linux), else in three."""
    import ctypes  # not for the workers of a run, each of which would wait for it

    library = ctypes.CDLL(None, use_errno=True)
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE, renameat2(2)
    names = os.fsencode(one.absolute()), os.fsencode(other.absolute())
    if hasattr(library, "renameat2"):
        if library.renameat2(here, names[0], here, names[1], exchange) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(number, os.strerror(number), str(other))
    aside = other.with_name(f".{other.name}-{os.getpid()}")
    other.rename(aside)
    one.rename(other)
    aside.rename(one)


def _move_content(new: Path, place: Path, ours: Container[str]) -> None:
    for old in list(place.iterdir()):
        if old.name in ours:
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            else:
                old.unlink()
    for entry in list(new.iterdir()):
        shutil.move(entry, place / entry.name)
    new.rmdir()
