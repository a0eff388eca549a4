"""`tls-matrix history`, as people and programs ask it."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from matrix.history.adding import add_runs
from matrix.history.answers import SCHEMA_FILE, json_schema
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.journal import Journal
from matrix.results.run_file import RUN_FILE_NAME, RunFile, encode, to_json
from matrix.results.run_folder import TIMINGS
from tests.matrix.history.made import CELL, NEW, OLD, a_cell, days, listed, names, on_day, with_profiles
from tests.matrix.runs import cell, run
from tests.matrix.test_run import tls_matrix

STARTED = "2026-11-30T02:00:00+00:00"
OTHER = "jsse6@6u45/java-8/connect"


def kept(folder: Path, made: RunFile, started: str = STARTED) -> Path:
    """A run in its folder; the seconds of its cells are those of `on_day`."""
    folder.mkdir(parents=True)
    (folder / RUN_FILE_NAME).write_text(encode(made), encoding="utf-8")
    timings = {"run": folder.name, "started": started, "cells": {each.id: 0.001 for each in made.cells}}
    (folder / TIMINGS).write_text(to_json(timings), encoding="utf-8")
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Four runs: java-7 works, works, fails by other definitions, and is flaky by them; java-8 works."""
    steady = cell("jsse6@6u45", "java-8", Outcome.WORKS)
    outcomes = (Outcome.WORKS, Outcome.WORKS, Outcome.FAILS, Outcome.WORKS_AFTER_FALLBACK)
    runs = [
        on_day(day, with_profiles(run(a_cell(outcome), steady, partial=day == 2), OLD if day < 3 else NEW))
        for day, outcome in enumerate(outcomes, 1)
    ]
    add_runs(tmp_path / "history.sqlite", runs)
    return tmp_path / "history.sqlite"


def history(file: Path, *arguments: object) -> str:
    done = tls_matrix("history", *arguments, "--history", file)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def answer(file: Path, *arguments: object) -> Any:
    content = json.loads(history(file, *arguments, "--json"))
    jsonschema.validate(content, json.loads(json_schema()))
    return content


