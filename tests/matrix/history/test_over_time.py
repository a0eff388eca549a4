"""A cell over time: the same, changed, or flaky."""

from pathlib import Path

import pytest

from matrix.history.kept_run import KeptRun
from matrix.history.over_time import Course, over_time
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.run_file import NegotiatedRecord
from tests.matrix.history.made import CELL, NEW, OLD, a_cell, course_of, days, of_a_target, on_day
from tests.matrix.history.made import with_profiles as by
from tests.matrix.runs import failure, run

WORKS, FAILS, FALLBACK = (
    run(a_cell(outcome)) for outcome in (Outcome.WORKS, Outcome.FAILS, Outcome.WORKS_AFTER_FALLBACK)
)
BROKEN = run(a_cell(None, verdict=Verdict.HARNESS_ERROR))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def told(file: Path, *runs: KeptRun) -> tuple[Course, list[tuple[str, str, int, Course]]]:
    cell = course_of(file, *runs)
    return cell.course, [(span.first.name, span.state.outcome, span.runs, span.course) for span in cell.spans]


def test_the_same_in_every_run(file: Path) -> None:
    found = told(file, *days(Outcome.WORKS, Outcome.WORKS, Outcome.WORKS))
    assert found == (Course.STEADY, [("day-1", "works", 3, Course.STEADY)])
    assert course_of(file).changed_in is None


def test_other_definitions_and_another_result_are_a_change(file: Path) -> None:
    runs = [on_day(1, by(WORKS, OLD)), on_day(2, by(WORKS, OLD)), on_day(3, by(FAILS, NEW))]
    runs.append(on_day(4, by(FAILS, NEW)))
    steady, changed = ("day-1", "works", 2, Course.STEADY), ("day-3", "fails", 2, Course.CHANGED)
    assert told(file, *runs) == (Course.CHANGED, [steady, changed])
    first = course_of(file).changed_in
    assert first is not None
    assert first.name == "day-3"


def test_the_same_definitions_and_another_result_are_flaky(file: Path) -> None:
    course, spans = told(file, *days(Outcome.WORKS, Outcome.WORKS, Outcome.FAILS))
    assert course is Course.FLAKY
    assert [span[-1] for span in spans] == [Course.STEADY, Course.FLAKY]


def test_definitions_that_are_taken_back_are_no_flakiness(file: Path) -> None:
    course, spans = told(
        file, *(on_day(1, by(WORKS, OLD)), on_day(2, by(FAILS, NEW)), on_day(3, by(WORKS, OLD)))
    )
    assert course is Course.CHANGED
    assert [span[-1] for span in spans] == [Course.STEADY, Course.CHANGED, Course.CHANGED]


def test_flaky_where_the_run_before_gave_the_same_by_other_definitions(file: Path) -> None:
    runs = (on_day(1, by(WORKS, OLD)), on_day(2, by(FAILS, NEW)), on_day(3, by(FAILS, OLD)))
    course, spans = told(file, *runs)
    assert course is Course.FLAKY
    assert [span[-1] for span in spans] == [Course.STEADY, Course.CHANGED]


def test_a_target_changes_unseen_and_is_flaky_where_a_result_comes_back(file: Path) -> None:
    runs = [on_day(day, of_a_target(made)) for day, made in enumerate((WORKS, FAILS, FALLBACK, FAILS), 1)]
    assert told(file, *runs[:3])[0] is Course.CHANGED
    course, spans = told(file, runs[3])
    assert course is Course.FLAKY
    assert [span[-1] for span in spans] == [Course.STEADY, Course.CHANGED, Course.CHANGED, Course.FLAKY]


def test_a_run_that_found_nothing_out_changes_nothing(file: Path) -> None:
    found = told(file, on_day(1, WORKS), on_day(2, BROKEN), on_day(3, WORKS))
    assert found == (Course.STEADY, [("day-1", "works", 2, Course.STEADY)])
    assert course_of(file).unmeasured == 1


def test_a_cell_that_was_never_measured(file: Path) -> None:
    assert told(file, on_day(1, BROKEN)) == (Course.NOT_MEASURED, [])


@pytest.mark.parametrize(
    "other",
    [
        {"outcome": Outcome.FAILS, "reason": failure("fin")},
        {
            "outcome": Outcome.FAILS,
            "negotiated": NegotiatedRecord(
                version="TLSv1.0", cipher_suite="A", group=None, renegotiation_info=False
            ),
        },
    ],
)
def test_another_reason_or_another_version_is_another_result(file: Path, other: dict[str, object]) -> None:
    course, spans = told(file, on_day(1, FAILS), on_day(2, run(a_cell(**other))))  # type: ignore[arg-type]
    assert (course, len(spans)) == (Course.FLAKY, 2)


def test_what_is_thought_of_a_result_is_no_result(file: Path) -> None:
    expected = run(a_cell(Outcome.FAILS, verdict=Verdict.EXPECTED_FAILURE))
    assert told(file, on_day(1, FAILS), on_day(2, expected))[0] is Course.STEADY


def test_runs_count_in_the_order_of_their_time_and_those_without_first(file: Path) -> None:
    later, earlier = on_day(2, by(FAILS, NEW)), on_day(1, by(WORKS, OLD))
    assert [span[0] for span in told(file, later, earlier)[1]] == ["day-1", "day-2"]


def test_no_results_at_all() -> None:
    assert over_time(CELL, []).course is Course.NOT_MEASURED
