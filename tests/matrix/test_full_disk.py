"""A disk that is full, a real one: a file system in memory of a fixed size, mounted for the test alone.

How much is written is the same in every run of the same cells, so the sizes decide how far it comes.
"""

import subprocess
from pathlib import Path

import pytest

from matrix.results.run_file import load_run
from tests.clients.capture.hellos import hello
from tests.matrix.own_disks import NEEDED, command_line, on_a_disk

pytestmark = NEEDED
CLIENTS = ("--client", "set:core", "--client", "set:today")
CELLS = ("--server", "jsse6@6u45", *CLIENTS, "--evidence", "all", "-n", "0")
FULL = "No space left on device"
MISSING = "Evidence is missing: the disk was full, and evidence made room for the results."


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
    kept = load_run(tmp_path / "kept")
    assert None not in {each.outcome for each in kept.cells}
    assert kept.run.lost_evidence
    assert MISSING in done.stdout
    assert MISSING in (tmp_path / "kept/grid.html").read_text()
    assert not (tmp_path / "kept/evidence").exists()


@pytest.mark.long
def test_a_report_that_is_made_when_there_is_room_says_that_evidence_is_missing(tmp_path: Path) -> None:
    report = command_line("report", "disk/run.unfinished", "--out", "kept")
    done = on_a_disk_of("200k", tmp_path, "mount -o remount,size=20m disk", report, "echo report $?")
    assert f"cannot be written ({FULL})" in done.stderr
    before, _, now = done.stdout.partition("exit 3\n")
    assert MISSING in before
    assert MISSING in now
    assert now.endswith("report 0\n")
    assert load_run(tmp_path / "kept").run.lost_evidence
    for name in ("grid.md", "grid.html"):
        text = (tmp_path / "kept" / name).read_text()
        assert MISSING in text
        assert "has every record and message" not in text


def test_a_disk_with_room_takes_all_of_it(tmp_path: Path) -> None:
    done = on_a_disk_of("100m", tmp_path, "ls disk/run/evidence | wc -l")
    assert "the disk is full" not in done.stderr
    assert MISSING not in done.stdout
    assert int(done.stdout.rstrip().splitlines()[-1]) > 0


FILLED = (
    "mkdir disk/out",
    "echo old > disk/out/explanation.json",
    "head -c 900k /dev/zero > disk/filled 2>&-",
)


@pytest.mark.long
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_explanation_that_cannot_be_written_is_told_and_3(tmp_path: Path, form: str) -> None:
    cell = "webmethods-8.0.1@core-fix-19/biztalk-ws2008/connect"
    more = ["--json"] if form == "json" else []
    explain = command_line("explain", cell, "--out", "disk/out", *more)
    after = (*FILLED, explain, "echo exit $?", "ls -A disk/out", "cat disk/out/*")
    done = on_a_disk("size=300k", tmp_path, *after)
    assert "refuses (alert unexpected_message) any hello with " in done.stdout, "the result is shown"
    assert done.stderr == f"tls-matrix: --out disk/out: cannot be written ({FULL}); free space\n"
    assert done.stdout.endswith("exit 3\nexplanation.json\nold\n"), "what was there is still whole"


def test_a_profile_that_cannot_be_written_leaves_no_half_of_one(tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text(hello("java-7").hex())
    write = command_line("hello", "import", "hello.txt", "--id", "mine", "--out", "disk/out")
    done = on_a_disk("size=300k", tmp_path, *FILLED, write, "echo exit $?", "ls -A disk/out")
    assert done.stderr == f"tls-matrix: disk/out/mine.toml: cannot be written ({FULL})\n"
    assert done.stdout == "exit 2\nexplanation.json\n"


@pytest.mark.long
def test_a_twin_that_cannot_be_written_leaves_no_half_of_one(tmp_path: Path) -> None:
    serve = (
        f"{command_line('serve', 'jsse6@6u45')} > served & "
        "until grep -q listens served; do kill -0 $! || exit 9; sleep 0.1; done"
    )
    address = "127.0.0.1:$(sed -n 's/.*listens on .*://p' served)"
    learn = f"{command_line('twin', '--id', 'copy', '--quick', '--servers-dir', 'disk/out')} {address}"
    after = (*FILLED, serve, learn, "echo exit $?", "kill $!", "ls -A disk/out/copy")
    done = on_a_disk("size=300k", tmp_path, *after)
    assert f"tls-matrix: --servers-dir disk/out: cannot be written ({FULL}); free space\n" in done.stderr
    assert done.stdout == "exit 3\n"
