"""A run as the history keeps it: when and where it was, and of each cell what came out and by which
definitions. Pure.

A run is recognised by the moment at which it began and by how many microseconds each of its cells took: these
are in timings.json and, of a run that was killed, in its journal, and judging it again does not change them.
A run.json by itself tells no time; it is recognised by what it says.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from matrix.errors import UnreadableRun
from matrix.results.files import as_saved, to_json_line
from matrix.results.run_file import EXTERNAL, CellRecord, RunFile
from matrix.results.timings import Timings
from servers.own_program import PROGRAM, SYSTEM


class State(Struct, frozen=True):
    """What came out of a cell. `outcome` is empty where nothing was found out, and so is what it has not."""

    verdict: str
    outcome: str = ""
    reason: str = ""
    version: str = ""
    cipher_suite: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether anything was found out."""
        return bool(self.outcome)

    @property
    def result(self) -> tuple[str, ...]:
        """What must be equal for two results to be equal: all but what was thought of it."""
        return (self.outcome, self.reason, self.version, self.cipher_suite)


class Definitions(Struct, frozen=True):
    """By what a cell was measured, as a digest. `changes_unseen`: the server is a target or a program of the
    user's own, of which a change is not seen here.
    """

    digest: str
    changes_unseen: bool


class KeptRun(Struct, frozen=True):
    """One run. `started` is ISO 8601 in UTC, empty where it is not known; `content` is a digest of the cells;
    `cells` by id.
    """

    identity: str
    content: str
    name: str
    folder: str
    started: str
    tool_version: str
    partial: bool
    cells: Mapping[str, tuple[Definitions, State]]


def kept_run(run: RunFile, timings: Timings, name: str, folder: str) -> KeptRun:
    """Take from a run what the history keeps of it. Raises UnreadableRun where its time is none."""
    cells = {as_saved(cell.id): (definitions, _state(cell)) for cell, definitions in _defined(run)}
    content = _digest(
        [
            [identifier, definitions.digest, state.verdict, *state.result]
            for identifier, (definitions, state) in sorted(cells.items())
        ]
    )
    started = _moment(timings.started, folder)
    return KeptRun(
        identity=_identity(timings, started) if started else content,
        content=content,
        name=as_saved(name),
        folder=as_saved(folder),
        started=started,
        tool_version=run.run.tool_version,
        partial=run.run.partial,
        cells=cells,
    )


def _identity(timings: Timings, started: str) -> str:
    took = sorted((as_saved(cell), f"{seconds:.6f}") for cell, seconds in timings.seconds.items())
    return _digest([started, took])


def _moment(text: str, folder: str) -> str:
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as error:
        raise UnreadableRun(
            f"{folder}: timings.json: started: {text!r} is no moment: write it as 2026-11-30T02:00:00+00:00"
        ) from error


def _defined(run: RunFile) -> Iterable[tuple[CellRecord, Definitions]]:
    """Each cell with what it was measured by: what the run says of itself, its server and its client."""
    asked = run.run.asked
    same = [
        run.run.profiles_digest,
        run.run.tool_version,
        run.run.environment,
        asked.timeout if asked else None,
    ]
    targets = {target.name: target.model_dump() for target in asked.targets} if asked else {}
    servers = {
        name: _digest([*same, record.model_dump(exclude={"problem"}), targets.get(name)])
        for name, record in run.servers.items()
    }
    # What a client belongs to decides nothing of how it fares.
    clients = {name: _digest(record.model_dump(exclude={"sets"})) for name, record in run.clients.items()}
    unseen = {
        name: record.kind == EXTERNAL or record.toggles.get(PROGRAM, SYSTEM) != SYSTEM
        for name, record in run.servers.items()
    }
    for cell in run.cells:
        digest = _digest([servers[cell.server], clients[cell.client]])
        yield cell, Definitions(digest, unseen[cell.server])


def _state(cell: CellRecord) -> State:
    agreed = cell.negotiated
    return State(
        verdict=cell.verdict.value,
        outcome=cell.outcome.value if cell.outcome else "",
        reason=str(cell.reason) if cell.reason else "",
        version=agreed.version if agreed else "",
        cipher_suite=agreed.cipher_suite if agreed else "",
    )


def _digest(content: Any) -> str:
    return hashlib.sha256(to_json_line(content).encode()).hexdigest()
