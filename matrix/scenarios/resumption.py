"""What both resumption scenarios share: a second connection that offers the first one's session."""

from collections.abc import Callable

from clients.connect import resume, rule_of_full_handshake
from clients.exchange import Exchange
from clients.observation import Observation
from handshake.events import Phase
from handshake.reason import Rule
from handshake.session import Session
from handshake.wire.registry import ExtensionType, ProtocolVersion
from matrix.judgement.outcome import NOTHING_TO_DO, Outcome
from matrix.prediction import Agreement, Prediction, ServerFacts, refused
from matrix.scenarios.scenario import Meeting


def carry_out_with(session_of: Callable[[Exchange], Session | None]) -> Callable[[Meeting], Observation]:
    """Connect twice, the second time with the session that `session_of` finds."""

    def carry_out(meeting: Meeting) -> Observation:
        return resume(
            meeting.player,
            meeting.destination,
            deadline_seconds=meeting.deadline_seconds,
            session_of=session_of,
            credentials=meeting.own,
            pace=meeting.pace,
        )

    return carry_out


def lacks_extended_master_secret(server: ServerFacts, agreement: Agreement) -> Prediction | None:
    """A full handshake instead, where the server wants RFC 7627 and the client's hello does not."""
    is_wanted = server.declared.resumption_needs_extended_master_secret
    if not is_wanted or agreement.version >= ProtocolVersion.TLS_1_3:
        return None
    types = {extension.extension_type for extension in agreement.hello.extensions or ()}
    if ExtensionType.EXTENDED_MASTER_SECRET in types:
        return None
    why = "only sessions with extended_master_secret (RFC 7627) are resumed, and the hello has none"
    return full_handshake(agreement, why)


def full_handshake(agreement: Agreement, why: str) -> Prediction:
    """The session is not taken up; which need not be the server's doing."""
    rule = rule_of_full_handshake(agreement.hello, agreement.version)
    outcome = Outcome.NOT_APPLICABLE if rule.cause in NOTHING_TO_DO else Outcome.FAILS
    return Prediction(outcome, why, refused(Phase.RESUMPTION, rule))


def no_session(why: str) -> Prediction:
    """There is nothing to resume."""
    return Prediction(Outcome.NOT_APPLICABLE, why, refused(Phase.RESUMPTION, Rule.NO_SESSION))
