"""Temporary folders: removed after their block, and by the next run where their process was killed."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stacks.temporary_folder import PREFIX, held_folder, remove_abandoned_folders, temporary_folder

PROJECT = Path(__file__).parents[2]
KILLED = """
import os, signal
from stacks.temporary_folder import temporary_folder
with temporary_folder("test") as folder:
    (folder / "inside").mkdir()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_by_the_killed(here: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        env={**os.environ, "TMPDIR": str(here), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    left = Path(done.stdout.strip())
    assert (left / "inside").is_dir(), done.stderr
    return left


def test_a_folder_goes_with_its_block(here: Path) -> None:
    with temporary_folder("test") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "file").touch()
    assert list(here.iterdir()) == []


def test_what_the_killed_have_left_is_removed_and_nothing_else(here: Path) -> None:
    left = left_by_the_killed(here)
    others = [here / "tls-matrix-of-somebody", here / f"{PREFIX}file"]
    others[0].mkdir()
    others[1].touch()
    linked = here / f"{PREFIX}link"
    linked.symlink_to(others[0])
    with temporary_folder("test") as used:
        remove_abandoned_folders()
        assert not left.exists()
        assert used.is_dir(), "one that is in use stays"
    assert sorted(here.iterdir()) == sorted([*others, linked])


def test_a_folder_is_in_use_until_its_descriptor_is_closed(here: Path) -> None:
    folder, lock = held_folder("test")
    remove_abandoned_folders()
    assert folder.is_dir()
    os.close(lock)
    remove_abandoned_folders()
    assert list(here.iterdir()) == []


def test_a_folder_that_is_removed_before_it_is_locked_is_made_again(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(prefix: str, dir: Path | None) -> str:
        made.append(tempfile.mkdtemp(prefix=prefix, dir=dir))
        if len(made) == 1:
            remove_abandoned_folders()
        return made[-1]

    monkeypatch.setattr("stacks.temporary_folder.mkdtemp", make)
    with temporary_folder("test") as folder:
        assert [str(folder)] == made[1:]
