"""The part of a run in the process that controls it: plan, start and prove the servers, tell the workers,
collect what they report, judge the whole, write the files and set the exit status.

Whatever ends a run, what has been measured by then is written (`partial` is then true): a result goes into
the run's folder as it comes (`matrix.grid.measured`), and an interrupt, SIGTERM, SIGHUP and the time limit
leave the time to write the rest. Where pytest ends before it had a cell to run, by an expression it cannot
read or one that nothing matches, there is no run: nothing is written, and the exit status is pytest's own.
"""

import io
import platform
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from rich.console import Console

from clients.pace import pace_of
from definitions.former import Notes
from matrix.captures.server_keys import write_server_keys
from matrix.cell import parse_cell_id
from matrix.errors import EXIT_HARNESS, EXIT_INTERRUPTED, EXIT_USAGE
from matrix.grid import GRID
from matrix.grid.ending import Ending
from matrix.grid.endpoint import Problem
from matrix.grid.measured import Measured
from matrix.grid.processes import CellProcesses
from matrix.grid.run_cell import Terms
from matrix.grid.runner import CellRunner, what_is_told
from matrix.grid.servers import GridServers, grid_servers, read_credentials
from matrix.grid.task import CellTask, tasks_of
from matrix.grid.worker import GridWorker, worker_text
from matrix.grid.worker_nodes import WorkerNodes, end_workers, start_workers_again
from matrix.history.adding import add_at_the_end
from matrix.history.errors import HistoryInUse
from matrix.history.file import check_writable
from matrix.history.kept_run import kept_run
from matrix.history.place import history_file, named_history
from matrix.judgement.outcome import Judgement, Verdict
from matrix.plan.make import make_plan
from matrix.plan.options import options_from
from matrix.plan.plan import Plan
from matrix.plan.targets import parse_targets
from matrix.plan.usage_errors import USAGE_ERRORS, lines_of
from matrix.reports.view import view_of
from matrix.results.cell_result import PROPERTY, CellResult
from matrix.results.environment import command
from matrix.results.evidence_wanted import EvidenceWanted
from matrix.results.gate import exit_status, parse_gates
from matrix.results.places import PAGE
from matrix.results.run_file import RunFile
from matrix.results.run_folder import RunFolder
from matrix.results.timings import load_timings, timings_from
from matrix.wording import counted, printable
from stacks.temporary_folder import remove_abandoned_folders

NOTHING_RAN = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)
PLAN = pytest.StashKey[Plan]()  # filled beforehand, with the folder, by whoever has made the plan already
FOLDER = pytest.StashKey[RunFolder]()
PROCESSES = pytest.StashKey[int]()  # how many forks run cells, filled by whoever wants any
CONTROLLER = pytest.StashKey["GridController"]()  # of the run that is going on


def register(config: pytest.Config) -> None:
    """Plan the run and take control of it; a plan that cannot be made ends pytest with exit status 2."""
    notes = Notes()
    try:
        plan = config.stash.get(PLAN, None) or _plan(config, notes)
        if PLAN not in config.stash:
            sys.stderr.writelines(f"tls-matrix: {remark}\n" for remark in plan.remarks)
        if config.option.collectonly:
            config.pluginmanager.register(_only_listed(plan), "grid-worker")
            return
        folder = config.stash.get(FOLDER, None) or folder_of(plan)
    except USAGE_ERRORS as error:
        pytest.exit("\n".join(map(printable, lines_of(error))), returncode=EXIT_USAGE)
    for line in notes:
        sys.stderr.write(f"{printable(line)}\n")
    controller = GridController(plan, folder, config.stash.get(PROCESSES, 0))
    config.stash[CONTROLLER] = controller
    config.pluginmanager.register(controller, "grid-controller")
    config.add_cleanup(folder.remove_if_unused)


def folder_of(plan: Plan) -> RunFolder:
    """Make the folder that a run is written to. Raises SelectionError where it may not be, and HistoryError
    where the history that somebody has named cannot be; one that is in use now may be free at the end.
    """
    history = named_history(plan.options.history)
    if history is not None:
        with suppress(HistoryInUse):
            check_writable(history, wait=0)
    cells = [planned.cell.id for planned in plan.cells]
    return RunFolder(plan.options.out, datetime.now(UTC), cells, force=plan.options.force)


