"""What changed, put together for whoever decides on a change: who loses service, who gains it, and why. Pure.

Clients for which the same changed in the same way are told of together, under the definitions' reason for it
where they have one; servers at which the same changed for the same clients stand together. Of a fleet some
groups and servers are told: what is left out is counted, and the JSON of a comparison has it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.groups import some
from matrix.results.compare import Change, ChangeKind, Comparison
from matrix.results.run_file import CellRecord
from matrix.results.strength import weaknesses
from matrix.wording import counted, reason_in_words

MOST_NAMES = 500
"""Names of clients and servers for a kind of change: more than there are profiles, less than a fleet has."""
MOST_SERVERS = 10
"""How many servers have a sentence of their own, and how many are named in a group."""
WHERE_ALL_ARE = "`--format json` has them all, and the grid of `--format html` shows each cell"
_SERVICE_CHANGES = (ChangeKind.REGRESSION, ChangeKind.FIXED, ChangeKind.IMPROVEMENT)


class ChangeGroup(Struct, frozen=True):
    """Clients that changed in the same way, from the same before to the same now. Each of `places` is the
    server before and the one now, or the one that is both. `before` and `now` are in words, `whys` the
    definitional reasons with the clients each is for.
    """

    kind: ChangeKind
    places: tuple[tuple[str, ...], ...]
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
        return "; ".join(f"for {some(clients, MOST_NAMES)}: {why}" for why, clients in self.whys)

    @property
    def who(self) -> str:
        """The clients by name; of very many some."""
        return some(self.clients, MOST_NAMES)

    @property
    def cells(self) -> int:
        """How many cells changed so."""
        return len(self.clients) * len(self.places)

    def where(self, between: str) -> str:
        """The servers, with a word between the one before and the one now; of many some."""
        return some([between.join(servers) for servers in self.places], MOST_SERVERS)


def is_why_of_before(kind: ChangeKind) -> bool:
    """True where the reason given is that of how it was before, since it is better now."""
    return kind in (ChangeKind.FIXED, ChangeKind.IMPROVEMENT)


class ToldGroups(Struct, frozen=True):
    """The groups that are told, and a line on those that are not; empty where all are."""

    groups: tuple[ChangeGroup, ...]
    left_out: str


def groups(changes: Sequence[Change]) -> list[ChangeGroup]:
    """Put changes that are alike together, sorted by their first client."""
    alike: dict[tuple[ChangeKind, tuple[str, ...], str, str, str], list[Change]] = defaultdict(list)
    for change in sorted(changes, key=lambda change: change.cell.client):
        told = fares(change.old), fares(change.new)
        alike[change.kind, _servers(change), change.cell.scenario, *told].append(change)
    places: dict[ChangeGroup, list[tuple[str, ...]]] = defaultdict(list)
    for (kind, servers, scenario, before, now), members in alike.items():
        clients = tuple(change.cell.client for change in members)
        nowhere = ChangeGroup(kind, (), scenario, clients, before, now, _whys(members))
        places[nowhere].append(servers)
    return [replace(nowhere, places=tuple(those)) for nowhere, those in places.items()]


def told_groups(changes: Sequence[Change]) -> ToldGroups:
    """The groups of changes of one kind, as many as a person can read: where they have too many names, the
    largest ones.
    """
    found = groups(changes)
    if sum(map(_names, found)) > MOST_NAMES:
        found.sort(key=lambda group: -group.cells)
    names = accumulate(map(_names, found))
    number = max(1, sum(each <= MOST_NAMES for each in names))
    left = found[number:]
    if not left:
        return ToldGroups(tuple(found), "")
    cells = counted(sum(group.cells for group in left), "cell")
    said = f"{counted(len(left), 'more group')} with {cells}: {WHERE_ALL_ARE}"
    return ToldGroups(tuple(found[:number]), said)


def _names(group: ChangeGroup) -> int:
    """How many names it takes to tell of a group."""
    return len(group.clients) + min(len(group.places), MOST_SERVERS)


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


def told_service_changes(comparison: Comparison) -> list[str]:
    """The sentences on who loses and gains service that a person can read: of a fleet those of some servers,
    behind one for all.
    """
    said = service_changes(comparison)
    if len(said) <= MOST_SERVERS:
        return said
    lost = sum(map(_is_lost, comparison.changes))
    gained = len(comparison.of(ChangeKind.FIXED))
    compared = counted(len(comparison.changes), "cell")
    whole = f"{lost} of {compared} lose service, {gained} gain it."
    more = f"{counted(len(said) - MOST_SERVERS, 'more sentence')} of this kind: {WHERE_ALL_ARE}."
    return [whole, *said[:MOST_SERVERS], more]


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
    lost = sum(map(_is_lost, changes))
    others = (
        (kinds[ChangeKind.REGRESSION] - lost, "works only", "work only", "after a fallback now"),
        (kinds[ChangeKind.FIXED], "gains", "gain", "service"),
        (kinds[ChangeKind.IMPROVEMENT], "needs", "need", "no fallback any more"),
    )
    where = f"when {servers[0]} becomes {servers[1]}" if len(servers) > 1 else f"with {servers[0]}"
    first = f"{lost or 'None'} of {counted(len(changes), 'client')} {'lose' if lost > 1 else 'loses'} service"
    rest = [f"{number} {one if number == 1 else more} {what}" for number, one, more, what in others if number]
    return f"{'; '.join([f'{first} {where}', *rest])}."


def _is_lost(change: Change) -> bool:
    """Whether the client works no more."""
    return change.kind is ChangeKind.REGRESSION and change.cell.outcome is Outcome.FAILS


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
