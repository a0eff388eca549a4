"""Several processes that add runs to one file at once, which is not there yet: none is lost."""

import subprocess
import sys
from pathlib import Path

from matrix.history.adding import add_runs
from matrix.history.file import changing
from matrix.judgement.outcome import Outcome
from tests.matrix.history.made import days, names
from tests.matrix.test_run import ROOT

PROCESSES, RUNS = 6, 5
ADDS = """
import sys
from pathlib import Path
from matrix.history.adding import add_runs
from matrix.judgement.outcome import Outcome
from tests.matrix.history.made import a_cell, on_day
from tests.matrix.runs import run
took = {"cell": float(sys.argv[2])}
runs = [on_day(day + 1, run(a_cell(Outcome.WORKS)), took) for day in range(int(sys.argv[3]))]
print("ready", flush=True)
sys.stdin.readline()
for each in runs:
    add_runs(Path(sys.argv[1]), [each])
"""


def test_no_run_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    adding = [
        subprocess.Popen(
            [sys.executable, "-c", ADDS, str(file), str(number), str(RUNS)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in adding:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in adding:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in adding:
        process.communicate(timeout=60)
    assert [process.returncode for process in adding] == [0] * PROCESSES
    assert sorted(names(file)) == sorted(f"day-{day + 1}" for day in range(RUNS) for _ in adding)


def test_a_writer_that_was_killed_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    add_runs(file, days(Outcome.WORKS))
    killed = (
        "import os, sys; from pathlib import Path; from matrix.history.file import changing\n"
        "with changing(Path(sys.argv[1])) as connection:\n"
        "    connection.execute('PRAGMA cache_spill = 1')\n"
        "    connection.execute('DELETE FROM run')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(file)], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == -9
    with changing(file):
        pass
    assert names(file) == ["day-1"]
