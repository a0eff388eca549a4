"""A fault of this program's own in the middle of a run: one line, and what was measured is written."""

import json
import subprocess
import sys
from pathlib import Path

from tests.matrix.test_run import BEFORE, CLIENTS, DEADLINE, ROOT

FAULTY = """
import sys
import matrix.grid.measured as measured
from matrix.__main__ import main
take = measured.Measured.take
faults = {"none": 0, "once": 1, "always": 100}[sys.argv.pop(1)]
def broken(self, result):
    global faults
    if len(self) == 2 and faults:
        faults -= 1
        raise LookupError("nothing is there")
    take(self, result)
if __name__ == "__main__":
    measured.Measured.take = broken
    main()
"""
SAID = "tls-matrix: this program has a fault, please report it: LookupError: nothing is there (<string>, "


def ran(folder: Path, faults: str) -> subprocess.CompletedProcess[str]:
    asked = (faults, "run", "--server", BEFORE, *CLIENTS, "--out", str(folder))
    return subprocess.run(
        [sys.executable, "-c", FAULTY, *asked], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE
    )


def test_what_was_measured_before_it_is_written(tmp_path: Path) -> None:
    done = ran(tmp_path / "run", "once")
    assert (done.returncode, SAID in done.stderr, "Traceback" in done.stderr) == (3, True, False)
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert len(run["cells"]) >= 2


def test_where_it_cannot_be_the_journal_has_it(tmp_path: Path) -> None:
    done = ran(tmp_path / "run", "always")
    assert (done.returncode, SAID in done.stderr, "Traceback" in done.stderr) == (3, True, False)
    kept = f"what was measured is in the journal: tls-matrix report {tmp_path / 'run.unfinished'}"
    assert kept in done.stderr
    report = [sys.executable, "-m", "matrix", "report", str(tmp_path / "run.unfinished")]
    shown = subprocess.run(report, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)
    assert "2 of " in shown.stdout


def test_control_without_one_the_run_is_whole(tmp_path: Path) -> None:
    done = ran(tmp_path / "run", "none")
    assert done.returncode == 0, done.stderr
    assert not json.loads((tmp_path / "run" / "run.json").read_text())["run"].get("partial")
