"""Which runs a comparison is of: where each lies, when, where and how it was made, which addresses it asked.
Pure.

What was not recorded is left out; of a date it is said that it was not recorded.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from matrix.reports.facts import NO_DATE, Fact, target_fact, target_text
from matrix.reports.headline import partial
from matrix.results.compare import Comparison
from matrix.results.compared_run import ComparedRun
from matrix.wording import counted, printable

TARGETS_TOLD = 10
"""Of a fleet; all of them stand in the run file, and in the JSON of a comparison."""


class ComparedTable(Struct, frozen=True):
    """The facts of the runs side by side: `columns` are what the runs are called, `rows` have the name of a
    fact and what each run has there, which may be nothing.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def compared_table(comparison: Comparison) -> ComparedTable | None:
    """What is said of the two runs; None where nothing is known of them. A run that is both is said once."""
    before, now = comparison.before, comparison.now
    if before is None or now is None:
        return None
    runs = {"before": dict(_facts(before)), "now": dict(_facts(now))}
    if before.place == now.place:
        servers = dict.fromkeys(server for server in (before.server, now.server) if server is not None)
        both = {"server": printable(", now ".join(servers))} if servers else {}
        runs = {"before and now": runs["before"] | runs["now"] | both}
    names = dict.fromkeys(name for facts in runs.values() for name in facts)
    rows = ((name, tuple(facts.get(name, "") for facts in runs.values())) for name in names)
    return ComparedTable(tuple(runs), tuple(rows))


def compared_lines(comparison: Comparison) -> list[str]:
    """The same as lines: first the place of a run, below it the rest."""
    table = compared_table(comparison)
    if table is None:
        return []
    lines = []
    for number, column in enumerate(table.columns):
        (_, places), *rest = table.rows
        lines.append(f"{column}: {places[number]}")
        lines += [f"  {name}: {values[number]}" for name, values in rest if values[number]]
    return lines


def compared_json(run: ComparedRun | None) -> dict[str, Any] | None:
    """What is told of a run, as JSON types; every target is there."""
    if run is None:
        return None
    addresses = {target.name: target.address for target in run.targets()} | dict(run.other_addresses())
    return {
        "place": run.place,
        "server": run.server,
        "started": run.timings.started or None,
        "host": run.timings.host or None,
        "command": list(run.timings.command),
        "tool_version": run.run.run.tool_version,
        "partial": run.run.run.partial,
        "targets": addresses,
    }


def _facts(run: ComparedRun) -> Iterator[Fact]:
    for name, value in _said(run):
        if value:
            yield printable(name), printable(value)


def _said(run: ComparedRun) -> Iterator[Fact]:
    timings = run.timings
    yield "run", run.place
    yield "partial", partial(run.run)
    yield "server", run.server or ""
    yield "started", timings.started or NO_DATE
    yield "host", timings.host
    yield "command", " ".join(timings.command)
    yield "tls-matrix", run.run.run.tool_version
    yield from _targets([*_asked(run), *run.other_addresses()])


def _asked(run: ComparedRun) -> Iterator[Fact]:
    for target in run.targets():
        yield target.name, target_text(target)


def _targets(targets: Sequence[Fact]) -> Iterator[Fact]:
    for name, text in targets[:TARGETS_TOLD]:
        yield target_fact(name), text
    more = len(targets) - TARGETS_TOLD
    if more > 0:
        yield "more targets", f"{counted(more, 'target')}, which the run file names"
