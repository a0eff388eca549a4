"""The temporary folder in which a base and the contexts of images are put together."""

import errno
import shutil
from tempfile import gettempdir

from servers.containers.engine import EngineError
from servers.running import one_line

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MEGABYTE = 1_000_000
_ADVICE = "make room, or choose another folder with TMPDIR"


def require_room(size: int) -> None:
    """Raise EngineError, which says where and what to do, unless so many bytes are free."""
    free = shutil.disk_usage(gettempdir()).free
    if free < size:
        where = f"{size // _MEGABYTE} MB are needed in {gettempdir()} and {free // _MEGABYTE} MB are free"
        raise EngineError(f"{where}; {_ADVICE}")


def in_words(error: OSError) -> str:
    """What kept a file from being written or read, in one line, with what to do when there is no room."""
    if error.errno in _NO_ROOM:
        return f"no room left in {gettempdir()} ({error.strerror}); {_ADVICE}"
    return one_line(str(error))
