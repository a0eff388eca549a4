"""Cells that run in forks, and work that is done in one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BEGINNING = """
import os, signal, sys, threading, time
from pathlib import Path
from matrix.cell import Cell
from matrix.grid.processes import CellProcesses
from matrix.grid.task import CellTask
from matrix.judgement.outcome import Judgement, Verdict
from matrix.results.beside import beside
from matrix.results.cell_result import CellResult

TASKS = [CellTask(Cell("server", f"client-{number}", "connect"), None) for number in range(12)]

def make_run(told):
    def run(task):
        if task.cell.client == told.get("breaks"):
            raise ValueError("broke")
        if task.cell.client == told.get("dies"):
            os.kill(os.getpid(), signal.SIGKILL)
        if task.cell.client in told.get("hang", ()):
            time.sleep(600)
        return CellResult(task.cell.id, Judgement(Verdict.OBSERVED, note=f"{told['said']} {os.getpid()}"))
    return run

def results(cells):
    found = {}
    cells.finish(lambda result: found.setdefault(result.cell, result.judgement.note))
    return [found[task.cell.id] for task in TASKS]
"""


def printed(script: str, *arguments: str) -> list[str]:
    """What a process with one thread prints; a test's own has those of pytest-xdist."""
    command = [sys.executable, "-c", BEGINNING + script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_fork_runs_some_and_the_results_come_in_order() -> None:
    lines = printed(
        """
cells = CellProcesses(3, make_run)
cells.begin({"said": "hello"}, None, TASKS)
print(len(cells), os.getpid())
print(*results(cells), sep="\\n")
print(list(cells.stop()), len(cells))
"""
    )
    number, own = lines[0].split()
    told = [line.split() for line in lines[1:-1]]
    assert (number, lines[-1]) == ("3", "[] 0")
    assert [said for said, _ in told] == ["hello"] * 12
    assert len({process for _, process in told}) == 3
    assert own not in {process for _, process in told}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("breaks", "the cell could not be run: ValueError: broke"),
        ("dies", "the process that ran the cell has ended: it was killed by signal 9"),
    ],
)
def test_a_cell_that_is_lost_is_the_only_one(what: str, said: str) -> None:
    lines = printed(
        """
cells = CellProcesses(2, make_run)
cells.begin({"said": "hello", sys.argv[1]: "client-3"}, None, TASKS)
print(*results(cells), sep="\\n")
cells.stop()
""",
        what,
    )
    assert lines[3] == said
    assert all(line.startswith("hello ") for line in lines[:3] + lines[4:])


def test_where_all_have_died_the_process_itself_runs_the_rest() -> None:
    lines = printed(
        """
cells = CellProcesses(2, lambda told: lambda task: os.kill(os.getpid(), signal.SIGKILL))
cells.begin({}, make_run({"said": "here"}), TASKS)
print(*results(cells), sep="\\n")
print(os.getpid())
"""
    )
    assert lines[:2] == ["the process that ran the cell has ended: it was killed by signal 9"] * 2
    assert lines[2:-1] == [f"here {lines[-1]}"] * 10


def test_what_a_fork_cannot_be_told_is_said_of_each_cell() -> None:
    script = """
cells = CellProcesses(2, lambda told: told["nothing"])
cells.begin({}, None, TASKS)
print(*results(cells), sep="\\n")
"""
    assert printed(script) == ["the cell could not be run: KeyError: 'nothing'"] * 12


INTERRUPTED = """
signal.signal(signal.SIGALRM, lambda *_: 1 / 0)
for round in range(40):
    cells = CellProcesses(2, make_run)
    cells.begin({"said": "x" * 1_000_000}, None, TASKS)
    taken = []
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002 + round * 0.0003)
        cells.finish(lambda result: taken.append(result.cell))
    except ZeroDivisionError:
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    left = [each.cell for each in cells.stop()]
    assert set(taken + left) <= {task.cell.id for task in TASKS}, (taken, left)
    assert len(set(taken)) == len(taken) and len(set(left)) == len(left), (taken, left)
print("every message was whole")
"""


def test_an_interrupt_cuts_no_message_in_two() -> None:
    """What is left of a run that is interrupted is read as it was written."""
    assert printed(INTERRUPTED) == ["every message was whole"]


def test_those_that_wait_are_ended_and_what_is_measured_is_given() -> None:
    lines = printed(
        """
cells = CellProcesses(2, make_run)
cells.begin({"said": "hello", "hang": [f"client-{number}" for number in range(4, 12)]}, None, TASKS)
class Enough(Exception):
    pass


taken = []


def take(result):
    if len(taken) == 2:
        raise Enough
    taken.append(result.cell)


try:
    cells.finish(take)
except Enough:
    pass
print(sorted(taken + [each.cell for each in cells.stop()]))
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("no child is left")
"""
    )
    assert lines == [str([f"server/client-{number}/connect" for number in range(4)]), "no child is left"]


def test_they_go_on_while_this_process_does_something_else() -> None:
    script = """
cells = CellProcesses(2, make_run)
cells.begin({"said": "hello"}, None, TASKS)
until = time.monotonic() + 30
with cells.going_on() if sys.argv[1] == "yes" else beside():
    while len(cells._results) < len(TASKS) and time.monotonic() < until and sys.argv[1] == "yes":
        time.sleep(0.01)
print(len(cells._results), threading.active_count())
print(*results(cells), sep="\\n")
cells.stop()
"""
    lines = printed(script, "yes")
    assert lines[0] == "12 1"
    assert all(line.startswith("hello ") for line in lines[1:])
    assert printed(script, "no")[0] == "0 1", "control"


def test_a_process_with_threads_is_not_forked() -> None:
    script = "threading.Thread(target=time.sleep, args=(1,)).start()\nprint(len(CellProcesses(2, make_run)))"
    assert printed(script) == ["0"]
    assert printed("print(len(CellProcesses(2, make_run)))") == ["2"]


def test_they_end_with_the_process_that_made_them() -> None:
    script = """
cells = CellProcesses(2, make_run)
print(*(fork.process_id for fork in cells._forks), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    process = subprocess.Popen([sys.executable, "-c", BEGINNING + script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    forks = [int(word) for word in process.stdout.readline().split()]
    process.stdout.read()  # ends when the last of them has ended, since each of them could write there
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    assert len(forks) == 2


WORKS = """
folder = Path(sys.argv[1])
def work(name):
    if name == "none" or (name == "here" and os.getpid() != OWN):
        raise OSError(28, "No space left on device")
    (folder / name).write_text(str(os.getpid()))
OWN = os.getpid()
"""


def test_work_beside_is_done_in_a_fork_and_else_here(tmp_path: Path) -> None:
    script = WORKS + "\nwith beside(lambda: work('there'), lambda: work('here')): print(OWN)"
    (own,) = printed(script, str(tmp_path))
    assert (tmp_path / "there").read_text() != own
    assert (tmp_path / "here").read_text() == own


def test_what_goes_wrong_beside_is_raised_here(tmp_path: Path) -> None:
    script = (
        WORKS
        + """
try:
    with beside(lambda: work('none'), lambda: work('there')):
        pass
except OSError as error:
    print(error.strerror, (folder / "there").exists())
"""
    )
    assert printed(script, str(tmp_path)) == ["No space left on device True"]
    assert not os.path.exists(tmp_path / "none")
