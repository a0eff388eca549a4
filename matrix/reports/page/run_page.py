"""grid.html: a run as one page to forward, without network, or scripts or fonts from elsewhere. Pure, but for
the evidence that it asks for.

First what was tested, the headline and what is unexpected, then the grid with its filters and the story of
every cell. Where scripts are off, there is a table of every cell, and all else but the stories.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports import cell_text, digest, facts, headline, levels, played, renegotiation
from matrix.reports.hello_view import ABSENT
from matrix.reports.next_step import next_step
from matrix.reports.page.chunks import Told, told
from matrix.reports.page.document import MOST_BYTES, Frame, render_frame
from matrix.reports.page.look import MAX_TEXT, Trait, state_of, traits
from matrix.reports.page.nearest import NearestPassing
from matrix.reports.page.sheet import MAX_NAME, Sheet, sheet
from matrix.reports.page.sources import NO_SOURCES, Sources
from matrix.reports.page.stories import Stories
from matrix.reports.standing import standing, standing_text
from matrix.reports.table import Table, tables, unasked
from matrix.results.levels import in_order, level_series
from matrix.results.run_file import CellRecord, RunFile
from matrix.results.timings import NO_TIMINGS, Timings
from matrix.wording import bounded, counted

TEMPLATE = "grid.html.jinja"
SERVERS_SIDE_BY_SIDE = 24
MOST_LEFT_OUT = 50
"""Servers told of one by one that nobody could ask anything."""


class StaticCell(Struct, frozen=True):
    """A cell of the table that is there without scripts."""

    state: str
    traits: Sequence[str]
    sign: str
    word: str
    marks: Sequence[str]
    reason: str


def render_html(
    run: RunFile, timings: Timings = NO_TIMINGS, sources: Sources = NO_SOURCES, most_bytes: int = MOST_BYTES
) -> str:
    """Give the whole page, of `most_bytes` at most where leaving out stories brings that about."""
    return b"".join(page_pieces(run, timings, sources, most_bytes)).decode()


def page_pieces(
    run: RunFile, timings: Timings = NO_TIMINGS, sources: Sources = NO_SOURCES, most_bytes: int = MOST_BYTES
) -> Iterator[bytes]:
    """The same in pieces, in UTF-8."""
    frame, grid = _frame_and_sheet(run, timings, sources)
    stories = _told(run, sources, most_bytes - frame.size(grid.data))
    yield from frame.page(grid.with_stories(stories.numbers), stories.chunks)


def _frame_and_sheet(run: RunFile, timings: Timings, sources: Sources) -> tuple[Frame, Sheet]:
    """All of the page but the stories; the tables that it is made from are not kept."""
    made = tables(run)
    return render_frame(TEMPLATE, _content(run, timings, made)), sheet(run, made, timings, sources)


def _told(run: RunFile, sources: Sources, room: int) -> Told:
    """The stories of the cells in the grid, of so many bytes at most."""
    nobody = unasked(run)
    cells = sorted((cell for cell in run.cells if cell.server not in nobody), key=_order)
    nearest = NearestPassing(run, sources.profiles)
    return told(((cell.id, cell) for cell in cells), lambda: Stories(sources, nearest), room)


def _order(cell: CellRecord) -> tuple[int, str, str, str]:
    """What is unexpected first, then what does not simply work, then the plain passes, which go first where
    there is no room; those of a client one after the other, since they have most in common.
    """
    is_plain = cell.outcome is Outcome.WORKS and cell.verdict in (Verdict.PASSED, Verdict.OBSERVED)
    rank = 0 if not cell.verdict.is_as_expected else 2 if is_plain and not cell.notes else 1
    return rank, cell.client, cell.scenario, cell.server


def _content(run: RunFile, timings: Timings, made: Sequence[Table]) -> Mapping[str, Any]:
    return {
        "run": run,
        "headline": headline.headline(run),
        "partial": headline.partial(run),
        "lost_evidence": headline.lost_evidence(run),
        "standing": standing(run),
        "standing_text": standing_text(run),
        "left_out": list(_left_out(run)),
        "tested": facts.tested(run, timings),
        "to_look_at": [
            (title, [(group.line, next_step(group, run)) for group in groups])
            for title, groups in (
                ("Unexpected results", digest.unexpected(run)),
                ("Not measured, although a result was due", digest.broken(run)),
                ("Failures, fallbacks and notes", digest.observed_failures(run)),
            )
            if groups
        ],
        "grids": [grid for table in made for grid in _static(table)],
        "legend": list(_legend(run)),
        "all_series": level_series(run),
        "levels": levels,
        "renegotiations": renegotiation.server_answers(run),
        "renegotiation_columns": renegotiation.COLUMNS,
        "lists": list(_lists(run)),
        "expected_failures": digest.expected_failures(run),
    }


def _lists(run: RunFile) -> Iterator[tuple[str, Sequence[str]]]:
    """What is told in plain lists, each under its title."""
    yield played.TITLE, played.told(run)
    yield "What the clients that work have in common", digest.inferences(run)
    yield digest.CAUSES, [" ".join((line, *map("{}.".format, told))) for line, told in digest.causes(run)]
    yield "Notes (*)", digest.cell_notes(run)
    yield "Observations of each server", facts.facts_by_server(run)
    yield digest.FINDINGS, digest.findings(run)
    yield "Not applicable", [f"{group.line}." for group in digest.not_applicable(run)]
    yield "Not measured", [f"{group.line}." for group in digest.not_measured(run)]
    yield "About the servers", digest.server_notes(run)
    yield digest.ABOUT_CLIENTS, digest.client_notes(run)


def _legend(run: RunFile) -> Iterator[tuple[str, str]]:
    """The signs of every report, those of traits that this page alone shows, and that of its stories."""
    yield from cell_text.legend(run)
    shown = {trait for cell in run.cells for trait in traits(cell)}
    for trait in Trait:
        if trait in shown and trait.sign not in (cell_text.UNEXPECTED_MARK, cell_text.NOTES_MARK):
            yield f"... {trait.sign}", f"{trait.word}: {trait.meaning}"
    yield ABSENT, "in the table of a hello: this library has no name for it"


def _left_out(run: RunFile) -> Iterator[str]:
    """Which servers are no columns of the grid, how many cells they have and why; of a fleet the first."""
    unknown = unasked(run)
    nobody = [server for server in in_order(run.servers) if server in unknown]
    numbers = Counter(cell.server for cell in run.cells)
    for server in nobody[:MOST_LEFT_OUT]:
        cells = counted(numbers[server], "cell")
        was = "was" if numbers[server] == 1 else "were"
        why = run.servers[server].problem.rstrip(".")
        yield f"{bounded(server, MAX_NAME)}: {cells} {was} not measured: {bounded(why, MAX_TEXT)}."
    more = nobody[MOST_LEFT_OUT:]
    if more:
        cells = counted(sum(numbers[server] for server in more), "cell")
        yield f"{counted(len(more), 'more server')} could not be asked, with {cells}."


def _static(table: Table) -> Iterator[Mapping[str, Any]]:
    """The tables of a scenario; many servers are in several, one below the other."""
    for first in range(0, len(table.servers), SERVERS_SIDE_BY_SIDE):
        shown = table.servers[first : first + SERVERS_SIDE_BY_SIDE]
        rows = _static_rows(table, shown)
        yield {"scenario": table.scenario, "servers": shown, "rows": rows}


def _static_rows(table: Table, servers: Sequence[str]) -> Iterator[tuple[str, Sequence[StaticCell | None]]]:
    """One after the other, since of a large run all of them take many times the room of their text."""
    for client in table.clients:
        yield client, [None if cell is None else _static_cell(cell) for cell in table.row(client, servers)]


def _static_cell(cell: CellRecord) -> StaticCell:
    text = cell_text.cell_text(cell)
    found = tuple(trait.value for trait in traits(cell))
    return StaticCell(state_of(cell).value, found, text.sign, text.word, text.marks, str(cell.reason or ""))
