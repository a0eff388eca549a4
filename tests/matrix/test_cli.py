"""What typer itself finds wrong with a command: still one line, and exit status 2."""

import subprocess
import sys

import pytest


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


def test_a_command_that_is_right_says_nothing_on_standard_error() -> None:
    result = tls_matrix("list", "scenarios")
    assert (result.returncode, result.stderr) == (0, "")
