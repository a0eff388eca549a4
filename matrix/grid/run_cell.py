"""Runs one cell: the one place where a client meets a server. The result is judged here and judged again by
nobody.
"""

from clients.connect import connect
from clients.profile import Profile
from matrix.cell import Cell
from matrix.cell_result import CellResult, EvidenceWanted, cell_result
from matrix.grid.endpoint import Endpoint
from matrix.judge import judge
from matrix.outcome import Expectation
from matrix.prediction import offered_version_name
from matrix.scenarios import SCENARIOS

BUDGET_SECONDS = 2.0


def run_cell(
    cell: Cell, profile: Profile, endpoint: Endpoint, expectation: Expectation, wanted: EvidenceWanted
) -> CellResult:
    """Let the client do the scenario with the server and judge what happened; whatever the peer does is a
    result.
    """
    if endpoint.problem is not None:
        return CellResult(cell.id, endpoint.problem.judgement)
    observation = connect(
        profile,
        endpoint.host,
        endpoint.port,
        server_name=endpoint.server_name,
        deadline_seconds=BUDGET_SECONDS,
        request=SCENARIOS[cell.scenario].request_bytes(endpoint.server_name or endpoint.host),
    )
    offered = [offered_version_name(attempt.template) for attempt in profile.attempts]
    judgement = judge(observation, expectation, endpoint.fingerprints)
    return cell_result(cell.id, observation, offered, judgement, wanted)
