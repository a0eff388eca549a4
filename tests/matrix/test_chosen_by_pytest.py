"""The grid under pytest's own options: what chooses nothing or cannot be read is pytest's error, no run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from matrix.history.place import VARIABLE
from matrix.results.run_file import load_run
from tests.matrix.test_run import DEADLINE, ROOT, tls_matrix

GRID = "matrix/grid/test_grid.py"


def pytest_grid(out: Path, workers: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    chosen = ("--server", "jsse6@6u45", "--client", "java-?", f"--out={out}", "-n", str(workers))
    command = [sys.executable, "-m", "pytest", *arguments, *chosen]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)


@pytest.mark.long(but=["arguments0-*-0", "arguments4-*-0"])
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("-k", "a b("), 4, "Wrong expression passed to '-k'"),
        (("-m", "x("), 4, "Wrong expression passed to '-m'"),
        (("-m", "nothing"), 4, "Unknown marker"),
        ((f"{GRID}::nothing",), 4, "not found: "),
        (("-k", "nothing_of_it"), 5, "3 deselected / 0 selected"),
        (("--deselect", GRID), 5, "3 deselected / 0 selected"),
    ],
)
def test_what_chooses_no_cell_is_no_run(
    tmp_path: Path, workers: int, arguments: tuple[str, ...], status: int, said: str
) -> None:
    result = pytest_grid(tmp_path / "run", workers, *arguments)
    assert result.returncode == status
    assert said in result.stdout + result.stderr
    assert "INTERNALERROR" not in result.stdout
    assert "written to" not in result.stdout
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("arguments", [("--collect-only",), ("--collect-only", "-k", "java-7")])
def test_collecting_is_no_run(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = pytest_grid(tmp_path / "run", 0, *arguments)
    assert result.returncode == 0
    assert "test_cell[jsse6@6u45/java-7/connect]" in result.stdout
    assert not list(tmp_path.rglob("*"))


@pytest.mark.long
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_stops_at_the_first_surprise_keeps_what_it_has(tmp_path: Path, workers: int) -> None:
    expected = tmp_path / "expected"
    expected.mkdir()
    wrong = 'cells = "*"\noutcome = "fails"\nreason = "server-hello:fin"\nwhy = "a test"\n'
    (expected / "all.toml").write_text(f"[[expectation]]\n{wrong}")
    result = pytest_grid(tmp_path / "run", workers, "-x", f"--expectations={expected}")
    assert result.returncode == 1, result.stdout
    content = load_run(tmp_path / "run")
    assert content.run.partial
    assert 1 <= len(content.cells) <= 3


@pytest.mark.long(but=["0"])
@pytest.mark.parametrize("workers", [0, 2])
def test_what_chooses_some_is_a_run_of_these(tmp_path: Path, workers: int) -> None:
    result = pytest_grid(tmp_path, workers, "-k", "java-7")
    assert result.returncode == 0, result.stdout
    run = load_run(tmp_path)
    assert [cell.client for cell in run.cells] == ["java-7"]
    assert run.run.partial


@pytest.mark.long
def test_the_latest_run_stays_the_latest() -> None:
    def runs() -> set[str]:
        return {str(path.resolve()) for path in (ROOT / "reports").glob("*/run.json")}

    before, latest = runs(), os.path.realpath(ROOT / "reports" / "latest")
    for workers in ("0", "2"):
        command = [sys.executable, "-m", "pytest", "--server", "jsse6@6u45", "-n", workers, "-k", "a b("]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=DEADLINE).returncode == 4
    assert (runs(), os.path.realpath(ROOT / "reports" / "latest")) == (before, latest)


def test_a_run_is_in_the_users_own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "history.sqlite"))
    assert pytest_grid(tmp_path / "run", 0, "-k", "java-7").returncode == 0
    shown = tls_matrix("history", "show", "--json")
    assert [Path(run["folder"]) for run in json.loads(shown.stdout)["runs"]] == [tmp_path / "run"]
