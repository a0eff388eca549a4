"""Kills a run at a moment that is drawn, and counts what is left over and what is lost.

Nothing depends on when exactly a kill comes. Right is, at any moment: the run ends, with a status that says
how; nothing of it goes on; every cell that stood in its journal is found afterwards, by the next command,
with the same outcome; no temporary file is left, but those of a controlling process that was ended by the
signal itself, which the next run removes. A cell whose server or worker was killed may say so in place of its
outcome.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from servers.containers.engine import engine
from tests.kills.kept_run import END_SECONDS, GRACE, PYTEST, RUN, KeptRun, kept_run, prepared, told
from tests.kills.kinds import AT_ITS_START, FAILED_CELL, KINDS, LOST_CELL, Kind, children, containers_of

SERVERS = (
    "webmethods-8.0.1@core-fix-19",
    "jsse6@6u45",
    *(f"{each}@system" for each in ("apache", "gnutls", "nginx", "nss", "openssl-s_server")),
)
CLIENTS = (
    *("java-6", "java-7", "java-8", "java-17", "openssl-0.9.8", "openssl-3.0"),
    *("genuine-curl-*", "genuine-gnutls-*", "genuine-openssl-3.4.1", "genuine-go-1.27"),
)
IN_CONTAINERS = "jsse6@6u45"
GRIDS = {
    "process": (
        *(word for server in SERVERS for word in ("--server", server)),
        *(word for client in CLIENTS for word in ("--client", client)),
        *("--evidence", "all", "-n", "2"),
    ),
    "docker": ("--backend", "docker", "--server", IN_CONTAINERS, "--client", "*", "-n", "2"),
}
"""The runs that are killed, by their backend."""
AFTERWARDS = ("--server", SERVERS[0], "--client", "java-7", "--client", "java-8", "-n", "2")
HARNESS_ERROR = "harness_error"
PAUSE = 0.01
START_SHARE = 0.05
"""Of a run's length: how long at most a worker that is killed at its start has run."""


class Moment(Struct):
    """One kill: `after` so many seconds; `faults` are sentences, none where all is right."""

    kind: str
    by: str
    after: float
    status: int | None = None
    cells_before: int = 0
    cells_found: int = 0
    left: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.kind}, by {self.by}, after {self.after:.3f} s: {'; '.join(self.faults) or 'right'}"


class Undisturbed(Struct, frozen=True):
    """What a run comes to that nobody kills; the first result comes at `cells_begin` and the last at
    `cells_end`, in seconds from the start.
    """

    seconds: float
    cells_begin: float
    cells_end: float
    status: int
    cells: Mapping[str, Any]


def cells_of(folder: Path) -> dict[str, Any]:
    """The cells of a run file by their ids."""
    content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return {cell["id"]: cell for cell in content["cells"]}


def cells_in_journal(folder: Path) -> dict[str, Any]:
    """The cells that a run had reported, whatever has become of it."""
    found = {}
    try:
        lines = (folder / "journal.jsonl").read_bytes().split(b"\n")
    except OSError:
        return {}
    for line in lines[1:-1]:  # behind the last line feed there is nothing, or a line that is being written
        cell = json.loads(line)["cell"]
        found[cell["id"]] = cell
    return found


def undisturbed(folder: Path, by: Sequence[str] = RUN, backend: str = "process") -> Undisturbed:
    """The same run without a kill, which has to be right itself. Raises AssertionError."""
    with kept_run(prepared(folder), GRIDS[backend], by) as run:
        said = run.end()
        seconds = time.monotonic() - run.began
        errors = run.errors()
    assert said["status"] in (0, FAILED_CELL), errors
    assert said["left"] == [], said["left"]
    left = [each.name for each in (folder / "tmp").iterdir()]
    assert left == [], left
    timings = json.loads((folder / "run" / "timings.json").read_text(encoding="utf-8"))
    started = seconds - timings["seconds"]
    begin, end = (started + timings[f"{each}_result_after_seconds"] for each in ("first", "last"))
    return Undisturbed(seconds, begin, end, said["status"], cells_of(folder / "run"))


def drawn(
    number: int, seed: int, kinds: Sequence[Kind] = KINDS
) -> Iterator[tuple[Kind, Sequence[str], random.Random]]:
    """So many kills: each kind comes before one comes again; every fourth run has workers of pytest-xdist."""
    drawing = random.Random(seed)
    for index in range(number):
        if index % len(kinds) == 0:
            order = drawing.sample(kinds, len(kinds))
        kind = order[index % len(kinds)]
        by = PYTEST if drawing.random() < 0.25 and kind.backend == "process" else RUN
        yield kind, by, random.Random(drawing.random())


def kill_once(
    folder: Path, kind: Kind, by: Sequence[str], drawing: random.Random, usual: Undisturbed
) -> Moment:
    """Start a run, kill it or of it at a moment, and see what comes of it."""
    moment = Moment(kind.name, by[0], _drawn_moment(kind, usual, drawing))
    with kept_run(prepared(folder), GRIDS[kind.backend], by) as run:
        before = _kill_at(run, kind, moment.after)
        said = run.end()
        errors = run.errors()
        containers = _containers_left(run) if kind.backend == "docker" else 0
    moment.status = said.get("status")
    moment.cells_before = len(before)
    left = said["left"] if said else []
    moment.left = {
        "processes": len(left),
        "listening_sockets": sum(each["listening_sockets"] for each in left),
        "containers": containers,
        "files": _files(folder),
    }
    _judge_end(moment, kind, usual, errors, [each["command"] for each in left])
    judge_cells(moment, kind, usual, before, folder)
    _judge_next_run(moment, folder)
    return moment


