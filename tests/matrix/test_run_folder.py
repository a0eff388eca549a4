"""The folder of a run: what may be replaced, and what becomes of a run that cannot be written."""

import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matrix.errors import SelectionError
from matrix.results.run_folder import RunFolder
from tests.matrix.runs import cell, run
from tests.matrix.test_run import BEFORE, CLIENTS, DEADLINE, ROOT

NOW = datetime(2012, 2, 29, tzinfo=UTC)
EVIDENCE = {"attempts": []}


def test_what_is_left_of_a_run_that_was_killed_is_replaced(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, NOW)
    folder.add_evidence("a@1/x/connect", EVIDENCE)
    folder.write(run(cell("a@1", "x")), {}, {})
    (tmp_path / "run.json").unlink()
    RunFolder(tmp_path, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_not_mixed_with_an_earlier_one(tmp_path: Path) -> None:
    RunFolder(tmp_path, NOW).write(run(cell("a@1", "x")), {}, {"grid.md": "text"})
    RunFolder(tmp_path, NOW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("names", [["letter.txt"], ["grid.md", "letter.txt"]])
def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(SelectionError, match="is not empty and holds no run"):
        RunFolder(tmp_path, NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == names


@pytest.mark.parametrize("is_used", [True, False])
def test_a_folder_of_its_own_is_removed_if_nothing_was_written(tmp_path: Path, is_used: bool) -> None:
    folder = RunFolder(None, NOW, tmp_path)
    if is_used:
        folder.add_evidence("a@1/x/connect", EVIDENCE)
    folder.remove_if_unused()
    assert folder.path.exists() == is_used


def test_what_cannot_be_written_is_shown_all_the_same(tmp_path: Path) -> None:
    chosen = ("run", "--server", BEFORE, *CLIENTS, "--out", str(tmp_path), "-n", "0")
    result = subprocess.run(
        [sys.executable, "-B", "-m", "matrix", *chosen],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        # As a disk that fills up: no file may be longer.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000)),
    )
    assert result.returncode == 3, result.stdout + result.stderr
    assert "biztalk-ws2008" in result.stdout
    assert "written to" not in result.stdout
    assert result.stderr.startswith(f"tls-matrix: {tmp_path}")
    assert result.stderr.endswith("cannot be written (File too large); the run's files are not complete\n")
    assert result.stderr.count("\n") == 1
