"""What the reports say of profiles beside the genuine programs that they play. Pure."""

from collections.abc import Iterator

from matrix.reports.cell_text import negotiated_text
from matrix.results.played import Pair, differences, pairs, shown_reason
from matrix.results.run_file import CellRecord, RunFile
from matrix.wording import counted, printable

TITLE = "Profile against genuine"
COLUMNS = ("profile", "genuine program", "server", "scenario", "the profile", "the program", "differs in")


def rows(run: RunFile) -> list[tuple[str, ...]]:
    """A row for each cell that both have; the texts are not escaped."""
    return [
        (
            pair.profile.client,
            pair.program.client,
            pair.profile.server,
            pair.profile.scenario,
            _cell(pair.profile),
            _cell(pair.program),
            _difference(pair),
        )
        for pair in pairs(run)
    ]


def told(run: RunFile) -> list[str]:
    """What a terminal shows: a line for each profile with its program, and one for each cell that differs."""
    return [*_summaries(run), *(_line(pair) for pair in differences(run))]


def _summaries(run: RunFile) -> Iterator[str]:
    by_clients: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs(run):
        by_clients.setdefault((pair.profile.client, pair.program.client), []).append(pair)
    for (profile, program), those in by_clients.items():
        measured = [pair for pair in those if pair.is_measured]
        alike = sum(not pair.differences for pair in measured)
        names = f"{printable(profile)} and {printable(program)}"
        yield f"{names}: {alike} of {counted(len(measured), 'cell')} alike"


def _line(pair: Pair) -> str:
    where = printable(f"{pair.profile.server}, {pair.profile.scenario}")
    mine, its = printable(_cell(pair.profile)), printable(_cell(pair.program))
    return f"{where}: {printable(pair.profile.client)} {mine}; {printable(pair.program.client)} {its}"


def _cell(cell: CellRecord) -> str:
    outcome = "was not measured" if cell.outcome is None else cell.outcome.value
    agreed = "" if cell.negotiated is None else negotiated_text(cell.negotiated)
    return ", ".join(part for part in (outcome, shown_reason(cell.detailed_reason), agreed) if part)


def _difference(pair: Pair) -> str:
    if not pair.is_measured:
        return "not compared"
    return ", ".join(pair.differences) or "alike"
