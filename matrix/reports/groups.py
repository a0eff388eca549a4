"""Cells that are alike, put together across servers and clients, so that one sentence is said once. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from handshake.reason import Reason
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.run_file import CellRecord
from matrix.scenarios import CONNECT
from matrix.wording import joined, printable, reason_in_words

_NAMED = 1


class Group(Struct, frozen=True):
    """Cells with the same verdict, outcome and reason; `text` says what became of them."""

    cells: tuple[CellRecord, ...]
    text: str

    @property
    def verdict(self) -> Verdict:
        """The verdict they share."""
        return self.cells[0].verdict

    @property
    def outcome(self) -> Outcome | None:
        """The outcome they share."""
        return self.cells[0].outcome

    @property
    def where(self) -> str:
        """Every server, client and scenario; what differs only in the scenario stands together."""
        cells: dict[str, list[CellRecord]] = defaultdict(list)
        for cell in self.cells:
            cells[cell.scenario].append(cell)
        scenarios: dict[str, list[str]] = defaultdict(list)
        for scenario, those in cells.items():
            scenarios[_places(those)].append(scenario)
        return "; ".join(f"{places}{_in_scenarios(those, joined)}" for places, those in scenarios.items())

    @property
    def where_briefly(self) -> str:
        """Some of the servers, clients and scenarios, and how many more there are."""
        servers, clients, scenarios = (
            list(dict.fromkeys(printable(name) for name in names))
            for names in zip(*((cell.server, cell.client, cell.scenario) for cell in self.cells), strict=True)
        )
        return f"{some(servers)} with {some(clients)}{_in_scenarios(scenarios, some)}"

    @property
    def line_briefly(self) -> str:
        """The group as one short sentence without a full stop: some of the cells, no code of a reason."""
        return f"{self.where_briefly}: {said_of(self.cells[0], _sentence)}"

    @property
    def line(self) -> str:
        """The group as one sentence, without a full stop."""
        return f"{self.where}: {self.text}"


def _places(cells: Iterable[CellRecord]) -> str:
    """Name servers and clients; servers that are with the same clients stand together."""
    clients: dict[str, list[str]] = defaultdict(list)
    for cell in cells:
        clients[printable(cell.server)].append(printable(cell.client))
    servers: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for server, those in clients.items():
        servers[tuple(those)].append(server)
    return "; ".join(f"{joined(those)} with {joined(list(of_them))}" for of_them, those in servers.items())


def _in_scenarios(scenarios: list[str], name: Callable[[list[str]], str]) -> str:
    """Nothing for `connect` alone, which is what is asked when nothing is chosen."""
    return "" if scenarios == [CONNECT.id] else f" ({printable(name(scenarios))})"


def groups(cells: Iterable[CellRecord]) -> list[Group]:
    """Put cells that are alike together, the worst first, then the largest group."""
    alike: dict[tuple[object, ...], list[CellRecord]] = defaultdict(list)
    for cell in cells:
        alike[cell.verdict, cell.outcome, cell.reason, said_of(cell)].append(cell)
    found = [Group(tuple(those), said_of(those[0])) for those in alike.values()]
    return sorted(found, key=_order)


def said_of(cell: CellRecord, in_words: Callable[[Reason, str], str] = reason_in_words) -> str:
    """Say what became of a cell, without a full stop; `in_words` says a reason and the note on it."""
    if cell.outcome is None:
        return printable(cell.note).rstrip(".") or cell.verdict.value.replace("_", " ")
    if cell.reason is None:
        is_better = cell.verdict is Verdict.UNEXPECTED_PASS
        return "works, although it was expected not to" if is_better else "works"
    said = printable(in_words(cell.detailed_reason or cell.reason, cell.note))
    if cell.cause is not None:
        said = printable(f"{cell.cause} ({cell.reason})")
    if cell.outcome is Outcome.WORKS_AFTER_FALLBACK:
        said = f"works only after a fallback: at first {said}"
    if cell.outcome is Outcome.NOT_APPLICABLE:
        said = f"does not apply: {said}"
    return said + _expected_instead(cell)


def _expected_instead(cell: CellRecord) -> str:
    if cell.verdict is Verdict.UNEXPECTED_PASS:
        return ", which is better than expected"
    if cell.verdict is not Verdict.FAILED or cell.expected in (Outcome.WORKS, None):
        return ""
    reason = f" {cell.expected_reason}" if cell.expected_reason else ""
    return f"; expected was {printable(f'{cell.expected}{reason}')}"


def _sentence(reason: Reason, note: str) -> str:
    return "; ".join(part for part in (reason.sentence, note) if part)


def some(names: Sequence[str], named: int = _NAMED) -> str:
    """Name so many, and one more if that is the last; of more say how many there are."""
    more = len(names) - named
    return joined([*names] if more <= 1 else [*names[:named], f"{more} more"])


def _order(group: Group) -> tuple[int, int, str]:
    return group.outcome.rank if group.outcome else -1, -len(group.cells), group.line
