"""The folder that a command writes its result into: looked at before anything is asked, so that no answer is
lost because there is no place for it.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from matrix.errors import SelectionError, to_write


def check_folder(option: str, folder: Path) -> None:
    """Find out whether files can be written into a folder, which may be missing and is not made yet. Raises
    SelectionError.
    """
    there = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if not there.is_dir():
        raise SelectionError(f"{option} {folder}: {there} is no folder; choose another folder")
    try:
        with TemporaryDirectory(dir=there, prefix=".tls-matrix-"):
            pass
    except OSError as error:
        raise SelectionError(f"{option} {folder}: {cannot_be_written(error)}") from error


def cannot_be_written(error: OSError) -> str:
    """Say that a folder cannot be written, and what to do."""
    return f"cannot be written ({error.strerror}); {to_write(error, 'choose another folder')}"
