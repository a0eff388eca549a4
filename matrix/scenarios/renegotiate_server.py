"""The server asks for a renegotiation, because a request for /reneg says so; the client does what it does.

A target has no such path: there it is seen whether it asks by itself.
"""

from clients.observation import Observation
from clients.player import Player
from clients.renegotiate import AwaitedRenegotiation, ServerRenegotiation
from handshake.reason import Rule, cause_of_alert, parse_cause
from handshake.renegotiation import Renegotiation
from handshake.wire.registry import ProtocolVersion, alert_name
from matrix.prediction import Agreement, Prediction, ServerFacts
from matrix.scenarios.renegotiation import (
    TLS_1_3,
    certificate_refusal,
    client_refusal,
    is_secure,
    refused,
    server_refusal,
)
from matrix.scenarios.scenario import Meeting, Scenario
from servers.sent_alert import parse_sent_alert


def _carry_out(meeting: Meeting) -> Observation:
    return meeting.connect(ServerRenegotiation if meeting.is_ours else AwaitedRenegotiation)


def _predict(client: Player, server: ServerFacts, agreement: Agreement) -> Prediction | None:
    if agreement.version >= ProtocolVersion.TLS_1_3:
        return TLS_1_3
    if not server.answers_http:
        return refused(Rule.NOT_REQUESTED.cause, "only an HTTP request can make a server here ask for it")
    secure, rules = is_secure(server, agreement), server.declared.renegotiation
    if not rules.server_initiated:
        return refused(parse_cause(rules.not_requested), "the server cannot ask for a renegotiation")
    is_allowed = Renegotiation(rules.allowed).allows(is_secure=secure)
    if not is_allowed and not rules.asks_anyway:
        alert = parse_sent_alert(rules.request_refusal)
        asked = parse_cause(rules.not_requested)
        cause = asked if alert is None else cause_of_alert(alert_name(alert.description))
        return refused(cause, "the server may not ask for renegotiations of this kind, as it is set up")
    if client.policy.hello_request in ("ignore", "abort"):
        return refused(Rule.HELLO_REQUEST.cause, "the client does not renegotiate when it is asked to")
    refusal = client_refusal(client, secure=secure)
    if not is_allowed and (refusal is None or client.policy.refuses_legacy_at == "server-hello"):
        return server_refusal(server, agreement, rules.requested_refusal)
    if refusal is None and rules.requested != "completed":
        return refused(parse_cause(rules.requested), "the server does not go through with what it asks for")
    return refusal or certificate_refusal(client, server, agreement)


SCENARIO = Scenario(
    id="renegotiate-server",
    title="a request for /reneg makes the server ask for a renegotiation; the client does what it does",
    carry_out=_carry_out,
    predict=_predict,
)
