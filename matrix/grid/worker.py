"""The part of a run in the process that runs cells: parametrises the one test, runs each cell in the test's
setup (so that a broken harness is pytest's error and not a failure), and sends the result with the test's
report.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from clients.genuine.program import PREFIX, Program
from clients.profile import BUNDLED_PROFILES, load_profiles
from handshake.reason import saved_reason
from matrix.cell import Cell, parse_cell_id
from matrix.grid.pytest_outcome import show
from matrix.grid.run_cell import Terms
from matrix.grid.runner import CellRunner, Clients
from matrix.grid.task import CellTask
from matrix.judgement.outcome import Expectation, Outcome, Verdict
from matrix.results.cell_result import PROPERTY, CellResult
from matrix.results.evidence_wanted import EvidenceWanted

FIXTURE = "judged_cell"
_RESULT = pytest.StashKey[CellResult]()


class GridWorker:
    """pytest plugin: knows the cells, and by `run` what each gives; `address` says where a server is."""

    def __init__(
        self,
        tasks: Sequence[CellTask],
        run: Callable[[CellTask], CellResult],
        address: Callable[[str], str],
    ) -> None:
        self._tasks = tasks
        self._run = run
        self._address = address

    @classmethod
    def from_text(cls, config: pytest.Config, text: str) -> "GridWorker":
        """Make the plugin from what the controlling process has sent."""
        content = json.loads(text)
        tasks = [
            CellTask(Cell(*cell), expectation and _expectation_from_json(*expectation))
            for *cell, expectation in content["tasks"]
        ]
        runner = CellRunner.told(
            content,
            _clients([task.cell.client for task in tasks], [*map(Path, content["clients_dir"])]),
            Terms(config.getoption("timeout"), EvidenceWanted(config.getoption("evidence"))),
            config.getoption("rate"),
            config.workerinput["workercount"],  # type: ignore[attr-defined]  # of pytest-xdist's workers
        )
        return cls(tasks, runner.run, runner.address)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of each cell, under the cell's id."""
        if FIXTURE in metafunc.fixturenames:
            ids = [task.cell.id for task in self._tasks]
            metafunc.parametrize(FIXTURE, self._tasks, ids=ids, indirect=True)

    @pytest.fixture
    def judged_cell(self, request: pytest.FixtureRequest) -> CellResult:
        """The result of the test's cell."""
        result = self._run(request.param)
        request.node.stash[_RESULT] = result
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the result with the report that shows it, once: a broken harness with that of the setup, which
        then fails.
        """
        report = yield
        result = item.stash.get(_RESULT, None)
        if result is None or not report.passed:
            return report
        is_broken = result.judgement.verdict is Verdict.HARNESS_ERROR
        if call.when == ("setup" if is_broken else "call"):
            address = self._address(parse_cell_id(result.cell).server)
            show(result, report, address)
            report.user_properties.append((PROPERTY, result.to_json()))
        return report


def _clients(asked: Sequence[str], directories: Sequence[Path]) -> Clients:
    programs: Mapping[str, Program] = {}
    if any(client.startswith(PREFIX) for client in asked):
        from clients.genuine.programs import load_programs  # takes a while, and most runs have none

        programs = load_programs(directories)
    profiles = load_profiles((BUNDLED_PROFILES, *directories))
    return {client: programs.get(client) or profiles[client] for client in dict.fromkeys(asked)}


def _expectation_to_json(expectation: Expectation) -> list[str | None]:
    return [
        expectation.outcome.value,
        None if expectation.reason is None else str(expectation.reason),
        expectation.why,
    ]


def _expectation_from_json(outcome: str, reason: str | None, why: str) -> Expectation:
    return Expectation(Outcome(outcome), None if reason is None else saved_reason(reason), why)


def worker_text(tasks: Sequence[CellTask], told: Mapping[str, Any], clients_dir: Sequence[Path]) -> str:
    """Write what a worker needs to know, in ASCII: `told` is from `what_is_told`, `clients_dir` the user's
    folders of clients; any bytes may stand in the names of these.
    """
    cells = [
        [
            task.cell.server,
            task.cell.client,
            task.cell.scenario,
            task.expectation and _expectation_to_json(task.expectation),
        ]
        for task in tasks
    ]
    directories = [str(directory.absolute()) for directory in clients_dir]
    return json.dumps({**told, "tasks": cells, "clients_dir": directories})
