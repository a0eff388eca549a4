"""What the history costs: adding a run of 1,000 cells at its end, and asking for a cell after a year of runs.

Prints one JSON object, in milliseconds; medians.

    python -m bench.history [--runs N]
"""

import argparse
import fnmatch
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from bench.machine import machine
from matrix.history.adding import add_runs
from matrix.history.file import reading
from matrix.history.kept_run import KeptRun, State, kept_run
from matrix.history.over_time import CellOverTime, over_time
from matrix.history.store import cell_names, results_of
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.run_file import CellRecord, ClientRecord, RunFile, RunRecord, ServerRecord
from matrix.results.timings import Timings

SERVERS, CLIENTS = 20, 50
A_YEAR = 365
ANOTHER = State("failed", "fails", "server-hello:fin")
FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)


def thousand_cells() -> RunFile:
    """A run in which all cells of twenty servers and fifty clients work."""
    cells = [
        CellRecord.model_validate(
            {
                "id": f"server@{server}/client-{client}/connect",
                "server": f"server@{server}",
                "client": f"client-{client}",
                "scenario": "connect",
                "outcome": Outcome.WORKS,
                "reason": None,
                "verdict": Verdict.PASSED,
                "expected": Outcome.WORKS,
                "expected_why": "",
                "prediction": Outcome.WORKS,
                "negotiated": None,
                "attempts": [],
            }
        )
        for server in range(SERVERS)
        for client in range(CLIENTS)
    ]
    server_record = ServerRecord(
        title="A server", level="1", kind="emulated", backend="process", stack="own", toggles={}
    )
    client_record = ClientRecord(title="A client", confidence="high", ja3=None)
    run = RunRecord(
        profiles_digest="00" * 32, tool_version="0", partial=False, environment={"python": "3.11"}
    )
    return RunFile(
        run=run,
        servers={cell.server: server_record for cell in cells},
        clients={cell.client: client_record for cell in cells},
        cells=cells,
    )


def on_day(run: KeptRun, day: int) -> KeptRun:
    """The run on another day, with one result in fifty another one."""
    cells = {
        name: (definitions, ANOTHER if number % 50 == day % 50 else state)
        for number, (name, (definitions, state)) in enumerate(run.cells.items())
    }
    started = (FIRST + timedelta(days=day)).isoformat()
    return replace(run, identity=started, content=started, started=started, cells=cells)


def milliseconds(measured: Iterable[Callable[[], object]]) -> dict[str, float]:
    """The medians of what something takes, all of it and the processor's part."""
    wall, processor = [], []
    for each in measured:
        before = time.perf_counter(), time.process_time()
        each()
        wall.append((time.perf_counter() - before[0]) * 1000)
        processor.append((time.process_time() - before[1]) * 1000)
    return {"all": round(statistics.median(wall), 1), "processor": round(statistics.median(processor), 1)}


def over(file: Path, pattern: str) -> list[CellOverTime]:
    """The cells over time, as the command asks for them."""
    with reading(file) as connection:
        chosen = fnmatch.filter(cell_names(connection), pattern)
        return [over_time(cell, found) for cell, found in results_of(connection, chosen)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    times = parser.parse_args().runs
    made = thousand_cells()
    timings = Timings(FIRST.isoformat(), (), {cell.id: 0.001 for cell in made.cells})

    def take() -> KeptRun:
        return kept_run(made, timings, "run", "reports/run")

    year = [on_day(take(), day) for day in range(A_YEAR + times)]
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "history.sqlite")
        new = [Path(scratch, f"{number}.sqlite") for number in range(times)]
        found: dict[str, object] = {
            "taking_1000_cells": milliseconds([take] * times),
            "adding_to_a_new_file": milliseconds(partial(add_runs, each, year[:1]) for each in new),
        }
        add_runs(file, year[:A_YEAR])
        found |= {
            "adding_after_a_year": milliseconds(partial(add_runs, file, [run]) for run in year[A_YEAR:]),
            "a_cell_over_a_year": milliseconds([partial(over, file, "server@1/client-1/connect")] * times),
            "1000_cells_over_a_year": milliseconds([partial(over, file, "*")]),
        }
        megabytes = round(file.stat().st_size / 1e6, 1)
    print(
        json.dumps({"machine": machine(), "milliseconds": found, "megabytes_of_a_year": megabytes}, indent=2)
    )


if __name__ == "__main__":
    main()
