"""A run under pytest, in the process that controls it: plans, tells pytest-xdist's workers what to run, takes
what they report, and sets pytest's exit status. Everything else is in `matrix.grid.grid_run`.

Where pytest ends before it had a cell to run, by an expression it cannot read or one that nothing matches,
there is no run: nothing is written, and the exit status is pytest's own.
"""

import io
import sys
from collections.abc import Generator
from dataclasses import replace
from functools import partial
from typing import NoReturn

import pytest
from rich.console import Console

from definitions.former import Notes
from matrix.cell import parse_cell_id
from matrix.errors import EXIT_HARNESS, EXIT_INTERRUPTED, EXIT_USAGE
from matrix.grid import GRID
from matrix.grid.grid_run import GridRun, folder_of
from matrix.grid.task import CellTask, tasks_of
from matrix.grid.worker import GridWorker, worker_text
from matrix.grid.worker_nodes import WorkerNodes, end_workers, start_workers_again
from matrix.judgement.outcome import Judgement, Verdict
from matrix.plan.make import make_plan
from matrix.plan.options import options_from
from matrix.plan.plan import Plan
from matrix.plan.targets import parse_targets
from matrix.plan.usage_errors import USAGE_ERRORS, lines_of
from matrix.reports.view import view_of
from matrix.results.cell_result import PROPERTY, CellResult
from matrix.results.places import PAGE
from matrix.results.timings import load_timings
from matrix.wording import printable

NOTHING_RAN = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)
PLAN = pytest.StashKey[Plan]()  # filled beforehand by whoever has made the plan already


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
        folder = folder_of(plan)
    except USAGE_ERRORS as error:
        pytest.exit("\n".join(map(printable, lines_of(error))), returncode=EXIT_USAGE)
    for line in notes:
        sys.stderr.write(f"{printable(line)}\n")
    config.pluginmanager.register(GridController(GridRun(plan, folder, _end_pytest)), "grid-controller")
    config.add_cleanup(folder.remove_if_unused)


def _end_pytest(why: str, status: int) -> NoReturn:
    pytest.exit(why, returncode=status)


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


class GridController:
    """pytest plugin of the controlling process."""

    def __init__(self, grid: GridRun) -> None:
        self.grid = grid
        self._is_stopped = False

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
        session.config.add_cleanup(self.grid.close)
        self.grid.__enter__()
        self.grid.start()
        plan = self.grid.plan
        if session.config.pluginmanager.has_plugin("dsession"):
            text = worker_text(tasks_of(plan), self.grid.told(), plan.options.clients_dir)
            nodes = WorkerNodes(text, partial(_choose, session, plan))
            session.config.pluginmanager.register(nodes, "grid-worker-nodes")
        else:
            runner = self.grid.runner()
            worker = GridWorker(tasks_of(plan), runner.run, runner.address)
            session.config.pluginmanager.register(worker, "grid-worker")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Make ready for results."""
        self.grid.make_ready()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result of a cell from its report; a test that broke without one is a harness error."""
        for name, value in report.user_properties:
            if name == PROPERTY:
                self.grid.take(CellResult.from_json(str(value)))
                return
        assert self.grid.measured is not None, "the session has started"
        cell_id = cell_id_of(report.nodeid)
        if report.failed and cell_id is not None and cell_id not in self.grid.measured:
            last_line = (report.longreprtext.strip() or "no reason given").splitlines()[-1]
            broke = Judgement(Verdict.HARNESS_ERROR, note=f"the test itself broke: {last_line}")
            self.grid.take(CellResult(cell_id, broke))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell an interrupt from pytest-xdist's way to stop after -x, which is an exception of that kind."""
        self._is_stopped = (
            isinstance(excinfo.value, KeyboardInterrupt) and excinfo.type is not KeyboardInterrupt
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Finish the run and set the exit status."""
        if exitstatus in NOTHING_RAN and not self.grid.measured:
            self.grid.close()
            return
        self.grid.ending.is_near()
        is_interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        if is_interrupted or self.grid.ending.is_early:
            end_workers(session.config)
        is_interrupted = self.grid.finish(is_interrupted=is_interrupted)
        self.grid.close()
        session.exitstatus = self._exit_status(pytest.ExitCode.INTERRUPTED if is_interrupted else exitstatus)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the grid."""
        grid = self.grid
        if grid.run is None:
            return
        from matrix.reports.terminal import print_run  # as in `GridRun.make_ready`

        writer = terminalreporter._tw
        text = io.StringIO()
        console = Console(file=text, force_terminal=writer.hasmarkup, width=writer.fullwidth)
        view = view_of(terminalreporter.config.option.verbose)
        view = view.with_levels() if grid.plan.options.levels else view
        print_run(grid.run, console, view, load_timings(grid.folder.place))
        terminalreporter.section("TLS interoperability")
        terminalreporter.write(text.getvalue())
        for line in grid.said:
            terminalreporter.write_line(line)
        terminalreporter.write_line(printable(grid.unwritten or f"The page: {grid.folder.place / PAGE}"))
        if grid.not_in_history:
            terminalreporter.write_line(printable(grid.not_in_history))

    def _exit_status(self, given: int) -> int:
        if self.grid.ending.is_early:
            return self.grid.ending.status
        match given:
            case pytest.ExitCode.INTERRUPTED if not self._is_stopped:
                return EXIT_INTERRUPTED
            case pytest.ExitCode.INTERNAL_ERROR:
                return EXIT_HARNESS
            case pytest.ExitCode.OK | pytest.ExitCode.TESTS_FAILED:
                return self.grid.status() or int(given)
            case pytest.ExitCode.INTERRUPTED:
                return self.grid.status() or int(pytest.ExitCode.TESTS_FAILED)
            case _:
                return int(given)


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
