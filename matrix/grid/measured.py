"""What a run has measured so far: kept in memory and, as it comes, in the run's folder.

A result is put down in the journal; its evidence was written by the process that ran the cell, and gets the
server's own view of each connection here. That view tells, too, whether a server that departs from the RFCs
had occasion to. Nothing that cannot be written stops a run.
"""

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from msgspec.structs import replace

from matrix.cell import parse_cell_id
from matrix.errors import UnreadableRun, to_write
from matrix.grid.assemble import cell_record, confidences, whole, with_stacks
from matrix.grid.endpoint import Problem
from matrix.grid.occasions import departures_of, occasion_notes
from matrix.grid.proof import Conversation, unproved
from matrix.grid.servers import GridServers
from matrix.grid.shared_values import SharedValues
from matrix.judgement.outcome import Outcome
from matrix.plan.plan import Plan
from matrix.results.cell_result import CellResult, Facts
from matrix.results.evidence import ServerView, add_views
from matrix.results.explained import ExplanationRecord
from matrix.results.journal import without_evidence
from matrix.results.run_file import CellRecord, RunFile
from matrix.results.run_folder import Reports, RunFolder
from servers.contract import Connection

Blamed = tuple[str, ExplanationRecord]
"""What is to blame, a sentence, and what else is kept of the explanation."""
LAST_VIEWS_SECONDS = 1.0  # all that servers have still to say when the last cell is done


