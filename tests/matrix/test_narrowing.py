"""`run -k` and `run --lf`: what is chosen is a whole run, and what chooses nothing writes nothing."""

from pathlib import Path

import pytest

from matrix.commands import narrowing
from matrix.history.adding import add_runs
from matrix.history.errors import HistoryError
from matrix.judgement.outcome import Outcome, Verdict
from matrix.plan.last_failed import last_failed
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.results.run_file import encode, load_run
from tests.matrix.history.made import on_day
from tests.matrix.runs import cell, run
from tests.matrix.test_cli import tls_matrix

ASKED = ("run", "--server", "jsse6@6u45", "--server", "jsse7@7u85", "--client", "java-?")


def test_the_cells_that_match_are_a_whole_run(tmp_path: Path) -> None:
    done = tls_matrix(*ASKED, "-k", "java-7 and not 7u85", "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    content = load_run(tmp_path / "run")
    assert [each.id for each in content.cells] == ["jsse6@6u45/java-7/connect"]
    assert not content.run.partial
    assert set(content.servers) == {"jsse6@6u45"}, "no other server is started"


@pytest.mark.parametrize(
    ("keyword", "said"),
    [
        ("nothing", "matches no cell of this run (see `tls-matrix list cells`)"),
        ("java-7 and", "at column 11: expected not OR left parenthesis OR identifier; got end of input"),
    ],
)
def test_what_chooses_nothing_is_one_line_and_writes_nothing(keyword: str, said: str, tmp_path: Path) -> None:
    done = tls_matrix(*ASKED, "-k", keyword, "--out", str(tmp_path / "run"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tls-matrix: -k {keyword}: {said}\n"
    assert list(tmp_path.iterdir()) == []


def test_what_has_failed_is_what_was_not_as_expected_or_failed_at_a_target() -> None:
    cells = {
        "works": cell("a", "works"),
        "failed": cell("a", "failed", Outcome.FAILS),
        "better": cell("a", "better", verdict=Verdict.UNEXPECTED_PASS),
        "known": cell("a", "known", Outcome.FAILS, verdict=Verdict.EXPECTED_FAILURE),
        "broken": cell("a", "broken", None, verdict=Verdict.HARNESS_ERROR),
        "absent": cell("a", "absent", None, verdict=Verdict.NOT_INSTALLED),
        "seen": cell("a", "seen", verdict=Verdict.OBSERVED),
        "bad": cell("a", "bad", Outcome.FAILS, verdict=Verdict.OBSERVED),
    }
    results = [(each.id, each.verdict.value, each.outcome or "") for each in cells.values()]
    failed = {cells[name].id for name in ("failed", "better", "broken", "bad")}
    assert last_failed(results, {each.id for each in cells.values()}) == failed
    assert last_failed([], failed) == frozenset()


def test_the_last_result_of_each_cell_counts() -> None:
    results = [
        ("mended", "passed", "works"),
        ("gone", "not_installed", ""),
        ("mended", "failed", "fails"),
        ("gone", "failed", "fails"),
        ("broke", "failed", "fails"),
        ("broke", "passed", "works"),
        ("of another run", "failed", "fails"),
        ("of a later version", "a new verdict", "a new outcome"),
    ]
    asked = {"mended", "gone", "broke", "of a later version", "never run"}
    assert last_failed(results, asked) == {"gone", "broke"}


def test_no_more_results_are_read_than_are_needed() -> None:
    results = iter([("one", "failed", "fails"), ("two", "passed", "works"), ("three", "failed", "fails")])
    assert last_failed(results, {"one", "two"}) == {"one"}
    assert list(results) == [("three", "failed", "fails")]


def test_the_known_failures_are_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "history.sqlite"
    plan = make_plan(RunOptions(server=("jsse6@6u45",), client=("java-?",), history=file))

    def chosen() -> list[str]:
        return [each.cell.id for each in narrowing.failed_before(plan).cells]

    assert narrowing.failed_before(plan) is plan
    said = f"--lf: {file}: there is no history, so no cell is known to fail; all are run\n"
    assert capsys.readouterr().err.endswith(said)
    failing = [cell("jsse6@6u45", client, Outcome.FAILS) for client in ("java-6", "java-7")]
    other = cell("other", "java-6", Outcome.FAILS)
    add_runs(file, [on_day(1, run(*failing, cell("jsse6@6u45", "java-8"), other))])
    assert chosen() == [each.id for each in failing]
    add_runs(file, [on_day(2, run(cell("jsse6@6u45", "java-6")))])
    assert chosen() == [failing[1].id], "a run of one cell leaves what is known of the others"
    add_runs(file, [on_day(3, run(cell("jsse6@6u45", "java-7")))])
    assert narrowing.failed_before(plan) is plan
    said = f"--lf: {file}: no cell of this run is known to fail; all are run\n"
    assert capsys.readouterr().err.endswith(said)
    file.write_bytes(b"no database at all")
    with pytest.raises(HistoryError, match="is no history"):
        narrowing.failed_before(plan)


@pytest.mark.long
def test_a_run_of_one_cell_forgets_no_other_failure(tmp_path: Path) -> None:
    """With real runs: against this baseline, in which both work, both fail."""
    file, baseline = tmp_path / "history.sqlite", tmp_path / "baseline"
    asked = ("run", "--server", "jsse6@6u45", "--client", "java-7", "--client", "chromium-156", "-n", "0")
    assert tls_matrix(*asked, "--out", str(tmp_path / "first"), "--history", str(file)).returncode == 0
    content = load_run(tmp_path / "first")
    opposite = {Outcome.FAILS: Outcome.WORKS, Outcome.WORKS: Outcome.FAILS}
    cells = [
        each.model_copy(update={"outcome": opposite[each.outcome], "reason": None})
        for each in content.cells
        if each.outcome is not None
    ]
    baseline.mkdir()
    (baseline / "run.json").write_text(encode(content.model_copy(update={"cells": cells})))
    against = (*asked, "--baseline", str(baseline), "--history", str(file))
    assert tls_matrix(*against, "--out", str(tmp_path / "both")).returncode == 1
    assert tls_matrix(*against, "-k", "java-7", "--out", str(tmp_path / "part")).returncode == 1
    assert tls_matrix(*against, "--lf", "--out", str(tmp_path / "again")).returncode == 1
    assert len(load_run(tmp_path / "again").cells) == 2
    mended = (*asked, "-k", "java-7", "--history", str(file), "--out", str(tmp_path / "mended"))
    assert tls_matrix(*mended).returncode == 0
    assert tls_matrix(*against, "--lf", "--out", str(tmp_path / "last")).returncode == 1
    assert [each.client for each in load_run(tmp_path / "last").cells] == ["chromium-156"]


@pytest.mark.long
def test_the_shards_of_what_is_chosen_are_parts_of_it(tmp_path: Path) -> None:
    """A part of its own choice would have cells that are no part of the others' run."""
    asked = (*ASKED, "-k", "java-7 or java-8")
    parts = [tmp_path / "1", tmp_path / "2"]
    for number, part in enumerate(parts, start=1):
        done = tls_matrix(*asked, "--shard", f"{number}/2", "--out", str(part))
        assert done.returncode == 0, done.stderr
        assert 0 < len(load_run(part).cells) < 4
    merged = tls_matrix("report", "merge", *map(str, parts), "--out", str(tmp_path / "merged"))
    assert merged.returncode == 0, merged.stderr
    assert tls_matrix(*asked, "--out", str(tmp_path / "whole")).returncode == 0
    files = [tmp_path / name / "run.json" for name in ("merged", "whole")]
    assert files[0].read_bytes() == files[1].read_bytes()
