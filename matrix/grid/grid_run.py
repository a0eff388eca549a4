"""A run, whoever runs its cells: starts and proves the servers, keeps what is measured, judges the whole,
writes the files and gives the exit status.

Whatever ends a run, what has been measured by then is written (`partial` is then true): a result goes into
the run's folder as it comes (`matrix.grid.measured`), and an interrupt, SIGTERM, SIGHUP and the time limit
leave the time to write the rest.
"""

import platform
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any, Self

from clients.pace import pace_of
from matrix.captures.server_keys import write_server_keys
from matrix.errors import EXIT_HARNESS
from matrix.grid.assemble import frame_of
from matrix.grid.ending import End, Ending, raise_it
from matrix.grid.endpoint import Problem
from matrix.grid.measured import Measured
from matrix.grid.processes import CellProcesses
from matrix.grid.run_cell import Terms
from matrix.grid.runner import CellRunner, what_is_told
from matrix.grid.servers import GridServers, grid_servers, read_credentials
from matrix.grid.task import CellTask, tasks_of
from matrix.history.adding import add_at_the_end
from matrix.history.errors import HistoryInUse
from matrix.history.file import check_writable
from matrix.history.kept_run import kept_run
from matrix.history.place import history_file, named_history
from matrix.plan.plan import Plan
from matrix.results.cell_result import CellResult
from matrix.results.environment import command
from matrix.results.evidence import evidence_adapter
from matrix.results.evidence_wanted import EvidenceWanted
from matrix.results.gate import exit_status, parse_gates
from matrix.results.run_file import RunFile
from matrix.results.run_folder import RunFolder
from matrix.results.timings import timings_from
from matrix.wording import counted
from stacks.temporary_folder import remove_abandoned_folders


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


