"""Shims for thousands of tests out of a few interpreters.

The runner starts a program a test, and a Python that loads the engine takes longer than the test does. So
that program is a few lines of shell (`shim.sh`): it leaves its arguments in a file, writes its number into
a FIFO, and waits for its status in another. Processes that have loaded the engine before read the numbers.
"""

import os
import select
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path

from tests.bogo.exchange import Failed, run_test
from tests.bogo.flags import Unimplemented, read_flags

SHIM = Path(__file__).with_name("shim.sh")
UNIMPLEMENTED_STATUS = 89
"""The exit status that leaves a test out (PORTING.md of the runner)."""
FAILED_STATUS = 1

NUMBER_SIZE = 10
"""Digits of a number in the FIFO of requests, where each is read and written in one piece."""


@contextmanager
def shim(folder: Path, workers: int) -> Iterator[Path]:
    """A shim program in `folder`, which serves as many tests at a time as there are `workers`."""
    program = folder / "shim"
    shutil.copyfile(SHIM, program)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    os.mkfifo(folder / "requests")
    context = get_context("fork")
    processes = [context.Process(target=_serve, args=(folder,), daemon=True) for _ in range(workers)]
    for process in processes:
        process.start()
    try:
        yield program
    finally:
        for process in processes:
            process.terminate()
            process.join()


def answer(arguments: list[str]) -> tuple[int, str]:
    """Run one test; return the exit status and a line for standard error."""
    try:
        run_test(*read_flags(arguments))
    except Unimplemented as reason:
        return UNIMPLEMENTED_STATUS, f"unimplemented: {reason}"
    except (Failed, OSError) as problem:
        return FAILED_STATUS, str(problem)
    except Exception as error:  # a fault of the shim or the engine: the test fails, and the next is run
        return FAILED_STATUS, f"{type(error).__name__}: {error}"
    return 0, ""


def _note_role(folder: Path, arguments: list[str]) -> None:
    """Keep where the runner puts the test's transcript, which names the test and its role."""
    if "-write-settings" in arguments:
        place = arguments[arguments.index("-write-settings") + 1]
        with (folder / "roles").open("a") as roles:
            roles.write(f"{place}\n")


def _serve(folder: Path) -> None:
    requests = os.open(folder / "requests", os.O_RDWR)  # for writing too, so that it never ends
    while True:
        number = os.read(requests, NUMBER_SIZE).decode("ascii")
        arguments = (folder / f"{number}.arguments").read_bytes().decode("latin-1").split("\0")[:-1]
        _note_role(folder, arguments)
        status, message = answer(arguments)
        line = " ".join(message.split())
        with suppress(OSError):  # the program has been killed
            reply = os.open(folder / f"{number}.reply", os.O_WRONLY | os.O_NONBLOCK)
            os.write(reply, f"{status} {line}\n".encode("utf-8", "replace")[: select.PIPE_BUF])
            os.close(reply)
