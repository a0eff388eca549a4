"""The part of a run in the process that runs cells: parametrises the one test, runs each cell in the test's
setup (so that a broken harness is pytest's error and not a failure), and sends the result with the test's
report.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

import pytest

from clients.genuine.program import PREFIX, Program
from clients.profile import BUNDLED_PROFILES, load_profiles
from handshake.reason import saved_reason
from matrix.cell import Cell, parse_cell_id
from matrix.grid.endpoint import Endpoint
from matrix.grid.processes import CellError
from matrix.grid.pytest_outcome import show
from matrix.grid.run_cell import Terms
from matrix.grid.runner import CellRunner, Clients, what_is_told
from matrix.grid.task import CellTask
from matrix.judgement.outcome import Expectation, Judgement, Outcome, Verdict
from matrix.results.cell_result import PROPERTY, CellResult
from matrix.results.evidence_wanted import EvidenceWanted
from servers.contract import PrivateKeyAndChain

FIXTURE = "judged_cell"
_RESULT = pytest.StashKey[CellResult]()


class GridWorker:
    """pytest plugin: knows the cells, and by `run` what each gives; `address` says where a server is, and
    `begin` is told the cells that pytest has chosen.
    """

    def __init__(
        self,
        tasks: Sequence[CellTask],
        run: Callable[[CellTask], CellResult],
        address: Callable[[str], str],
        begin: Callable[[Sequence[CellTask]], None] | None = None,
    ) -> None:
        self._tasks = tasks
        self._run = run
        self._address = address
        self._begin = begin

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

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Let the cells that are left begin, in pytest's order."""
        if self._begin is not None and not session.config.option.collectonly:
            calls = (getattr(item, "callspec", None) for item in session.items)
            self._begin([call.params[FIXTURE] for call in calls if call is not None])

    @pytest.fixture
    def judged_cell(self, request: pytest.FixtureRequest) -> CellResult:
        """The result of the test's cell."""
        task: CellTask = request.param
        try:
            result = self._run(task)
        except CellError as error:
            result = CellResult(task.cell.id, Judgement(Verdict.HARNESS_ERROR, note=str(error)))
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


def worker_text(
    tasks: Sequence[CellTask],
    endpoints: Sequence[Endpoint],
    credentials: Mapping[str, PrivateKeyAndChain],
    folder: Path,
    clients_dir: Sequence[Path],
) -> str:
    """Write what a worker needs to know, in ASCII; `credentials` are those that clients show, `folder` is the
    run's, `clients_dir` the user's folders of clients; any bytes may stand in the names of these.
    """
    told = [
        [
            task.cell.server,
            task.cell.client,
            task.cell.scenario,
            task.expectation and _expectation_to_json(task.expectation),
        ]
        for task in tasks
    ]
    content = what_is_told(endpoints, credentials, folder)
    directories = [str(directory.absolute()) for directory in clients_dir]
    return json.dumps({**content, "tasks": told, "clients_dir": directories})
