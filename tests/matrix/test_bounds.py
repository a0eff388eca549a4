"""Numbers that are too small, too large or none are one line that says both ends; the ends are taken."""

import socket
import sys
from pathlib import Path
from subprocess import run

import pytest

from clients.connect import reach
from clients.destination import Destination
from matrix.grid.ending import Ending
from matrix.plan.bounds import SECONDS
from tests.matrix.test_cli import tls_matrix
from tests.matrix.test_run import ROOT

SAID_OF_SECONDS = "write a number from 0.1 to 604800"
SAID_OF_RATES = "write a number from 0.01 to 100000"


@pytest.mark.long(but=["run---time*"])
@pytest.mark.parametrize(
    ("command", "option", "said"),
    [
        ("run", "--time-limit", SAID_OF_SECONDS),
        ("run", "--timeout", SAID_OF_SECONDS),
        ("connect", "--timeout", SAID_OF_SECONDS),
        ("explain", "--timeout", SAID_OF_SECONDS),
        ("remedies", "--timeout", SAID_OF_SECONDS),
        ("twin", "--timeout", SAID_OF_SECONDS),
        ("run", "--rate", SAID_OF_RATES),
        ("explain", "--rate", SAID_OF_RATES),
        ("twin", "--rate", SAID_OF_RATES),
    ],
)
def test_a_number_out_of_bounds_is_one_line(command: str, option: str, said: str) -> None:
    result = tls_matrix(command, option, "1e9")
    expected = f"tls-matrix: Invalid value for '{option}': {said} (see `tls-matrix {command} --help`)\n"
    assert (result.returncode, result.stdout, result.stderr) == (2, "", expected)


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e9", "0.001", "soon", ""])
def test_what_is_no_number_of_seconds(text: str) -> None:
    with pytest.raises(ValueError, match=SAID_OF_SECONDS):
        SECONDS.read(text)


@pytest.mark.parametrize(("command", "option"), [("run", "--time-limit"), ("twin", "--timeout")])
def test_the_help_says_both_ends(command: str, option: str) -> None:
    lines = tls_matrix(command, "--help").stdout.splitlines()
    assert "0.1<=x<=604800" in next(line for line in lines if f" {option} " in line)


@pytest.mark.parametrize("value", ["1e9", "inf", "nan", "0.0"])
def test_so_it_is_in_the_file_of_a_site(tmp_path: Path, value: str) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f'timeout = {value}\nrate = {value}\n[targets]\nhere = "127.0.0.1:1"\n')
    result = tls_matrix("run", "--matrix", str(site))
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f"tls-matrix: {site}: timeout (line 1): is {float(value):g}: {SAID_OF_SECONDS}",
        f"tls-matrix: {site}: rate (line 2): is {float(value):g}: {SAID_OF_RATES}",
    ]


@pytest.mark.long
def test_pytest_says_it_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--timeout", "inf"]
    result = run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert f"argument --timeout: inf: {SAID_OF_SECONDS}" in result.stderr


def test_the_system_takes_the_longest_time() -> None:
    with Ending(SECONDS.largest):
        pass
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert reach(Destination(*listener.getsockname()), SECONDS.largest) is None


def test_a_list_of_more_runs_than_any_history_has_is_refused() -> None:
    result = tls_matrix("history", "--last", "9" * 30)
    assert result.returncode == 2
    assert "'--last': Input should be less than or equal to 1000000" in result.stderr
