"""`tls-matrix run`: plans, lets pytest run the grid, and shows what came out.

pytest runs in this process, without its own output, and takes the cells' results from forks of it
(`matrix.grid.processes`); with `-n auto` there are as many as there is work for, up to the number of
processors. A fleet's cells run in workers of pytest-xdist.
"""

import inspect
import os
import stat
import sys
from collections.abc import Generator
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import Annotated, Any

import pytest
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from clients.destination import is_loopback
from clients.pace import DEFAULT_RATE
from matrix.commands.asking_first import ask_first
from matrix.commands.completion import OF_OPTIONS
from matrix.commands.job import tell_job
from matrix.commands.narrowing import failed_before, matching
from matrix.commands.options import (
    Json,
    one_line_errors,
    tell,
    while_read,
    write_out,
)
from matrix.commands.showing import (
    OnlyRows,
    Quiet,
    Verbose,
    saved_timings,
    show_page,
    show_run,
    view_asked,
)
from matrix.commands.under_pytest import pytest_arguments
from matrix.errors import EXIT_HARNESS, EXIT_HUNG_UP, EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_USAGE
from matrix.grid import useful_workers
from matrix.grid.controller import CONTROLLER, FOLDER, PLAN, PROCESSES, GridController, folder_of
from matrix.plan.make import make_plan
from matrix.plan.options import options_given, signature
from matrix.plan.plan import Plan
from matrix.reports.view import View
from matrix.results.cell_result import PROPERTY
from matrix.results.run_file import encode
from matrix.results.run_folder import RunFolder
from matrix.wording import counted, printable

CELLS_WORTH_A_PROCESS = 8
MANY_CELLS = 5_000
"""Of more, pytest's items take so much room that they are better in workers than in this process too."""
MANY_CLIENTS = 60
"""A run of more asks first where a target is not on loopback."""
_TELL_EVERY_SECONDS = 5.0


