"""The exit status of a run, and what a user adds to the reasons for 1."""

import pytest

from matrix.errors import SelectionError
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.gate import Gate, exit_status, names, parse_gates
from matrix.results.run_file import RunFile
from tests.matrix.runs import cell, run

WORKS = cell("a@1", "x")
FAILS = cell("a@1", "y", Outcome.FAILS, verdict=Verdict.EXPECTED_FAILURE)
UNEXPECTED = cell("a@1", "y", Outcome.FAILS)
NOTED = cell("a@1", "y", notes=["HTTP status 400"])
UNSUPPORTED = cell("a@1", "y", None, verdict=Verdict.UNSUPPORTED)
MISSING = cell("b@1", "x", None, verdict=Verdict.NOT_INSTALLED)
BROKEN = cell("b@1", "x", None, verdict=Verdict.HARNESS_ERROR)


@pytest.mark.parametrize(
    ("found", "gates", "status"),
    [
        (run(WORKS, FAILS), "", 0),
        (run(WORKS, UNEXPECTED), "", 1),
        (run(WORKS, UNSUPPORTED), "", 0),
        (run(WORKS, MISSING), "", 0),
        (run(WORKS, BROKEN), "", 3),
        (run(MISSING), "", 3),
        (run(), "", 3),
        (run(WORKS, FAILS), "fails", 1),
        (run(WORKS), "fails,noted,unmeasured", 0),
        (run(WORKS, UNSUPPORTED), "unmeasured", 1),
        (run(WORKS, MISSING), "unmeasured", 1),
        (run(WORKS, BROKEN), "unmeasured", 3),
        (run(WORKS, partial=True), "", 0),
        (run(WORKS, partial=True), "unmeasured", 1),
        (run(WORKS, NOTED), "noted", 1),
        (run(WORKS, NOTED), "unmeasured,fails", 0),
    ],
)
def test_the_status_of_a_run(found: RunFile, gates: str, status: int) -> None:
    assert exit_status(found, parse_gates([gates] if gates else [])) == status


@pytest.mark.parametrize(
    ("servers", "clients", "status"),
    [
        ((), (), 0),
        (("b@*",), ("y*",), 0),
        (("b@1",), (), 1),
        (("b@1,ec=yes",), (), 1),
        (("a@1",), (), 1),
        (("c@1",), ("z",), 0),
        ((), ("x",), 1),
    ],
)
def test_what_was_named_has_to_be_measured(
    servers: tuple[str, ...], clients: tuple[str, ...], status: int
) -> None:
    assert exit_status(run(WORKS, UNSUPPORTED, MISSING), (), servers, clients) == status


def test_a_server_that_broke_is_no_passed_run() -> None:
    found = run(WORKS)
    broken = found.servers["a@1"].model_copy(update={"problem": "it stopped"})
    assert exit_status(found.model_copy(update={"servers": {"a@1": broken}})) == 3


def test_a_pattern_without_a_wildcard_names() -> None:
    assert names(["a@1"], "a@1")
    assert not names(["a@[1]", "a@?", "*"], "a@1")


def test_gates_are_read() -> None:
    assert parse_gates(["fails, noted", "unmeasured"]) == set(Gate)
    assert parse_gates([]) == set()
    with pytest.raises(SelectionError, match=r"--fail-on failing: did you mean fails\?"):
        parse_gates(["failing"])