class Measured:
    """The results of a run by cell. `first` and `last` are when results came; `unwritten` says why the run's
    files are not complete, `lost` why evidence is missing.
    """

    def __init__(
        self, plan: Plan, frame: RunFile, folder: RunFolder, servers: GridServers, started: datetime
    ) -> None:
        self.unwritten = ""
        self.lost = ""
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.seconds: dict[str, float] = {}
        self._planned = {planned.cell.id: planned for planned in plan.cells}
        self._folder = folder
        self._servers = servers
        self._results: dict[str, CellResult] = {}
        self._records: dict[str, CellRecord] = {}
        self._shared = SharedValues()
        self._without_views: set[str] = set()
        self._departures = {variant.id: departures_of(variant) for variant in plan.variants}
        self._undecided: dict[str, dict[str, CellResult]] = {}  # by server
        self._confidences = confidences(plan)
        self._frame = with_stacks(frame, {variant.id: servers.stack(variant.id) for variant in plan.variants})
        self._journal(
            folder.journal.begin, self._frame, len(plan.cells), started.isoformat(timespec="seconds")
        )

    def __contains__(self, cell_id: str) -> bool:
        return cell_id in self._records

    def __len__(self) -> int:
        return len(self._records)

    def take(self, result: CellResult) -> None:
        """Keep a result; an interrupt may come between any two lines, and what is kept by then is written."""
        self._results[result.cell] = without_facts(result)
        self.seconds[result.cell] = result.seconds
        self._keep(self._record(result))
        self.last = datetime.now(UTC)
        self.first = self.first or self.last
        self.lost = self.lost or result.unwritten
        if result.evidence:
            self._without_views.add(result.cell)
            self._add_views(result, monotonic(), is_last=False)
        server = parse_cell_id(result.cell).server
        if self._departures.get(server) and result.judgement.outcome is not None:
            self._undecided.setdefault(server, {})[result.cell] = self._results[result.cell]
            self._note_occasions(server, monotonic())

    @property
    def records(self) -> list[CellRecord]:
        """What the cells gave, in the order of their ids."""
        return [self._records[cell_id] for cell_id in sorted(self._records)]

    def blame(self, blamed: Mapping[str, Blamed]) -> None:
        """Put what is to blame beside the failures, by the id of the cell."""
        for cell_id, (cause, explanation) in blamed.items():
            update = {"cause": cause, "explanation": explanation}
            self._keep(self._records[cell_id].model_copy(update=update))

    def finish(self, problems: Mapping[str, Problem]) -> RunFile:
        """Give the whole run; `problems` are those of servers that do not answer, by server."""
        rows: dict[str, list[CellResult]] = {server: [] for server in problems}
        for result in self._results.values() if problems else ():
            if (server := parse_cell_id(result.cell).server) in rows:
                rows[server].append(result)
        for server, problem in problems.items():
            self._doubt(server, problem, rows[server])
        until = monotonic() + LAST_VIEWS_SECONDS
        for cell_id in sorted(self._without_views):
            self._add_views(self._results[cell_id], until, is_last=True)
        for server in self._undecided:
            self._note_occasions(server, until)
        self._folder.keep_evidence_of(self._records)
        # No result comes any more; of a large run these take the room that the reports need.
        self._results.clear()
        self._undecided.clear()
        self._shared = SharedValues()
        return whole(self._frame, self._records.values(), len(self._planned), problems)

    def write(
        self, run: RunFile, timings: Mapping[str, Any], render: Callable[[RunFile], Reports]
    ) -> RunFile:
        """Write the files of the run and let it have its place; the run as it was written."""
        try:
            self._make_room_for(lambda: self._write(run, timings, render))
            self._folder.finish(is_whole=not run.run.partial)
        except OSError as error:
            self.unwritten = unwritable(error, self._folder.path)
        return self._as_kept(run)

    def _write(self, run: RunFile, timings: Mapping[str, Any], render: Callable[[RunFile], Reports]) -> None:
        kept = self._as_kept(run)
        self._folder.write(kept, timings, render(kept))

    def _as_kept(self, run: RunFile) -> RunFile:
        return without_evidence(run) if self._folder.is_without_evidence else run

    def _keep(self, record: CellRecord) -> None:
        self._records[record.id] = self._shared.record(record)
        self._journal(self._folder.journal.add, record, self.seconds[record.id])

    def _record(self, result: CellResult) -> CellRecord:
        planned = self._planned[result.cell]
        return cell_record(planned, result, self._confidences[planned.cell.client])

    def _doubt(self, server: str, problem: Problem, mine: Sequence[CellResult]) -> None:
        """Take back what a server that no longer answers seemed to show, unless it was proved."""
        unsure = unproved(self._conversation(server, result) for result in mine if result.connections)
        for result in mine:
            record = self._records[result.cell]
            if result.cell in unsure:
                taken_back = CellResult(result.cell, problem.judgement, seconds=result.seconds)
                self._keep(self._record(taken_back))
            elif record.outcome is not None:
                notes = [*record.notes, f"measured before this: {problem.note}"]
                self._keep(record.model_copy(update={"notes": notes}))

    def _conversation(self, server: str, result: CellResult) -> Conversation:
        moments = [
            (port, datetime.fromisoformat(started), seconds) for port, started, seconds in result.connections
        ]
        _, began, seconds = moments[-1]
        is_told = [
            began
            for port, began, _ in moments
            if port is not None and self._servers.told_and_ended(server, port, began)
        ]
        answered = (Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK)
        is_answered = result.judgement.outcome in answered
        return Conversation(
            result.cell, began, began + timedelta(seconds=seconds), is_answered, tuple(is_told)
        )

    def _add_views(self, result: CellResult, until: float, *, is_last: bool) -> None:
        """Add to the evidence what the server says of each connection by then; what is not said yet is waited
        for when all cells are done.
        """
        server = parse_cell_id(result.cell).server
        views = list(self._views(server, result, until))
        if None in views and self._servers.stack(server) is not None and not is_last:
            return
        self._without_views.discard(result.cell)
        if not any(views):
            return
        try:
            add_views(self._folder.path, result.cell, views)
        except UnreadableRun as error:
            self.lost = str(error)
        except OSError as error:
            self.lost = self.lost or unwritable(error, self._folder.path)

    def _note_occasions(self, server: str, until: float) -> None:
        """Note in which cells a server had no occasion to depart, as far as it has told by then: its logs do
        not stay for ever, so each further result asks again.
        """
        for cell_id, result in list(self._undecided[server].items()):
            told = list(self._told(server, result, until))
            if None in told and self._servers.stack(server) is not None:
                continue
            del self._undecided[server][cell_id]
            record = self._records[cell_id]
            scenario = parse_cell_id(cell_id).scenario
            notes = list(occasion_notes(self._departures[server], scenario, told))
            if notes and record.outcome is not None:
                self._keep(record.model_copy(update={"notes": [*record.notes, *notes]}))

    def _views(self, server: str, result: CellResult, until: float) -> Iterator[ServerView | None]:
        for told in self._told(server, result, until):
            yield None if told is None else _view(told)

    def _told(self, server: str, result: CellResult, until: float) -> Iterator[Connection | None]:
        """What the server says of each connection of a cell by then."""
        for port, started, _ in result.connections:
            seconds = max(0.0, until - monotonic())
            moment = datetime.fromisoformat(started)
            yield None if port is None else self._servers.view(server, port, moment, seconds)

    def _journal(self, write: Callable[..., None], *what: Any) -> None:
        with suppress(OSError):  # it is in memory, and run.json may have room at the end
            self._make_room_for(write, *what)

    def _make_room_for(self, write: Callable[..., None], *what: Any) -> None:
        """Write results; on a full disk the evidence gives way to them. Raises OSError."""
        try:
            write(*what)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not self._folder.make_room():
                raise
            self.lost = f"{self._folder.place}: the disk is full; the run is without evidence"
            with suppress(OSError):
                self._folder.journal.lose_evidence()
            write(*what)


def without_facts(result: CellResult) -> CellResult:
    """What is needed of a result once its record is made: of a large run the rest takes room."""
    return replace(result, attempts=(), negotiated=None, renegotiation=None, facts=Facts())


def unwritable(error: OSError, folder: Path) -> str:
    """Say for a person which file of a run could not be written, and why."""
    where = error.filename or folder
    first = to_write(error, "make it writable")
    return (
        f"{where}: cannot be written ({error.strerror}); the run's files are not complete: "
        f"{first}, then tls-matrix report {folder}"
    )


def _view(told: Connection) -> ServerView:
    words = {key: value for key, value in asdict(told).items() if key not in ("id", "peer_port", "log")}
    sayable = {key: value and _sayable(value) for key, value in words.items()}
    return ServerView(**sayable, log=None if told.log is None else _sayable(told.log).splitlines())


def _sayable(text: str) -> str:
    """Without what no UTF-8 can say (half of a surrogate pair)."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
