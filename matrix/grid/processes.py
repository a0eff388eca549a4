"""Runs cells in forks of the controlling process: while it keeps the results of some, the next meet their
servers.

A fork has all in memory that the controlling process has: it begins in a hundredth of the time that a fresh
process takes. It must be made before this process has a second thread, so it waits to be told what to run.
Each has at most two cells at a time, the one that it runs and the next, so that it need not wait for this
process, and a server that stays silent holds up one more cell at most. A fork ends when its end of the pipe
does; what is sent at a terminal is for the controlling process.
"""

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn

from matrix.grid.task import CellTask
from matrix.judgement.outcome import LOST, Judgement, Verdict
from matrix.results.cell_result import CellResult
from servers.processes.program import is_of_one_thread
from servers.processes.undisturbed import undisturbed

_AT_A_TIME = 2
_STOP_SECONDS = 0.5
_GLANCE_SECONDS = 0.02
_DEAF_TO = (signal.SIGINT, signal.SIGHUP)
_DEFAULT = (signal.SIGTERM, signal.SIGALRM)

Run = Callable[[CellTask], CellResult]


class _Fork:
    def __init__(self, process_id: int, pipe: "Connection[Any, Any]") -> None:
        self.process_id = process_id
        self.pipe = pipe
        self.given: dict[str, CellTask] = {}


