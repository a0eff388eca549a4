"""The part of a run in the process that runs cells: parametrises the one test, runs each cell in the test's
setup (so that a broken harness is pytest's error and not a failure), writes its evidence into the run's
folder, and sends the result with the test's report.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

import pytest
from msgspec import Struct, structs

from clients.destination import is_loopback
from clients.genuine.program import PREFIX, Program
from clients.pace import DEFAULT_RATE, Pace, at_once
from clients.profile import BUNDLED_PROFILES, Profile, load_profiles
from handshake.crypto.credentials import Credential
from handshake.reason import saved_reason
from matrix.cell import Cell, parse_cell_id
from matrix.errors import to_write
from matrix.grid.endpoint import Endpoint
from matrix.grid.pytest_outcome import show
from matrix.grid.run_cell import Terms, run_cell
from matrix.judgement.outcome import Expectation, Outcome, Verdict
from matrix.results.cell_result import PROPERTY, CellResult
from matrix.results.evidence import Evidence, write_evidence
from matrix.results.evidence_wanted import EvidenceWanted
from servers.contract import PrivateKeyAndChain

FIXTURE = "judged_cell"
_RESULT = pytest.StashKey[CellResult]()


class CellTask(Struct, frozen=True):
    """A cell and what is expected of it."""

    cell: Cell
    expectation: Expectation | None


class GridWorker:
    """pytest plugin: knows the cells and the endpoints, runs what pytest asks for."""

    def __init__(
        self,
        tasks: Sequence[CellTask],
        endpoints: dict[str, Endpoint],
        clients: Mapping[str, Profile | Program],
        terms: Terms,
        folder: Path,
        rate: float | None = None,
        workers: int = 1,
    ) -> None:
        self._tasks = tasks
        self._endpoints = endpoints
        self._clients = clients
        self._terms = terms
        self._folder = folder
        self._rate = rate
        self._workers = workers
        self._paces: dict[str, Pace] = {}

    @classmethod
    def from_text(cls, config: pytest.Config, text: str) -> "GridWorker":
        """Make the plugin from what the controlling process has sent."""
        content = json.loads(text)
        tasks = [
            CellTask(Cell(*cell), expectation and _expectation_from_json(*expectation))
            for *cell, expectation in content["tasks"]
        ]
        endpoints = [Endpoint.from_json(value) for value in content["endpoints"]]
        return cls(
            tasks,
            {endpoint.server: endpoint for endpoint in endpoints},
            _clients([task.cell.client for task in tasks], [*map(Path, content["clients_dir"])]),
            Terms(
                config.getoption("timeout"),
                EvidenceWanted(config.getoption("evidence")),
                {kind: Credential.from_pem(*pem) for kind, pem in content["credentials"].items()},
            ),
            Path(content["folder"]),
            config.getoption("rate"),
            config.workerinput["workercount"],  # type: ignore[attr-defined]  # of pytest-xdist's workers
        )

    def _pace(self, endpoint: Endpoint) -> Callable[[], None]:
        """How often this process may connect to a server: as often as it likes to one of ours."""
        destination = endpoint.destination
        if destination is None or endpoint.fingerprints or (self._rate is None and is_loopback(destination)):
            return at_once
        if endpoint.server not in self._paces:
            self._paces[endpoint.server] = Pace((self._rate or DEFAULT_RATE) / self._workers)
        return self._paces[endpoint.server].wait

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of each cell, under the cell's id."""
        if FIXTURE in metafunc.fixturenames:
            ids = [task.cell.id for task in self._tasks]
            metafunc.parametrize(FIXTURE, self._tasks, ids=ids, indirect=True)

    @pytest.fixture
    def judged_cell(self, request: pytest.FixtureRequest) -> CellResult:
        """The result of the test's cell."""
        task: CellTask = request.param
        endpoint = self._endpoints[task.cell.server]
        result, evidence = run_cell(
            task.cell,
            self._clients[task.cell.client],
            endpoint,
            task.expectation,
            structs.replace(self._terms, pace=self._pace(endpoint)),
        )
        if evidence is not None:
            result = self._with_evidence(result, evidence)
        request.node.stash[_RESULT] = result
        return result

    def _with_evidence(self, result: CellResult, evidence: Evidence) -> CellResult:
        from matrix.captures.capture import write_capture  # takes a while, and most runs of servers need none

        try:
            write_evidence(self._folder, evidence)
            write_capture(self._folder, evidence)
        except OSError as error:
            first = to_write(error, "make it writable")
            why = f"{self._folder}: evidence cannot be written ({error.strerror}); {first}, then run again"
            return structs.replace(result, unwritten=why)
        return structs.replace(result, evidence=True)

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
            address = self._endpoints[parse_cell_id(result.cell).server].address
            show(result, report, address)
            report.user_properties.append((PROPERTY, result.to_json()))
        return report


def _clients(asked: Sequence[str], directories: Sequence[Path]) -> Mapping[str, Profile | Program]:
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
    return json.dumps(
        {
            "tasks": told,
            "endpoints": [endpoint.to_json() for endpoint in endpoints],
            "credentials": {kind: [pem.private_key, pem.chain] for kind, pem in credentials.items()},
            "folder": str(folder),
            "clients_dir": [str(directory.absolute()) for directory in clients_dir],
        }
    )
