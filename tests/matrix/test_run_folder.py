"""The folder of a run: what may be replaced and when, and what becomes of a run that cannot be written."""

import json
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matrix.errors import SelectionError, UnreadableRun
from matrix.results.evidence import write_evidence
from matrix.results.files import TEMPORARY
from matrix.results.journal import Journalled
from matrix.results.run_file import RunFile, encode, load_run
from matrix.results.run_folder import RunFolder
from matrix.results.saved_run import load_saved_run
from tests.matrix.runs import cell, evidence, run
from tests.matrix.test_run import BEFORE, CLIENTS, DEADLINE, ROOT, run_json, tls_matrix

NOW = datetime(2012, 2, 29, tzinfo=UTC)
X, Y = cell("a@1", "x"), cell("a@1", "y")


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def write(folder: RunFolder, saved: RunFile, *, is_whole: bool = True) -> None:
    folder.write(saved, {}, {"grid.md": [b"te", b"xt"]})
    folder.finish(is_whole=is_whole)


def saved(out: Path, *cells: str) -> RunFile:
    """A finished run of these clients in a folder."""
    found = run(*(cell("a@1", client) for client in cells))
    write(RunFolder(out, NOW, [each.id for each in found.cells], force=True), found)
    return found


def test_a_run_has_its_folder_when_it_is_done(tmp_path: Path) -> None:
    out = tmp_path / "run"
    folder = RunFolder(out, NOW, [X.id])
    write_evidence(folder.path, evidence(X.id))
    assert not out.exists()
    assert folder.path == tmp_path / "run.unfinished"
    write(folder, run(X))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert content(out).keys() == {"run.json", "timings.json", "grid.md", "evidence/a@1/x/connect.json"}


