import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.errors import SelectionError
from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports import comparison as render
from matrix.reports.change_groups import MOST_NAMES, MOST_SERVERS, groups, service_changes, told_groups
from matrix.reports.page.comparison_page import render_page
from matrix.results.compare import (
    ChangeKind,
    compare,
    compare_servers,
    find_server,
    require_something_in_common,
)
from matrix.results.run_file import CellRecord, NegotiatedRecord, RunFile
from tests.matrix.runs import ALERT, cell, run

WORKS, FALLBACK, FAILS = Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK, Outcome.FAILS
N_A = Outcome.NOT_APPLICABLE


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
        (WORKS, None, ChangeKind.UNMEASURED),
        (FALLBACK, None, ChangeKind.UNMEASURED),
        (FAILS, None, ChangeKind.NOT_COMPARABLE),
        (WORKS, N_A, ChangeKind.CHANGED_REASON),
        (N_A, FAILS, ChangeKind.CHANGED_REASON),
        (N_A, None, ChangeKind.NOT_COMPARABLE),
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
    kinds = {change.kind for change in compare(run(cell("a@1", "x", FAILS)), run(cell("a@1", "y"))).changes}
    assert kinds == {ChangeKind.NEW, ChangeKind.GONE}


def test_a_cell_that_worked_and_has_no_partner_was_not_measured_again() -> None:
    comparison = compare(run(cell("a@1", "x"), cell("a@1", "y")), run(cell("a@1", "y")))
    assert [change.cell.client for change in comparison.of(ChangeKind.UNMEASURED)] == ["x"]
    assert not comparison.has_regression
    assert comparison.fails()
    assert render.render_text(comparison).endswith(
        "Not known: 1 cell that worked was not measured again: 1 not measured again, 1 unchanged.\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([cell("a@1", "x")], [cell("b@1", "x")], "before there is a@1, now there is b@1"),
        ([cell("a@1", "x")], [], "before there is a@1, now there is no server"),
        (
            [cell("a@1", "x", None, verdict=Verdict.HARNESS_ERROR)],
            None,
            "that has a result in either",
        ),
    ],
)
def test_runs_with_nothing_in_common_say_so(
    old: list[CellRecord], new: list[CellRecord] | None, said: str
) -> None:
    comparison = compare(run(*old), run(*(old if new is None else new)))
    with pytest.raises(SelectionError, match=said):
        require_something_in_common(comparison)
    require_something_in_common(compare(run(cell("a@1", "x")), run(cell("a@1", "x"))))


def negotiated(version: str, cipher_suite: str, renegotiation_info: bool = True) -> NegotiatedRecord:
    return NegotiatedRecord(
        version=version, cipher_suite=cipher_suite, group=None, renegotiation_info=renegotiation_info
    )


GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"negotiated": negotiated("TLSv1.1", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")},
            "the version is TLSv1.1",
        ),
        ({"negotiated": negotiated("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256")}, "has no forward secrecy"),
        (
            {"negotiated": negotiated("TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")},
            "is no AEAD cipher suite",
        ),
        ({"negotiated": negotiated("TLSv1.2", GCM, False)}, "RFC 5746 is not signalled any more"),
        ({"http_status": 400}, "the answer is HTTP status 400, before it was 200"),
    ],
)
def test_what_works_with_less_is_weaker_and_says_how(change: dict[str, object], said: str) -> None:
    strong = {"negotiated": negotiated("TLSv1.2", GCM), "http_status": 200}
    comparison = compare(run(cell("a@1", "x", **strong)), run(cell("a@1", "x", **(strong | change))))
    assert [each.kind for each in comparison.changes] == [ChangeKind.WEAKER]
    assert said in render.render_text(comparison)
    assert not comparison.fails()
    assert comparison.fails([ChangeKind.WEAKER])
    back = compare(run(cell("a@1", "x", **(strong | change))), run(cell("a@1", "x", **strong)))
    assert [each.kind for each in back.changes] == [ChangeKind.UNCHANGED]


def test_one_server_of_a_name_on_each_side_is_matched_across_levels() -> None:
    old = run(cell("web@fix-19,trigger=any", "x", FAILS), cell("other@1", "x"))
    new = run(cell("web@fix-20", "x"), cell("other@1", "x"))
    comparison = compare(old, new)
    assert [change.cell.id for change in comparison.of(ChangeKind.FIXED)] == ["web@fix-20/x/connect"]
    assert not comparison.has_regression


def test_two_servers_of_a_name_are_not_guessed_at() -> None:
    old = run(cell("web@1", "x"), cell("web@2", "x"))
    comparison = compare(old, run(cell("web@3", "x", FAILS)))
    assert len(comparison.of(ChangeKind.UNMEASURED)) == 2
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
    assert text.startswith("1 of 2 clients loses service when web@1 becomes web@2; 1 gains service.\n\n")
    assert "Regressions: worse than before (1)\n  y (web@1 -> web@2, connect)\n    before: works\n" in text
    assert text.endswith("Regression: 1 worse, 1 fixed.\n")
    assert "| x | web@1, now web@2 | connect | fails" in render.render_markdown(comparison)
    content = json.loads(render.render_json(comparison))
    assert [change["kind"] for change in content["changes"]] == ["regression", "fixed"]
    assert content["counts"]["regression"] == 1


