"""What changed, put together for whoever decides on a change: who loses service, who gains it, and why. Pure.

Clients for which the same changed in the same way are told of together, under the definitions' reason for it
where they have one.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from msgspec import Struct

from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.compare import Change, ChangeKind, Comparison
from matrix.results.run_file import CellRecord
from matrix.results.strength import weaknesses
from matrix.wording import counted, joined, reason_in_words

_SERVICE_CHANGES = (ChangeKind.REGRESSION, ChangeKind.FIXED, ChangeKind.IMPROVEMENT)


class ChangeGroup(Struct, frozen=True):
    """Clients of one kind of change that fare alike before and now. `before` and `now` are in words, `whys`
    the definitional reasons with the clients each is for.
    """

    kind: ChangeKind
    servers: tuple[str, ...]
    scenario: str
    clients: tuple[str, ...]
    before: str
    now: str
    whys: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def why(self) -> str:
        """The reasons in one line; empty where the definitions do not say."""
        if len(self.whys) == 1 and self.whys[0][1] == self.clients:
            return self.whys[0][0]
        return "; ".join(f"for {joined(list(clients))}: {why}" for why, clients in self.whys)


def is_why_of_before(kind: ChangeKind) -> bool:
    """True where the reason given is that of how it was before, since it is better now."""
    return kind in (ChangeKind.FIXED, ChangeKind.IMPROVEMENT)


def groups(changes: Sequence[Change]) -> list[ChangeGroup]:
    """Put changes that are alike together, sorted by their first client."""
    alike: dict[tuple[ChangeKind, tuple[str, ...], str, str, str], list[Change]] = defaultdict(list)
    for change in sorted(changes, key=lambda change: change.cell.client):
        told = fares(change.old), fares(change.new)
        alike[change.kind, _servers(change), change.cell.scenario, *told].append(change)
    return [
        ChangeGroup(
            kind,
            servers,
            scenario,
            tuple(change.cell.client for change in members),
            before,
            now,
            _whys(members),
        )
        for (kind, servers, scenario, before, now), members in alike.items()
    ]


def why(change: Change) -> str:
    """What the two definitions say of the side that does worse; empty where they do not say."""
    cell = change.old if is_why_of_before(change.kind) else change.new
    if change.kind is ChangeKind.WEAKER and change.old is not None and change.new is not None:
        return "; ".join(weaknesses(change.old, change.new))
    if cell is None or cell.outcome is None:
        return ""
    if cell.prediction is cell.outcome and cell.prediction_why:
        return cell.prediction_why
    return cell.expected_why if cell.verdict is Verdict.EXPECTED_FAILURE else ""


def service_changes(comparison: Comparison) -> list[str]:
    """Say how many clients lose and gain service, in a sentence for each scenario and pair of servers.

    A server that is the same before and now is mentioned only where something changed for a client.
    """
    pairs: dict[tuple[str, tuple[str, ...]], list[Change]] = defaultdict(list)
    for change in comparison.changes:
        if change.old is not None and change.new is not None:
            pairs[change.cell.scenario, _servers(change)].append(change)
    several = len({scenario for scenario, _ in pairs}) > 1
    said = [
        f"{scenario}: {_service(changes, servers)}" if several else _service(changes, servers)
        for (scenario, servers), changes in sorted(pairs.items())
        if len(servers) > 1 or any(change.kind in _SERVICE_CHANGES for change in changes)
    ]
    compared = [change for changes in pairs.values() for change in changes]
    unknown = sum(map(_is_unknown, compared))
    if not said and unknown < len(compared) and not comparison.of(ChangeKind.UNMEASURED):
        said = ["No client loses or gains service."]
    if unknown:
        said.append(f"{unknown} of {counted(len(compared), 'cell')} cannot be compared: a run has no result.")
    return said


def _service(changes: Sequence[Change], servers: tuple[str, ...]) -> str:
    if all(map(_is_unknown, changes)):
        where = " and ".join(servers)
        return f"Nothing is known of {counted(len(changes), 'client')}: {where} were not both tried."
    kinds = Counter(change.kind for change in changes)
    lost = sum(
        change.kind is ChangeKind.REGRESSION and change.cell.outcome is Outcome.FAILS for change in changes
    )
    others = (
        (kinds[ChangeKind.REGRESSION] - lost, "works only", "work only", "after a fallback now"),
        (kinds[ChangeKind.FIXED], "gains", "gain", "service"),
        (kinds[ChangeKind.IMPROVEMENT], "needs", "need", "no fallback any more"),
    )
    where = f"when {servers[0]} becomes {servers[1]}" if len(servers) > 1 else f"with {servers[0]}"
    first = f"{lost or 'None'} of {counted(len(changes), 'client')} {'lose' if lost > 1 else 'loses'} service"
    rest = [f"{number} {one if number == 1 else more} {what}" for number, one, more, what in others if number]
    return f"{'; '.join([f'{first} {where}', *rest])}."


def _is_unknown(change: Change) -> bool:
    """Whether nothing was found out before, or now."""
    return any(cell is None or cell.outcome is None for cell in (change.old, change.new))


def _servers(change: Change) -> tuple[str, ...]:
    """The server before and the one now; one alone where they are the same or one is missing."""
    cells = (cell for cell in (change.old, change.new) if cell is not None)
    return tuple(dict.fromkeys(cell.server for cell in cells))


def fares(cell: CellRecord | None) -> str:
    """Say how a client fares, with the reason in words and as it is in every report."""
    if cell is None:
        return "not asked"
    if cell.outcome is None:
        return f"not known: {cell.note or cell.verdict.value}"
    said = {
        Outcome.WORKS: "works",
        Outcome.WORKS_AFTER_FALLBACK: "works only after a fallback: at first",
        Outcome.FAILS: "fails:",
        Outcome.NOT_APPLICABLE: "does not apply:",
    }[cell.outcome]
    reason = cell.detailed_reason
    return f"{said} {reason_in_words(reason)}" if reason else said.rstrip(":")


def _whys(members: Sequence[Change]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    clients: dict[str, list[str]] = defaultdict(list)
    for change in members:
        said = why(change)
        if said:
            clients[said].append(change.cell.client)
    return tuple((said, tuple(names)) for said, names in clients.items())
