"""Commands on a file system of the test's own, in memory and in a mount namespace: full or read-only."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.matrix.test_run import ROOT

NEEDED = [
    pytest.mark.skipif(
        os.geteuid() != 0, reason="a file system is mounted by root only; start the tests as root"
    ),
    pytest.mark.skipif(
        shutil.which("unshare") is None,
        reason="there is no unshare program; get it with: apt-get install util-linux",
    ),
]
"""Marks for the tests that use one."""


def command_line(*arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "matrix", *arguments])


def on_a_disk(options: str, folder: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    """Do the commands in the folder, in which a folder `disk` is a file system with these options."""
    (folder / "disk").mkdir()
    script = "; ".join((f"mount -t tmpfs -o {options} none disk", *commands))
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
