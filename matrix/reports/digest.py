"""What a run says in a few sentences: the headline, what failed and why, the findings. Every report starts
from these.

Pure: read from the run file alone, so a report can be made again from a saved run.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handshake.reason import Reason
from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.signs import NO_OUTCOME_WORDS, SHORT_WORDS, SYMBOLS
from matrix.results.levels import in_order
from matrix.results.run_file import CellRecord, RunFile
from matrix.wording import (
    counted,
    joined,
    printable,
    reason_in_words,
)

_NAMED_AT_MOST = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one server that are alike: same verdict, outcome and reason."""

    server: str
    clients: tuple[str, ...]
    verdict: Verdict
    outcome: Outcome | None
    reason: Reason | None
    text: str

    @property
    def line(self) -> str:
        """The group as one sentence."""
        if not self.clients:  # of a server that nobody could ask anything
            return f"{self.server}: {self.text}"
        return f"{self.server} with {joined(list(self.clients))}: {self.text}"


@dataclass(frozen=True, slots=True)
class CellWords:
    """A cell in a grid: a symbol and a word, so that colour is never the only sign; `mark` when not as
    expected.
    """

    symbol: str
    word: str
    mark: str

    def __str__(self) -> str:
        return f"{self.symbol} {self.word}{self.mark}"


def cell_words(cell: CellRecord) -> CellWords:
    """Give the words a grid shows for a cell."""
    if cell.outcome is None:
        symbol, word = NO_OUTCOME_WORDS.get(cell.verdict, ("?", cell.verdict.value))
    else:
        symbol, word = SYMBOLS[cell.outcome], SHORT_WORDS[cell.outcome]
        if cell.renegotiation is not None and cell.renegotiation.kind is not None:
            word = cell.renegotiation.kind
    return CellWords(symbol, word, "" if cell.verdict.is_as_expected else " !")


_LEGEND = (
    ("✓ works", "handshake, request and answer at the first attempt"),
    ("↓ fallback", "works only after a silent retry with an older hello: the first attempt failed"),
    ("✓ secure", "renegotiates, with RFC 5746 on both sides"),
    ("✓ legacy", "renegotiates, without RFC 5746 on both sides (open to CVE-2009-3555)"),
    ("✗ secure", "does not renegotiate although both sides have RFC 5746"),
    ("✗ legacy", "does not renegotiate without RFC 5746 on both sides"),
    ("✗ fails", "no attempt of the client gets an answer"),
    ("- n/a", "the scenario asks for what this pair cannot have; TLS and the request went well"),
    ("? not tried", "the server chose a cipher suite this program offers but cannot complete"),
    ("· missing", "the server is not installed on this machine"),
    ("! broken", "nothing was found out: nobody answered as asked, or the harness failed"),
    ("... !", "not as expected"),
)


def legend(run: RunFile) -> list[tuple[str, str]]:
    """Explain the signs that a run's grid shows."""
    words = [cell_words(cell) for cell in run.cells if cell.server not in unasked(run)]
    shown = {f"{word.symbol} {word.word}" for word in words} | {f"...{word.mark}" for word in words}
    return [(sign, meaning) for sign, meaning in _LEGEND if sign in shown]


def notes(run: RunFile) -> list[str]:
    """What the definitions say of the servers (that something is a hypothesis, for one), each text once."""
    servers: dict[str, list[str]] = defaultdict(list)
    for identifier in in_order(run.servers):
        note = run.servers[identifier].note
        if note:
            servers[printable(note)].append(printable(identifier))
    return [f"{joined(identifiers)}: {note}" for note, identifiers in servers.items()]


def headline(run: RunFile) -> str:
    """Say in a sentence or two how the run went, naming what fails unexpectedly before anything else."""
    outcomes = Counter(cell.outcome for cell in run.cells)
    counts = [
        f"{outcomes[outcome]} {words}"
        for outcome, words in (
            (Outcome.WORKS, "work"),
            (Outcome.WORKS_AFTER_FALLBACK, "work only after a fallback"),
            (Outcome.FAILS, "fail"),
            (Outcome.NOT_APPLICABLE, "do not apply"),
        )
        if outcomes[outcome]
    ]
    if outcomes[None]:
        counts.append(f"{outcomes[None]} could not be tried")
    said = f"{counted(len(run.cells), 'cell')}: {joined(counts)}." if run.cells else "No cell was run."
    clients: dict[str, list[str]] = defaultdict(list)
    for cell in run.cells:
        if not cell.verdict.is_as_expected:
            clients[cell.server].append(cell.client)
    if not clients:
        return f"{said} All as expected." if run.cells else said
    number = sum(map(len, clients.values()))
    named = "; ".join(f"{printable(server)} with {_some(those)}" for server, those in sorted(clients.items()))
    return f"{said} Not as expected {'is' if number == 1 else 'are'} {number}: {named}."


def _some(clients: Sequence[str]) -> str:
    different = list(dict.fromkeys(clients))
    if len(different) <= _NAMED_AT_MOST:
        return joined(different)
    return joined([*different[: _NAMED_AT_MOST - 1], f"{len(different) - _NAMED_AT_MOST + 1} more"])


