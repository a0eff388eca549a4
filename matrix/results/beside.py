"""Does work in a process beside this one, a fork, while this process does other work.

Only what is left behind in files counts. Where this process cannot be forked, or the fork has not done its
work, the work is done here when it is waited for, so an error is raised here, too.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from servers.processes.program import is_of_one_thread


@contextmanager
def beside(*works: Callable[[], None]) -> Iterator[None]:
    """Do each of these in a fork of its own until the end of the block. Raises what a work raises."""
    begun = [(work, _begin(work)) for work in works]
    try:
        yield
    finally:
        # Waited for in any case: a fork that is killed leaves half a file.
        left = [work for work, process_id in begun if not _is_done(process_id)]
    for work in left:
        work()


def _begin(work: Callable[[], None]) -> int | None:
    """The id of a fork that does it; None where there is none."""
    if not is_of_one_thread():
        return None
    try:
        process_id = os.fork()
    except OSError:
        return None
    if process_id == 0:
        _do(work)
    return process_id


def _do(work: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def _is_done(process_id: int | None) -> bool:
    return process_id is not None and os.waitpid(process_id, 0)[1] == 0
