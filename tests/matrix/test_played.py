"""A profile beside the genuine program that it plays: what is alike, what differs, and what comes of it."""

import pytest

from handshake.reason import Detail, parse_reason
from matrix.errors import EXIT_AS_EXPECTED, EXIT_NOT_AS_EXPECTED
from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports import played
from matrix.reports.digest import client_notes
from matrix.reports.headline import headline
from matrix.reports.markdown import render_markdown
from matrix.reports.page.run_page import render_html
from matrix.results.gate import exit_status
from matrix.results.played import compared_with_none, differences, pairs, stands_for
from matrix.results.run_file import CellRecord, ClientRecord, RunFile
from tests.matrix.runs import cell, run

PROFILE, PROGRAM, SERVER = "openssl-3.0", "genuine-openssl-3.0.22", "a@1"


def side(
    client: str, outcome: Outcome | None, reason: str = "", alert: str = "", *, phase_unsure: bool = False
) -> CellRecord:
    parsed = parse_reason(reason) if reason else None
    detail = Detail(alert_sent=alert, phase_unsure=phase_unsure).to_json()
    verdict = Verdict.OBSERVED if outcome else Verdict.NOT_INSTALLED
    return cell(SERVER, client, outcome, parsed, verdict, reason_detail=detail)


def run_of(profile: CellRecord, program: CellRecord) -> RunFile:
    whole = run(profile, program)
    clients = {
        PROFILE: ClientRecord(title="p", confidence="high", ja3=None, plays="genuine-openssl-3.0.22"),
        program.client: ClientRecord(title="g", confidence="genuine", ja3=None),
    }
    return whole.model_copy(update={"clients": clients})


ALIKE = [
    (Outcome.WORKS, "", "", Outcome.WORKS, "", ""),
    (
        Outcome.FAILS,
        "server-hello:alert-handshake_failure",
        "",
        Outcome.FAILS,
        "server-hello:alert-handshake_failure",
        "",
    ),
    # The profile names its rule, the program shows an alert.
    (
        Outcome.FAILS,
        "key-exchange:policy-dh-prime-bits",
        "handshake_failure",
        Outcome.FAILS,
        "key-exchange:policy-alert-handshake_failure",
        "handshake_failure",
    ),
]
DIFFERENT = [
    (Outcome.WORKS, "", "", Outcome.FAILS, "key-exchange:policy-alert-internal_error", "internal_error"),
    (
        Outcome.FAILS,
        "server-hello:alert-handshake_failure",
        "",
        Outcome.FAILS,
        "server-hello:fin",
        "",
    ),
    (
        Outcome.FAILS,
        "key-exchange:policy-dh-prime-bits",
        "handshake_failure",
        Outcome.FAILS,
        "key-exchange:policy-alert-illegal_parameter",
        "illegal_parameter",
    ),
    (
        Outcome.FAILS,
        "key-exchange:policy-dh-prime-bits",
        "handshake_failure",
        Outcome.FAILS,
        "server-hello:policy-alert-handshake_failure",
        "handshake_failure",
    ),
    (
        Outcome.FAILS,
        "server-hello:policy-protocol_version",
        "protocol_version",
        Outcome.FAILS,
        "server-hello:policy-closes",
        "",
    ),
]


@pytest.mark.parametrize("both", ALIKE)
def test_what_is_alike_is_as_expected(both: tuple[Outcome, str, str, Outcome, str, str]) -> None:
    both_ran = run_of(side(PROFILE, *both[:3]), side(PROGRAM, *both[3:]))
    assert len(pairs(both_ran)) == 1
    assert differences(both_ran) == []
    assert exit_status(both_ran) == EXIT_AS_EXPECTED
    assert "| alike |" in render_markdown(both_ran)


