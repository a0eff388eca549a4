"""The shards of a run as one run, which is byte for byte what the whole run would have written. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matrix.errors import SelectionError
from matrix.results.run_file import RunFile, ServerRecord
from matrix.results.saved_run import SavedRun

NOT_THE_SAME = "they are no shards of one run"


def merge(shards: Sequence[SavedRun]) -> tuple[RunFile, dict[str, Any]]:
    """Give the whole run and its timings. The run is partial where a shard is.

    Raises SelectionError where one is missing or is there twice, and where they are of different plans.
    """
    _check(shards)
    first = shards[0].run
    servers: dict[str, ServerRecord] = {}
    for shard in shards:
        for identity, record in shard.run.servers.items():
            known = servers.get(identity)
            servers[identity] = record if known is None or record.problem else known
    whole = first.model_copy(
        update={
            "run": first.run.model_copy(
                update={
                    "shard": None,
                    "partial": any(shard.run.run.partial for shard in shards),
                    "lost_evidence": any(shard.run.run.lost_evidence for shard in shards),
                }
            ),
            "servers": servers,
            "clients": {name: each for shard in shards for name, each in shard.run.clients.items()},
            "cells": sorted((cell for shard in shards for cell in shard.run.cells), key=lambda cell: cell.id),
        }
    )
    return whole, _timings(shards)


def _check(shards: Sequence[SavedRun]) -> None:
    numbers: dict[int, SavedRun] = {}
    count = 0
    for shard in shards:
        if shard.run.run.shard is None:
            raise SelectionError(f"{shard.folder}: is a whole run, and no shard of one; leave it out")
        number, count = map(int, shard.run.run.shard.split("/"))
        if number in numbers:
            raise SelectionError(
                f"{shard.folder}: is shard {number} as {numbers[number].folder} is; leave one out"
            )
        numbers[number] = shard
    for shard in shards[1:]:
        for what, one, other in _must_be_equal(shards[0].run, shard.run):
            if one != other:
                than = f"than {shards[0].folder}; {NOT_THE_SAME}"
                raise SelectionError(f"{shard.folder}: has another {what} {than}")
    missing = [f"{number}/{count}" for number in range(1, count + 1) if number not in numbers]
    if missing:
        raise SelectionError(f"shard {', '.join(missing)} is missing; name the folders of all {count}")


def _must_be_equal(one: RunFile, other: RunFile) -> Iterator[tuple[str, Any, Any]]:
    yield "number of shards", _count(one), _count(other)
    yield "version of tls-matrix", one.run.tool_version, other.run.tool_version
    yield "set of client profiles", one.run.profiles_digest, other.run.profiles_digest
    yield "plan", one.run.asked, other.run.asked
    yield "environment (Python or a library)", one.run.environment, other.run.environment


def _count(run: RunFile) -> str:
    return (run.run.shard or "").partition("/")[2]


def _timings(shards: Sequence[SavedRun]) -> dict[str, Any]:
    """When the first began, what all servers and cells have, what was asked of the first, and their machine,
    where it was the same.
    """
    timings: Sequence[Mapping[str, Any]] = [shard.timings for shard in shards]
    started = min((each["started"] for each in timings if each.get("started")), default="")
    merged: dict[str, Any] = {
        "command": timings[0].get("command", []),
        "servers": {name: each for one in timings for name, each in one.get("servers", {}).items()},
        "cells": {cell: seconds for one in timings for cell, seconds in one.get("cells", {}).items()},
    }
    hosts = {str(each.get("host", "")) for each in timings}
    host = {"host": hosts.pop()} if len(hosts) == 1 else {}
    return {**merged, **host, "started": started} if started else {**merged, **host}
