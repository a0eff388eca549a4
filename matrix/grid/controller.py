"""The part of a run in the process that controls it: plan, start and prove the servers, tell the workers,
collect what they report, judge the whole, write the files and set the exit status.

Whatever ends a run, an interrupt or SIGTERM included, what has been collected is written (`partial` is then
true).
"""

import io
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from time import monotonic
from types import FrameType
from typing import Any

import pytest
from rich.console import Console

from handshake.crypto.credentials import Credential
from matrix.cell import parse_cell_id
from matrix.errors import EXIT_HARNESS, EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_USAGE
from matrix.grid import GRID, WORKER_INPUT
from matrix.grid.assemble import assemble, exit_status
from matrix.grid.endpoint import Problem
from matrix.grid.run_cell import Terms
from matrix.grid.servers import GridServers, grid_servers, read_credentials
from matrix.grid.worker import CellTask, GridWorker, worker_text
from matrix.judgement.outcome import Judgement, Verdict
from matrix.plan.options import options_from
from matrix.plan.plan import USAGE_ERRORS, Plan, make_plan, parse_targets
from matrix.reports.files import render_reports
from matrix.reports.terminal import print_run
from matrix.results.cell_result import PROPERTY, CellResult, connections_of
from matrix.results.run_file import RunFile
from matrix.results.run_folder import RunFolder
from servers.contract import Connection

PLAN = pytest.StashKey[Plan]()  # filled beforehand by whoever has made the plan already

WORKER_STOP_SECONDS = 0.5
LAST_VIEWS_SECONDS = 1.0  # all that servers have still to say when the last cell is done
CONTROLLER = pytest.StashKey["GridController"]()  # of the run that is going on


def register(config: pytest.Config) -> None:
    """Plan the run and take control of it; a plan that cannot be made ends pytest with exit status 2."""
    try:
        plan = config.stash.get(PLAN, None) or _plan(config)
        if PLAN not in config.stash:
            sys.stderr.writelines(f"tls-matrix: {remark}\n" for remark in plan.remarks)
        if config.option.collectonly:
            config.pluginmanager.register(_worker(plan, {}, {}), "grid-worker")
            return
        folder = RunFolder(plan.options.out, datetime.now(UTC))
    except USAGE_ERRORS as error:
        pytest.exit(str(error), returncode=EXIT_USAGE)
    controller = GridController(plan, folder)
    config.stash[CONTROLLER] = controller
    config.pluginmanager.register(controller, "grid-controller")
    config.add_cleanup(folder.remove_if_unused)


def _plan(config: pytest.Config) -> Plan:
    """What the options choose; of single tests that pytest was asked for, those cells and their servers."""
    options = options_from(config.option)
    named = {cell_id for argument in config.args if (cell_id := _cell_id(argument)) is not None}
    if not named:
        return make_plan(options)
    cells = [parse_cell_id(cell_id) for cell_id in sorted(named)]
    targets = {target.name for target in parse_targets(options.target)}
    chosen = replace(
        options,
        server=options.server or tuple({cell.server: None for cell in cells if cell.server not in targets}),
        client=options.client or tuple({cell.client: None for cell in cells}),
        scenario=options.scenario or tuple({cell.scenario: None for cell in cells}),
    )
    return make_plan(chosen).narrowed_to(named)


def _worker(plan: Plan, endpoints: Mapping[str, Any], credentials: dict[str, Credential]) -> GridWorker:
    tasks = [CellTask(planned.cell, planned.expectation) for planned in plan.cells]
    terms = Terms(plan.options.timeout, plan.options.evidence, credentials)
    return GridWorker(tasks, dict(endpoints), dict(plan.profiles), terms, plan.options.rate)