@pytest.mark.parametrize("both", DIFFERENT)
def test_a_difference_is_unexpected(both: tuple[Outcome, str, str, Outcome, str, str]) -> None:
    both_ran = run_of(side(PROFILE, *both[:3]), side(PROGRAM, *both[3:]))
    assert len(differences(both_ran)) == 1
    assert exit_status(both_ran) == EXIT_NOT_AS_EXPECTED
    assert "profile and its genuine program" in headline(both_ran)
    assert "| alike |" not in render_markdown(both_ran)


@pytest.mark.parametrize(
    ("alert", "is_unsure", "is_alike"),
    [
        ("unexpected_message", True, True),
        ("unexpected_message", False, False),
        ("illegal_parameter", True, False),
    ],
)
def test_a_phase_that_is_not_known_is_not_compared(alert: str, is_unsure: bool, is_alike: bool) -> None:
    """The alert is, all the same."""
    sent = "unexpected_message"
    profile = side(PROFILE, Outcome.FAILS, f"server-hello:policy-alert-{sent}", sent)
    reason = f"certificate:policy-alert-{alert}"
    program = side(PROGRAM, Outcome.FAILS, reason, alert, phase_unsure=is_unsure)
    assert (differences(run_of(profile, program)) == []) is is_alike


def test_what_was_not_measured_is_not_compared() -> None:
    both_ran = run_of(side(PROFILE, Outcome.WORKS), side(PROGRAM, None))
    assert differences(both_ran) == []
    assert "| not compared |" in render_markdown(both_ran)


@pytest.mark.parametrize(
    ("columns", "stands"),
    [
        (["genuine-openssl-3.0.22", "genuine-openssl-3.0.23"], "genuine-openssl-3.0.22"),
        (["genuine-openssl-3.0.5", "genuine-openssl-3.0.19"], "genuine-openssl-3.0.19"),
        (["genuine-openssl-3.4.1", "genuine-gnutls-3.0.22"], None),
        ([], None),
    ],
)
def test_the_newest_of_the_same_minor_version_stands_for_one_that_is_no_column(
    columns: list[str], stands: str | None
) -> None:
    assert stands_for("genuine-openssl-3.0.22", columns) == stands


@pytest.mark.parametrize(
    ("columns", "stands"),
    [
        (["genuine-openssl-1.0.1e", "genuine-openssl-1.0.1k"], "genuine-openssl-1.0.1k"),
        (["genuine-openssl-1.0.2o", "genuine-openssl-1.0.0f"], None),
    ],
)
def test_before_openssl_3_three_numbers_count(columns: list[str], stands: str | None) -> None:
    assert stands_for("genuine-openssl-1.0.1u", columns) == stands


@pytest.mark.parametrize("both", DIFFERENT)
def test_the_page_shows_what_differs(both: tuple[Outcome, str, str, Outcome, str, str]) -> None:
    whole = run_of(side(PROFILE, *both[:3]), side(PROGRAM, *both[3:]))
    page = render_html(whole)
    assert played.TITLE in page
    assert f"{PROFILE} and {PROGRAM}: 0 of 1 cell alike" in page
    assert played.TITLE not in render_html(run(side(PROFILE, *both[:3])))


def test_a_profile_without_its_program_in_the_run_is_named_where_there_are_programs() -> None:
    alone = {PROFILE: ClientRecord(title="p", confidence="high", ja3=None, plays="genuine-none-1")}
    other = {"genuine-x-1": ClientRecord(title="g", confidence="genuine", ja3=None)}
    made = run(cell("s@1", PROFILE))
    assert compared_with_none(made.model_copy(update={"clients": alone})) == []
    with_programs = made.model_copy(update={"clients": alone | other})
    assert compared_with_none(with_programs) == [(PROFILE, "genuine-none-1")]
    (note,) = client_notes(with_programs)
    assert f"{PROFILE} (genuine-none-1)" in note
    its_own = {"genuine-none-1": other["genuine-x-1"]}
    assert client_notes(made.model_copy(update={"clients": alone | its_own})) == []
