"""A disk that is full, a real one: a file system in memory of a fixed size, mounted for the test alone.

How much is written is the same in every run of the same cells, so the sizes decide how far it comes.
"""

import subprocess
from pathlib import Path

import pytest

from matrix.results.run_file import load_run
from tests.matrix.own_disks import NEEDED, command_line, on_a_disk

pytestmark = NEEDED
CLIENTS = ("--client", "set:core", "--client", "set:today")
CELLS = ("--server", "jsse6@6u45", *CLIENTS, "--evidence", "all", "-n", "0")
FULL = "No space left on device"


def on_a_disk_of(size: str, folder: Path, *afterwards: str) -> subprocess.CompletedProcess[str]:
    """Do a run with its folder on a file system of that size, and then `afterwards`, in the same shell."""
    run = command_line("run", "--out", "disk/run", *CELLS)
    return on_a_disk(f"size={size}", folder, run, "echo exit $?", *afterwards)


@pytest.mark.long
def test_what_was_measured_is_shown_and_the_files_are_not_taken_for_whole(tmp_path: Path) -> None:
    done = on_a_disk_of("40k", tmp_path, "ls disk")
    assert "cells:" in done.stdout, "the terminal has what the disk has no room for"
    assert f"run.unfinished: cannot be written ({FULL})" in done.stderr
    assert "exit 0" not in done.stdout
    assert done.stdout.rstrip().splitlines()[-1] == "run.unfinished"
    assert "Traceback" not in done.stderr


def test_evidence_makes_room_for_the_results(tmp_path: Path) -> None:
    done = on_a_disk_of("300k", tmp_path, "cp -r disk/run kept")
    assert "disk/run: the disk is full; the run is without evidence" in done.stderr
    assert None not in {each.outcome for each in load_run(tmp_path / "kept").cells}
    assert not (tmp_path / "kept/evidence").exists()


def test_a_disk_with_room_takes_all_of_it(tmp_path: Path) -> None:
    done = on_a_disk_of("100m", tmp_path, "ls disk/run/evidence | wc -l")
    assert "the disk is full" not in done.stderr
    assert int(done.stdout.rstrip().splitlines()[-1]) > 0