LEVELS = run(
    cell("web@1", "a"),
    cell("web@1", "b", FALLBACK),
    cell("web@1", "c"),
    cell("web@1", "d"),
    cell("web@1", "e", FAILS, prediction=FAILS, prediction_why="no suite in common"),
    cell("web@1", "f"),
    cell("web@1", "g"),
    cell("web@2", "a", FAILS, prediction=FAILS, prediction_why="no version in common"),
    cell("web@2", "b", FAILS),
    cell("web@2", "c", FAILS, prediction=FAILS, prediction_why="SSLv3 is off"),
    cell("web@2", "d", FALLBACK),
    cell("web@2", "e"),
    cell("web@2", "f"),
    cell("web@2", "g", None, verdict=Verdict.NOT_INSTALLED, note="get it"),
    cell("other@1", "a", FAILS),
)


def test_two_servers_of_one_run_are_compared_client_by_client() -> None:
    comparison = compare_servers(LEVELS, "web@1", LEVELS, "web@2")
    kinds = [(change.kind, change.cell.client) for change in comparison.changes]
    assert kinds == [
        (ChangeKind.REGRESSION, "a"),
        (ChangeKind.REGRESSION, "b"),
        (ChangeKind.REGRESSION, "c"),
        (ChangeKind.REGRESSION, "d"),
        (ChangeKind.UNMEASURED, "g"),
        (ChangeKind.FIXED, "e"),
        (ChangeKind.UNCHANGED, "f"),
    ]
    assert not compare_servers(LEVELS, "web@1", LEVELS, "web@1").has_regression


def test_clients_of_only_one_of_the_servers_are_new_or_gone() -> None:
    kinds = {
        change.cell.client: change.kind
        for change in compare_servers(LEVELS, "other@1", LEVELS, "web@1").changes
    }
    assert kinds["a"] is ChangeKind.FIXED
    assert set(kinds.values()) == {ChangeKind.FIXED, ChangeKind.NEW}


def test_the_text_for_a_change_board_says_who_loses_service_and_why() -> None:
    text = render.render_text(compare_servers(LEVELS, "web@1", LEVELS, "web@2"))
    said = f"the server sends the alert unexpected_message in answer to the client's hello ({ALERT})"
    assert text == (
        "3 of 7 clients lose service when web@1 becomes web@2; 1 works only after a fallback now; "
        "1 gains service.\n1 of 7 cells cannot be compared: a run has no result.\n\n"
        "Regressions: worse than before (4)\n"
        "  a and c (web@1 -> web@2, connect)\n"
        f"    before: works\n    now: fails: {said}\n"
        "    why: for a: no version in common; for c: SSLv3 is off\n"
        "  b (web@1 -> web@2, connect)\n"
        f"    before: works only after a fallback: at first {said}\n    now: fails: {said}\n"
        "  d (web@1 -> web@2, connect)\n"
        f"    before: works\n    now: works only after a fallback: at first {said}\n\n"
        "Not measured again: worked before (1)\n"
        "  g (web@1 -> web@2, connect)\n    before: works\n    now: not known: get it\n\n"
        "Fixed: failed before (1)\n"
        "  e (web@1 -> web@2, connect)\n"
        f"    before: fails: {said}\n    now: works\n    why before: no suite in common\n\n"
        "Regression: 4 worse, 1 not measured again, 1 fixed, 1 unchanged.\n"
    )


def test_a_prediction_that_did_not_come_true_is_no_reason_and_what_was_expected_is_one() -> None:
    why = {"prediction": WORKS, "prediction_why": "nothing against it", "expected_why": "it is known"}
    for verdict, said in ((Verdict.FAILED, ""), (Verdict.EXPECTED_FAILURE, "it is known")):
        runs = run(cell("a@1", "x")), run(cell("a@1", "x", FAILS, verdict=verdict, **why))
        content = json.loads(render.render_json(compare(*runs)))
        assert content["changes"][0]["why"] == said


def test_the_first_sentence_is_said_of_each_scenario_and_of_no_server_without_a_change() -> None:
    resumed = {"id": "b@1/x/resume", "scenario": "resume"}
    old = run(cell("a@1", "x"), cell("b@1", "x"), cell("b@1", "x", **resumed))
    new = run(cell("a@1", "x"), cell("b@1", "x"), cell("b@1", "x", FAILS, **resumed))
    assert service_changes(compare(old, new)) == ["resume: 1 of 1 client loses service with b@1."]
    assert service_changes(compare(old, old)) == ["No client loses or gains service."]
    assert service_changes(compare_servers(old, "a@1", old, "b@1")) == [
        "None of 1 client loses service when a@1 becomes b@1."
    ]


