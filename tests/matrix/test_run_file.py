import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.errors import UnreadableRun
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.compare import ChangeKind, compare
from matrix.results.run_file import SCHEMA_FILE, encode, json_schema, load_run
from tests.matrix.runs import cell, run

RUN = run(
    cell("a@1", "x"), cell("a@1", "y", Outcome.FAILS), cell("b", "x", None, verdict=Verdict.NOT_INSTALLED)
)


def test_the_shipped_schema_is_the_models() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json_schema()


def test_a_run_is_valid_by_the_schema_and_a_changed_one_is_not() -> None:
    schema = json.loads(json_schema())
    content = json.loads(encode(RUN))
    jsonschema.validate(content, schema)
    content["cells"][0]["outcome"] = "maybe"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_the_keys_are_those_of_the_design() -> None:
    content = json.loads(encode(RUN))
    assert set(content) == {"schema", "run", "servers", "clients", "cells"}
    assert set(content["run"]) == {"profiles_digest", "tool_version", "partial", "environment", "asked"}
    named = {"id", "server", "client", "scenario", "outcome", "reason", "verdict", "expected", "expected_why"}
    assert named | {"prediction", "negotiated", "attempts"} <= set(content["cells"][0])
    assert set(content["cells"][0]["negotiated"]) == {
        "version",
        "cipher_suite",
        "group",
        "renegotiation_info",
    }
    assert set(content["cells"][1]["attempts"][0]) == {"version", "outcome", "reason"}


@given(st.permutations(RUN.cells))
def test_the_text_does_not_depend_on_the_order_of_the_cells(cells: list[object]) -> None:
    text = encode(RUN.model_copy(update={"cells": cells}))
    assert text == encode(RUN)
    assert text.endswith("}\n")


def test_a_run_reads_back_from_its_folder_and_its_file(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(encode(RUN), encoding="utf-8")
    assert load_run(tmp_path) == RUN
    assert load_run(file) == RUN


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('"tls-matrix/run/2"', '"tls-matrix/run/3"'),
            "schema (line 111): is of a newer version of this program",
        ),
        (('"verdict": "passed"', '"verdict": "fine"'), "cells[0].verdict (line 35): unknown value"),
        (('"partial": false,', ""), "run.partial"),
        (("{", "["), "line 2, column 10: is not JSON"),
        (('"server": "', '"server": "x'), "is not the id of its server, client and scenario"),
    ],
)
def test_an_unreadable_run_is_named_with_its_key(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    (tmp_path / "run.json").write_text(encode(RUN).replace(*change, 1), encoding="utf-8")
    with pytest.raises(UnreadableRun) as raised:
        load_run(tmp_path)
    assert str(tmp_path / "run.json") in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"servers": {}}, "cells[0].server (line 1): unknown server 'a@1'"),
        ({"clients": {}}, "cells[0].client (line 1): unknown client 'x'"),
        (
            {"cells": 2 * [cell("a@1", "x").model_dump(mode="json")]},
            "cells[1].id (line 1): 'a@1/x/connect' is there twice",
        ),
    ],
)
def test_cells_must_be_of_the_run(tmp_path: Path, change: dict[str, object], said: str) -> None:
    content = json.loads(encode(run(cell("a@1", "x"))))
    (tmp_path / "run.json").write_text(json.dumps(content | change), encoding="utf-8")
    with pytest.raises(UnreadableRun, match=r"run\.json: cells") as raised:
        load_run(tmp_path)
    assert said in str(raised.value)


def test_a_file_of_schema_1_is_read_and_its_faults_are_told(tmp_path: Path) -> None:
    reason, verdict = "renegotiation:policy-tls-1.3", Verdict.EXPECTED_FAILURE
    content = json.loads(encode(run(cell("a@1", "x", Outcome.FAILS, reason, verdict=verdict))))
    file = tmp_path / "run.json"
    outcomes = []
    for schema in ("tls-matrix/run/1", "tls-matrix/run/2"):
        file.write_text(json.dumps(content | {"schema": schema}), encoding="utf-8")
        outcomes.append(load_run(file).cells[0].outcome)
    assert outcomes == [Outcome.NOT_APPLICABLE, Outcome.FAILS]
    wrong = content | {"schema": "tls-matrix/run/1", "servers": {}, "clients": {}}
    file.write_text(json.dumps(wrong), encoding="utf-8")
    with pytest.raises(UnreadableRun) as raised:
        load_run(file)
    assert [line.split(": ")[1] for line in raised.value.lines] == [
        "cells[0].server (line 1)",
        "cells[0].client (line 1)",
    ]


