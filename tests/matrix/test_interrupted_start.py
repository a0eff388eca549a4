"""Ctrl-C while a command is still being imported ends it with 130, and nobody reads a traceback."""

import os
import signal
import subprocess
import sys

import pytest

from tests.matrix.test_run import ROOT

# Stands where the named module would be imported, and there is the moment of the interrupt.
INTERRUPTING = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
import runpy
sys.argv = ["tls-matrix", "explain", "x"]
runpy.run_module("matrix", run_name="__main__", alter_sys=True)
"""
EARLY, LATE = "matrix.commands.cli", "matrix.commands.explain"


@pytest.mark.parametrize("name", [EARLY, LATE, "matrix.explain.search"])
def test_an_interrupt_while_modules_are_imported(name: str) -> None:
    program = [sys.executable, "-c", INTERRUPTING.format(name=name)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_interrupt_that_the_launcher_keeps_back_is_not_lost() -> None:
    """It comes between the launcher and the command: it is blocked there, and taken here."""
    blocking = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]); "
        "os.kill(os.getpid(), signal.SIGINT); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    for module, status in (("matrix", 130), ("json.tool", 0)):
        program = [sys.executable, "-c", blocking, "-m", module, "--help"]
        done = subprocess.run(program, capture_output=True, text=True, timeout=60, cwd=ROOT)
        assert done.returncode == status
        assert "Traceback" not in done.stderr


def test_an_interrupt_that_is_ignored_stays_ignored() -> None:
    """As for a command in the background of a script."""
    command = f"trap '' INT; exec {sys.executable} -c \"$PROGRAM\""
    environment = {**os.environ, "PROGRAM": INTERRUPTING.format(name=LATE)}
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=60, cwd=ROOT, env=environment
    )
    assert done.returncode == 2
    assert "is no cell id" in done.stderr
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
