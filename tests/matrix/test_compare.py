import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.compare import ChangeKind, compare
from matrix.outcome import Outcome, Verdict
from matrix.reports import comparison as render
from matrix.run_file import RunFile
from tests.matrix.runs import cell, run

WORKS, FALLBACK, FAILS = Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK, Outcome.FAILS


def only_kind(old: RunFile, new: RunFile) -> ChangeKind:
    (change,) = compare(old, new).changes
    return change.kind


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (WORKS, WORKS, ChangeKind.UNCHANGED),
        (FAILS, WORKS, ChangeKind.FIXED),
        (FAILS, FALLBACK, ChangeKind.FIXED),
        (FALLBACK, WORKS, ChangeKind.IMPROVEMENT),
        (WORKS, FALLBACK, ChangeKind.REGRESSION),
        (FALLBACK, FAILS, ChangeKind.REGRESSION),
        (WORKS, None, ChangeKind.NOT_COMPARABLE),
        (None, FAILS, ChangeKind.NOT_COMPARABLE),
        (None, None, ChangeKind.UNCHANGED),
    ],
)
def test_what_became_of_a_cell(old: Outcome | None, new: Outcome | None, kind: ChangeKind) -> None:
    verdict = Verdict.HARNESS_ERROR
    before = cell("a@1", "x", old, verdict=None if old else verdict)
    now = cell("a@1", "x", new, verdict=None if new else verdict)
    assert only_kind(run(before), run(now)) is kind


def test_failing_in_another_way_is_told() -> None:
    before, now = cell("a@1", "x", FAILS), cell("a@1", "x", FAILS, "server-hello:fin")
    assert only_kind(run(before), run(now)) is ChangeKind.CHANGED_REASON


def test_cells_without_partner_are_new_and_gone() -> None:
    kinds = {change.kind for change in compare(run(cell("a@1", "x")), run(cell("a@1", "y"))).changes}
    assert kinds == {ChangeKind.NEW, ChangeKind.GONE}


def test_one_server_of_a_name_on_each_side_is_matched_across_levels() -> None:
    old = run(cell("web@fix-19,trigger=any", "x", FAILS), cell("other@1", "x"))
    new = run(cell("web@fix-20", "x"), cell("other@1", "x"))
    comparison = compare(old, new)
    assert [change.cell.id for change in comparison.of(ChangeKind.FIXED)] == ["web@fix-20/x/connect"]
    assert not comparison.has_regression


def test_two_servers_of_a_name_are_not_guessed_at() -> None:
    old = run(cell("web@1", "x"), cell("web@2", "x"))
    comparison = compare(old, run(cell("web@3", "x", FAILS)))
    assert len(comparison.of(ChangeKind.GONE)) == 2
    assert not comparison.has_regression


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["a@1", "a@2", "b@1"]), st.sampled_from(["x", "y"])),
    st.sampled_from(list(Outcome)),
    min_size=1,
).map(lambda chosen: run(*(cell(server, client, outcome) for (server, client), outcome in chosen.items())))


@given(CELLS)
def test_a_run_is_no_regression_against_itself(same: RunFile) -> None:
    assert {change.kind for change in compare(same, same).changes} == {ChangeKind.UNCHANGED}


@given(CELLS, CELLS)
def test_every_cell_of_both_runs_is_accounted_for_once(old: RunFile, new: RunFile) -> None:
    changes = compare(old, new).changes
    assert sorted(change.old.id for change in changes if change.old) == [cell.id for cell in old.cells]
    assert sorted(change.new.id for change in changes if change.new) == [cell.id for cell in new.cells]


def test_the_reports_name_what_changed() -> None:
    comparison = compare(
        run(cell("web@1", "x", FAILS), cell("web@1", "y")), run(cell("web@2", "x"), cell("web@2", "y", FAILS))
    )
    text = render.render_text(comparison)
    assert text.startswith("Regressions: worse than before (1)\n  web@1/y/connect -> web@2: works -> fails")
    assert text.endswith("Regression: 1 worse, 1 fixed.\n")
    assert "| x | web@1, now web@2 | connect | fails" in render.render_markdown(comparison)
    content = json.loads(render.render_json(comparison))
    assert [change["kind"] for change in content["changes"]] == ["regression", "fixed"]
    assert content["counts"]["regression"] == 1
