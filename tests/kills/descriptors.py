"""A run of very many cells: the open descriptors of its processes, as it goes on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

from clients.profile import load_profiles
from servers.definition import load_definitions
from servers.variant import expand
from tests.kills.keeper import descendants
from tests.kills.kept_run import KeptRun, kept_run, prepared
from tests.kills.moments import cells_of

SERVERS = ("jsse6@6u45", "nginx@system", "openssl-s_server@system", "openssl@4.0.3", "tlslite@0.8.2")
EMULATED = ("jsse7", "jsse6", "webmethods-8.0.1", "reference")
FIRST = 1_000
"""Cells after which everything has been opened once that stays open."""
WINDOW = 300
"""So many cells pass while descriptors are counted, at both ends; the median does not mind a connection."""
TOLERANCE = 32
"""What more may be open at the end: connections that clients have left, which servers close in a while, and
back ends that served some at once. One descriptor for every sixth cell of a server would be more.
"""
EVERY = 0.05


def chosen(cells: int) -> tuple[list[str], int]:
    """Arguments for a run of so many cells or a few more, and how many it has."""
    clients = len(load_profiles())
    definitions = load_definitions()
    variants = (
        variant.id
        for name in EMULATED
        for variant in expand(definitions[name])
        if not variant.is_only_observed and variant.id not in SERVERS
    )
    servers = list(SERVERS)
    while len(servers) * clients < cells:
        servers.append(next(variants))
    words = [word for server in servers for word in ("--server", server)]
    return [*words, "--client", "*", "-n", "2", "--evidence", "none", "--quiet"], len(servers) * clients


def many_cells(folder: Path, cells: int) -> dict[str, Any]:
    """Run them; what is said of each process that was there in both windows, as JSON types."""
    arguments, expected = chosen(cells)
    with kept_run(prepared(folder), arguments) as run:
        began = monotonic()
        samples = list(_samples(run))
        said = run.end()
        seconds = monotonic() - began
        errors = run.errors()
    assert said["status"] in (0, 1), errors
    windows = {"early": (FIRST, FIRST + WINDOW), "late": (expected - WINDOW, expected)}
    counts = {name: _in_window(samples, *window) for name, window in windows.items()}
    both = counts["early"].keys() & counts["late"].keys()
    return {
        "cells": len(cells_of(folder / "run")),
        "expected": expected,
        "seconds": round(seconds, 1),
        "left_processes": len(said["left"]),
        "left_files": sum(1 for _ in (folder / "tmp").rglob("*")),
        "descriptors": {
            f"{name} {process}": {
                window: median(counts[window][process, name]) for window in ("early", "late")
            }
            for process, name in sorted(both)
        },
    }


def grown(found: Mapping[str, Any]) -> list[str]:
    """The processes that have more open at the end than at first."""
    return [
        f"{process}: {counts['early']:g} descriptors at first, {counts['late']:g} at the end"
        for process, counts in found["descriptors"].items()
        if counts["late"] > counts["early"] + TOLERANCE
    ]


Sample = tuple[int, dict[tuple[int, str], int]]


def _samples(run: KeptRun) -> Iterator[Sample]:
    """The cells that are done, and the descriptors of each process by its id and what it is."""
    journal, done, at = run.unfinished / "journal.jsonl", 0, 0
    while not run.has_ended():
        sleep(EVERY)
        try:
            with journal.open("rb") as stream:
                stream.seek(at)
                read = stream.read()
        except FileNotFoundError:
            continue
        done += read.count(b"\n") - (at == 0 and bool(read))
        at += len(read)
        if done >= FIRST:
            yield done, {(each, _name(run.pid, each)): _opened(each) for each in _processes(run)}


def _processes(run: KeptRun) -> list[int]:
    return [run.pid, *descendants(run.pid)]


def _name(controlling: int, process: int) -> str:
    if process == controlling:
        return "controlling process"
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        session = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[3]
    except (OSError, IndexError):
        return "ended"
    if b"matrix" in command[2:3]:
        return "server program" if int(session) == process else "worker"
    return Path(command[0].decode()).name


def _opened(process: int) -> int:
    try:
        return len(list(Path(f"/proc/{process}/fd").iterdir()))
    except OSError:
        return 0


def _in_window(samples: Sequence[Sample], first: int, end: int) -> dict[tuple[int, str], list[int]]:
    """The counts of each process that was there all the time."""
    counts: dict[tuple[int, str], list[int]] = defaultdict(list)
    inside = [opened for done, opened in samples if first <= done < end]
    for opened in inside:
        for process, number in opened.items():
            counts[process].append(number)
    return {process: numbers for process, numbers in counts.items() if len(numbers) == len(inside)}