def test_what_is_not_known_is_not_said_to_be_without_a_change() -> None:
    broken = cell("a@1", "x", None, verdict=Verdict.HARNESS_ERROR)
    nothing = "1 of 1 cell cannot be compared: a run has no result."
    for old, new in ((cell("a@1", "x"), broken), (broken, cell("a@1", "x")), (broken, broken)):
        assert service_changes(compare(run(old), run(new))) == [nothing]
    some = run(broken, cell("a@1", "y"))
    assert service_changes(compare(some, some)) == [
        "No client loses or gains service.",
        "1 of 2 cells cannot be compared: a run has no result.",
    ]
    levels = run(broken, cell("b@1", "x"))
    assert service_changes(compare_servers(levels, "a@1", levels, "b@1")) == [
        "Nothing is known of 1 client: a@1 and b@1 were not both tried.",
        nothing,
    ]


@given(CELLS, CELLS)
def test_every_change_is_in_one_group_with_its_client(old: RunFile, new: RunFile) -> None:
    comparison = compare(old, new)
    for kind in ChangeKind:
        told = [
            client for group in groups(comparison.of(kind)) for client in group.clients * len(group.places)
        ]
        assert sorted(told) == sorted(change.cell.client for change in comparison.of(kind))


@pytest.mark.parametrize(
    ("pattern", "found"), [("web@1", "web@1"), ("oth*", "other@1"), ("web@[2]", "web@2")]
)
def test_a_server_of_a_run_is_found_by_id_or_pattern(pattern: str, found: str) -> None:
    assert find_server(pattern, LEVELS, "report a") == found


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("web@*", "'web@*' matches 2 servers of the run: web@1, web@2; name one"),
        ("web@3", "near it: web@2, web@1 (see `report a`)"),
    ],
)
def test_none_or_several_servers_of_a_run_are_refused(pattern: str, said: str) -> None:
    with pytest.raises(SelectionError) as raised:
        find_server(pattern, LEVELS, "report a")
    assert said in str(raised.value)


def test_nothing_a_run_file_says_gets_out_of_its_place() -> None:
    hostile = "<b>|\x1b[31m\u202e\n"
    runs = (
        run(cell("a@1", "x")),
        run(
            cell("a@1", "x", FAILS, f"server-hello:alert-{hostile}", prediction=FAILS, prediction_why=hostile)
        ),
    )
    text = render.render_text(compare(*runs))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert all(line.startswith(("1 of", "Regression", "  ")) or not line for line in text.splitlines())
    (row,) = [line for line in render.render_markdown(compare(*runs)).splitlines() if line.startswith("| x")]
    assert row.count("|") - row.count("\\|") == 7
    assert "<b>" not in row.replace("\\<", "")


def fleet(servers: int, clients: int, failing: int) -> tuple[RunFile, RunFile]:
    """Two runs of a fleet; in the second, clients fail, others at each server, and `failing` of them."""
    names = [
        (f"host-{server:03}", f"client-{client}") for server in range(servers) for client in range(clients)
    ]
    fails = {(s, c) for n, (s, c) in enumerate(names) if (n % clients + n // clients) % clients < failing}
    now = [cell(*name, FAILS if name in fails else WORKS) for name in names]
    return run(*(cell(*name) for name in names)), run(*now)


def test_servers_at_which_the_same_changed_stand_together() -> None:
    """Where all clients of a fleet fail, there is one group, and some of its servers are named."""
    comparison = compare(*fleet(40, 5, 5))
    text = render.render_text(comparison)
    (group,) = groups(comparison.of(ChangeKind.REGRESSION))
    assert (group.cells, len(group.places)) == (200, 40)
    assert f"host-{MOST_SERVERS - 1:03} and {40 - MOST_SERVERS} more, connect)" in text
    assert "200 of 200 cells lose service, 0 gain it.\n5 of 5 clients lose service with host-000." in text
    assert f"{40 - MOST_SERVERS} more sentences of this kind: `--format json` has them all" in text
    assert "more group" not in text


def test_of_a_fleet_as_much_is_told_as_a_person_can_read() -> None:
    """What is left out is counted, and the JSON has it."""
    comparison = compare(*fleet(60, 60, 30))
    regressions = comparison.of(ChangeKind.REGRESSION)
    told = told_groups(regressions)
    assert 1 <= len(told.groups) < len(groups(regressions)) == 60
    assert sum(len(group.clients) for group in told.groups) <= MOST_NAMES
    left = 60 - len(told.groups)
    said = f"{left} more groups with {left * 30} cells: `--format json` has them all"
    assert said in told.left_out
    for rendered in (render.render_text, render.render_markdown, render_page):
        assert f"nd {said.replace('`', '')}" in rendered(comparison).replace("`", "").replace("\\", "")
    assert len(json.loads(render.render_json(comparison))["changes"]) == 60 * 30


def test_of_a_few_servers_everything_is_told() -> None:
    comparison = compare(*fleet(MOST_SERVERS, 10, 5))
    told = told_groups(comparison.of(ChangeKind.REGRESSION))
    assert (len(told.groups), told.left_out) == (MOST_SERVERS, "")
    assert " more" not in render.render_text(comparison)


def test_a_group_larger_than_all_that_is_told_names_some_of_its_clients() -> None:
    comparison = compare(*fleet(1, MOST_NAMES + 7, MOST_NAMES + 7))
    assert " and 7 more (host-000, connect)" in render.render_text(comparison)
