"""A program of the user's own in the place of the system's: the value of a toggle with `program = true`.

In ids the path stands as it is, but for the few characters that mean something there: a comma ends a toggle,
and `*`, `?` and brackets make a pattern. These, control characters and what is no UTF-8 are percent-encoded
(RFC 3986 section 2.1): `program=/opt/a%2Cb/openssl`. A slash needs nothing, since the other parts of a cell's
id have none (`matrix.cell`). Only the standard library is imported here, for server programs.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

PROGRAM = "program"
"""The name of the toggle."""
SYSTEM = "system"
"""Its default: the program that the system has."""
_SPECIAL = re.compile("[,%*?\\[\\]\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class ProgramError(ValueError):
    """A program that cannot be run; the message names the path and says what to do."""


def program_values() -> dict[str, Any]:
    """What a [toggles.program] table would say of the values: that of the system, and any path besides."""
    return {"values": [SYSTEM], "default": SYSTEM}


def in_id(path: str) -> str:
    """The path as it stands in an id."""
    return _SPECIAL.sub(lambda found: "".join(f"%{byte:02X}" for byte in os.fsencode(found[0])), path)


def encoded(value: str) -> str:
    """A value as it stands in an id, where signs of patterns were written as they are."""
    return re.sub(r"[*?\[\]]", lambda found: f"%{ord(found[0]):02X}", value)


def from_id(value: str) -> str:
    """The path that stands in an id so."""
    return os.fsdecode(unquote_to_bytes(os.fsencode(value)))


def _whole_path(path: str) -> str:
    """What to write instead of a path that is not whole: that of a file that is there."""
    if path and os.path.isfile(whole := os.path.abspath(Path(path).expanduser())):
        return f"write {PROGRAM}={in_id(whole)}"
    found = shutil.which(path) if path and os.sep not in path else None
    if found is not None:
        return f"`command -v {path}` finds {found}: write {PROGRAM}={in_id(os.path.abspath(found))}"
    return f"write {PROGRAM}=/PATH/OF/THE/PROGRAM"


def comma_in_path(value: str, rest: str) -> str:
    """Say how a comma is written, where one seems to stand in the path of a program."""
    return f"a comma ends a toggle: if this one is of the path, write {PROGRAM}={value}%2C{rest}"


def checked(value: str) -> str:
    """The value as ids have it, when it names a program that can be run. Raises ProgramError."""
    try:
        path = from_id(value)
    except UnicodeEncodeError as error:  # as no argument of a command can be, but a run file may say it
        raise ProgramError(f"{PROGRAM}={value!a} is no path of this system: correct it") from error
    if not path.startswith(os.sep):
        raise ProgramError(f"{PROGRAM}={value} is no whole path: {_whole_path(path)}")
    whole = os.path.abspath(path)
    if not os.path.exists(whole):
        raise ProgramError(f"{whole} does not exist: correct the path, or build it first")
    if not os.path.isfile(whole):
        raise ProgramError(f"{whole} is no file: name the program itself")
    if not os.access(whole, os.X_OK):
        raise ProgramError(f"{whole} cannot be executed by this user: chmod +x it, or name another program")
    return in_id(whole)