def groups(cells: Iterable[CellRecord]) -> list[Group]:
    """Put cells that are alike together, server by server, worst first."""
    alike: dict[tuple[str, Verdict, Outcome | None, Reason | None, str], list[str]] = defaultdict(list)
    for cell in cells:
        alike[cell.server, cell.verdict, cell.outcome, cell.reason, _text(cell)].append(cell.client)
    found = [
        Group(printable(server), tuple(dict.fromkeys(clients)), verdict, outcome, reason, text)
        for (server, verdict, outcome, reason, text), clients in alike.items()
    ]
    return sorted(
        found, key=lambda group: (group.outcome.rank if group.outcome else 3, group.server, group.line)
    )


def _text(cell: CellRecord) -> str:
    if cell.outcome is None:
        return printable(cell.note) or cell.verdict.value
    if cell.reason is None:
        return (
            "works, although it was expected not to" if cell.verdict is Verdict.UNEXPECTED_PASS else "works"
        )
    said = printable(reason_in_words(cell.detailed_reason or cell.reason, cell.note))
    if cell.outcome is Outcome.WORKS_AFTER_FALLBACK:
        said = f"works only after a fallback: at first {said}"
    if cell.verdict is Verdict.FAILED and cell.expected is not Outcome.WORKS:
        expected = f"{cell.expected} {cell.expected_reason or ''}".strip()
        said += f"; expected was {printable(expected)}"
    if cell.verdict is Verdict.UNEXPECTED_PASS:
        said += ", better than expected"
    return said


def unexpected(run: RunFile) -> list[Group]:
    """What failed, or worked, against what was expected."""
    cells = (cell for cell in run.cells if cell.server not in unasked(run))
    broken = [group for group in unasked(run).values() if not group.verdict.is_as_expected]
    return [*broken, *groups(cell for cell in cells if not cell.verdict.is_as_expected)]


def expected_failures(run: RunFile) -> list[tuple[str, list[Group]]]:
    """What failed in the way expected, under the reason why that is expected."""
    by_why: dict[str, list[CellRecord]] = defaultdict(list)
    for cell in run.cells:
        if cell.verdict is Verdict.EXPECTED_FAILURE:
            by_why[printable(cell.expected_why)].append(cell)
    return [(why, groups(cells)) for why, cells in sorted(by_why.items())]


def not_tried(run: RunFile) -> list[Group]:
    """What could not be tried on this machine or with this program."""
    cells = (cell for cell in run.cells if cell.server not in unasked(run))
    missing = [group for group in unasked(run).values() if group.verdict.is_as_expected]
    not_to_be_had = (Verdict.UNSUPPORTED, Verdict.NOT_INSTALLED)
    return [*missing, *groups(cell for cell in cells if cell.verdict in not_to_be_had)]


def unasked(run: RunFile) -> dict[str, Group]:
    """The servers that nobody could ask anything, each with its one reason in place of one a cell."""
    asked = {cell.server for cell in run.cells if cell.outcome is not None}
    verdicts = {cell.server: cell.verdict for cell in run.cells}
    return {
        server: Group(printable(server), (), verdict, None, None, printable(run.servers[server].problem))
        for server, verdict in sorted(verdicts.items())
        if run.servers[server].problem and server not in asked
    }


def findings(run: RunFile) -> list[str]:
    """Where observation and prediction contradict each other, one sentence for each server and
    contradiction.
    """
    alike: dict[tuple[str, Outcome | None, Outcome | None, str, Reason | None], list[str]] = defaultdict(list)
    for cell in run.cells:
        if cell.finding:
            key = (cell.server, cell.prediction, cell.outcome, cell.prediction_why, cell.reason)
            alike[key].append(cell.client)
    return [
        _finding(*key, clients=list(dict.fromkeys(clients)))
        for key, clients in sorted(alike.items(), key=str)
    ]


def _finding(
    server: str,
    prediction: Outcome | None,
    outcome: Outcome | None,
    why: str,
    reason: Reason | None,
    *,
    clients: list[str],
) -> str:
    seen = f": {printable(reason_in_words(reason))}" if reason else ""
    if prediction is Outcome.WORKS:
        should, hint = "should work", " Nothing the two definitions declare explains it."
    elif prediction is Outcome.WORKS_AFTER_FALLBACK:
        should, hint = "should work after a fallback", f" Predicted at first: {why}."
    else:
        should, hint = "should fail", f" Predicted: {why}."
    does = {
        Outcome.FAILS: "does not",
        Outcome.NOT_APPLICABLE: "does not apply",
        Outcome.WORKS_AFTER_FALLBACK: "works only after a fallback"
        if prediction is Outcome.WORKS
        else "works after one",
        Outcome.WORKS: "works at once",
    }[outcome or Outcome.FAILS]
    if prediction is Outcome.FAILS:
        does = "works" if outcome is Outcome.WORKS else "works after a fallback"
    return f"{printable(server)} with {joined(clients)}: {should}, {does}{seen}.{printable(hint)}"


def grid_columns(run: RunFile, scenario: str) -> list[str]:
    """The servers that have a cell in a scenario, in order: levels of one setting side by side."""
    shown = {cell.server for cell in run.cells if cell.scenario == scenario} - unasked(run).keys()
    return [server for server in in_order(run.servers) if server in shown]


def grid_rows(run: RunFile, scenario: str) -> list[str]:
    """The clients that have a cell in a scenario, sorted."""
    columns = set(grid_columns(run, scenario))
    return sorted({c.client for c in run.cells if c.scenario == scenario and c.server in columns})


def scenarios(run: RunFile) -> list[str]:
    """The scenarios of a run in which some server could be asked, sorted."""
    return sorted({cell.scenario for cell in run.cells if cell.server not in unasked(run)})
