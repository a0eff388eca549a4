"""What both resumption scenarios share: a second connection that offers the first one's session."""

from collections.abc import Callable

from clients.connect import resume
from clients.exchange import Exchange
from clients.observation import Observation
from handshake.session import Session
from matrix.outcome import Outcome
from matrix.prediction import Prediction
from matrix.scenarios.scenario import Meeting

PHASE = "resumption"


def carry_out_with(session_of: Callable[[Exchange], Session | None]) -> Callable[[Meeting], Observation]:
    """Connect twice, the second time with the session that `session_of` finds."""

    def carry_out(meeting: Meeting) -> Observation:
        return resume(
            meeting.profile,
            meeting.host,
            meeting.port,
            server_name=meeting.server_name,
            deadline_seconds=meeting.deadline_seconds,
            request=meeting.request,
            session_of=session_of,
        )

    return carry_out


def no_session(why: str) -> Prediction:
    """There is nothing to resume."""
    return Prediction(Outcome.FAILS, why, f"{PHASE}:policy-no-session")
