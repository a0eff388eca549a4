"""`run --explain`: what is to blame for each distinct failure of a run, found once and shared.

Cells of a server and scenario that fail for the same reason are explained together: one of them is asked
about, and what is found counts for every other whose hello has the cause. Those whose hello has not are asked
about in turn.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from clients.destination import Destination
from clients.pace import at_once
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from handshake.reason import Reason
from matrix.explain.asking import Asker, with_server_name
from matrix.explain.explanation import explain
from matrix.explain.kept import kept
from matrix.explain.result import Explanation, Kind
from matrix.explain.words import sentence
from matrix.grid.endpoint import Endpoint
from matrix.grid.measured import Blamed
from matrix.grid.run_cell import Terms, own_credentials
from matrix.judgement.outcome import Outcome
from matrix.plan.plan import Plan
from matrix.results.run_file import CellRecord
from matrix.scenarios import SCENARIOS

MOST_IN_A_GROUP = 3
"""Explanations of one reason at one server; what they leave open stays without a cause."""
_TOLD = (Kind.ONE, Kind.SEVERAL, Kind.CHOICE, Kind.OWN_RULE)
_FAILED = (Outcome.FAILS, Outcome.WORKS_AFTER_FALLBACK)
_CLIENT = "the client"


def explained(
    plan: Plan,
    endpoints: Mapping[str, Endpoint],
    records: Iterable[CellRecord],
    terms: Terms,
    paces: Mapping[str, Callable[[], None]],
) -> dict[str, Blamed]:
    """What is to blame, by the id of the cell. `paces` are those of the targets by name."""
    blamed: dict[str, Blamed] = {}
    for records_alike in _alike(plan, records):
        server, scenario = records_alike[0].server, records_alike[0].scenario
        endpoint = endpoints[server]
        if endpoint.destination is None or endpoint.problem is not None:
            continue
        left = records_alike
        for _ in range(MOST_IN_A_GROUP):
            if not left:
                break
            asker = Asker(
                endpoint.destination,
                terms.deadline_seconds,
                scenario=SCENARIOS[scenario],
                pace=paces.get(server, at_once),
                credentials=terms.credentials,
                own=own_credentials(endpoint),
            )
            first, *others = left
            found = _explanation(plan, first.client, asker)
            if found.kind in _TOLD:
                said = sentence(found, server, _CLIENT)
                sharing = [first, *(other for other in others if _shares(plan, other, found, endpoint))]
                for record in sharing:
                    hello = _hello(plan, record.client, endpoint.destination)
                    blamed[record.id] = said, kept(found, first.client, record.client, hello)
                left = [record for record in others if record not in sharing]
            else:
                left = others
    return blamed


def _alike(plan: Plan, records: Iterable[CellRecord]) -> list[list[CellRecord]]:
    groups: dict[tuple[str, str, Reason], list[CellRecord]] = defaultdict(list)
    for record in records:
        if record.outcome in _FAILED and record.reason is not None and record.client in plan.profiles:
            groups[record.server, record.scenario, record.reason].append(record)
    return [groups[key] for key in sorted(groups, key=str)]


def _explanation(plan: Plan, client: str, asker: Asker) -> Explanation:
    others = {name: profile.player for name, profile in plan.profiles.items() if name != client}
    return explain(plan.profiles[client].player, others, asker)


def _shares(plan: Plan, record: CellRecord, found: Explanation, endpoint: Endpoint) -> bool:
    """Whether the cell's hello has the cause as well."""
    assert endpoint.destination is not None, "it was asked"
    if not found.causes:
        return found.kind is Kind.CHOICE
    return found.causes[0][0].holds(flight_of(_hello(plan, record.client, endpoint.destination)))


def _hello(plan: Plan, client: str, destination: Destination) -> HelloTemplate:
    """The first hello that a client says there."""
    hello = plan.profiles[client].player.hellos[0].template
    return with_server_name(hello, destination.server_name)
