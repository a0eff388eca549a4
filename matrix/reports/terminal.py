"""The run in a terminal: the headline, what is unexpected with a line of why and a line of what to do next,
then the grid; more where the view has more.

On something that is no terminal there is no colour and nothing is cut off. The grid is cut into as many
tables as the width needs; a server's name is broken at `@` and `,` so that columns stay narrow.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate, islice, takewhile

from rich import box
from rich.console import Console
from rich.table import Table as DrawnTable
from rich.text import Text

from matrix.judgement.outcome import Outcome
from matrix.reports import digest, played
from matrix.reports.cell_text import cell_text, legend
from matrix.reports.folding import FoldedGrid, fold, left_out_text
from matrix.reports.groups import Group
from matrix.reports.headline import headline, lost_evidence, partial
from matrix.reports.next_step import next_step
from matrix.reports.printing import encodable, print_line, print_section
from matrix.reports.sections import print_sections
from matrix.reports.standing import Standing, standing
from matrix.reports.table import Rows, Table, heading, tables
from matrix.reports.view import BRIEF, Section, View
from matrix.results.run_file import CellRecord, RunFile
from matrix.results.timings import NO_TIMINGS, Timings
from matrix.wording import printable

_STYLES = {
    Outcome.WORKS: "green",
    Outcome.WORKS_AFTER_FALLBACK: "yellow",
    Outcome.FAILS: "red",
    Outcome.NOT_APPLICABLE: "dim",
}
_STYLES_OF_RUNS = {
    Standing.UNEXPECTED: "bold red",
    Standing.UNJUDGED: "bold yellow",
    Standing.NOTHING: "bold",
    Standing.AS_EXPECTED: "bold green",
}
_CELL_PADDING = 3
_CORNER = "client"


def print_run(run: RunFile, console: Console, view: View = BRIEF, timings: Timings = NO_TIMINGS) -> None:
    """Print what a person needs after a run, as much as the view has."""
    print_line(console, headline(run), _STYLES_OF_RUNS[standing(run)])
    if run.run.partial:
        print_line(console, partial(run), "bold yellow")
    if run.run.lost_evidence:
        print_line(console, lost_evidence(run), "bold yellow")
    if Section.UNEXPECTED in view.sections:
        _print_unexpected(run, console, view)
    if Section.NOTES in view.sections:
        _print_notes(run, console, view)
    if Section.GRID in view.sections:
        _print_grid(run, console, view.rows)
    print_sections(run, console, view.sections, timings)


def _print_unexpected(run: RunFile, console: Console, view: View) -> None:
    for title, groups in (
        ("Unexpected results", digest.unexpected(run)),
        ("Not measured, although a result was due", digest.broken(run)),
    ):
        _print_groups(run, console, title, groups, view.groups_at_most)
    print_section(console, played.TITLE, played.told(run), "bold")


def _print_notes(run: RunFile, console: Console, view: View) -> None:
    observed = digest.observed_failures(run)
    _print_groups(run, console, "Failures, fallbacks and notes", observed, view.groups_at_most)
    print_section(console, "What the clients that work have in common", digest.inferences(run), "bold")
    _print_causes(run, console, view)
    print_section(console, "Notes (*)", digest.cell_notes(run), "bold yellow")


def _print_causes(run: RunFile, console: Console, view: View) -> None:
    found = digest.causes(run)
    if Section.PROOFS not in view.sections:
        print_section(console, digest.CAUSES, [line for line, _ in found], "bold")
        return
    if found:
        console.print()
        print_line(console, digest.CAUSES, "bold")
    for line, told in found:
        print_line(console, line, prefix="- ")
        for each in told:
            print_line(console, each, prefix="    ")


def _print_groups(
    run: RunFile, console: Console, title: str, groups: Sequence[Group], at_most: int | None
) -> None:
    if not groups:
        return
    console.print()
    print_line(console, title, "bold")
    is_brief = at_most is not None
    for group in groups[:at_most]:
        print_line(console, group.line_briefly if is_brief else group.line, prefix="- ", is_cut=is_brief)
        print_line(console, f"next: {next_step(group, run)}", "dim", prefix="  ", is_cut=is_brief)
    more = len(groups) - len(groups[:at_most])
    if more:
        print_line(console, f"and {more} more, see grid.html or -v", prefix="- ")


def _print_grid(run: RunFile, console: Console, rows: Rows) -> None:
    for table in tables(run):
        widths = _widths(run, table)
        while widths:
            folded = _widest(table, widths, rows, console.width)
            _print_table(run, console, table.scenario, folded)
            widths = {server: width for server, width in widths.items() if server not in folded.servers}
    for sign, meaning in legend(run):
        print_line(console, f"  {sign:<14}{meaning}", "dim")


def _widest(table: Table, widths: Mapping[str, int], rows: Rows, room: int) -> FoldedGrid:
    """Give the grid of as many servers, from the first on, as fit side by side; of one at least."""
    servers = _that_may_fit(widths, room - len(_CORNER) - _CELL_PADDING)
    while True:
        folded = fold(table, servers, rows)
        label = max(len(_CORNER), *(len(row.label) for row in folded.rows), 0) + _CELL_PADDING
        if len(servers) == 1 or label + sum(widths[server] for server in servers) < room:
            return folded
        servers.pop()


def _that_may_fit(widths: Mapping[str, int], room: int) -> list[str]:
    """The servers, from the first on, whose columns alone fit; one at least. A fleet has a thousand, and to
    fold them all in order to find that ten fit would take longer than the rest of the report.
    """
    together = accumulate(widths.values())
    fitting = sum(1 for _ in takewhile(lambda width: width < room, together))
    return list(islice(widths, max(1, fitting)))


def _print_table(run: RunFile, console: Console, scenario: str, folded: FoldedGrid) -> None:
    console.print()
    if folded.rows:
        table = DrawnTable(
            title=Text(printable(scenario)), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
        )
        table.add_column(_CORNER, no_wrap=True)
        for server in folded.servers:
            table.add_column(Text("\n".join(_head(run, server))), vertical="bottom", no_wrap=True)
        for row in folded.rows:
            table.add_row(Text(row.label), *(_cell(cell, console) for cell in row.cells))
        console.print(table)
    left_out = left_out_text(folded)
    if left_out:
        print_line(
            console, left_out if folded.rows else f"{printable(scenario)}: {left_out}", "dim", prefix=" "
        )


def _widths(run: RunFile, table: Table) -> dict[str, int]:
    """Give the width of each server's column, in the order of the columns."""
    widths = {server: max(map(len, _head(run, server))) + _CELL_PADDING for server in table.servers}
    for (server, _), cell in table.cells.items():
        if server in widths:
            widths[server] = max(widths[server], len(str(cell_text(cell))) + _CELL_PADDING)
    return widths


def _head(run: RunFile, server: str) -> list[str]:
    record = run.servers[server]
    above = heading(server, record)
    level = [f"@{above.level}"] if above.level else []
    parts = [above.name, *level, *(f",{toggle}" for toggle in above.toggles)]
    return [*map(printable, parts), *(["(hypothesis)"] if record.hypothesis else [])]


def _cell(cell: CellRecord | None, console: Console) -> Text:
    if cell is None:
        return Text("")
    style = _STYLES.get(cell.outcome, "dim") if cell.outcome else "dim"
    if not cell.verdict.is_as_expected:
        style = "bold reverse " + (style if cell.outcome else "red")
    return Text(encodable(str(cell_text(cell)), console), style=style)