class CellProcesses:
    """So many forks as can be made at once, none where this process has threads. Each fork calls `get_ready`
    while it waits for what `begin` tells, and `make_run`, which makes of that the function that runs a cell.
    A cell that cannot be run, because the harness or a fork is broken, has a result that says so.
    """

    def __init__(
        self,
        number: int,
        make_run: Callable[[Mapping[str, Any]], Run],
        get_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._forks: list[_Fork] = []
        self._waiting: deque[CellTask] = deque()
        self._results: deque[CellResult] = deque()
        self._run_here: Run | None = None
        if number < 2 or not is_of_one_thread():
            return
        gc.freeze()  # what is there already is left alone, so that the forks share it
        for _ in range(number):
            with suppress(OSError):
                self._forks.append(self._begin_one(make_run, get_ready))

    def __len__(self) -> int:
        return len(self._forks)

    def begin(self, told: Mapping[str, Any], run_here: Run, tasks: Iterable[CellTask]) -> None:
        """Tell the forks what they need to know, and let them begin with these, in this order; `run_here`
        runs what is left where there is no fork, or none any more.
        """
        self._run_here = run_here
        for fork in list(self._forks):
            if not self._sent(fork, told):
                self._lose(fork)
        self._waiting.extend(tasks)
        for _ in range(_AT_A_TIME):
            for fork in list(self._forks):
                self._give(fork)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Keep the forks busy while this process does something else; what they have measured stays here
        until `finish`. It takes a thread, so no process is forked meanwhile.
        """
        is_over = threading.Event()

        def go_on() -> None:
            while not is_over.is_set() and any(fork.given for fork in self._forks):
                self._take(_GLANCE_SECONDS)

        thread = threading.Thread(target=go_on, name="cells")
        thread.start()
        try:
            yield
        finally:
            with undisturbed():
                is_over.set()
                thread.join()

    def finish(self, take: Callable[[CellResult], None]) -> None:
        """Run them to the end; `take` gets each result as it comes."""
        while True:
            while self._results:
                take(self._results[0])  # an interrupt here must not lose it
                self._results.popleft()
            if any(fork.given for fork in self._forks):
                self._take()
            elif self._waiting:
                assert self._run_here is not None, "they have begun"
                self._results.append(_ran(self._run_here, self._waiting.popleft()))
            else:
                return

    def stop(self) -> list[CellResult]:
        """End the forks, those that wait for a silent server too; give what they had measured by then and
        nobody has taken.
        """
        self._waiting.clear()
        for fork in self._forks:
            self._sent(fork, None)
        while any(fork.given for fork in self._forks) and self._take(_STOP_SECONDS):
            pass
        for fork in self._forks:
            fork.pipe.close()
            with suppress(ProcessLookupError):
                os.kill(fork.process_id, signal.SIGKILL)
            os.waitpid(fork.process_id, 0)
        self._forks.clear()
        left = [result for result in self._results if result.judgement.verdict is not Verdict.HARNESS_ERROR]
        self._results.clear()
        return left

    def _begin_one(
        self, make_run: Callable[[Mapping[str, Any]], Run], get_ready: Callable[[], None]
    ) -> _Fork:
        ours, theirs = Pipe()
        process_id = os.fork()
        if process_id == 0:
            # Whoever holds an end of another's pipe would keep that one from ending.
            for other in self._forks:
                other.pipe.close()
            ours.close()
            _serve(theirs, make_run, get_ready)
        theirs.close()
        return _Fork(process_id, ours)

    def _give(self, fork: _Fork) -> None:
        if self._waiting and fork in self._forks:
            task = self._waiting.popleft()
            if self._sent(fork, task):
                fork.given[task.cell.id] = task
            else:
                self._waiting.appendleft(task)
                self._lose(fork)

    def _sent(self, fork: _Fork, message: object) -> bool:
        """Send it; False where the fork has ended."""
        try:
            fork.pipe.send(message)
        except OSError:
            return False
        return True

    def _take(self, seconds: float | None = None) -> bool:
        """Take what has come, waited for; False where nothing has in that time."""
        ready = wait([fork.pipe for fork in self._forks], seconds)
        for fork in [each for each in self._forks if each.pipe in ready]:
            with undisturbed():  # half a message would make the next one unreadable
                self._take_from(fork)
        return bool(ready)

    def _take_from(self, fork: _Fork) -> None:
        try:
            found: CellResult = fork.pipe.recv()
        except (EOFError, OSError):
            self._lose(fork)
            return
        self._results.append(found)
        fork.given.pop(found.cell, None)
        self._give(fork)

    def _lose(self, fork: _Fork) -> None:
        """Its cell is lost, and the one behind it is for others."""
        self._forks.remove(fork)
        fork.pipe.close()
        _, status = os.waitpid(fork.process_id, 0)
        code = os.waitstatus_to_exitcode(status)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit status {code}"
        lost, *others = fork.given.values() or (None,)
        if lost is not None:
            self._results.append(_broken(lost, f"{LOST}: it {how}"))
        self._waiting.extendleft(reversed(others))
        for other in list(self._forks):
            while other in self._forks and len(other.given) < _AT_A_TIME and self._waiting:
                self._give(other)


def _serve(
    pipe: "Connection[Any, Any]",
    make_run: Callable[[Mapping[str, Any]], Run],
    get_ready: Callable[[], None],
) -> NoReturn:
    """Run what is sent, until the pipe ends."""
    try:
        for number in _DEAF_TO:
            signal.signal(number, signal.SIG_IGN)
        for number in _DEFAULT:
            signal.signal(number, signal.SIG_DFL)
        with suppress(Exception):  # whatever it is, the cell that meets it tells it
            get_ready()
        run = _made(make_run, pipe.recv())
        while (task := pipe.recv()) is not None:
            pipe.send(_ran(run, task))
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def _made(make_run: Callable[[Mapping[str, Any]], Run], told: Mapping[str, Any]) -> Run:
    try:
        return make_run(told)
    except Exception as error:
        why = _cannot(error)
        return lambda task: _broken(task, why)


def _ran(run: Run, task: CellTask) -> CellResult:
    try:
        return run(task)
    except Exception as error:
        return _broken(task, _cannot(error))


def _cannot(error: Exception) -> str:
    return f"the cell could not be run: {type(error).__name__}: {error}"


def _broken(task: CellTask, why: str) -> CellResult:
    return CellResult(task.cell.id, Judgement(Verdict.HARNESS_ERROR, note=why))