@pytest.mark.parametrize("content", [{}, [], {"schema": 3}, {"schema": {"a": 1}}, {"schema": None}])
def test_what_is_no_run_has_one_fault(tmp_path: Path, content: object) -> None:
    (tmp_path / "run.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UnreadableRun, match=r"give a run's folder or its run\.json") as raised:
        load_run(tmp_path)
    assert len(raised.value.lines) == 1


@pytest.mark.parametrize(("reason", "said"), [(3, "is 3: write text in quotes"), ({}, "is a table: write")])
def test_a_reason_that_is_no_text_is_told(tmp_path: Path, reason: object, said: str) -> None:
    content = json.loads(encode(run(cell("a@1", "x", Outcome.FAILS))))
    content["cells"][0]["reason"] = reason
    (tmp_path / "run.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UnreadableRun) as raised:
        load_run(tmp_path)
    assert f"cells[0].reason (line 1): {said}" in str(raised.value)


def test_a_missing_run_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableRun, match=r"\(No such file or directory\): give a run's folder or its run\.json"
    ):
        load_run(tmp_path / "nothing")


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("prediction", [None, *Outcome])
@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_a_finding_is_a_contradiction_that_nothing_expected_explains(
    outcome: Outcome | None, prediction: Outcome | None, verdict: Verdict
) -> None:
    contradicts = None not in (outcome, prediction) and outcome is not prediction
    seen = cell("a@1", "x", outcome, verdict=verdict, prediction=prediction)
    assert seen.finding == (contradicts and not verdict.is_as_expected)


OF_SCHEMA_1 = """{
  "schema": "tls-matrix/run/1", "run": {"environment": {"python": "3.11.7"}, "partial": false,
  "profiles_digest": "00", "tool_version": "0.1.0"}, "servers": {"a@1": {"title": "A", "level": "1", "kind":
  "real", "backend": "process", "stack": "a", "toggles": {}}}, "clients": {"x": {"title": "X", "confidence":
  "high", "ja3": null}}, "cells": [
    {
      "id": "a@1/x/renegotiate-client", "server": "a@1", "client": "x", "scenario": "renegotiate-client",
      "outcome": "fails", "reason": "renegotiation:policy-tls-1.3", "verdict": "expected_failure",
      "expected": "fails", "expected_reason": "renegotiation:policy-tls-1.3", "expected_why": "TLS 1.3",
      "prediction": "fails", "negotiated": null, "attempts": []
    },
    {
      "id": "a@1/x/connect", "server": "a@1", "client": "x", "scenario": "connect",
      "outcome": "fails", "reason": "server-hello:alert-close_notify", "verdict": "failed",
      "expected": "works", "expected_reason": null, "expected_why": "",
      "prediction": null, "negotiated": null, "attempts": []
    }
  ]
}
"""


def test_a_run_of_schema_1_is_read_as_what_it_means_now(tmp_path: Path) -> None:
    """A scenario that does not apply was an expected failure then, and close_notify one of the alerts."""
    (tmp_path / "run.json").write_text(OF_SCHEMA_1, encoding="utf-8")
    run = load_run(tmp_path)
    cells = run.by_id()
    renegotiation, connect = cells["a@1/x/renegotiate-client"], cells["a@1/x/connect"]
    assert (
        renegotiation.outcome is renegotiation.expected is renegotiation.prediction is Outcome.NOT_APPLICABLE
    )
    assert renegotiation.verdict is Verdict.NOT_APPLICABLE
    assert (connect.outcome, str(connect.reason)) == (Outcome.FAILS, "server-hello:close_notify")
    assert run.run.asked is None
    assert load_run(tmp_path) == run
    kinds = {change.kind for change in compare(run, run).changes}
    assert kinds == {ChangeKind.UNCHANGED}
    assert json.loads(encode(run))["schema"] == "tls-matrix/run/2"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (
            "tls-matrix/run/3",
            "is of a newer version of this program (tls-matrix/run/3; this one knows tls-matrix/run/2)",
        ),
        ("tls-matrix/hello/1", "is 'tls-matrix/hello/1' and not tls-matrix/run/2"),
    ],
)
def test_a_run_of_a_newer_schema_is_called_newer(tmp_path: Path, schema: str, said: str) -> None:
    content = {**json.loads(encode(run(cell("a", "b")))), "schema": schema}
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(UnreadableRun) as caught:
        load_run(tmp_path)
    assert said in str(caught.value)
