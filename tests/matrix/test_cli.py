"""What typer itself finds wrong with a command: still one line, and exit status 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from matrix.judgement.outcome import Outcome
from matrix.results.run_file import encode
from tests.matrix.runs import cell, run


def tls_matrix(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matrix", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "nothing"], "'nothing' is not one of 'servers'"),
        (["run", "--bogus"], "No such option: --bogus"),
        (["hello", "diff", "java-6"], "Missing argument"),
        (["run", "--backend", "x"], "'x' is not one of 'process', 'docker'"),
        (["run", "--baseline"], "requires an argument"),
    ],
)
def test_a_mistyped_command_is_one_line_and_2(arguments: list[str], said: str) -> None:
    result = tls_matrix(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("tls-matrix: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr
    assert "Value error" not in result.stderr


def test_a_command_without_what_it_is_about_is_one_line_and_2() -> None:
    result = tls_matrix("list")
    assert result.returncode == 2
    assert result.stderr.startswith("tls-matrix: Missing argument 'what'. Choose from: servers, ")
    assert result.stderr.count("\n") == 1
    assert "\\n" not in result.stderr


LIST = [sys.executable, "-m", "matrix", "list", "clients"]


def test_a_closed_standard_output_is_no_error() -> None:
    result = subprocess.run(["sh", "-c", '"$@" >&-', "-", *LIST], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_full_standard_output_is_one_line_and_3() -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run(LIST, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 3
    said = "tls-matrix: standard output cannot be written (No space left on device)\n"
    assert result.stderr == said


def test_what_an_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "\u00e9"
    folder.mkdir()
    (folder / "run.json").write_text(encode(run(cell("web@1", "x"))), encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "matrix", "report", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()
    assert "\\xe9" in result.stdout


def test_a_reader_who_has_seen_enough_changes_no_exit_status(tmp_path: Path) -> None:
    cells = [cell("web@1", f"client-{number}", Outcome.FAILS) for number in range(3000)]
    (tmp_path / "run.json").write_text(encode(run(*cells)), encoding="utf-8")
    command = [sys.executable, "-m", "matrix", "report", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


def test_a_command_that_is_right_says_nothing_on_standard_error() -> None:
    result = tls_matrix("list", "scenarios")
    assert (result.returncode, result.stderr) == (0, "")
