"""The file that the environment variable SSLKEYLOGFILE names: secrets of connections, for whoever captures.

The variable and the format are those of NSS, curl and others (draft-ietf-tls-keylogfile). Lines are added at
the end, each time in one step, so several processes may write.
"""

import os
from collections.abc import Iterable

from matrix.errors import SelectionError

VARIABLE = "SSLKEYLOGFILE"


def check_key_log_file() -> None:
    """Find out before a run whether the file can be written. Raises SelectionError."""
    why = _add("")
    if why:
        raise SelectionError(why)


def add_to_key_log_file(lines: Iterable[str]) -> str:
    """Add lines to the file, if one is named; returns why it cannot be done, empty where it could."""
    return _add("".join(f"{line}\n" for line in lines))


def _add(text: str) -> str:
    path = os.environ.get(VARIABLE)
    if not path:
        return ""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("ascii"))
    except OSError as error:
        return f"{VARIABLE}: {path}: cannot be written ({error.strerror}); name another file, or unset it"
    return ""
