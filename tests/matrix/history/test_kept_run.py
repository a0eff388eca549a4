"""By what a run is recognised, and by what a cell was measured."""

import time
from typing import Any

import pytest

from matrix.errors import UnreadableRun
from matrix.history.kept_run import kept_run
from matrix.judgement.outcome import Outcome
from matrix.results.run_file import AskedRecord, RunFile, TargetRecord
from matrix.results.timings import NO_TIMINGS, Timings
from tests.matrix.history.made import CELL, NEW, OLD, a_cell, of_a_target, on_day, with_profiles
from tests.matrix.runs import run

WORKS = run(a_cell(Outcome.WORKS))
FAILS = run(a_cell(Outcome.FAILS))


def digest(made: RunFile) -> str:
    return on_day(1, made).cells[CELL][0].digest


def with_server(**changed: Any) -> RunFile:
    servers = {name: each.model_copy(update=changed) for name, each in WORKS.servers.items()}
    return WORKS.model_copy(update={"servers": servers})


def with_client(**changed: Any) -> RunFile:
    clients = {name: each.model_copy(update=changed) for name, each in WORKS.clients.items()}
    return WORKS.model_copy(update={"clients": clients})


def with_run(**changed: Any) -> RunFile:
    return WORKS.model_copy(update={"run": WORKS.run.model_copy(update=changed)})


def asking(address: str, timeout: float = 2.0) -> RunFile:
    target = TargetRecord(name="jsse6@6u45", address=address, server_name=None, starttls=None)
    return with_run(asked=AskedRecord(targets=[target], timeout=timeout))


def test_a_run_is_recognised_by_its_time_and_not_by_what_is_thought_of_it() -> None:
    assert on_day(1, WORKS).identity == on_day(1, FAILS).identity, "judged again it is the same run"
    assert on_day(1, WORKS).identity != on_day(2, WORKS).identity
    assert on_day(1, WORKS).identity != on_day(1, WORKS, {CELL: 0.001001}).identity, "began in one second"


def test_a_run_without_a_time_is_recognised_by_what_it_says() -> None:
    first, again, other = (kept_run(made, NO_TIMINGS, "a", "b") for made in (WORKS, WORKS, FAILS))
    assert first.identity == again.identity == on_day(1, WORKS).content
    assert first.identity != other.identity


@pytest.mark.parametrize(
    ("started", "kept"),
    [
        ("2026-11-01T02:00:00+00:00", "2026-11-01T02:00:00+00:00"),
        ("2026-11-01T03:00:00+01:00", "2026-11-01T02:00:00+00:00"),
        ("2026-11-01T02:00:00", "2026-11-01T02:00:00+00:00"),
    ],
)
def test_a_time_is_kept_in_utc(started: str, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as here:
        here.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = kept_run(WORKS, Timings(started), "a", "b").started
    time.tzset()
    assert found == kept


@pytest.mark.parametrize("started", ["yesterday", "2026-13-01T00:00:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_an_error(started: str) -> None:
    with pytest.raises(UnreadableRun, match=r"reports/x: timings.json: started: '.*' is no moment: write it"):
        kept_run(WORKS, Timings(started), "x", "reports/x")


@pytest.mark.parametrize(
    "changed",
    [
        with_profiles(WORKS, NEW),
        with_run(tool_version="0.2.0"),
        with_run(environment={"python": "3.12"}),
        with_server(level="2"),
        with_server(toggles={"ec": "yes"}),
        with_server(stack="another"),
        with_server(definition="ab"),
        with_client(title="A later program"),
        asking("192.0.2.1:443"),
    ],
)
def test_other_definitions_are_others(changed: RunFile) -> None:
    assert digest(changed) != digest(with_profiles(WORKS, WORKS.run.profiles_digest))


def test_a_target_that_is_asked_elsewhere_or_longer_is_another() -> None:
    asked = [asking("192.0.2.1:443"), asking("192.0.2.2:443"), asking("192.0.2.1:443", 9.0)]
    assert len({*map(digest, asked)}) == 3
    assert digest(asking("192.0.2.1:443")) == digest(asking("192.0.2.1:443"))


def test_what_came_out_is_no_definition() -> None:
    assert digest(with_profiles(FAILS, OLD)) == digest(with_profiles(WORKS, OLD))
    assert digest(with_server(problem="does not answer")) == digest(WORKS)


def test_a_target_and_an_own_program_change_unseen() -> None:
    def unseen(made: RunFile) -> bool:
        return on_day(1, made).cells[CELL][0].changes_unseen

    assert unseen(of_a_target(WORKS))
    assert unseen(with_server(toggles={"program": "/opt/build/openssl"}))
    assert not unseen(with_server(toggles={"program": "system"}))
    assert not unseen(WORKS)


def test_a_path_that_is_no_text_is_kept_as_the_run_file_has_it() -> None:
    assert kept_run(WORKS, NO_TIMINGS, "a\udcff", "b\udcff").folder == "b\\xff"
