"""The handshake as the client really does it, fallbacks included, and one HTTP request."""

from clients.connect import connect
from clients.observation import Observation
from matrix.scenarios.scenario import Meeting, Scenario


def _carry_out(meeting: Meeting) -> Observation:
    return connect(
        meeting.profile,
        meeting.host,
        meeting.port,
        server_name=meeting.server_name,
        deadline_seconds=meeting.deadline_seconds,
        request=meeting.request,
    )


SCENARIO = Scenario(
    id="connect",
    title="handshake as the client really does it, fallbacks included, one HTTP request, orderly close",
    carry_out=_carry_out,
    is_default=True,
)