def test_an_earlier_run_is_there_until_the_next_one_is_done(tmp_path: Path) -> None:
    out = tmp_path / "run"
    saved(out, "x")
    (out / "letter.txt").write_text("mine")
    before = content(out)
    folder = RunFolder(out, NOW, [X.id])
    folder.write(run(cell("a@1", "x", verdict=None, note="new")), {}, {})
    assert content(out) == before
    folder.finish(is_whole=True)
    assert run_json(out)["cells"][0]["note"] == "new"
    assert content(out).keys() == {"run.json", "timings.json", "letter.txt"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_that_ended_early_does_not_take_the_place_of_another(tmp_path: Path) -> None:
    out = tmp_path / "run"
    saved(out, "x", "y")
    before = content(out)
    folder = RunFolder(out, NOW, [X.id, Y.id])
    write(folder, run(X, partial=True), is_whole=False)
    assert content(out) == before
    assert load_run(tmp_path / "run.unfinished").run.partial
    assert folder.said == [f"{out} is as it was: the run ended early and is in {out}.unfinished"]


@pytest.mark.parametrize("planned", [[Y.id], [X.id, Y.id]])
def test_a_run_of_other_cells_gives_way_only_when_that_is_said(tmp_path: Path, planned: list[str]) -> None:
    saved(tmp_path / "run", "x")
    with pytest.raises(SelectionError, match=r"holds a run of other cells; .* --force"):
        RunFolder(tmp_path / "run", NOW, planned)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    write(RunFolder(tmp_path / "run", NOW, planned, force=True), run(Y))
    assert [each.id for each in load_run(tmp_path / "run").cells] == [Y.id]


def test_a_partial_run_gives_way_to_one_that_has_its_cells(tmp_path: Path) -> None:
    write(RunFolder(tmp_path / "run", NOW, [X.id, Y.id]), run(X, partial=True), is_whole=False)
    write(RunFolder(tmp_path / "run", NOW, [X.id, Y.id]), run(X, Y))
    assert len(load_run(tmp_path / "run").cells) == 2


@pytest.mark.parametrize("left", ["run.json", "grid.md"])
def test_a_run_that_cannot_be_read_gives_way_only_when_that_is_said(tmp_path: Path, left: str) -> None:
    (tmp_path / left).write_text("{", encoding="utf-8")
    with pytest.raises(SelectionError, match=r"cannot be read; .* --force"):
        RunFolder(tmp_path, NOW, [X.id])


@pytest.mark.parametrize(
    ("names", "force"),
    [(["letter.txt"], False), (["letter.txt"], True), (["grid.md", "letter.txt"], False)],
)
def test_a_folder_with_something_else_is_refused_and_left_alone(
    tmp_path: Path, names: list[str], force: bool
) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    for name in names:
        (out / name).touch()
    with pytest.raises(SelectionError, match="is not empty and holds no run"):
        RunFolder(out, NOW, [X.id], force=force)
    assert sorted(path.name for path in out.iterdir()) == names
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    first = RunFolder(tmp_path / "run", NOW, [X.id])
    with pytest.raises(SelectionError, match="another run is being written there"):
        RunFolder(tmp_path / "run", NOW, [X.id])
    write(first, run(X))
    RunFolder(tmp_path / "run", NOW, [X.id]).remove_if_unused()


def test_what_a_killed_run_has_left_is_kept_under_its_time(tmp_path: Path) -> None:
    killed = RunFolder(tmp_path / "run", NOW, [X.id, Y.id])
    killed.journal.begin(run(X, Y).model_copy(update={"cells": []}), 2, "2012-02-29T01:02:03+00:00")
    killed.journal.add(X, 0.5)
    killed.journal.close()  # as the system does it with a process that is gone
    later = RunFolder(tmp_path / "run", NOW, [X.id])
    kept = tmp_path / "run.unfinished-2012-02-29-010203"
    assert later.said == [f"a run that did not end is kept as {kept} (`tls-matrix report` shows it)"]
    assert Journalled.read(kept).run.by_id().keys() == {X.id}
    later.remove_if_unused()


def test_what_a_killed_worker_was_writing_is_removed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", NOW, [X.id])
    write_evidence(folder.path, evidence(X.id))
    half = folder.path / "evidence" / "a@1" / "x" / f"connect.json.77{TEMPORARY}"
    half.write_text("{")
    folder.keep_evidence_of([X.id])
    write(folder, run(X))
    assert "evidence/a@1/x/connect.json" in content(tmp_path / "run")
    assert not list(tmp_path.rglob(f"*{TEMPORARY}"))


def test_a_report_of_a_run_that_did_not_end_removes_what_was_being_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", NOW, [X.id])
    folder.journal.begin(run(X).model_copy(update={"cells": []}), 1, NOW.isoformat())
    folder.journal.add(X, 0.1)
    half = folder.path / f"run.json.77{TEMPORARY}"
    half.write_text("{")
    assert tls_matrix("report", folder.path).returncode in (0, 1)
    assert half.exists(), "as long as somebody writes there"
    folder.journal.close()
    assert tls_matrix("report", folder.path).returncode in (0, 1)
    assert not half.exists()


def test_what_a_run_has_left_that_measured_nothing_is_removed(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run", NOW, [X.id]).journal.close()
    later = RunFolder(tmp_path / "run", NOW, [X.id])
    assert later.said == []
    later.remove_if_unused()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_run_that_did_not_end_is_not_written_to(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match="did not end"):
        RunFolder(tmp_path / "run.unfinished", NOW, [X.id])


def test_a_journal_is_read_as_far_as_it_is_whole(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", NOW, [X.id, Y.id])
    folder.journal.begin(run(X, Y).model_copy(update={"cells": []}), 2, NOW.isoformat())
    folder.journal.add(X, 0.5)
    folder.journal.add(Y, 0.5)
    folder.journal.add(cell("a@1", "x", note="again"), 0.25)
    folder.journal.close()
    file = folder.path / "journal.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    assert Journalled.read(folder.path).run.by_id()[X.id].note == "again"
    assert Journalled.read(folder.path).seconds == {X.id: 0.25, Y.id: 0.5}
    assert not Journalled.read(folder.path).run.run.partial
    file.write_bytes(b"".join([*lines[:2], lines[2][:40], b"\n", lines[3][:-9]]))
    torn = Journalled.read(folder.path)
    assert torn.run.by_id() == {X.id: X}
    assert torn.run.run.partial
    file.write_bytes(lines[0][:50])
    with pytest.raises(UnreadableRun, match="tells of no cell"):
        Journalled.read(folder.path)


def test_a_saved_run_is_its_journal_where_that_has_more(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", NOW, [X.id, Y.id])
    folder.journal.begin(run(X, Y).model_copy(update={"cells": []}), 2, NOW.isoformat())
    folder.journal.add(X, 0.5)
    (folder.path / "run.json").write_text(encode(run(X, partial=True)))
    folder.journal.add(Y, 0.5)
    folder.journal.close()
    assert len(load_saved_run(folder.path).run.cells) == 2
    (folder.path / "journal.jsonl").write_bytes(b"")
    assert len(load_saved_run(folder.path).run.cells) == 1


@pytest.mark.parametrize("is_used", [True, False])
def test_a_folder_of_its_own_is_removed_if_nothing_was_measured(tmp_path: Path, is_used: bool) -> None:
    folder = RunFolder(None, NOW, [X.id], reports=tmp_path)
    if is_used:
        folder.journal.begin(run(X), 2, NOW.isoformat())
        folder.journal.add(X, 0.5)
    folder.remove_if_unused()
    assert folder.path.exists() == is_used


def test_two_runs_of_one_second_have_two_folders(tmp_path: Path) -> None:
    first, second = (RunFolder(None, NOW, [X.id], reports=tmp_path) for _ in range(2))
    for folder in (second, first):
        write(folder, run(X))
    assert {path.name for path in tmp_path.iterdir()} == {
        "2012-02-29-000000",
        "2012-02-29-000000-2",
        "latest",
    }
    assert (tmp_path / "latest").resolve() == first.place


@pytest.mark.long
def test_what_cannot_be_written_is_shown_all_the_same_and_can_be_reported(tmp_path: Path) -> None:
    """A disk that fills up, as a limit on the length of a file."""
    out = tmp_path / "run"
    chosen = ("--server", BEFORE, *CLIENTS, "--out", str(out), "-n", "0")
    assert tls_matrix("run", *chosen).returncode == 0
    before = content(out)
    result = subprocess.run(
        [sys.executable, "-B", "-m", "matrix", "run", *chosen],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
    )
    assert result.returncode == 3, result.stdout + result.stderr
    assert "biztalk-ws2008" in result.stdout
    assert "written to" not in result.stdout
    unwritten, not_in_history = result.stderr.splitlines()
    assert unwritten.startswith(f"tls-matrix: {out}.unfinished")
    assert "cannot be written (File too large)" in unwritten
    assert not_in_history.endswith(f"then tls-matrix history import {out}.unfinished")
    assert content(out) == before
    left = Path(f"{out}.unfinished")
    assert not (left / "run.json").exists() or json.loads((left / "run.json").read_text())
    assert not list(left.rglob("*.part"))
    assert tls_matrix("report", left).returncode == 0
    found = {each["id"]: each for each in run_json(left)["cells"]}
    assert len(found) >= 2
    whole = {each["id"]: each for each in run_json(out)["cells"]}
    assert found == {identifier: whole[identifier] for identifier in found}


def test_the_command_refuses_before_anything_runs_and_replaces_when_told_to(tmp_path: Path) -> None:
    out = tmp_path / "run"
    chosen = ("run", "--server", BEFORE, "--out", out, "-n", 0, "--client")
    assert tls_matrix(*chosen, "java-7").returncode == 0
    before = content(out)
    result = tls_matrix(*chosen, "java-8")
    assert result.returncode == 2
    assert result.stderr == (
        f"tls-matrix: --out {out}: holds a run of other cells; "
        "choose another folder, or replace it with --force\n"
    )
    assert content(out) == before
    assert tls_matrix(*chosen, "java-8", "--force").returncode == 0
    assert [each["client"] for each in run_json(out)["cells"]] == ["java-8"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.long
def test_the_gates_of_a_user_close(tmp_path: Path) -> None:
    chosen = ("run", "--server", BEFORE, "--client", "biztalk-ws2008", "-n", 0, "--out")
    assert tls_matrix(*chosen, tmp_path / "open").returncode == 0
    assert tls_matrix(*chosen, tmp_path / "closed", "--fail-on", "unmeasured,fails").returncode == 1
    wrong = tls_matrix(*chosen, tmp_path / "wrong", "--fail-on", "fial")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "wrong").exists()
