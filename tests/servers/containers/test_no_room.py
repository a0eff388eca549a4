"""What is said when a disk is full: the engine's, or the temporary folder's of this machine."""

import errno
import os
from tempfile import gettempdir

import pytest

from servers.containers import scratch
from servers.containers.engine import EngineError, in_words

# Measured with docker 28.2 and its data on a file system of 420 MB, by a build.
FULL = "Error processing tar file(exit status 1): write /packages/warnings.py: no space left on device"
UNREADABLE = "Error processing tar file(exit status 1): open /packages/warnings.py: permission denied"


def test_a_full_disk_of_the_engine() -> None:
    assert in_words(FULL) == f"{FULL}; make room where the engine keeps its data (docker system df)"
    assert in_words(UNREADABLE) == UNREADABLE


def test_less_room_than_is_needed() -> None:
    with pytest.raises(
        EngineError, match=r"000 MB are needed in .* MB are free; make room, or choose"
    ) as said:
        scratch.require_room(10**18)
    assert gettempdir() in str(said.value)
    scratch.require_room(0)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_temporary_folder(number: int) -> None:
    said = scratch.in_words(OSError(number, os.strerror(number)))
    assert said.startswith(f"no room left in {gettempdir()} ({os.strerror(number)}); make room, or choose")
    assert "TMPDIR" not in scratch.in_words(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