def refused(*arguments: object) -> str:
    done = tls_matrix("history", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_the_schema_that_is_shipped_is_that_of_the_code() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json_schema()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema": "tls-matrix/history/1", "about": "runs"}, json.loads(json_schema()))


def test_the_last_runs(file: Path) -> None:
    assert history(file).splitlines() == [
        "started (UTC)\trun\tcells\tworks\tfallback\tfails\tn/a\tnot measured\tunexpected\t",
        "2026-11-01 02:00:00\tday-1\t2\t2\t0\t0\t0\t0\t0\t",
        "2026-11-02 02:00:00\tday-2\t2\t2\t0\t0\t0\t0\t0\tpartial",
        "2026-11-03 02:00:00\tday-3\t2\t1\t0\t1\t0\t0\t1\t",
        "2026-11-04 02:00:00\tday-4\t2\t1\t1\t0\t0\t0\t1\t",
    ]
    assert history(file, "show") == history(file)


def test_fewer_runs_and_what_is_not_shown(file: Path) -> None:
    done = tls_matrix("history", "--last", 1, "--history", file)
    assert [line.split("\t")[1] for line in done.stdout.splitlines()[1:]] == ["day-4"]
    assert done.stderr == "3 earlier runs not shown; --last 4 shows all\n"


def test_a_cell_has_all_its_runs(file: Path) -> None:
    said = refused(CELL, "--last", 1, "--history", file)
    assert said == f"tls-matrix: --last 1: is for the list of runs; leave out --last or {CELL!r}\n"


def test_runs_as_json(file: Path) -> None:
    content = answer(file, "--last", 4)
    assert (content["about"], content["kept"]) == ("runs", 4)
    assert [each["partial"] for each in content["runs"]] == [False, True, False, False]
    counts = {key: content["runs"][2][key] for key in ("cells", "works", "fails", "unmeasured", "unexpected")}
    assert counts == {"cells": 2, "works": 1, "fails": 1, "unmeasured": 0, "unexpected": 1}


def test_a_cell_over_time(file: Path) -> None:
    assert history(file, CELL).splitlines() == [
        f"{CELL}: FLAKY: the same definitions gave different results",
        "  2026-11-01 02:00:00 day-1 to 2026-11-02 02:00:00, 2 runs: ✓ works, SSLv3, "
        "TLS_RSA_WITH_RC4_128_MD5",
        "  2026-11-03 02:00:00 day-3: changed: ✗ fails, server-hello:alert-unexpected_message",
        "  2026-11-04 02:00:00 day-4: flaky: ↓ fallback, server-hello:alert-unexpected_message, SSLv3, "
        "TLS_RSA_WITH_RC4_128_MD5",
    ]


def test_the_first_run_in_which_it_changed(file: Path) -> None:
    history(file, "prune", "--keep", 4)
    add_runs(file, [on_day(5, with_profiles(run(cell("jsse6@6u45", "java-8", Outcome.FAILS)), NEW + "22"))])
    assert history(file, OTHER).startswith(f"{OTHER}: changed, first in day-5 (2026-11-05 02:00:00)\n")
    (told,) = answer(file, OTHER)["cells"]
    assert (told["course"], told["changed_in"]["name"], len(told["spans"])) == ("changed", "day-5", 2)


def test_a_pattern_shows_what_is_not_steady_and_counts_the_rest(file: Path) -> None:
    lines = history(file, "jsse6*").splitlines()
    assert lines[0].startswith(f"{CELL}: FLAKY")
    assert lines[-1] == "1 cell gave the same result in every run"
    assert [each["course"] for each in answer(file, "jsse6*")["cells"]] == ["flaky", "steady"]


def test_a_cell_that_was_not_measured(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    add_runs(file, [on_day(1, run(a_cell(None, verdict=Verdict.NOT_INSTALLED)))])
    assert history(file, CELL) == f"{CELL}: was never measured\n  not measured in 1 run\n"
    assert answer(file)["runs"][0]["unmeasured"] == 1


def test_a_pattern_that_matches_nothing(file: Path) -> None:
    wrong = "jsse6@6u45/jav-7/connect"
    said = refused(wrong, "--history", file)
    assert said.startswith(f"tls-matrix: no cell of the history matches {wrong!r}; near it: {CELL}")


def test_there_is_no_history(tmp_path: Path) -> None:
    file = tmp_path / "none.sqlite"
    advice = "there is no history: a run makes it, and so does `tls-matrix history import RUN...`"
    for question in ((), (CELL,), ("prune", "--keep", 1)):
        assert refused(*question, "--history", file) == f"tls-matrix: {file}: {advice}\n"
    assert not file.exists()


def test_a_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no database\n" * 100, encoding="utf-8")
    advice = "is no history: move it away, or name another file with --history"
    for question in ((), (CELL,), ("prune", "--keep", 1)):
        assert refused(*question, "--history", file) == f"tls-matrix: {file}: {advice}\n"


def test_what_is_in_a_file_cannot_drive_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    bad = on_day(1, run(a_cell(Outcome.WORKS)))
    (found,) = bad.cells.values()
    add_runs(file, [type(bad)("1", "2", "\x1b[2Jname", "f", "\x1b[31m", "0", False, {"a\x1b]0;/b/c": found})])
    for question in ((), ("*",)):
        assert "\x1b" not in history(file, *question)


def test_runs_are_imported_once(tmp_path: Path) -> None:
    file = tmp_path / "new" / "history.sqlite"
    first = kept(tmp_path / "first", run(a_cell(Outcome.WORKS)))
    second = kept(tmp_path / "second", run(a_cell(Outcome.FAILS)), "2026-11-29T02:00:00+00:00")
    assert history(file, "import", first, second, first) == (
        f"{first}: is there already\n2 runs added to {file}\n"
    )
    assert names(file) == ["second", "first"]
    content = answer(file, "import", second, first / RUN_FILE_NAME)
    assert (content["added"], content["there_already"]) == ([], [str(second), str(first)])


def test_a_run_that_the_history_has_is_not_imported(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    add_runs(file, [on_day(1, run(a_cell(Outcome.WORKS)))])
    same = kept(tmp_path / "moved", run(a_cell(Outcome.WORKS)), "2026-11-01T02:00:00+00:00")
    assert history(file, "import", same).endswith(f"0 runs added to {file}\n")
    other = kept(tmp_path / "other", run(a_cell(Outcome.WORKS)), "2026-11-01T02:00:01+00:00")
    assert history(file, "import", other).endswith(f"1 run added to {file}\n")


def test_run_files_without_times_are_the_first_and_known_by_what_they_say(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    folder = kept(tmp_path / "dated", run(a_cell(Outcome.WORKS)))
    one, other = tmp_path / "dated" / "one.json", tmp_path / "dated" / "other.json"
    one.write_text(encode(run(a_cell(Outcome.FAILS))), encoding="utf-8")
    shutil.copy(folder / RUN_FILE_NAME, other)
    assert history(file, "import", folder, one).endswith(f"2 runs added to {file}\n")
    assert [(each.name, each.started) for each in listed(file)] == [("one", ""), ("dated", STARTED)]
    assert "date not recorded\tone\t" in history(file)
    assert history(file, "import", other, one).endswith(f"0 runs added to {file}\n")


@pytest.mark.long
def test_a_run_that_was_killed_is_imported_and_later_recognised(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    made = run(a_cell(Outcome.WORKS))
    folder = tmp_path / "run.unfinished"
    folder.mkdir()
    journal = Journal(folder)
    journal.begin(made.model_copy(update={"cells": []}), 2, STARTED)
    journal.add(made.cells[0], 0.001)
    said = f"tls-matrix: {folder}: a run is being written there: import it when it has ended\n"
    assert refused("import", folder, "--history", file) == said
    journal.close()
    assert history(file, "import", folder).endswith(f"1 run added to {file}\n")
    assert [each.partial for each in listed(file)] == [True]
    assert tls_matrix("report", folder).returncode == 0
    assert history(file, "import", folder).endswith(f"0 runs added to {file}\n")


def test_what_cannot_be_imported_is_a_line_for_each_and_nothing_is(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    good = kept(tmp_path / "good", run(a_cell(Outcome.WORKS)))
    bad = kept(tmp_path / "bad", run(a_cell(Outcome.WORKS)), "yesterday")
    worse = kept(tmp_path / "worse", run(a_cell(Outcome.WORKS)))
    (worse / TIMINGS).write_text("[", encoding="utf-8")
    lines = refused("import", good, bad, tmp_path / "none", worse, "--history", file).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        str(bad),
        str(tmp_path / "none"),
        str(worse / TIMINGS),
    ]
    assert not file.exists()


@pytest.mark.long
def test_prune(file: Path) -> None:
    assert history(file, "prune", "--keep", 3) == "1 run removed, 3 runs kept\n"
    content = answer(file, "prune", "--keep", 1)
    assert ([each["name"] for each in content["removed"]], content["kept"]) == (["day-2", "day-3"], 1)
    assert names(file) == ["day-4"]
    assert history(file, "prune", "--keep", 0) == "1 run removed, 0 runs kept\n"
    assert answer(file)["runs"] == []


def test_prune_says_how_many(file: Path) -> None:
    for wrong in (("prune",), ("prune", "--keep", "-1"), ("prune", "--keep", "all")):
        assert len(refused(*wrong, "--history", file).splitlines()) == 1
    assert len(names(file)) == len(days(*[Outcome.WORKS] * 4))