def run(
    workers: Annotated[
        str, typer.Option("-n", metavar="N|auto", help="Processes that run cells; 0 for none but this.")
    ] = "auto",
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    only: OnlyRows = None,
    keyword: Annotated[
        str | None,
        typer.Option("-k", metavar="EXPR", help="Cells by their ids, as pytest's -k: java and not connect."),
    ] = None,
    lf: Annotated[
        bool,
        typer.Option(
            "--lf", help="Only cells whose last result in the history is a failure; all where none is."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before a target off loopback is asked much.")
    ] = False,
    **given: Any,
) -> None:
    """Run the grid: each client connects to each server, and results are compared with what is expected.

    PAT is a shell pattern and may be given more than once; quote it. Where a run has several levels of a
    server, -v and the reports say up to which level each client works. Exit status: 0 as expected, 1 a
    cell is unexpected, 2 the command line or a file has errors, 3 the harness failed, nothing ran or the time
    limit ended the run, 129, 130 and 143 SIGHUP, SIGINT or SIGTERM ended it.
    """
    if not (workers == "auto" or workers.isdecimal()):
        tell(f"tls-matrix: -n {workers}: give a number of processes, or auto")
        raise typer.Exit(EXIT_USAGE)
    with one_line_errors() as notes:
        view = view_asked(verbose, quiet, only)
        plan = make_plan(options_given(given), notes)
        if lf:
            plan = plan.chosen_by(failed_before)
        if keyword is not None:
            plan = plan.chosen_by(partial(matching, keyword=keyword))
    _ask_first(plan, is_agreed=yes)
    with one_line_errors():
        folder = folder_of(plan)
    for remark in plan.remarks:
        tell(f"tls-matrix: {remark}")
    view = view.with_levels() if plan.options.levels else view
    try:
        status = _run_and_show(plan, folder, workers, None if json else view)
    finally:
        folder.remove_if_unused()
    raise typer.Exit(status)


_OWN = [each for each in inspect.signature(run).parameters.values() if each.name != "given"]
run.__signature__ = inspect.Signature([*_OWN, *signature(OF_OPTIONS)])  # type: ignore[attr-defined]  # what typer reads


def _ask_first(plan: Plan, *, is_agreed: bool) -> None:
    """Many connections are made to a target that may not be the user's only if the user agrees."""
    clients = len({planned.cell.client for planned in plan.cells})
    if not plan.options.explain and clients <= MANY_CLIENTS:
        return
    for target in plan.targets:
        if not is_loopback(target.destination):
            rate = plan.options.rate or DEFAULT_RATE
            more = _more_for_failures() if plan.options.explain else ""
            what = (
                f"is going to get the hellos of {counted(clients, 'client')}{more} at most {rate:g} a second"
            )
            ask_first(f"{target.destination.address} {what}", is_agreed=is_agreed)


def _more_for_failures() -> str:
    from matrix.explain.explanation import MOST_PROBES  # takes a while, and most runs explain nothing

    return f", and up to {MOST_PROBES} more for each failure,"


def _run_and_show(plan: Plan, folder: RunFolder, workers: str, view: View | None) -> int:
    """Let pytest run the plan and print what came out, as JSON without a view; gives the exit status."""
    with ExitStack() as shown:
        processes = _processes(workers, len(plan.cells))
        distributed = processes if _is_large(plan) else 0
        listener = _Listener(plan, folder, processes - distributed, shown)
        status = int(pytest.main(pytest_arguments(plan.options, distributed), plugins=[listener]))
        if status == EXIT_HUNG_UP:
            _leave_the_terminal()
    controller = listener.controller
    if controller is None or controller.run is None:
        if listener.is_interrupted:  # pytest's status for it is EXIT_USAGE
            status = EXIT_INTERRUPTED
        if status in (EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_HUNG_UP):
            tell("tls-matrix: ended before a cell was run; nothing is written")
            return status
        if status == EXIT_HARNESS:
            ended = controller.ended_by if controller is not None else ""
            why = f"{ended} ended the run before any cell was done" if ended else "no cell was run"
            tell(f"tls-matrix: {why}; nothing is written")
        return EXIT_USAGE if status in (EXIT_USAGE, pytest.ExitCode.USAGE_ERROR) else EXIT_HARNESS
    with while_read():
        place = controller.folder.place
        if view is None:
            write_out(encode(controller.run))
        else:
            show_run(controller.run, view, saved_timings(place))
            if not controller.unwritten:
                show_page(place, view)
        tell_job(controller.run, saved_timings(place), is_json=view is None)
    for line in (*controller.said, controller.unwritten, controller.not_in_history):
        if line:
            tell(f"tls-matrix: {line}")
    return status


def _leave_the_terminal() -> None:
    """After a hangup a terminal is gone, and whatever is written to it fails; files and pipes stay."""
    for stream in (sys.stdout, sys.stderr):
        if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _progress(*, auto_refresh: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=auto_refresh)


def _is_large(plan: Plan) -> bool:
    """Whether workers of pytest-xdist are better than forks, in a folder whose name can be sent as text."""
    return len(plan.cells) > MANY_CELLS and printable(os.getcwd()) == os.getcwd()


def _processes(asked: str, cells: int) -> int:
    if asked != "auto":
        return min(int(asked), cells)
    useful = min(useful_workers(), -(-cells // CELLS_WORTH_A_PROCESS))
    return useful if useful > 1 else 0


class _Listener:
    """pytest plugin: hands over the plan that was made already and shows how far the run has come."""

    def __init__(self, plan: Plan, folder: RunFolder, processes: int, shown: ExitStack) -> None:
        self.controller: GridController | None = None
        self.is_interrupted = False
        self._plan = plan
        self._folder = folder
        self._processes = processes
        self._shown = shown
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._done = 0
        self._told_at = monotonic()

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Leave the plan and the folder where the controlling part of the run looks for them."""
        config.stash[PLAN] = self._plan
        config.stash[FOLDER] = self._folder
        config.stash[PROCESSES] = self._processes

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self) -> Generator[None]:
        """Show on a terminal that servers are started. A bar that moves has a thread, and there must be none
        as long as this process is to be forked.
        """
        if sys.stderr.isatty():
            still = _progress(auto_refresh=False)
            still.add_task("starting servers", total=len(self._plan.cells))
            self._shown.enter_context(still)
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Show from now on how far the run has come."""
        if sys.stderr.isatty():
            self._shown.close()
            self._progress = self._shown.enter_context(_progress(auto_refresh=True))
            self._task = self._progress.add_task("running cells", total=len(self._plan.cells))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember an interrupt; pytest.exit() comes here, too, and has a status of its own."""
        self.is_interrupted = excinfo.errisinstance(KeyboardInterrupt)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Keep what the run came to. The bar ends first, and its thread, since reports are made in forks."""
        self._shown.close()
        self._progress = None
        yield
        self.controller = session.config.stash.get(CONTROLLER, None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a cell."""
        if not any(name == PROPERTY for name, _ in report.user_properties):
            return
        self._done += 1
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._done)
        elif monotonic() - self._told_at > _TELL_EVERY_SECONDS:
            self._told_at = monotonic()
            tell(f"{self._done} of {counted(len(self._plan.cells), 'cell')} done")
