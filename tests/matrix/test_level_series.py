"""From level to level: the rules, for every course there can be, and what is said of it."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake.reason import Reason, parse_reason
from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports import levels
from matrix.results.levels import NO_RESULT, Course, course, in_order, level_series
from matrix.results.run_file import CellRecord, RunFile, ServerRecord, encode
from tests.matrix.runs import ALERT, cell, run

W, B, F = Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK, Outcome.FAILS
FIN = parse_reason("server-hello:fin")
FARES = [(W, None), (B, ALERT), (B, FIN), (F, ALERT), (F, FIN)]
Fares = tuple[Outcome | None, Reason | None] | None


def cells_of(fares: list[Fares]) -> list[tuple[str, CellRecord | None]]:
    """One level for each, numbered from 1; None has no cell, and an outcome of None is not installed."""
    return [(str(number), each and _cell(number, *each)) for number, each in enumerate(fares, start=1)]


def _cell(number: int, outcome: Outcome | None, reason: Reason | None) -> CellRecord:
    verdict = None if outcome else Verdict.NOT_INSTALLED
    return cell(f"web@{number}", "x", outcome, reason, verdict)


def said(*fares: Fares) -> str:
    return levels.course_text(course("x", cells_of(list(fares))))


ANY_FARES = st.lists(st.sampled_from([*FARES, (None, None), None]), min_size=1, max_size=9)


@given(ANY_FARES)
def test_stretches_and_unknown_levels_have_every_level_once_and_in_order(fares: list[Fares]) -> None:
    found = course("x", cells_of(fares))
    by_level = {
        level: (stretch.outcome, stretch.reason) for stretch in found.stretches for level in stretch.levels
    }
    known = [(str(number), each) for number, each in enumerate(fares, start=1) if each and each[0]]
    assert list(by_level.items()) == known
    assert [level for level, _ in found.unknown] == [
        str(number) for number in range(1, len(fares) + 1) if str(number) not in by_level
    ]


@given(ANY_FARES)
def test_neighbouring_stretches_differ_and_neighbouring_phases_differ_in_outcome(fares: list[Fares]) -> None:
    found = course("x", cells_of(fares))
    alike = [(stretch.outcome, stretch.reason) for stretch in found.stretches]
    assert all(one != other for one, other in pairwise(alike))
    outcomes = [{stretch.outcome for stretch in phase} for phase in found.phases]
    assert all(len(those) == 1 for those in outcomes)
    assert all(one != other for one, other in pairwise(outcomes))
    assert [stretch for phase in found.phases for stretch in phase] == list(found.stretches)


@given(ANY_FARES)
def test_every_reason_and_every_unknown_level_is_said(fares: list[Fares]) -> None:
    text = said(*fares)
    assert text
    for each in fares:
        assert each is None or each[1] is None or str(each[1]) in text
    assert ("not installed" in text) is ((None, None) in fares)
    assert (NO_RESULT in text) is (None in fares)


@pytest.mark.parametrize(
    ("fares", "words"),
    [
        ([(W, None)] * 3, "works at all levels"),
        ([(F, FIN)] * 3, f"never works ({FIN})"),
        ([(B, FIN)] * 2, f"works after a fallback at all levels ({FIN})"),
        ([(W, None), (W, None), (F, FIN)], f"works up to 2, fails from 3 on ({FIN})"),
        ([(F, FIN), (W, None), (W, None)], f"fails up to 1 ({FIN}), works from 2 on"),
        (
            [(F, FIN), (W, None), (W, None), (F, ALERT)],
            f"works from 2 to 3 only, fails up to 1 ({FIN}), fails from 4 on ({ALERT})",
        ),
        (
            [(F, FIN), (W, None), (F, FIN)],
            f"works at 2 only, fails up to 1 ({FIN}), fails from 3 on ({FIN})",
        ),
        (
            [(W, None), (F, FIN), (W, None), (B, ALERT)],
            f"works up to 1, fails at 2 ({FIN}), works at 3, works after a fallback from 4 on ({ALERT})",
        ),
        (
            [(F, FIN), (F, ALERT), (F, ALERT), (F, FIN)],
            f"never works ({FIN} up to 1, {ALERT} from 2 to 3, {FIN} from 4 on)",
        ),
        (
            [(W, None), (F, FIN), (F, ALERT)],
            f"works up to 1, fails from 2 on ({FIN} up to 2, {ALERT} from 3 on)",
        ),
        ([(W, None), (None, None), (W, None)], "works at all other levels; not known at 2 (not installed)"),
        (
            [(W, None), (None, None), None],
            f"works at 1; not known at 2 (not installed); not known at 3 ({NO_RESULT})",
        ),
        (
            [(W, None), (None, None), (None, None), (F, FIN)],
            f"works up to 1, fails from 4 on ({FIN}); not known at 2 and 3 (not installed)",
        ),
        ([(None, None), (None, None)], "not known at 1 and 2 (not installed)"),
    ],
)
def test_what_is_said(fares: list[Fares], words: str) -> None:
    assert said(*fares) == words


def server(level: str, position: int | None, **toggles: str) -> ServerRecord:
    return ServerRecord(
        title=level,
        level=level,
        kind="emulated",
        backend="process",
        stack="own",
        toggles=toggles,
        position=position,
    )


def run_with(servers: dict[str, ServerRecord], *cells: CellRecord) -> RunFile:
    return run(*cells).model_copy(update={"servers": servers})


def test_levels_follow_the_definition_and_not_the_alphabet() -> None:
    servers = {"web@10": server("10", 2), "web@9": server("9", 1), "web@early": server("early", 0)}
    servers |= {"web@9,ec=yes": server("9", 1), "alone": server("external", None), "web-2@1": server("1", 0)}
    assert in_order(servers) == ["alone", "web@early", "web@9", "web@10", "web@9,ec=yes", "web-2@1"]
    found = level_series(
        run_with(servers, *(cell(each, "x", F if each == "web@10" else W) for each in servers))
    )
    (series,) = found
    assert (series.server, series.toggles, series.levels) == ("web", "", ("early", "9", "10"))
    assert levels.told_together(series) == [f"x: works up to 9, fails from 10 on ({ALERT})"]


def test_a_level_at_whose_default_a_toggle_stands_belongs_to_the_series_with_that_toggle() -> None:
    servers = {
        "web@1": server("1", 0, reneg="off", ec="no"),
        "web@1,reneg=on": server("1", 0, reneg="on", ec="no"),
        "web@2": server("2", 1, reneg="on", ec="no"),
        "web@2,ec=yes": server("2", 1, reneg="on", ec="yes"),
        "web@3,ec=yes,reneg=on": server("3", 2, reneg="on", ec="yes"),
    }
    found = level_series(run_with(servers, *(cell(each, "x") for each in servers)))
    assert [(series.toggles, series.levels) for series in found] == [
        ("", ("1", "2")),
        ("ec=yes,reneg=on", ("2", "3")),
        ("reneg=on", ("1", "2")),
    ]


def test_one_level_alone_and_levels_of_unknown_order_are_no_series() -> None:
    assert level_series(run_with({"web@1": server("1", 0)}, cell("web@1", "x"))) == []
    unknown = {"web@1": server("1", None), "web@2": server("2", None)}
    assert level_series(run_with(unknown, cell("web@1", "x"), cell("web@2", "x"))) == []


def test_scenarios_have_a_series_each_and_clients_that_change_come_first() -> None:
    servers = {"web@1": server("1", 0), "web@2": server("2", 1)}
    more = {"id": "web@1/b/resume", "scenario": "resume"}, {"id": "web@2/b/resume", "scenario": "resume"}
    cells = [cell("web@1", "a"), cell("web@2", "a"), cell("web@1", "b", F), cell("web@2", "b")]
    found = level_series(
        run_with(servers, *cells, *(cell(f"web@{n}", "b", **each) for n, each in enumerate(more, 1)))
    )
    assert [series.scenario for series in found] == ["connect", "resume"]
    assert [each.client for each in found[0].courses] == ["b", "a"]
    assert found[1].courses == (Course("b", found[1].courses[0].stretches),)


def test_a_run_file_of_before_levels_had_a_place_still_loads() -> None:
    content = json.loads(encode(run_with({"web@1": server("1", 0)}, cell("web@1", "x"))))
    assert content["servers"]["web@1"].pop("position") == 0
    loaded = RunFile.model_validate(content)
    assert loaded.servers["web@1"].position is None
    assert level_series(loaded) == []
