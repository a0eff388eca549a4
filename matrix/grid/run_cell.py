"""Runs one cell: the one place where a client meets a server, and where the result is judged first."""

from collections.abc import Mapping
from dataclasses import replace

from clients.profile import Profile
from handshake.crypto.credentials import Credential
from matrix.cell import Cell
from matrix.grid.endpoint import Endpoint
from matrix.judgement.judge import judge
from matrix.judgement.outcome import Expectation
from matrix.prediction import offered_version_name
from matrix.results.cell_result import CellResult, EvidenceWanted, cell_result
from matrix.results.evidence import Evidence, evidence_of
from matrix.scenarios import SCENARIOS, Meeting

BUDGET_SECONDS = 2.0


def run_cell(
    cell: Cell,
    profile: Profile,
    endpoint: Endpoint,
    expectation: Expectation | None,
    wanted: EvidenceWanted,
    credentials: Mapping[str, Credential] | None = None,
) -> tuple[CellResult, Evidence | None]:
    """Let the client do the scenario with the server and judge what happened; whatever the peer does is a
    result. `credentials` are those the server trusts. The evidence comes along where it is wanted.
    """
    if endpoint.problem is not None:
        return CellResult(cell.id, endpoint.problem.judgement), None
    assert endpoint.destination is not None, "a server without a problem listens"
    meeting = Meeting(profile.player, endpoint.destination, BUDGET_SECONDS, credentials or {})
    observation = SCENARIOS[cell.scenario].carry_out(meeting)
    offered = [offered_version_name(attempt.template) for attempt in profile.attempts]
    judgement = judge(observation, expectation, endpoint.fingerprints)
    result = cell_result(cell.id, observation, offered, judgement)
    if not wanted.includes(judgement.verdict):
        return result, None
    seen = replace(
        evidence_of(observation, offered),
        cell=cell.id,
        verdict=judgement.verdict.value,
        reason=None if judgement.reason is None else str(judgement.reason),
        fingerprints=sorted(endpoint.fingerprints),
    )
    return result, seen
