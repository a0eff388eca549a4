"""Folders that nobody may write to, as a file system of the test's own: what is told is what helps there."""

from pathlib import Path

import pytest

from matrix.results.places import REPORTS
from matrix.results.run_file import encode
from tests.matrix.own_disks import NEEDED, command_line, on_a_disk
from tests.matrix.runs import cell, run
from tests.matrix.test_run import BEFORE

pytestmark = NEEDED
RUN = ("run", "--server", BEFORE, "--client", "java-7", "-n", "0")
READ_ONLY = "cannot be written (Read-only file system)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*RUN, "--out", "disk/new"), f"--out disk/new: {READ_ONLY}; choose another folder"),
        (("report", "disk/run"), f"disk/run: {READ_ONLY}; name a folder for a copy with --out DIR"),
        (
            ("report", "disk/run", "--out", "disk/new"),
            f"disk/new: {READ_ONLY}; choose another folder with --out DIR",
        ),
        (
            ("serve", BEFORE, "--key-out", "disk/key"),
            f"disk/key: {READ_ONLY}; name another file",
        ),
    ],
)
def test_what_cannot_be_written_has_a_hint_that_fits(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "run.json").write_text(encode(run(cell(BEFORE, "java-7"))))
    begin = ("mkdir disk/run", "cp run.json disk/run", "mount -o remount,ro disk")
    done = on_a_disk("size=1m", tmp_path, *begin, f"{command_line(*arguments)}; echo exit $?")
    assert done.stderr == f"tls-matrix: {said}\n"
    assert done.stdout == "exit 2\n"


def test_a_copy_of_a_run_that_is_read_only_can_be_made(tmp_path: Path) -> None:
    """The control: what the hint says is what helps."""
    (tmp_path / "run.json").write_text(encode(run(cell(BEFORE, "java-7"))))
    begin = ("mkdir disk/run", "cp run.json disk/run", "mount -o remount,ro disk")
    report = command_line("report", "disk/run", "--out", "copy")
    assert "exit 0\n" in on_a_disk("size=1m", tmp_path, *begin, f"{report}; echo exit $?").stdout


def test_a_full_disk_has_another(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(encode(run(cell(BEFORE, "java-7"))))
    report = command_line("report", "run.json", "--out", "disk/new")
    done = on_a_disk("size=8k", tmp_path, f"{report}; echo exit $?")
    assert done.stderr.startswith(
        "tls-matrix: disk/new: cannot be written (No space left on device); free space"
    )


def test_reports_that_are_read_only(tmp_path: Path) -> None:
    done = on_a_disk(
        "ro,size=1m", tmp_path, f"mount --bind disk {REPORTS}", f"{command_line(*RUN)}; echo exit $?"
    )
    assert done.stdout == "exit 2\n"
    advice = "name a folder with --out, and a file for the history with --history"
    assert done.stderr.endswith(f": cannot be made (Read-only file system); {advice}\n")
