"""grid.md: the run as text for a change ticket or a merge request. Pure; made from the run file alone."""

import re
from collections.abc import Iterable, Iterator

from matrix.reports import digest, levels, renegotiation
from matrix.results.levels import in_order, ladders
from matrix.results.run_file import CellRecord, RunFile
from matrix.wording import printable


def render_markdown(run: RunFile) -> str:
    """Give the whole page, ending in a line feed."""
    return "\n".join(_lines(run)) + "\n"


def escape(text: str) -> str:
    """Make text safe inside a paragraph or a table cell of Markdown."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", printable(text))


def _lines(run: RunFile) -> Iterator[str]:
    yield "# TLS interoperability"
    yield ""
    yield escape(digest.headline(run))
    if run.run.partial:
        yield ""
        yield "**Partial: the run ended before every cell was tried.**"
    for scenario in digest.scenarios(run):
        yield ""
        yield f"## {escape(scenario)}"
        yield ""
        yield from _table(run, scenario)
    yield from _levels(run)
    yield from _renegotiation(run)
    yield ""
    yield from (f"- {escape(sign)}: {escape(meaning)}" for sign, meaning in digest.legend(run))
    yield from _section("Not as expected", (escape(group.line) for group in digest.unexpected(run)))
    yield from _section("Findings: prediction and observation disagree", map(escape, digest.findings(run)))
    for why, groups in digest.expected_failures(run):
        yield from _section(f"As expected: {escape(why)}", (escape(group.line) for group in groups))
    yield from _section("Could not be tried", (escape(group.line) for group in digest.not_tried(run)))
    yield from _section(
        "About the servers", (_server(run, identifier) for identifier in in_order(run.servers))
    )


def _table(run: RunFile, scenario: str) -> Iterator[str]:
    servers = digest.grid_columns(run, scenario)
    cells = {(cell.server, cell.client): cell for cell in run.cells if cell.scenario == scenario}
    heads = (f"{escape(server)}<br>{escape(run.servers[server].title)}" for server in servers)
    yield "| client | " + " | ".join(heads) + " |"
    yield "|---" * (len(servers) + 1) + "|"
    for client in digest.grid_rows(run, scenario):
        words = (_cell(cells.get((server, client))) for server in servers)
        yield f"| {escape(client)} | " + " | ".join(words) + " |"


def _levels(run: RunFile) -> Iterator[str]:
    for ladder in ladders(run):
        yield from (
            "",
            f"## {escape(levels.title(ladder))}",
            "",
            "| client | from level to level |",
            "|---|---|",
        )
        for course in ladder.courses:
            yield f"| {escape(course.client)} | {escape(levels.words(course))} |"


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
    words = escape(str(digest.cell_words(cell)))
    return f"{words}<br>{escape(str(cell.reason))}" if cell.reason else words


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"- {item}" for item in items]
    if lines:
        yield from ("", f"### {title}", "", *lines)


def _server(run: RunFile, identifier: str) -> str:
    server = run.servers[identifier]
    note = f" {server.note}" if server.note else ""
    return escape(f"{identifier}: {server.title}; {server.kind}, {server.stack}.{note}")
