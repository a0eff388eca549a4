"""pytest-xdist's `--tx`: workers of other interpreters measure what those of this one do."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from matrix.results.run_file import load_run
from tests.matrix.test_run import DEADLINE, ROOT

pytestmark = pytest.mark.long

ASKED = ("--server", "jsse6@6u45", "--server", "webmethods-8.0.1@core-fix-19", "--client", "set:incident")


def interpreter(folder: Path) -> Path:
    """An interpreter of its own that finds the packages of this one, and says that it was started."""
    venv.create(folder, symlinks=True)
    (found,) = folder.glob("lib/python*/site-packages")
    says = f"import pathlib; pathlib.Path({str(folder / 'started')!r}).touch()"
    (found / "packages.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n{says}\n")
    return folder / "bin" / "python"


def pytest_grid(out: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", *arguments, *ASKED, f"--out={out}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_interpreters_measure_what_one_does(tmp_path: Path) -> None:
    pytest_grid(tmp_path / "one", "-n", "0")
    places = [tmp_path / "a", tmp_path / "b"]
    named = [word for each in places for word in ("--tx", f"popen//python={interpreter(each)}")]
    assert not any((each / "started").exists() for each in places), "control"
    pytest_grid(tmp_path / "two", "--dist", "load", *named)
    assert all((each / "started").exists() for each in places)
    one, two = ((tmp_path / name / "run.json").read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(load_run(tmp_path / "two").cells) > 10
