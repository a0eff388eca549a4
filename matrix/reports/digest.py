"""What a run says in a few sentences beside its headline: what is unexpected and why, what was not measured,
the findings, the notes. Every report is made from these.

Pure: read from the run file alone, so a report can be made again from a saved run.
"""

from collections import defaultdict
from collections.abc import Iterable

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.facts import Fact, explanation_facts
from matrix.reports.groups import Group, groups, some
from matrix.reports.headline import unexpected_cells
from matrix.reports.inference import inferences as inferences_by_server
from matrix.results.levels import in_order
from matrix.results.played import compared_with_none
from matrix.results.run_file import ASSUMED, LOW, CellRecord, RunFile
from matrix.wording import joined, printable, reason_in_words

ABOUT_CLIENTS = "About the clients"
FINDINGS = "Findings: prediction and observation disagree, and no expectation says why"


def unexpected(run: RunFile) -> list[Group]:
    """What failed, or worked, against what was expected."""
    return groups(unexpected_cells(run))


def observed_failures(run: RunFile) -> list[Group]:
    """What did not simply work where nothing was expected."""
    return groups(
        cell for cell in run.cells if cell.verdict is Verdict.OBSERVED and cell.outcome is not Outcome.WORKS
    )


def broken(run: RunFile) -> list[Group]:
    """What the harness could not measure."""
    return groups(cell for cell in run.cells if cell.verdict is Verdict.HARNESS_ERROR)


def not_measured(run: RunFile) -> list[Group]:
    """What could not be measured on this machine or with this program."""
    return groups(cell for cell in run.cells if cell.verdict in (Verdict.UNSUPPORTED, Verdict.NOT_INSTALLED))


def not_applicable(run: RunFile) -> list[Group]:
    """Where the scenario asks for what the pair cannot have, as expected."""
    return groups(cell for cell in run.cells if cell.verdict is Verdict.NOT_APPLICABLE)


def expected_failures(run: RunFile) -> list[tuple[str, list[Group]]]:
    """What failed in the way expected, under the reason why that is expected."""
    by_why: dict[str, list[CellRecord]] = defaultdict(list)
    for cell in run.cells:
        if cell.verdict is Verdict.EXPECTED_FAILURE:
            by_why[printable(cell.expected_why)].append(cell)
    return [(why, groups(cells)) for why, cells in sorted(by_why.items())]


def inferences(run: RunFile) -> list[str]:
    """What follows from the rows of the servers, in their order."""
    said_of = inferences_by_server(run)
    return [
        f"{printable(server)}: {printable(said)}"
        for server in in_order(run.servers)
        for said in said_of[server]
    ]


def server_notes(run: RunFile) -> list[str]:
    """What the definitions say of the servers (that something is a hypothesis, for one), each text once."""
    return _by_text(
        (printable(run.servers[identifier].note), printable(identifier))
        for identifier in in_order(run.servers)
        if run.servers[identifier].note
    )


def client_notes(run: RunFile) -> list[str]:
    """What the cells that work rest on where nobody measured what the client refuses, nor read it in its
    source: a sentence for each kind of client; nothing where it is known of all. Where the run has genuine
    programs, the clients whose own program it has not, too.
    """
    notes = [
        f"{sentence}: {printable(', '.join(clients))}."
        for confidence, sentence in _WORKS_RESTS_ON.items()
        if (clients := sorted({cell.client for cell in run.cells if cell.confidence == confidence}))
    ]
    alone = [f"{client} ({program})" for client, program in compared_with_none(run)]
    return notes + ([f"{_COMPARED_WITH_NONE}: {printable(', '.join(alone))}."] if alone else [])


_COMPARED_WITH_NONE = (
    "These are compared with no genuine program, since the run has none of the id that they play"
)
_WORKS_RESTS_ON = {
    ASSUMED: "What these refuse of a server is not known. Where they work, it is assumed that they refuse "
    "what the RFCs oblige a client to refuse",
    LOW: "What these refuse of a server is known from documents and from related programs alone. Where these "
    "say nothing, it is assumed that they refuse what the RFCs oblige a client to refuse",
}


def cell_notes(run: RunFile) -> list[str]:
    """What to look at although it works, each note once with the cells it is of."""
    noted = [(printable(note), cell) for cell in run.cells for note in cell.notes]
    cells: dict[str, list[CellRecord]] = defaultdict(list)
    for note, cell in noted:
        cells[note].append(cell)
    return [
        f"{Group(tuple(those), note).where_briefly}: {note.rstrip('.')}." for note, those in cells.items()
    ]


CAUSES = "What is to blame"


def causes(run: RunFile) -> list[tuple[str, list[str]]]:
    """What is to blame for failures, each once with the cells it is of, and what is told of it besides: how
    sure it is, what proves it and what helps; of a run with --explain.
    """
    cells: dict[str, list[CellRecord]] = defaultdict(list)
    for cell in run.cells:
        if cell.cause is not None:
            cells[printable(cell.cause)].append(cell)
    return [
        (f"{Group(tuple(those), cause).where_briefly}: {cause}.", _told_of(those))
        for cause, those in cells.items()
    ]


def _told_of(cells: list[CellRecord]) -> list[str]:
    """Each fact once; behind one that is not of all cells, which clients it is of."""
    clients: dict[Fact, list[str]] = defaultdict(list)
    for cell in cells:
        for fact in explanation_facts(cell.explanation) if cell.explanation is not None else ():
            clients[fact].append(printable(cell.client))
    return [
        f"{printable(name)}{'' if len(those) == len(cells) else f' ({some(those)})'}: {printable(value)}"
        for (name, value), those in clients.items()
    ]


def findings(run: RunFile) -> list[str]:
    """Where observation and prediction contradict each other and no expectation says why, a sentence each."""
    alike: dict[str, list[CellRecord]] = defaultdict(list)
    for cell in run.cells:
        if cell.finding:
            alike[_finding(cell)].append(cell)
    return sorted(Group(tuple(cells), said).line for said, cells in alike.items())


_SHOULD = {
    Outcome.WORKS: "should work",
    Outcome.WORKS_AFTER_FALLBACK: "should work after a fallback",
    Outcome.NOT_APPLICABLE: "should not apply",
    Outcome.FAILS: "should fail",
}
_DOES = {
    Outcome.WORKS: "works at the first attempt",
    Outcome.WORKS_AFTER_FALLBACK: "works only after a fallback",
    Outcome.NOT_APPLICABLE: "does not apply",
    Outcome.FAILS: "fails",
}


def _finding(cell: CellRecord) -> str:
    assert cell.prediction is not None, "else it is no finding"
    assert cell.outcome is not None, "else it is no finding"
    does = "fails in another way" if cell.prediction is cell.outcome else _DOES[cell.outcome]
    reason = cell.detailed_reason
    seen = f": {printable(reason_in_words(reason))}" if reason else ""
    if cell.prediction is Outcome.WORKS:
        hint = "Nothing that the two definitions declare explains it."
    else:
        hint = f"Predicted: {printable(cell.prediction_why) or _SHOULD[cell.prediction]}."
    return f"{_SHOULD[cell.prediction]}, {does}{seen}. {hint}"


def _by_text(pairs: Iterable[tuple[str, str]]) -> list[str]:
    names: dict[str, list[str]] = defaultdict(list)
    for text, name in pairs:
        names[text].append(name)
    return [f"{joined(those)}: {text}" for text, those in names.items()]