def _drawn_moment(kind: Kind, usual: Undisturbed, drawing: random.Random) -> float:
    """Any moment from the beginning to the end; every other one while cells are measured."""
    if kind is AT_ITS_START:
        return drawing.uniform(0.0, usual.seconds * START_SHARE)
    if drawing.random() < 0.5:
        return drawing.uniform(usual.cells_begin, usual.cells_end)
    return drawing.uniform(0.0, usual.seconds)


def _kill_at(run: KeptRun, kind: Kind, after: float) -> dict[str, Any]:
    """Kill when it is time and there is something to kill, unless the run ends before; the cells that had
    been reported.
    """
    if kind is not AT_ITS_START:
        time.sleep(after)
    until = time.monotonic() + END_SECONDS
    while time.monotonic() < until and not run.has_ended():
        before = cells_in_journal(run.unfinished)
        if kind is AT_ITS_START:
            if not any(children(run, leads_session=False)):
                time.sleep(PAUSE)
                continue
            time.sleep(after)
        if kind.kill(run):
            return before
        time.sleep(PAUSE)
    return cells_in_journal(run.unfinished)


def _containers_left(run: KeptRun) -> int:
    """How many there are when the engine has had its time to remove those that have ended."""
    until = time.monotonic() + GRACE
    with engine() as client:
        while (left := len(containers_of(client, run))) and time.monotonic() < until:
            time.sleep(PAUSE)
    return left


def _files(folder: Path) -> int:
    return sum(1 for _ in (folder / "tmp").rglob("*"))


def _judge_end(moment: Moment, kind: Kind, usual: Undisturbed, errors: str, left: Sequence[str]) -> None:
    statuses = {usual.status, *kind.statuses} | (set() if kind.ends else {0, FAILED_CELL})
    if moment.status not in statuses:
        moment.faults.append(f"exit status {moment.status}, not one of {sorted(statuses)}: {errors[-2000:]}")
    if "Traceback" in errors and moment.by == RUN[0]:  # pytest shows one of an interrupt as it starts
        moment.faults.append(f"a traceback: {errors[-4000:]}")
    moment.faults += [f"goes on: {each}" for each in left]
    if moment.left["containers"]:
        moment.faults.append(f"{moment.left['containers']} containers are left")
    if moment.left["files"] and moment.status is not None and moment.status >= 0:
        moment.faults.append(f"{moment.left['files']} temporary files are left")


def judge_cells(
    moment: Moment, kind: Kind, usual: Undisturbed, before: Mapping[str, Any], folder: Path
) -> None:
    """Whether the next command finds every cell that had been reported."""
    place = next((each for each in (folder / "run", folder / "run.unfinished") if each.is_dir()), None)
    if place is None:
        if before or not kind.ends:
            moment.faults.append(f"no run is left, and {len(before)} cells had been reported")
        return
    shown = told(folder, "report", place)
    if "Traceback" in shown.stderr:
        moment.faults.append(f"report: {shown.stderr[-2000:]}")
    if shown.returncode not in (0, FAILED_CELL, LOST_CELL) and before:
        moment.faults.append(f"report: exit status {shown.returncode}: {shown.stderr[-2000:]}")
        return
    found = cells_of(place) if (place / "run.json").is_file() else {}
    moment.cells_found = len(found)
    for identity, cell in before.items():
        if identity not in found:
            moment.faults.append(f"{identity} is lost")
        elif not _is_same(cell, found[identity], kind):
            moment.faults.append(f"{identity} was {cell['outcome']} and is {found[identity]['outcome']}")
    if not kind.ends and found.keys() != usual.cells.keys():
        moment.faults.append(f"{len(found)} cells of {len(usual.cells)}, and the run was not to end")
    parts = [each.name for each in folder.rglob("*.part")]
    moment.left["parts"] = len(parts)
    moment.faults += [f"half a file: {each}" for each in parts]


def _is_same(before: Mapping[str, Any], now: Mapping[str, Any], kind: Kind) -> bool:
    return before["outcome"] == now["outcome"] or (not kind.ends and now["verdict"] == HARNESS_ERROR)


def _judge_next_run(moment: Moment, folder: Path) -> None:
    """Whether the next run works, and leaves nothing, of itself or of the killed one."""
    done = told(folder, "run", *AFTERWARDS, "--lf", "--out", folder / "next")
    if done.returncode not in (0, FAILED_CELL):
        moment.faults.append(f"the next run: exit status {done.returncode}: {done.stderr[-2000:]}")
    moment.left["files_after_next_run"] = _files(folder)
    if moment.left["files_after_next_run"]:
        names = sorted(each.name for each in (folder / "tmp").iterdir())
        moment.faults.append(f"after the next run there are still {names}")
    beside = sorted(each.name for each in (folder / "history").iterdir())
    if beside != ["history.sqlite"]:
        moment.faults.append(f"beside the history there are {beside}")


def counted(moments: Sequence[Moment]) -> dict[str, Any]:
    """The counts of each kind as JSON types."""
    kinds: dict[str, Any] = {}
    for name in sorted({moment.kind for moment in moments}):
        mine = [moment for moment in moments if moment.kind == name]
        left: Counter[str] = Counter()
        for moment in mine:
            left.update(moment.left)
        kinds[name] = {
            "moments": len(mine),
            "cells_reported_before": sum(moment.cells_before for moment in mine),
            "cells_found_afterwards": sum(moment.cells_found for moment in mine),
            "left": dict(sorted(left.items())),
            "faults": [str(moment) for moment in mine if moment.faults],
        }
    return kinds