def _plan(config: pytest.Config, notes: Notes) -> Plan:
    """What the options choose; of single tests that pytest was asked for, those cells and their servers."""
    options = options_from(config.option)
    named = {cell_id for argument in config.args if (cell_id := cell_id_of(argument)) is not None}
    if not named:
        return make_plan(options, notes)
    cells = [parse_cell_id(cell_id) for cell_id in sorted(named)]
    targets = {target.name for target in parse_targets(options.target)}
    chosen = replace(
        options,
        server=options.server or tuple({cell.server: None for cell in cells if cell.server not in targets}),
        client=options.client or tuple({cell.client: None for cell in cells}),
        scenario=options.scenario or tuple({cell.scenario: None for cell in cells}),
    )
    return make_plan(chosen, notes).narrowed_to(named)


def _only_listed(plan: Plan) -> GridWorker:
    """What lets pytest list and choose cells, and runs none."""

    def run(task: CellTask) -> CellResult:
        raise AssertionError(f"{task.cell.id} was only to be listed")

    return GridWorker(tasks_of(plan), run, str)


def _runner(plan: Plan, workers: int, told: Mapping[str, Any]) -> CellRunner:
    """What runs the cells of the plan in one of so many processes."""
    clients = {client: plan.client(client) for client in {planned.cell.client for planned in plan.cells}}
    terms = Terms(plan.options.timeout, plan.options.evidence)
    return CellRunner.told(told, clients, terms, plan.options.rate, workers)


