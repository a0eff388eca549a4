"""What a terminal shows below the grid where more is asked for: the cells line by line, what was tested, the
levels, renegotiation, findings, what is expected and why, notes about the servers.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from types import MappingProxyType

from rich.console import Console

from matrix.judgement.outcome import Verdict
from matrix.reports import digest, facts, levels, renegotiation
from matrix.reports.groups import Group
from matrix.reports.printing import print_line, print_section
from matrix.reports.view import Section
from matrix.results.levels import level_series
from matrix.results.run_file import RunFile
from matrix.results.timings import Timings
from matrix.wording import printable


def print_sections(run: RunFile, console: Console, sections: Set[Section], timings: Timings) -> None:
    """Print each section that is wanted and has something to say."""
    if Section.TESTED in sections:
        tested = [f"{name}: {value}" for name, value in facts.tested(run, timings)]
        print_section(console, "What was tested", tested, "bold")
        print_section(console, "Observations of each server", facts.facts_by_server(run), "bold")
    for section, print_it in _PRINTERS.items():
        if section in sections:
            print_it(run, console)


def _print_cells(run: RunFile, console: Console) -> None:
    """One line for each cell that did not simply pass, to be searched; for what is no terminal."""
    if console.is_terminal:
        return
    console.print()
    for cell in run.cells:
        if cell.verdict is not Verdict.PASSED:
            detail = cell.note if cell.outcome is None else str(cell.reason or cell.note)
            outcome = cell.outcome.value if cell.outcome else "-"
            line = f"{cell.verdict.value:<16} {outcome:<20} {cell.id} {detail}"
            print_line(console, printable(line.rstrip()))


def _print_levels(run: RunFile, console: Console) -> None:
    for series in level_series(run):
        print_section(console, levels.title(series), levels.told_together(series), "bold")


def _print_renegotiation(run: RunFile, console: Console) -> None:
    rows = renegotiation.server_answers(run)
    if not rows:
        return
    console.print()
    print_line(console, "Renegotiation, server by server", "bold")
    for row in rows:
        print_line(console, row.server, prefix="- ")
        for column, answer in zip(renegotiation.COLUMNS, row.answers, strict=True):
            print_line(console, f"{column}: {answer}", prefix="    ")


def _print_findings(run: RunFile, console: Console) -> None:
    print_section(console, digest.FINDINGS, digest.findings(run), "bold magenta")


def _print_expected(run: RunFile, console: Console) -> None:
    expected = [
        f"{line} Why: {why}." for why, found in digest.expected_failures(run) for line in _sentences(found)
    ]
    print_section(console, "As expected, but no plain passes", sorted(expected), "bold")
    print_section(console, "Not applicable", _sentences(digest.not_applicable(run)), "bold")


def _print_not_measured(run: RunFile, console: Console) -> None:
    print_section(console, "Not measured", _sentences(digest.not_measured(run)), "bold")


def _print_servers(run: RunFile, console: Console) -> None:
    print_section(console, "About the servers", digest.server_notes(run), "bold")
    print_section(console, digest.ABOUT_CLIENTS, digest.client_notes(run), "bold")


def _sentences(groups: Iterable[Group]) -> list[str]:
    return [group.line if group.line.endswith("?") else f"{group.line}." for group in groups]


_PRINTERS: Mapping[Section, Callable[[RunFile, Console], None]] = MappingProxyType(
    {
        Section.CELL_LINES: _print_cells,
        Section.LEVELS: _print_levels,
        Section.RENEGOTIATION: _print_renegotiation,
        Section.FINDINGS: _print_findings,
        Section.EXPECTED: _print_expected,
        Section.NOT_MEASURED: _print_not_measured,
        Section.SERVERS: _print_servers,
    }
)
