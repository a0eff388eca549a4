"""`tls-matrix run`: plans, runs the grid, and shows what came out.

The cells run in forks of this process (`matrix.grid.processes`); with `-n auto` there are as many as there is
work for, up to the number of processors. `pytest -n` makes the same run (`matrix.grid.grid_run`) of tests.
"""

import inspect
import os
import stat
import sys
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from clients.destination import is_loopback
from clients.pace import DEFAULT_RATE
from matrix.commands.asking_first import ask_first
from matrix.commands.completion import OF_OPTIONS
from matrix.commands.job import tell_job
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
from matrix.errors import EXIT_HARNESS, EXIT_HUNG_UP, EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_USAGE, fault_of
from matrix.grid import useful_workers
from matrix.grid.ending import EndedEarly
from matrix.grid.grid_run import GridRun, folder_of
from matrix.plan.make import make_plan
from matrix.plan.options import options_given, signature
from matrix.plan.plan import Plan
from matrix.reports.view import View
from matrix.results.run_file import encode
from matrix.results.run_folder import RunFolder
from matrix.wording import counted

CELLS_WORTH_A_PROCESS = 8
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
            from matrix.commands.narrowing import failed_before  # asks the history, and few runs do

            plan = plan.chosen_by(failed_before)
        if keyword is not None:
            from matrix.commands.keyword import matching  # asks pytest, which takes long to import

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
    """Run the plan and print what came out, as JSON without a view; gives the exit status."""
    grid = GridRun(plan, folder)
    with grid:
        status = _carried_out(grid, _processes(workers, len(plan.cells)))
    if grid.run is None:
        if status in (EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_HUNG_UP):
            tell("tls-matrix: ended before a cell was run; nothing is written")
        elif grid.ending.is_early:
            tell(
                f"tls-matrix: {grid.ending.reason} ended the run before any cell was done; nothing is written"
            )
        return status
    with while_read():
        place = grid.folder.place
        if view is None:
            write_out(encode(grid.run))
        else:
            show_run(grid.run, view, saved_timings(place))
            if not grid.unwritten:
                show_page(place, view)
        tell_job(grid.run, saved_timings(place), is_json=view is None)
    for line in (*grid.said, grid.unwritten, grid.not_in_history):
        if line:
            tell(f"tls-matrix: {line}")
    return status


def _carried_out(grid: GridRun, processes: int) -> int:
    """Run the grid to its end, or to what ends it; gives the exit status."""
    is_interrupted = False
    try:
        with ExitStack() as shown:
            try:
                bar = _Bar(len(grid.plan.cells), shown)
                grid.start(processes)
                bar.begin()
                grid.carry_out(bar.cell_done)
            except EndedEarly:
                if grid.ending.status == EXIT_HUNG_UP:
                    _leave_the_terminal()
    except (KeyboardInterrupt, EndedEarly):  # the second while the bar is closed after the first
        is_interrupted = True
    except Exception as error:
        # What was measured is written all the same; to run the rest might end as this did.
        tell(f"tls-matrix: this program has a fault, please report it: {fault_of(error)}")
        try:
            grid.finish(is_interrupted=True)
        except Exception:  # of the same cause, it may be
            tell(f"tls-matrix: what was measured is in the journal: tls-matrix report {grid.folder.path}")
        return EXIT_HARNESS
    is_interrupted = grid.finish(is_interrupted=is_interrupted)
    if grid.ending.is_early:
        return grid.ending.status
    return EXIT_INTERRUPTED if is_interrupted else grid.status()


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


def _processes(asked: str, cells: int) -> int:
    if asked != "auto":
        return min(int(asked), cells)
    useful = min(useful_workers(), -(-cells // CELLS_WORTH_A_PROCESS))
    return useful if useful > 1 else 0


class _Bar:
    """Shows how far a run has come: on a terminal with a bar, elsewhere with a line from time to time."""

    def __init__(self, cells: int, shown: ExitStack) -> None:
        self._cells = cells
        self._shown = shown
        self._done = 0
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._told_at = monotonic()
        if sys.stderr.isatty():
            # A bar that moves has a thread, and there must be none as long as this process is to be forked.
            still = shown.enter_context(_progress(auto_refresh=False))
            still.add_task("starting servers", total=cells)

    def begin(self) -> None:
        """Show from now on how far the run has come."""
        if sys.stderr.isatty():
            self._shown.close()
            self._progress = self._shown.enter_context(_progress(auto_refresh=True))
            self._task = self._progress.add_task("running cells", total=self._cells)

    def cell_done(self) -> None:
        """Count a cell."""
        self._done += 1
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._done)
        elif monotonic() - self._told_at > _TELL_EVERY_SECONDS:
            self._told_at = monotonic()
            tell(f"{self._done} of {counted(self._cells, 'cell')} done")