class GridController:
    """pytest plugin of the controlling process. `said` are lines for a person when the run is over;
    `not_in_history` says why the run could not be added to the history, empty where it was.
    """

    def __init__(self, plan: Plan, folder: RunFolder, processes: int) -> None:
        self.plan = plan
        self.folder = folder
        self.run: RunFile | None = None
        self.said: list[str] = folder.said
        self.not_in_history = ""
        self.measured: Measured | None = None
        self._servers: GridServers | None = None
        self._processes = processes
        self._cells = CellProcesses(0, partial(_run_in_fork, plan, 0))
        self._started = datetime.now(UTC)
        self._ending = Ending(plan.options.time_limit)
        self._is_stopped = False
        self._cleanup = ExitStack()
        self._serving = ExitStack()

    @property
    def ended_by(self) -> str:
        """What ended the run before its end; empty for an interrupt, and where nothing did."""
        return self._ending.reason

    @property
    def unwritten(self) -> str:
        """Why something could not be written; empty where all was."""
        return self.measured.unwritten if self.measured is not None else ""

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self, session: pytest.Session) -> Generator[None]:
        """Start the servers, then let pytest-xdist start its workers; one that dies as it starts must not
        end the run.
        """
        self._start_servers(session)
        try:
            yield
        except (EOFError, OSError):
            if not session.config.pluginmanager.has_plugin("dsession"):
                raise
            start_workers_again(session)

    def _start_servers(self, session: pytest.Session) -> None:
        self._cleanup.enter_context(self._ending)
        session.config.add_cleanup(self._cleanup.close)
        remove_abandoned_folders()  # of runs that were killed
        self._cleanup.callback(remove_abandoned_folders)  # of processes of this run that were
        # Before there is any thread: those that hear the servers are the first.
        self._cells = CellProcesses(self._processes, partial(_run_in_fork, self.plan, self._processes))
        self._cleanup.callback(self._cells.stop)
        self._cleanup.callback(self._serving.close)
        servers = self._servers = self._serving.enter_context(grid_servers(self.plan))
        if self.plan.options.evidence is EvidenceWanted.ALL:
            write_server_keys(self.folder.path, servers.credentials)
        endpoints, shown = servers.endpoints, servers.client_credentials
        if session.config.pluginmanager.has_plugin("dsession"):
            text = worker_text(
                tasks_of(self.plan),
                list(endpoints.values()),
                shown,
                self.folder.path,
                self.plan.options.clients_dir,
            )
            nodes = WorkerNodes(text, partial(_choose, session, self.plan))
            session.config.pluginmanager.register(nodes, "grid-worker-nodes")
        else:
            told = what_is_told(endpoints.values(), shown, self.folder.path)
            session.config.pluginmanager.register(self._worker(told), "grid-worker")

    def _worker(self, told: Mapping[str, Any]) -> GridWorker:
        """The plugin that runs cells, in the forks if there are any."""
        tasks = tasks_of(self.plan)
        runner = _runner(self.plan, 1, told)
        if not self._cells:
            return GridWorker(tasks, runner.run, runner.address)
        return GridWorker(
            tasks, self._cells.result, runner.address, partial(self._cells.begin, told, runner.run)
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Make ready for results, and import what makes reports of them, while the first cells are on their
        way.
        """
        assert self._servers is not None, "the session has started"
        self.measured = Measured(self.plan, self.folder, self._servers, self._started)
        import_module("matrix.reports.files")
        import_module("matrix.reports.terminal")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result of a cell from its report; a test that broke without one is a harness error."""
        assert self.measured is not None, "the session has started"
        for name, value in report.user_properties:
            if name == PROPERTY:
                self.measured.take(CellResult.from_json(str(value)))
                return
        cell_id = cell_id_of(report.nodeid)
        if report.failed and cell_id is not None and cell_id not in self.measured:
            last_line = (report.longreprtext.strip() or "no reason given").splitlines()[-1]
            broke = Judgement(Verdict.HARNESS_ERROR, note=f"the test itself broke: {last_line}")
            self.measured.take(CellResult(cell_id, broke))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell an interrupt from pytest-xdist's way to stop after -x, which is an exception of that kind."""
        self._is_stopped = (
            isinstance(excinfo.value, KeyboardInterrupt) and excinfo.type is not KeyboardInterrupt
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Prove the servers once more, write everything, set the exit status."""
        if exitstatus in NOTHING_RAN and not self.measured:
            self._cleanup.close()
            return
        self._ending.is_near()
        ended_early = self._ending.is_early or exitstatus == pytest.ExitCode.INTERRUPTED
        if ended_early:
            end_workers(session.config)
        for left in self._cells.stop():
            if ended_early and self.measured is not None:
                self.measured.take(left)
        later: Mapping[str, Problem] = {}
        if not ended_early and self._servers is not None:
            try:
                if self.plan.options.explain:
                    self._explain(self._servers)
                later = self._servers.problems_now()
            except KeyboardInterrupt:
                exitstatus = pytest.ExitCode.INTERRUPTED
        self._ending.is_here()
        if self.measured is not None and len(self.measured):
            self._write(self.measured, later)
        self._cleanup.close()
        session.exitstatus = self._exit_status(exitstatus)

    def _explain(self, servers: GridServers) -> None:
        """Find what is to blame for the failures, while the servers still run."""
        assert self.measured is not None, "the session has started"
        options = self.plan.options
        terms = Terms(options.timeout, credentials=read_credentials(servers.client_credentials))
        paces = {target.name: pace_of(target.destination, options.rate) for target in self.plan.targets}
        from matrix.grid.explaining import explained  # takes a while, and most runs explain nothing

        self.measured.blame(explained(self.plan, servers.endpoints, self.measured.records, terms, paces))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the grid."""
        if self.run is None:
            return
        from matrix.reports.terminal import print_run  # as in `pytest_runtestloop`

        writer = terminalreporter._tw
        text = io.StringIO()
        console = Console(file=text, force_terminal=writer.hasmarkup, width=writer.fullwidth)
        view = view_of(terminalreporter.config.option.verbose)
        view = view.with_levels() if self.plan.options.levels else view
        print_run(self.run, console, view, load_timings(self.folder.place))
        terminalreporter.section("TLS interoperability")
        terminalreporter.write(text.getvalue())
        for line in self.said:
            terminalreporter.write_line(line)
        terminalreporter.write_line(printable(self.unwritten or f"The page: {self.folder.place / PAGE}"))
        if self.not_in_history:
            terminalreporter.write_line(printable(self.not_in_history))

    def _write(self, measured: Measured, later: Mapping[str, Problem]) -> None:
        assert self._servers is not None, "something was measured"
        from matrix.reports.files import render_reports  # as in `pytest_runtestloop`
        from matrix.reports.page.sources import sources_of

        run = self.run = measured.finish({**self._servers.problems, **later})
        self._serving.close()  # its threads end, and this process can be forked again
        if self._ending.reason:
            cells = counted(len(self.plan.cells), "cell")
            self.said.append(f"{self._ending.reason} ended the run: {len(measured)} of {cells} measured")
        timings = self._timings(measured, self._servers)
        told = timings_from(timings)
        played = {name: self.plan.profiles[name] for name in run.clients if name in self.plan.profiles}
        sources = sources_of(self.folder.path, played)
        measured.write(run, timings, render_reports(run, told, sources))
        if measured.lost and not measured.unwritten:
            self.said.append(measured.lost)
        kept = kept_run(run, told, self.folder.path.name, str(self.folder.path))
        self.not_in_history = add_at_the_end(history_file(self.plan.options.history), kept)

    def _timings(self, measured: Measured, servers: GridServers) -> dict[str, Any]:
        return {
            "command": command(),
            "host": platform.node(),
            "started": self._started.isoformat(timespec="seconds"),
            "seconds": self._seconds_until(datetime.now(UTC)),
            "first_result_after_seconds": self._seconds_until(measured.first),
            "last_result_after_seconds": self._seconds_until(measured.last),
            "servers": {
                server: {"address": endpoint.address, "certificate_sha256": sorted(endpoint.fingerprints)}
                for server, endpoint in servers.endpoints.items()
                if endpoint.destination is not None
            },
            "cells": {cell: round(seconds, 6) for cell, seconds in measured.seconds.items()},
        }

    def _seconds_until(self, moment: datetime | None) -> float | None:
        return None if moment is None else round((moment - self._started).total_seconds(), 3)

    def _exit_status(self, given: int) -> int:
        if self._ending.is_early:
            return self._ending.status
        match given:
            case pytest.ExitCode.INTERRUPTED if not self._is_stopped:
                return EXIT_INTERRUPTED
            case pytest.ExitCode.INTERNAL_ERROR:
                return EXIT_HARNESS
            case pytest.ExitCode.OK | pytest.ExitCode.TESTS_FAILED:
                return self._status_of_run() or int(given)
            case pytest.ExitCode.INTERRUPTED:
                return self._status_of_run() or int(pytest.ExitCode.TESTS_FAILED)
            case _:
                return int(given)

    def _status_of_run(self) -> int:
        options = self.plan.options
        if self.run is None or self.measured is None or self.measured.unwritten or self.measured.lost:
            return EXIT_HARNESS
        targets = (target.name for target in self.plan.targets)
        servers = (*options.server, *options.levels, *targets)
        return exit_status(self.run, parse_gates(options.fail_on), servers, options.client)


def _run_in_fork(plan: Plan, workers: int, told: Mapping[str, Any]) -> Callable[[CellTask], CellResult]:
    return _runner(plan, workers, told).run


def _choose(session: pytest.Session, plan: Plan) -> None:
    """Let pytest choose among the cells here, where something chooses, as each worker will do by itself.

    Of what is wrong with -k, -m or a test's id a worker could only die; here pytest says it. Where nothing is
    left, pytest ends.
    """
    option = session.config.option
    is_chosen = option.keyword or option.markexpr or option.deselect
    if not is_chosen and not any("::" in argument for argument in session.config.args):
        return
    worker = _only_listed(plan)
    session.config.pluginmanager.register(worker, "grid-choice")
    items = session.perform_collect()
    session.config.pluginmanager.unregister(worker)
    if not items:
        pytest.exit("no cell is chosen; nothing is run", returncode=pytest.ExitCode.NO_TESTS_COLLECTED)


def cell_id_of(node_id: str) -> str | None:
    """The cell that a test of pytest's is for; None where it is for none."""
    path, _, name = node_id.partition("::")
    is_cell = path.endswith(f"{GRID.name}/test_grid.py") and name.startswith("test_cell[")
    return name.removeprefix("test_cell[").removesuffix("]") if is_cell else None
