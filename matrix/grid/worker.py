"""The part of a run in the process that runs cells: parametrises the one test, runs each cell in the test's
setup (so that a broken harness is pytest's error and not a failure), and sends the result with the test's
report.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.profile import Profile
from handshake.crypto.credentials import Credential
from matrix.cell import Cell
from matrix.grid.endpoint import Endpoint
from matrix.grid.run_cell import run_cell
from matrix.judgement.outcome import Expectation, Outcome, Verdict
from matrix.plan.plan import PlannedCell, load_all_profiles
from matrix.results.cell_result import PROPERTY, CellResult, EvidenceWanted
from matrix.wording import printable, sentence
from servers.contract import PrivateKeyAndChain

FIXTURE = "judged_cell"
_RESULT = pytest.StashKey[CellResult]()


@dataclass(frozen=True, slots=True)
class CellTask:
    """A cell and what is expected of it."""

    cell: Cell
    expectation: Expectation


class GridWorker:
    """pytest plugin: knows the cells and the endpoints, runs what pytest asks for."""

    def __init__(
        self,
        tasks: Sequence[CellTask],
        endpoints: dict[str, Endpoint],
        profiles: dict[str, Profile],
        evidence: EvidenceWanted,
        credentials: dict[str, Credential],
    ) -> None:
        self._tasks = tasks
        self._endpoints = endpoints
        self._profiles = profiles
        self._evidence = evidence
        self._credentials = credentials

    @classmethod
    def from_text(cls, config: pytest.Config, text: str) -> "GridWorker":
        """Make the plugin from what the controlling process has sent."""
        content = json.loads(text)
        tasks = [
            CellTask(Cell(*cell), Expectation(Outcome(outcome), reason, why))
            for *cell, outcome, reason, why in content["tasks"]
        ]
        endpoints = [Endpoint.from_json(value) for value in content["endpoints"]]
        return cls(
            tasks,
            {endpoint.server: endpoint for endpoint in endpoints},
            load_all_profiles([Path(directory) for directory in content["clients_dir"]]),
            EvidenceWanted(config.getoption("evidence")),
            {kind: Credential.from_pem(*pem) for kind, pem in content["credentials"].items()},
        )

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of each cell, under the cell's id."""
        if FIXTURE in metafunc.fixturenames:
            ids = [task.cell.id for task in self._tasks]
            metafunc.parametrize(FIXTURE, self._tasks, ids=ids, indirect=True)

    @pytest.fixture
    def judged_cell(self, request: pytest.FixtureRequest) -> CellResult:
        """The result of the test's cell; a harness that broke ends the setup."""
        task: CellTask = request.param
        endpoint = self._endpoints[task.cell.server]
        result = run_cell(
            task.cell,
            self._profiles[task.cell.client],
            endpoint,
            task.expectation,
            self._evidence,
            self._credentials,
        )
        request.node.stash[_RESULT] = result
        if result.judgement.verdict is Verdict.HARNESS_ERROR:
            pytest.fail(f"{printable(result.judgement.note)} [{endpoint.address}]", pytrace=False)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the result with the report that shows it, once."""
        report = yield
        result = item.stash.get(_RESULT, None)
        if result is not None and (call.when == "call" or (call.when == "setup" and report.failed)):
            report.user_properties.append((PROPERTY, result.to_json()))
        return report


def worker_text(
    cells: Sequence[PlannedCell],
    endpoints: Sequence[Endpoint],
    credentials: Mapping[str, PrivateKeyAndChain],
    clients_dir: Sequence[Path],
) -> str:
    """Write what a worker needs to know, in ASCII; `credentials` are those that clients show, `clients_dir`
    the user's folders of them, in whose names any bytes may stand.
    """
    tasks = [
        [
            p.cell.server,
            p.cell.client,
            p.cell.scenario,
            p.expectation.outcome.value,
            p.expectation.reason,
            p.expectation.why,
        ]
        for p in cells
    ]
    return json.dumps(
        {
            "tasks": tasks,
            "endpoints": [endpoint.to_json() for endpoint in endpoints],
            "clients_dir": [str(directory.absolute()) for directory in clients_dir],
            "credentials": {kind: [pem.private_key, pem.chain] for kind, pem in credentials.items()},
        }
    )


def show_in_pytest(result: CellResult) -> None:
    """Turn a verdict into pytest's own outcome: passed, failed, xfailed, failed (strict) or skipped."""
    judgement = result.judgement
    outcome = judgement.outcome.value if judgement.outcome else ""
    said = printable(
        f"{outcome}: {sentence(judgement.reason)} ({judgement.reason})" if judgement.reason else outcome
    )
    match judgement.verdict:
        case Verdict.PASSED:
            return
        case Verdict.EXPECTED_FAILURE:
            pytest.xfail(said)
        case Verdict.UNSUPPORTED | Verdict.NOT_INSTALLED:
            pytest.skip(printable(judgement.note))
        case Verdict.UNEXPECTED_PASS:
            pytest.fail(f"[XPASS(strict)] better than expected: {said}", pytrace=False)
        case _:
            pytest.fail(said or printable(judgement.note), pytrace=False)
