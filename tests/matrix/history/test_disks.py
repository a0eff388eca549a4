"""A history on a disk that is full, and in a folder that nobody may write to, as file systems of the test."""

from pathlib import Path

from matrix.history.adding import add_runs
from matrix.judgement.outcome import Outcome
from matrix.results.run_file import load_run
from tests.matrix.history.made import CELL, days
from tests.matrix.own_disks import NEEDED, command_line, on_a_disk
from tests.matrix.test_run import BEFORE

pytestmark = NEEDED
RUN = ("run", "--server", BEFORE, "--client", "set:core", "-n", "0", "--out", "run")


def test_a_full_disk_takes_no_run_and_harms_none(tmp_path: Path) -> None:
    run = command_line(*RUN, "--history", "disk/history.sqlite")
    done = on_a_disk("size=24k", tmp_path, f"{run} && echo exit $?", "ls disk")
    assert done.stderr == (
        "tls-matrix: disk/history.sqlite: has no room, the disk is full; the run is not in the history: "
        f"free space, then tls-matrix history import {tmp_path / 'run'}\n"
    )
    assert "exit 0\n" in done.stdout
    assert "journal" not in done.stdout, "what was begun is taken back"
    assert len(load_run(tmp_path / "run").cells) == 23


def test_a_disk_with_room_takes_it(tmp_path: Path) -> None:
    run = command_line(*RUN, "--history", "disk/history.sqlite")
    shown = command_line("history", "--history", "disk/history.sqlite")
    done = on_a_disk("size=10m", tmp_path, run, shown)
    assert done.stderr == ""
    assert "\trun\t23\t" in done.stdout


def test_a_folder_that_is_read_only_can_be_read_and_is_told_before_a_run(tmp_path: Path) -> None:
    add_runs(tmp_path / "history.sqlite", days(Outcome.WORKS))
    there, new = "disk/history.sqlite", "disk/new.sqlite"
    done = on_a_disk(
        "size=10m",
        tmp_path,
        "cp history.sqlite disk",
        "mount -o remount,ro disk",
        command_line("history", CELL, "--history", there),
        *(f"{command_line(*RUN, '--history', name)}; echo exit $?" for name in (there, new)),
        f"{command_line('history', 'prune', '--keep', '0', '--history', there)}; echo exit $?",
    )
    lines = done.stdout.splitlines()
    assert lines[0] == f"{CELL}: the same result in every run"
    assert lines[2:] == ["exit 2"] * 3
    advice = "make it writable, or name another file with --history"
    assert done.stderr.splitlines() == [
        f"tls-matrix: {there}: cannot be written: {advice}",
        f"tls-matrix: {new}: cannot be written (Read-only file system): {advice}",
        f"tls-matrix: {there}: cannot be written: {advice}",
    ]
    assert not (tmp_path / "run").exists()
