"""A saved run judged again from its evidence."""

import json
from pathlib import Path

import pytest

from matrix.cell import parse_cell_id
from matrix.judgement.outcome import Expectation, Outcome, Verdict
from matrix.plan.judge_again import judge_again
from matrix.plan.plan import PlannedCell
from matrix.results.evidence import Evidence
from matrix.results.run_file import RunFile
from tests.matrix.runs import ALERT, cell, evidence, failure, run
from tests.matrix.test_run import BEFORE, CLIENTS, run_json, tls_matrix

X = "a@1/x/connect"


def judged(saved: RunFile, seen: Evidence | None, expectation: Expectation | None) -> RunFile:
    planned = {X: PlannedCell(parse_cell_id(X), expectation, None)}
    return judge_again(saved, {X: seen}.get, planned).run


@pytest.mark.parametrize(
    ("expectation", "verdict"),
    [
        (Expectation(), Verdict.FAILED),
        (Expectation(Outcome.FAILS, ALERT), Verdict.EXPECTED_FAILURE),
        (Expectation(Outcome.FAILS, failure("fin")), Verdict.FAILED),
        (None, Verdict.OBSERVED),
    ],
)
def test_the_verdict_follows_the_expectation_of_now(
    expectation: Expectation | None, verdict: Verdict
) -> None:
    saved = run(cell("a@1", "x", Outcome.FAILS, verdict=Verdict.PASSED))
    (found,) = judged(saved, evidence(X, ALERT), expectation).cells
    assert (found.verdict, found.outcome, found.reason) == (verdict, Outcome.FAILS, ALERT)
    assert found.expected is (expectation and expectation.outcome)


def test_the_outcome_is_what_the_evidence_shows() -> None:
    saved = run(cell("a@1", "x", Outcome.FAILS))
    again = judge_again(saved, {X: evidence(X, ALERT, None)}.get, {})
    (found,) = again.run.cells
    assert found.outcome is Outcome.WORKS_AFTER_FALLBACK
    assert [difference.line for difference in again.differences] == [
        f"{X}: failed fails {ALERT} -> failed works-after-fallback {ALERT}"
    ]
    assert again.kept == 0


def test_another_certificate_is_another_server() -> None:
    from dataclasses import replace

    seen = replace(evidence(X, None), certificate_sha256="00", fingerprints=["01"])
    (found,) = judged(run(cell("a@1", "x")), seen, Expectation()).cells
    assert found.verdict is Verdict.HARNESS_ERROR


def test_a_cell_without_evidence_keeps_what_it_has_and_is_counted() -> None:
    saved = run(cell("a@1", "x", Outcome.FAILS))
    again = judge_again(saved, lambda _: None, {X: PlannedCell(parse_cell_id(X), None, None)})
    assert (again.run, again.differences, again.kept) == (saved, (), 1)


def test_what_was_not_believed_is_not_believed_now() -> None:
    saved = run(cell("a@1", "x", None, verdict=Verdict.HARNESS_ERROR, note="it stopped"))
    stopped = saved.servers["a@1"].model_copy(update={"problem": "it stopped"})
    saved = saved.model_copy(update={"servers": {"a@1": stopped}})
    assert judged(saved, evidence(X, None), Expectation()) == saved


@pytest.mark.long
def test_a_run_on_disk_is_judged_again(tmp_path: Path) -> None:
    """As if the expectation of a cell had been another when it ran."""
    out = tmp_path / "run"
    assert tls_matrix("run", "--server", BEFORE, *CLIENTS, "--out", out, "-n", 0).returncode == 0
    right = (out / "run.json").read_bytes()
    content = run_json(out)
    content["cells"][0] |= {"verdict": "failed", "expected": "works", "expected_reason": None}
    (out / "run.json").write_text(json.dumps(content))
    result = tls_matrix("report", out, "--judge-again")
    assert result.returncode == 0, result.stderr
    reason = content["cells"][0]["reason"]
    line = f"{BEFORE}/biztalk-ws2008/connect: failed fails {reason} -> expected_failure fails {reason}"
    assert line in result.stdout.splitlines()
    assert "judged again: 1 difference; 1 cell without evidence kept as judged before" in result.stdout
    assert (out / "run.json").read_bytes() == right
    assert "judged again: 0 differences" in tls_matrix("report", out, "--judge-again").stdout
    other = tmp_path / "other"
    tls_matrix("run", "--server", "jsse7@7", *CLIENTS, "--out", other, "-n", 0)
    unheld = tls_matrix("report", out, "--judge-again", "--baseline", other)
    assert unheld.returncode == 2
    assert f"--baseline {other}: says nothing of any cell of this run" in unheld.stderr
