"""A new file that its owner alone can read, such as a private key."""

import os
from pathlib import Path

from matrix.errors import MatrixError, to_write

STANDARD_OUTPUT = "-"


class PrivateFileError(MatrixError):
    """A file that cannot be written; the text says why and what to do."""


def write_private_file(target: Path, data: bytes) -> None:
    """Write a new file with the mode 0600. Raises PrivateFileError, also where one is there."""
    if str(target) == STANDARD_OUTPUT:
        raise PrivateFileError(f"{target}: a key is not printed; name a new file")
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise PrivateFileError(f"{target}: is there already; remove it, or name another file") from None
    except OSError as error:
        raise PrivateFileError(
            f"{target}: cannot be written ({error.strerror}); {_instead(error)}"
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:  # half a key is of no use
        target.unlink(missing_ok=True)
        raise PrivateFileError(
            f"{target}: cannot be written ({error.strerror}); {_instead(error)}"
        ) from error


def _instead(error: OSError) -> str:
    return to_write(error, "name another file")