class GridRun:
    """A run that is entered, started, and finished. `end` is what a signal or the time limit calls. `run` is
    what came out, None where nothing did; `said` are lines for a person when the run is over;
    `not_in_history` says why the run could not be added to the history, empty where it was.
    """

    def __init__(self, plan: Plan, folder: RunFolder, end: End = raise_it) -> None:
        self.plan = plan
        self.folder = folder
        self.ending = Ending(plan.options.time_limit, end)
        self.run: RunFile | None = None
        self.said: list[str] = folder.said
        self.not_in_history = ""
        self.measured: Measured | None = None
        self._frame: RunFile | None = None
        self._servers: GridServers | None = None
        self._cells = CellProcesses(0, partial(_run_in_fork, plan, 0))
        self._started = datetime.now(UTC)
        self._cleanup = ExitStack()
        self._serving = ExitStack()

    def __enter__(self) -> Self:
        self._cleanup.enter_context(self.ending)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop servers and forks, if they have not been; hear signals as before."""
        self._cleanup.close()

    @property
    def unwritten(self) -> str:
        """Why something could not be written; empty where all was."""
        return self.measured.unwritten if self.measured is not None else ""

    @property
    def servers(self) -> GridServers:
        """The servers of a run that has started."""
        assert self._servers is not None, "the run has started"
        return self._servers

    def start(self, processes: int = 0) -> None:
        """Make so many forks for cells and start the servers."""
        remove_abandoned_folders()  # of runs that were killed
        self._cleanup.callback(remove_abandoned_folders)  # of processes of this run that were
        # Before there is any thread: those that hear the servers are the first.
        self._cells = CellProcesses(
            processes,
            partial(_run_in_fork, self.plan, processes),
            partial(_get_ready_in_fork, self.plan),
        )
        self._cleanup.callback(self._cells.stop)
        self._cleanup.callback(self._serving.close)
        self._servers = self._serving.enter_context(grid_servers(self.plan, self._prepare))
        if self.plan.options.evidence is EvidenceWanted.ALL:
            write_server_keys(self.folder.path, self._servers.credentials)

    def told(self) -> dict[str, Any]:
        """What a process needs to know to run cells, as JSON types (`CellRunner.told`)."""
        servers = self.servers
        return what_is_told(servers.endpoints.values(), servers.client_credentials, self.folder.path)

    def runner(self) -> CellRunner:
        """What runs cells in this process."""
        return _runner(self.plan, 1, self.told())

    def carry_out(self, when_done: Callable[[], None]) -> None:
        """Run the cells, in the forks if there are any, and keep their results; `when_done` hears of each."""

        def take(result: CellResult) -> None:
            self.take(result)
            when_done()

        told = self.told()
        self._cells.begin(told, _runner(self.plan, 1, told).run, tasks_of(self.plan))
        with self._cells.going_on():
            self.make_ready()
        self._cells.finish(take)

    def _prepare(self) -> None:
        """What can be done while servers start: import what makes reports, and make the run's frame."""
        import_module("matrix.reports.files")
        import_module("matrix.reports.terminal")
        self._frame = frame_of(self.plan)

    def make_ready(self) -> None:
        """Make ready for results: the first cells are on their way."""
        assert self._frame is not None, "the run has started"
        self.measured = Measured(self.plan, self._frame, self.folder, self.servers, self._started)

    def take(self, result: CellResult) -> None:
        """Keep the result of a cell."""
        assert self.measured is not None, "the run is ready for results"
        self.measured.take(result)

    def finish(self, *, is_interrupted: bool) -> bool:
        """Prove the servers once more and write everything; whether it was interrupted, if only now."""
        self.ending.is_near()
        ended_early = self.ending.is_early or is_interrupted
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
                is_interrupted = True
        self.ending.is_here()
        if self.measured is not None and len(self.measured):
            self._write(self.measured, later)
        return is_interrupted

    def status(self) -> int:
        """The exit status of a run that came to its end."""
        options = self.plan.options
        if self.run is None or self.measured is None or self.measured.unwritten or self.measured.lost:
            return EXIT_HARNESS
        targets = (target.name for target in self.plan.targets)
        servers = (*options.server, *options.levels, *targets)
        return exit_status(self.run, parse_gates(options.fail_on), servers, options.client)

    def _explain(self, servers: GridServers) -> None:
        """Find what is to blame for the failures, while the servers still run."""
        assert self.measured is not None, "the run is ready for results"
        options = self.plan.options
        terms = Terms(options.timeout, credentials=read_credentials(servers.client_credentials))
        paces = {target.name: pace_of(target.destination, options.rate) for target in self.plan.targets}
        from matrix.grid.explaining import explained  # takes a while, and most runs explain nothing

        self.measured.blame(explained(self.plan, servers.endpoints, self.measured.records, terms, paces))

    def _write(self, measured: Measured, later: Mapping[str, Problem]) -> None:
        from matrix.reports.files import render_reports  # as in `_prepare`
        from matrix.reports.page.sources import sources_of

        run = self.run = measured.finish({**self.servers.problems, **later})
        self._serving.close()  # its threads end, and this process can be forked again
        if self.ending.reason:
            cells = counted(len(self.plan.cells), "cell")
            self.said.append(f"{self.ending.reason} ended the run: {len(measured)} of {cells} measured")
        timings = self._timings(measured, self.servers)
        told = timings_from(timings)
        played = {name: self.plan.profiles[name] for name in run.clients if name in self.plan.profiles}
        sources = sources_of(self.folder.path, played)
        run = self.run = measured.write(run, timings, lambda kept: render_reports(kept, told, sources))
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


def _get_ready_in_fork(plan: Plan) -> None:
    """Import what writes evidence, while servers start."""
    if plan.options.evidence is not EvidenceWanted.NONE:
        import_module("matrix.captures.capture")
        evidence_adapter()


def _run_in_fork(plan: Plan, workers: int, told: Mapping[str, Any]) -> Callable[[CellTask], CellResult]:
    return _runner(plan, workers, told).run


def _runner(plan: Plan, workers: int, told: Mapping[str, Any]) -> CellRunner:
    """What runs the cells of the plan in one of so many processes."""
    clients = {client: plan.client(client) for client in {planned.cell.client for planned in plan.cells}}
    terms = Terms(plan.options.timeout, plan.options.evidence)
    return CellRunner.told(told, clients, terms, plan.options.rate, workers)
