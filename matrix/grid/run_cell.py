"""Runs one cell: the one place where a client meets a server. The result is judged here and judged again by
nobody.
"""

from collections.abc import Mapping

from clients.profile import Profile
from handshake.crypto.credentials import Credential
from matrix.cell import Cell
from matrix.grid.endpoint import Endpoint
from matrix.judgement.judge import judge
from matrix.judgement.outcome import Expectation
from matrix.prediction import offered_version_name
from matrix.results.cell_result import CellResult, EvidenceWanted, cell_result
from matrix.scenarios import SCENARIOS, Meeting

BUDGET_SECONDS = 2.0


def run_cell(
    cell: Cell,
    profile: Profile,
    endpoint: Endpoint,
    expectation: Expectation | None,
    wanted: EvidenceWanted,
    credentials: Mapping[str, Credential] | None = None,
) -> CellResult:
    """Let the client do the scenario with the server and judge what happened; whatever the peer does is a
    result. `credentials` are those the server trusts.
    """
    if endpoint.problem is not None:
        return CellResult(cell.id, endpoint.problem.judgement)
    assert endpoint.destination is not None, "a server without a problem listens"
    meeting = Meeting(profile.player, endpoint.destination, BUDGET_SECONDS, credentials or {})
    observation = SCENARIOS[cell.scenario].carry_out(meeting)
    offered = [offered_version_name(attempt.template) for attempt in profile.attempts]
    judgement = judge(observation, expectation, endpoint.fingerprints)
    return cell_result(cell.id, observation, offered, judgement, wanted)
