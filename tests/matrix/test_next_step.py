"""What is said to do next about cells that did not go as expected."""

import pytest

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.groups import Group
from matrix.reports.next_step import next_step
from matrix.results.explained import ExplanationRecord, RemedyRecord
from matrix.results.run_file import AskedRecord, CellRecord, RunFile, TargetRecord
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


def explained(client: str, *remedies: RemedyRecord, reason: str = "server-hello:timeout") -> CellRecord:
    found = ExplanationRecord(
        result="one", client="x", confidence="high", proof="", connections=9, remedies=list(remedies)
    )
    return cell("a@1", client, Outcome.FAILS, reason, cause="it is the hello", explanation=found)


def remedy(side: str, how: str) -> RemedyRecord:
    return RemedyRecord.model_validate({"side": side, "how": how, "source": "a vendor"})


OFF, PATCH = remedy("client", "turn it off"), remedy("server", "patch it")


def step_of(*cells: CellRecord) -> str:
    return next_step(Group(cells, "fails"), run(*cells))


def test_where_it_is_known_what_is_to_blame_what_helps_comes_next() -> None:
    later = remedy("client", "something less likely")
    assert step_of(explained("x", OFF, later, PATCH)) == "on the client: turn it off; on the server: patch it"
    same = step_of(explained("x", OFF, PATCH), explained("y", PATCH))
    assert same == "on the server: patch it", "what helps one of the clients alone is not said of all"


def test_without_a_remedy_the_whole_explanation_comes_next_and_no_connect() -> None:
    command = "./tls-matrix explain a@1/x/connect gives the whole explanation"
    assert step_of(explained("x")) == command
    of_before = cell("a@1", "x", Outcome.FAILS, "server-hello:timeout", cause="it is the hello")
    assert step_of(of_before) == command, "a run of before the explanation was kept"
    assert "explain" not in step_of(cell("a@1", "x", Outcome.FAILS, "server-hello:timeout")), "control"


def with_target(content: RunFile) -> RunFile:
    target = TargetRecord(name="a@1", address="192.0.2.1:443", server_name="shop.example", starttls=None)
    asked = content.run.model_copy(update={"asked": AskedRecord(targets=[target])})
    return content.model_copy(update={"run": asked})


def test_of_a_target_the_explanation_is_asked_for_by_its_address() -> None:
    failed = explained("x")
    step = next_step(Group((failed,), "fails"), with_target(run(failed)))
    assert step == (
        "./tls-matrix explain --client x --target 192.0.2.1:443,sni=shop.example gives the whole explanation"
    )
    elsewhere = failed.model_copy(update={"scenario": "resume-ticket", "id": "a@1/x/resume-ticket"})
    step = next_step(Group((elsewhere,), "fails"), with_target(run(elsewhere)))
    assert "explain" not in step, "of a target it knows connect alone"
