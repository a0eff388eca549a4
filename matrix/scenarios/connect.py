"""The handshake as the client really does it, fallbacks included, and one HTTP request."""

from matrix.scenarios.scenario import Meeting, Scenario

SCENARIO = Scenario(
    id="connect",
    title="handshake as the client really does it, fallbacks included, one HTTP request, orderly close",
    carry_out=Meeting.connect,
    is_default=True,
)
