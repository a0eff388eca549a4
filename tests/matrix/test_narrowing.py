"""`run -k` and `run --lf`: what is chosen is a whole run, and what chooses nothing writes nothing."""

from pathlib import Path

import pytest

from matrix.commands import narrowing
from matrix.errors import UnreadableRun
from matrix.judgement.outcome import Outcome, Verdict
from matrix.plan.last_failed import last_failed
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.results.run_file import encode, load_run
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
    failed = last_failed(run(*cells.values()))
    assert failed == {cells[name].id for name in ("failed", "better", "broken", "bad")}


def test_the_last_failures_are_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(narrowing, "REPORTS", tmp_path)
    plan = make_plan(RunOptions(server=("jsse6@6u45",), client=("java-?",)))
    with pytest.raises(UnreadableRun, match="latest: cannot be read"):
        narrowing.failed_before(plan)
    latest = tmp_path / "latest"
    latest.mkdir()
    good, bad = cell("jsse6@6u45", "java-7"), cell("jsse6@6u45", "java-6", Outcome.FAILS)
    (latest / "run.json").write_text(encode(run(good, bad, cell("other", "java-6", Outcome.FAILS))))
    assert [each.cell.id for each in narrowing.failed_before(plan).cells] == [bad.id]
    (latest / "run.json").write_text(encode(run(good)))
    assert narrowing.failed_before(plan) is plan
    assert capsys.readouterr().err.endswith(f"--lf: no cell of this run failed in {latest}; all are run\n")
