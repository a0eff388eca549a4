"""grid.md: the run as text for a change ticket or a merge request. Pure; made from the run file and its
timings alone."""

import re
from collections.abc import Iterable, Iterator, Sequence

from matrix.reports import digest, levels, played, renegotiation
from matrix.reports.cell_text import cell_text, legend, negotiated_text
from matrix.reports.digest import FINDINGS
from matrix.reports.facts import facts_by_server, tested
from matrix.reports.groups import Group
from matrix.reports.headline import headline, lost_evidence, partial
from matrix.reports.next_step import next_step
from matrix.reports.table import Table, tables
from matrix.results.levels import in_order, level_series
from matrix.results.run_file import CellRecord, RunFile
from matrix.results.timings import NO_TIMINGS, Timings
from matrix.wording import printable


def render_markdown(run: RunFile, timings: Timings = NO_TIMINGS) -> str:
    """Give the whole page, ending in a line feed."""
    return "".join(markdown_pieces(run, timings))


def markdown_pieces(run: RunFile, timings: Timings = NO_TIMINGS) -> Iterator[str]:
    """The same line by line."""
    return (f"{line}\n" for line in _lines(run, timings))


def escape(text: str) -> str:
    """Make text safe inside a paragraph or a table cell of Markdown."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", printable(text))


def _lines(run: RunFile, timings: Timings) -> Iterator[str]:
    yield "# TLS interoperability"
    yield ""
    yield escape(headline(run))
    if run.run.partial:
        yield from ("", f"**{partial(run)}**")
    if run.run.lost_evidence:
        yield from ("", f"**{lost_evidence(run)}**")
    yield from _section("What the clients that work have in common", map(escape, digest.inferences(run)))
    yield from _groups(run, "Unexpected results", digest.unexpected(run))
    yield from _groups(run, "Not measured, although a result was due", digest.broken(run))
    yield from _groups(run, "Failures, fallbacks and notes", digest.observed_failures(run))
    yield from _played(run)
    for table in tables(run):
        yield from ("", f"## {escape(table.scenario)}", "", *_table(run, table))
    yield ""
    yield from (f"- {escape(sign)}: {escape(meaning)}" for sign, meaning in legend(run))
    yield from _section(
        digest.CAUSES, ("<br>".join(map(escape, (line, *told))) for line, told in digest.causes(run))
    )
    yield from _section("Notes (\\*)", map(escape, digest.cell_notes(run)))
    yield from _section(
        "What was tested", (escape(f"{name}: {value}") for name, value in tested(run, timings))
    )
    yield from _section("Observations of each server", map(escape, facts_by_server(run)))
    yield from _levels(run)
    yield from _renegotiation(run)
    yield from _section(FINDINGS, map(escape, digest.findings(run)))
    for why, groups in digest.expected_failures(run):
        yield from _section(f"As expected: {escape(why)}", (escape(group.line) for group in groups))
    for title, groups in (
        ("Not applicable", digest.not_applicable(run)),
        ("Not measured", digest.not_measured(run)),
    ):
        yield from _section(title, (escape(group.line) for group in groups))
    yield from _section(
        "About the servers", (_server(run, identifier) for identifier in in_order(run.servers))
    )
    yield from _section(digest.ABOUT_CLIENTS, map(escape, digest.client_notes(run)))


def _groups(run: RunFile, title: str, groups: Sequence[Group]) -> Iterator[str]:
    items = (f"{escape(group.line)}<br>next: {escape(next_step(group, run))}" for group in groups)
    yield from _section(title, items)


def _table(run: RunFile, table: Table) -> Iterator[str]:
    heads = (f"{escape(server)}<br>{escape(run.servers[server].title)}" for server in table.servers)
    yield "| client | " + " | ".join(heads) + " |"
    yield "|---" * (len(table.servers) + 1) + "|"
    for client in table.clients:
        yield f"| {escape(client)} | " + " | ".join(map(_cell, table.row(client))) + " |"


def _played(run: RunFile) -> Iterator[str]:
    rows = played.rows(run)
    if rows:
        yield from ("", f"### {played.TITLE}", "")
        yield "| " + " | ".join(played.COLUMNS) + " |"
        yield "|---" * len(played.COLUMNS) + "|"
        yield from ("| " + " | ".join(map(escape, row)) + " |" for row in rows)


def _levels(run: RunFile) -> Iterator[str]:
    for series in level_series(run):
        yield from (
            "",
            f"## {escape(levels.title(series))}",
            "",
            "| client | from level to level |",
            "|---|---|",
        )
        for course in series.courses:
            yield f"| {escape(course.client)} | {escape(levels.course_text(course))} |"


def _renegotiation(run: RunFile) -> Iterator[str]:
    rows = renegotiation.server_answers(run)
    if rows:
        yield from ("", "## Renegotiation, server by server", "")
        yield "| server | " + " | ".join(renegotiation.COLUMNS) + " |"
        yield "|---" * (len(renegotiation.COLUMNS) + 1) + "|"
        yield from (
            f"| {escape(row.server)} | " + " | ".join(map(escape, row.answers)) + " |" for row in rows
        )


def _cell(cell: CellRecord | None) -> str:
    if cell is None:
        return ""
    agreed = negotiated_text(cell.negotiated) if cell.negotiated else ""
    parts = (str(cell_text(cell)), agreed, str(cell.reason) if cell.reason else "")
    return "<br>".join(escape(part) for part in parts if part)


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"- {item}" for item in items]
    if lines:
        yield from ("", f"### {title}", "", *lines)


def _server(run: RunFile, identifier: str) -> str:
    server = run.servers[identifier]
    note = f" {server.note}" if server.note else ""
    return escape(f"{identifier}: {server.title}; {server.kind}, {server.stack}.{note}")
