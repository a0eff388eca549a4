"""What is said to do next about cells that did not go as expected."""

import pytest

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.groups import Group
from matrix.reports.next_step import next_step
from tests.matrix.runs import cell, run

LONGER = "; if the server is only slow, a longer --timeout helps"


@pytest.mark.parametrize(
    ("reason", "is_silence"),
    [
        ("server-hello:timeout", True),
        ("connect:timeout", True),
        ("server-hello:fin", False),
        ("renegotiation:policy-a-rule-of-later", False),
    ],
)
def test_more_time_is_advised_where_a_client_waited_in_vain_and_nowhere_else(
    reason: str, is_silence: bool
) -> None:
    failed = cell("a", "x", Outcome.FAILS, reason)
    step = next_step(Group((failed,), "fails"), run(failed))
    assert step.startswith("evidence/a/x/connect.json has every record and message")
    assert step.endswith(LONGER) is is_silence


@pytest.mark.parametrize(
    ("reason", "names"), [("connect:policy-no-connection", "genuine-x"), ("connect:refused", "serve a")]
)
def test_a_program_that_makes_no_connection_is_named_and_not_the_server(reason: str, names: str) -> None:
    failed = cell("a", "genuine-x", None, reason, Verdict.HARNESS_ERROR)
    step = next_step(Group((failed,), "fails"), run(failed))
    assert names in step
    assert ("serve" in step) is ("serve" in names)
