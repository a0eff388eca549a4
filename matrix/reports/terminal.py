"""The run in a terminal: the grid with clients down and servers across, a legend, then what failed and why
in sentences.

On something that is no terminal there is no colour, and one line for each cell that did not simply pass comes
first, to be searched. The grid is cut into as many tables as the width needs; a server's name is broken at
`@` and `,` so that columns stay narrow.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports import digest, levels, renegotiation
from matrix.results.levels import ladders
from matrix.results.run_file import CellRecord, RunFile
from matrix.wording import printable

_STYLES = {
    Outcome.WORKS: "green",
    Outcome.WORKS_AFTER_FALLBACK: "yellow",
    Outcome.FAILS: "red",
    Outcome.NOT_APPLICABLE: "dim",
}
_ASCII = str.maketrans({"✓": "+", "↓": "v", "✗": "x", "·": "."})
_CELL_PADDING = 3
_CORNER = "client"


def print_run(run: RunFile, console: Console) -> None:
    """Print everything a person needs after a run."""
    if not console.is_terminal:
        _print_lines(run, console)
    _print_grid(run, console)
    for ladder in ladders(run):
        _section(console, levels.title(ladder), levels.told_together(ladder), "bold")
    _print_renegotiation(run, console)
    _section(console, "Not as expected", _sentences(digest.unexpected(run)), "bold red")
    _section(console, "Findings: prediction and observation disagree", digest.findings(run), "bold magenta")
    expected = (
        f"{line} Why: {why}." for why, found in digest.expected_failures(run) for line in _sentences(found)
    )
    _section(console, "As expected, but no plain passes", sorted(expected), "bold")
    _section(console, "Could not be tried", _sentences(digest.not_tried(run)), "bold")
    _section(console, "About the servers", digest.notes(run), "bold")
    console.print()
    if run.run.partial:
        _print(console, "Partial: the run ended before every cell was tried.", "bold yellow")
    good = all(cell.verdict.is_as_expected for cell in run.cells)
    _print(console, digest.headline(run), "bold green" if good and run.cells else "bold red")


def _print_grid(run: RunFile, console: Console) -> None:
    for scenario in digest.scenarios(run):
        cells = {(cell.server, cell.client): cell for cell in run.cells if cell.scenario == scenario}
        clients = digest.grid_rows(run, scenario)
        room = console.width - max(map(len, (_CORNER, *clients))) - _CELL_PADDING - 1
        for servers in _side_by_side(_widths(run, scenario), room):
            table = Table(title=scenario, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
            table.add_column(_CORNER, no_wrap=True)
            for server in servers:
                head = Text("\n".join(_head(run, server)))
                table.add_column(head, vertical="bottom", no_wrap=True)
            for client in clients:
                if any((server, client) in cells for server in servers):
                    words = (_cell(cells.get((server, client)), console) for server in servers)
                    table.add_row(Text(printable(client)), *words)
            console.print(table)
    for sign, meaning in digest.legend(run):
        _print(console, f"  {sign:<12}{meaning}", "dim")


def _print_renegotiation(run: RunFile, console: Console) -> None:
    rows = renegotiation.server_answers(run)
    if not rows:
        return
    console.print()
    _print(console, "Renegotiation, server by server", "bold")
    for row in rows:
        _print(console, row.server, prefix="- ")
        for column, answer in zip(renegotiation.COLUMNS, row.answers, strict=True):
            _print(console, f"{column}: {answer}", prefix="    ")


def _widths(run: RunFile, scenario: str) -> dict[str, int]:
    """Give the width of each server's column, in the order of the columns."""
    columns = digest.grid_columns(run, scenario)
    widths = {server: max(map(len, _head(run, server))) + _CELL_PADDING for server in columns}
    for cell in run.cells:
        if cell.scenario == scenario and cell.server in widths:
            word = str(digest.cell_words(cell))
            widths[cell.server] = max(widths[cell.server], len(word) + _CELL_PADDING)
    return widths


def _side_by_side(widths: Mapping[str, int], room: int) -> Iterator[list[str]]:
    """Cut the servers into groups that fit side by side; a group has at least one."""
    group: list[str] = []
    used = 0
    for server, width in widths.items():
        if group and used + width > room:
            yield group
            group, used = [], 0
        group.append(server)
        used += width
    if group:
        yield group


def _head(run: RunFile, server: str) -> list[str]:
    parts = printable(server).replace("@", "\n@").replace(",", "\n,").split("\n")
    return [*parts, "(hypothesis)"] if run.servers[server].hypothesis else parts


def _cell(cell: CellRecord | None, console: Console) -> Text:
    if cell is None:
        return Text("")
    style = _STYLES.get(cell.outcome, "dim") if cell.outcome else "dim"
    if not cell.verdict.is_as_expected:
        style = "bold reverse " + (style if cell.outcome else "red")
    return Text(_encodable(str(digest.cell_words(cell)), console), style=style)


def _print_lines(run: RunFile, console: Console) -> None:
    unasked = digest.unasked(run)
    for server in unasked.values():
        _print(console, f"{server.verdict.value:<16} {'-':<20} {server.line}")
    for cell in run.cells:
        if cell.verdict is not Verdict.PASSED and cell.server not in unasked:
            detail = f" {cell.reason}" if cell.reason else f" {cell.note}" if cell.note else ""
            outcome = cell.outcome.value if cell.outcome else "-"
            _print(console, printable(f"{cell.verdict.value:<16} {outcome:<20} {cell.id}{detail}"))


def _sentences(groups: Iterable[digest.Group]) -> list[str]:
    return [group.line if group.line.endswith("?") else f"{group.line}." for group in groups]


def _section(console: Console, title: str, lines: Sequence[str], style: str) -> None:
    if lines:
        console.print()
        _print(console, title, style)
        for line in lines:
            _print(console, line, prefix="- ")


def _print(console: Console, text: str, style: str = "", *, prefix: str = "") -> None:
    """Print one line; on a terminal it is wrapped, and what is wrapped stands under its beginning."""
    shown = Text(_encodable(text, console), style=style)
    if not console.is_terminal:
        console.print(Text(prefix).append(shown), soft_wrap=True)
        return
    for number, part in enumerate(shown.wrap(console, max(console.width - len(prefix), 20))):
        console.print(Text(prefix if number == 0 else " " * len(prefix)).append(part))


def _encodable(text: str, console: Console) -> str:
    """Use plain signs where the terminal cannot show the others."""
    return text if (console.encoding or "").lower().startswith("utf") else text.translate(_ASCII)