class GridController:
    """pytest plugin of the controlling process."""

    def __init__(self, plan: Plan, folder: RunFolder) -> None:
        self.plan = plan
        self.folder = folder
        self.run: RunFile | None = None
        self.unwritten = ""  # why something could not be written
        self._results: dict[str, CellResult] = {}
        # Evidence by cell that lacks a server's view, or was not written to its end.
        self._unfinished: dict[str, dict[str, Any]] = {}
        self._servers: GridServers | None = None
        self._started = datetime.now(UTC)
        self._first_result: datetime | None = None
        self._last_result: datetime | None = None
        self._cleanup = ExitStack()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Start the servers, before pytest-xdist starts its workers (which it does last)."""
        self._cleanup.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _terminate))
        session.config.add_cleanup(self._cleanup.close)
        self._servers = self._cleanup.enter_context(grid_servers(self.plan))
        endpoints = self._servers.endpoints
        if session.config.pluginmanager.has_plugin("dsession"):
            text = worker_text(self.plan.cells, list(endpoints.values()), self._servers.client_credentials)
            session.config.pluginmanager.register(_WorkerNodes(text), "grid-worker-nodes")
        else:
            credentials = read_credentials(self._servers.client_credentials)
            worker = _worker(self.plan, endpoints, credentials)
            session.config.pluginmanager.register(worker, "grid-worker")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result of a cell from its report; a test that broke without one is a harness error."""
        for name, value in report.user_properties:
            if name == PROPERTY:
                self._take(CellResult.from_json(str(value)))
                return
        cell_id = _cell_id(report.nodeid)
        if report.failed and cell_id is not None and cell_id not in self._results:
            last_line = (report.longreprtext.strip() or "no reason given").splitlines()[-1]
            self._take(
                CellResult(
                    cell_id, Judgement(Verdict.HARNESS_ERROR, note=f"the test itself broke: {last_line}")
                )
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Prove the servers once more, write everything, set the exit status."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left takes a moment and must not be cut short
        stopped_early = exitstatus in (pytest.ExitCode.INTERRUPTED, EXIT_TERMINATED)
        if stopped_early:
            _hurry_workers(session.config)
        problems: Mapping[str, Problem] = {}
        if not stopped_early and self._servers is not None:
            try:
                problems = self._servers.problems_now()
            except KeyboardInterrupt:
                exitstatus = pytest.ExitCode.INTERRUPTED
        self._cleanup.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.SIG_IGN))
        self.run = self._assemble(problems)
        until = monotonic() + LAST_VIEWS_SECONDS
        for cell_id, evidence in self._unfinished.items():
            self._add_views(cell_id, evidence, until)
            self._write(self.folder.add_evidence, cell_id, evidence)
        timings = self._timings()
        reports = render_reports(self.run, timings["cells"])
        self._write(self.folder.write, self.run, timings, reports)
        self._cleanup.close()
        session.exitstatus = self._exit_status(exitstatus)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the grid."""
        if self.run is not None:
            writer = terminalreporter._tw
            text = io.StringIO()
            console = Console(file=text, force_terminal=writer.hasmarkup, width=writer.fullwidth)
            print_run(self.run, console)
            terminalreporter.section("TLS interoperability")
            terminalreporter.write(text.getvalue())
            terminalreporter.write_line(self.unwritten or f"written to {self.folder.path}")

    def _write(self, write: Callable[..., None], *what: Any) -> None:
        """Write something; a full disk must not take what was found away from who looks at the terminal."""
        try:
            write(*what)
        except OSError as error:
            where = error.filename or self.folder.path
            self.unwritten = (
                f"{where}: cannot be written ({error.strerror}); the run's files are not complete"
            )

    def _take(self, result: CellResult) -> None:
        """Keep a result; an interrupt may come between any two lines, and what is kept by then is written."""
        self._results[result.cell] = replace(result, evidence=None)
        self._last_result = datetime.now(UTC)
        self._first_result = self._first_result or self._last_result
        if result.evidence is not None:
            head = {
                "cell": result.cell,
                "verdict": result.judgement.verdict.value,
                "reason": result.judgement.reason and str(result.judgement.reason),
            }
            evidence = {**head, **result.evidence}
            self._unfinished[result.cell] = evidence
            is_whole = self._add_views(result.cell, evidence, monotonic())
            self._write(self.folder.add_evidence, result.cell, evidence)
            if is_whole:
                del self._unfinished[result.cell]

    def _add_views(self, cell_id: str, evidence: dict[str, Any], until: float) -> bool:
        """Add to each connection what the server says of it until then; whether it has said all it will."""
        assert self._servers is not None, "a cell has run"
        server = parse_cell_id(cell_id).server
        connections = connections_of(evidence)
        for connection in connections:
            port = connection["client_port"]
            started = datetime.fromisoformat(connection["started"])
            seconds = max(0.0, until - monotonic())
            view = None if port is None else self._servers.view(server, port, started, seconds)
            connection["server_view"] = None if view is None else _described(view)
        is_ours = self._servers.stack(server) is not None
        return not is_ours or all(connection["server_view"] is not None for connection in connections)

    def _assemble(self, problems: Mapping[str, Problem]) -> RunFile:
        stacks = {v.id: self._servers.stack(v.id) for v in self.plan.variants} if self._servers else {}
        return assemble(self.plan, self._results, stacks, problems)

    def _timings(self) -> dict[str, Any]:
        endpoints = self._servers.endpoints if self._servers else {}
        return {
            "started": self._started.isoformat(timespec="seconds"),
            "seconds": self._seconds_until(datetime.now(UTC)),
            "first_result_after_seconds": self._seconds_until(self._first_result),
            "last_result_after_seconds": self._seconds_until(self._last_result),
            "servers": {
                server: {"address": endpoint.address, "certificate_sha256": sorted(endpoint.fingerprints)}
                for server, endpoint in endpoints.items()
                if endpoint.destination is not None
            },
            "cells": {cell: round(result.seconds, 6) for cell, result in self._results.items()},
        }

    def _seconds_until(self, moment: datetime | None) -> float | None:
        return None if moment is None else round((moment - self._started).total_seconds(), 3)

    def _exit_status(self, given: int) -> int:
        match given:
            case pytest.ExitCode.INTERRUPTED:
                return EXIT_INTERRUPTED
            case pytest.ExitCode.INTERNAL_ERROR | pytest.ExitCode.NO_TESTS_COLLECTED:
                return EXIT_HARNESS
            case pytest.ExitCode.USAGE_ERROR:
                return EXIT_USAGE
            case pytest.ExitCode.OK | pytest.ExitCode.TESTS_FAILED:
                assert self.run is not None  # set just before
                return EXIT_HARNESS if self.unwritten else exit_status(self.run) or int(given)
            case _:
                return int(given)


class _WorkerNodes:
    """Hooks of pytest-xdist's, registered only where pytest-xdist knows them."""

    def __init__(self, text: str) -> None:
        self._text = text

    def pytest_xdist_setupnodes(self, config: pytest.Config) -> None:
        """Start workers deaf to Ctrl-C at a terminal, from their first moment on: they inherit the mask."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        config.add_cleanup(_hear_interrupts)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Hear it again in this process, now that they are started; what came meanwhile comes now."""
        _hear_interrupts()

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker its cells and where the servers are."""
        node.workerinput[WORKER_INPUT] = self._text

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Where a server's silence holds one worker up, let the others take over what it has before it."""
        from xdist.scheduler import WorkStealingScheduling

        return WorkStealingScheduling(config, log) if config.option.dist == "load" else None


def _hear_interrupts() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _described(view: Connection) -> dict[str, Any]:
    """A server's view of a connection, for the evidence; its log as a list of lines."""
    words = {key: value for key, value in asdict(view).items() if key not in ("id", "peer_port")}
    return {**words, "log": None if view.log is None else view.log.splitlines()}


def _hurry_workers(config: pytest.Config) -> None:
    """Let pytest-xdist kill its workers at once: who interrupts a run does not wait for silent servers."""
    distribution = config.pluginmanager.get_plugin("dsession")
    if distribution is not None and distribution.nodemanager is not None:
        distribution.nodemanager.EXIT_TIMEOUT = WORKER_STOP_SECONDS


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    pytest.exit("terminated", returncode=EXIT_TERMINATED)


def _cell_id(node_id: str) -> str | None:
    path, _, name = node_id.partition("::")
    is_cell = path.endswith(f"{GRID.name}/test_grid.py") and name.startswith("test_cell[")
    return name.removeprefix("test_cell[").removesuffix("]") if is_cell else None
