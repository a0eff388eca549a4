"""Runs that write the history: commands and pytest, whatever --out says, and none that is harmed by it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from matrix.grid.assemble import frame_of
from matrix.history.adding import add_runs
from matrix.history.file import reading
from matrix.history.place import DEFAULT, VARIABLE, history_file, named_history
from matrix.history.store import StoredRun, cell_names, last_runs
from matrix.judgement.outcome import Outcome
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.results.places import REPORTS
from matrix.results.run_file import load_run
from servers.definition import BUNDLED_SERVERS
from tests.matrix.history.made import days, listed
from tests.matrix.test_run import BEFORE, CLIENTS, run_json, tls_matrix

RUN = ("run", "--server", BEFORE, *CLIENTS, "-n", 0)
CELLS = sorted(f"{BEFORE}/{client}/connect" for client in CLIENTS[1::2])


def found(file: Path) -> tuple[list[StoredRun], list[str]]:
    with reading(file) as connection:
        return last_runs(connection, 9), cell_names(connection)


def test_a_run_is_added_where_the_option_says_and_no_other_command_adds(tmp_path: Path) -> None:
    file, out = tmp_path / "new" / "history.sqlite", tmp_path / "run"
    done = tls_matrix(*RUN, "--out", out, "--history", file)
    assert (done.returncode, done.stderr) == (0, "")
    runs, cells = found(file)
    assert [(each.name, each.folder, each.partial) for each in runs] == [("run", str(out), False)]
    assert cells == CELLS
    assert "history" not in str(run_json(out)["run"])
    assert tls_matrix("report", out).returncode == 0
    assert tls_matrix("compare", out, out).returncode == 0
    imported = tls_matrix("history", "import", out, "--history", file)
    assert imported.stdout == f"{out}: is there already\n0 runs added to {file}\n"
    assert tls_matrix(*RUN, "--out", out, "--history", file).returncode == 0
    assert len(listed(file)) == 2


@pytest.mark.long
def test_the_variable_names_the_file_and_the_option_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_variable, by_option = tmp_path / "variable.sqlite", tmp_path / "option.sqlite"
    monkeypatch.setenv(VARIABLE, str(by_variable))
    assert tls_matrix(*RUN, "--out", tmp_path / "run").returncode == 0
    assert (len(listed(by_variable)), by_option.exists()) == (1, False)
    assert tls_matrix(*RUN, "--out", tmp_path / "run", "--history", by_option).returncode == 0
    assert (len(listed(by_variable)), len(listed(by_option))) == (1, 1)


def test_the_tests_keep_to_a_history_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert named_history(None) == Path(os.environ[VARIABLE]) == history_file(None)
    assert not history_file(None).is_relative_to(REPORTS)
    monkeypatch.delenv(VARIABLE)
    assert history_file(None) == DEFAULT == REPORTS / "history.sqlite"
    monkeypatch.setenv(VARIABLE, "")
    assert named_history(None) is None


@pytest.mark.long
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_by_pytest_is_added_once(tmp_path: Path, workers: int) -> None:
    file = tmp_path / "history.sqlite"
    chosen = ("--server", BEFORE, *CLIENTS, f"--out={tmp_path / 'run'}", f"--history={file}", "-n", workers)
    done = tls_matrix(*chosen, "-p", "no:cacheprovider", module="pytest")
    assert done.returncode == 0, done.stdout
    runs, cells = found(file)
    assert ([each.name for each in runs], cells) == (["run"], CELLS)


@pytest.mark.long
def test_cells_that_are_only_listed_or_not_chosen_are_no_run(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    for option in (("--collect-only",), ("-k", "nothing")):
        chosen = ("--server", BEFORE, *CLIENTS, f"--out={tmp_path / 'run'}", f"--history={file}", *option)
        tls_matrix(*chosen, "-p", "no:cacheprovider", module="pytest")
    assert not file.exists()


def test_a_named_file_that_cannot_be_used_is_told_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no database\n" * 100, encoding="utf-8")
    said = f"{file}: is no history: move it away, or name another file with --history"
    done = tls_matrix(*RUN, "--out", tmp_path / "run", "--history", file)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"tls-matrix: {said}\n")
    chosen = ("--server", BEFORE, *CLIENTS, f"--out={tmp_path / 'run'}")
    done = tls_matrix(*chosen, f"--history={file}", module="pytest")
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    monkeypatch.setenv(VARIABLE, str(file))
    assert tls_matrix(*RUN, "--out", tmp_path / "run").stderr == f"tls-matrix: {said}\n"
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"], "nothing was started"


@pytest.mark.long
def test_a_named_file_that_is_locked_is_no_reason_not_to_run(tmp_path: Path) -> None:
    file, out = tmp_path / "history.sqlite", tmp_path / "run"
    add_runs(file, days(Outcome.WORKS))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = tls_matrix(*RUN, "--out", out, "--history", file)
    assert done.returncode == 0
    assert done.stdout.startswith("3 cells: ")
    assert done.stderr == (
        f"tls-matrix: {file}: is in use by another program, which did not end in time; the run is not in the "
        f"history: try again later, then tls-matrix history import {out}\n"
    )
    assert len(listed(file)) == 1
    imported = tls_matrix("history", "import", out, "--history", file)
    assert imported.stdout == f"1 run added to {file}\n"


@pytest.mark.long
def test_a_history_that_turns_out_to_be_damaged_harms_no_run(tmp_path: Path) -> None:
    file, out = tmp_path / "history.sqlite", tmp_path / "run"
    assert tls_matrix(*RUN, "--out", out, "--history", file).returncode == 0
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    done = tls_matrix(*RUN, "--out", out, "--history", file)
    assert done.returncode == 0
    assert done.stdout.startswith("3 cells: ")
    assert done.stderr == (
        f"tls-matrix: {file}: is damaged (database disk image is malformed); the run is not in the history: "
        f"move it away, then tls-matrix history import {out}\n"
    )
    assert len(load_run(out).cells) == 3
    chosen = ("--server", BEFORE, *CLIENTS, f"--out={out}", f"--history={file}", "-p", "no:cacheprovider")
    by_pytest = tls_matrix(*chosen, module="pytest")
    assert by_pytest.returncode == 0
    assert f"\n{file}: is damaged (database disk image is malformed); the run is not in" in by_pytest.stdout


@pytest.mark.long
def test_a_run_without_some_of_its_cells_is_added_as_partial(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    chosen = ("--server", BEFORE, *CLIENTS, f"--out={tmp_path / 'run'}", f"--history={file}", "-n", 0)
    tls_matrix(*chosen, "-k", "biztalk", "-p", "no:cacheprovider", module="pytest")
    runs, cells = found(file)
    assert ([each.partial for each in runs], cells) == ([True], [f"{BEFORE}/biztalk-ws2008/connect"])
    assert "\tpartial\n" in tls_matrix("history", "--history", file).stdout


def test_a_definition_has_a_digest_of_what_it_says(tmp_path: Path) -> None:
    definition = tmp_path / "mine" / "server.toml"
    shutil.copytree(BUNDLED_SERVERS / "jsse6", definition.parent)
    text = definition.read_text(encoding="utf-8").replace('id = "jsse6"', 'id = "mine"', 1)

    def digest(content: str) -> str | None:
        definition.write_text(content, encoding="utf-8")
        options = RunOptions(server=("mine@6u45",), client=("java-7",), servers_dir=(tmp_path,))
        return frame_of(make_plan(options)).servers["mine@6u45"].definition

    first = digest(text)
    assert digest(f"# a remark\n{text}") == first
    changed = text.replace("[emulation]\n", "[emulation]\nrequested_signature_schemes = []\n", 1)
    assert changed != text
    assert digest(changed) != first
