"""What both renegotiation scenarios share: carrying them out, and what the two definitions say of them."""

from clients.player import Player
from handshake.client.renegotiation import signals_rfc5746
from handshake.events import Phase
from handshake.reason import Cause, Kind, Reason, Rule, cause_of_alert, parse_cause
from handshake.renegotiation import Renegotiation
from handshake.server import Asking
from handshake.wire.registry import ProtocolVersion, alert_name
from matrix.judgement.outcome import NOTHING_TO_DO, Outcome
from matrix.prediction import Agreement, Prediction, ServerFacts, why_too_long
from servers.sent_alert import parse_sent_alert

TLS_1_3 = Prediction(
    Outcome.NOT_APPLICABLE,
    "TLS 1.3 has no renegotiation (RFC 8446 section 4.1.2)",
    Reason(Phase.RENEGOTIATION, Rule.TLS_1_3.cause),
)


def is_secure(server: ServerFacts, agreement: Agreement) -> bool:
    """Whether both sides signal RFC 5746."""
    return server.renegotiation_info and signals_rfc5746(agreement.hello)


def client_refusal(client: Player, *, secure: bool) -> Prediction | None:
    """What a client that does not renegotiate in this way says."""
    if client.policy.renegotiation is Renegotiation.OFF:
        return refused(Rule.RENEGOTIATION_OFF.cause, "the client never renegotiates")
    if not client.policy.renegotiation.allows(is_secure=secure):
        return refused(Rule.LEGACY_RENEGOTIATION.cause, "the client renegotiates with RFC 5746 only")
    return None


def server_refusal(server: ServerFacts, agreement: Agreement, refusal: str | None = None) -> Prediction:
    """How the server says no to a client's attempt: as it always does, unless it is told in `refusal`."""
    rules = server.declared.renegotiation
    is_ssl3 = agreement.version == ProtocolVersion.SSL_3_0
    alert = parse_sent_alert(refusal or (rules.refusal_in_sslv3 if is_ssl3 else rules.refusal))
    cause = Cause(Kind.TIMEOUT) if alert is None else cause_of_alert(alert_name(alert.description))
    return refused(cause, "the server refuses renegotiations of this kind, as it is set up")


def certificate_refusal(client: Player, server: ServerFacts, agreement: Agreement) -> Prediction | None:
    """What ends a renegotiation in which the server asks for a certificate: a request that is too long for
    the client, or that it has none to show where one is required.
    """
    too_long = why_too_long(client, server, agreement.version, Asking.RENEGOTIATION)
    if too_long is not None:
        return refused(Rule.HANDSHAKE_MESSAGE_LENGTH.cause, too_long)
    if not server.declared.requires_certificate("renegotiation"):
        return None
    why = "the server requires a certificate in a renegotiation, as it is set up"
    return refused(parse_cause(server.declared.missing_certificate), why)


def refused(cause: Cause, why: str) -> Prediction:
    """A renegotiation that does not take place."""
    outcome = Outcome.NOT_APPLICABLE if cause in NOTHING_TO_DO else Outcome.FAILS
    return Prediction(outcome, why, Reason(Phase.RENEGOTIATION, cause))
