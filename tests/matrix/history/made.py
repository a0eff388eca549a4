"""Runs for tests of the history: of one day each, with a cell or two."""

from collections.abc import Mapping
from pathlib import Path

from matrix.history.adding import add_runs
from matrix.history.file import reading
from matrix.history.kept_run import KeptRun, kept_run
from matrix.history.over_time import CellOverTime, over_time
from matrix.history.store import StoredRun, last_runs, results_of
from matrix.judgement.outcome import Outcome
from matrix.results.run_file import EXTERNAL, CellRecord, RunFile
from matrix.results.timings import Timings
from tests.matrix.runs import cell, run

SERVER, CLIENT = "jsse6@6u45", "java-7"
CELL = f"{SERVER}/{CLIENT}/connect"
OLD, NEW = "00" * 32, "11" * 32
"""Digests of profiles, before and after a change of them."""


def a_cell(outcome: Outcome | None, **more: object) -> CellRecord:
    return cell(SERVER, CLIENT, outcome, **more)  # type: ignore[arg-type]


def with_profiles(made: RunFile, digest: str) -> RunFile:
    return made.model_copy(update={"run": made.run.model_copy(update={"profiles_digest": digest})})


def of_a_target(made: RunFile) -> RunFile:
    servers = {name: each.model_copy(update={"kind": EXTERNAL}) for name, each in made.servers.items()}
    return made.model_copy(update={"servers": servers})


def on_day(day: int, made: RunFile, seconds: Mapping[str, float] | None = None) -> KeptRun:
    took = {each.id: 0.001 for each in made.cells} if seconds is None else seconds
    timings = Timings(f"2026-11-{day:02}T02:00:00+00:00", (), took)
    return kept_run(made, timings, f"day-{day}", f"reports/day-{day}")


def days(*outcomes: Outcome | None) -> list[KeptRun]:
    """A run of one cell a day, all by the same definitions."""
    return [on_day(day, run(a_cell(outcome))) for day, outcome in enumerate(outcomes, 1)]


def listed(file: Path) -> list[StoredRun]:
    with reading(file) as connection:
        return last_runs(connection, 1000)


def names(file: Path) -> list[str]:
    return [each.name for each in listed(file)]


def course_of(file: Path, *runs: KeptRun) -> CellOverTime:
    add_runs(file, runs)
    with reading(file) as connection:
        ((_, found),) = results_of(connection, [CELL])
    return over_time(CELL, found)
