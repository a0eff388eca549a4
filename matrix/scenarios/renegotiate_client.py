"""The client renegotiates as soon as it is connected."""

from clients.player import Player
from clients.renegotiate import ClientRenegotiation
from handshake.renegotiation import Renegotiation
from handshake.wire.registry import ProtocolVersion
from matrix.prediction import Agreement, Prediction, ServerFacts
from matrix.scenarios.renegotiation import (
    TLS_1_3,
    certificate_refusal,
    client_refusal,
    is_secure,
    server_refusal,
)
from matrix.scenarios.scenario import Scenario


def _predict(client: Player, server: ServerFacts, agreement: Agreement) -> Prediction | None:
    if agreement.version >= ProtocolVersion.TLS_1_3:
        return TLS_1_3
    secure, rules = is_secure(server, agreement), server.declared.renegotiation
    refusal = client_refusal(client, secure=secure)
    if refusal is not None and client.policy.refuses_legacy_at == "start":
        return refusal
    if rules.client_initiated and Renegotiation(rules.allowed).allows(is_secure=secure):
        return refusal or certificate_refusal(client, server, agreement)
    return server_refusal(server, agreement)


SCENARIO = Scenario(
    id="renegotiate-client",
    title="the client renegotiates once connected, with RFC 5746 where both have it, then one HTTP request",
    carry_out=lambda meeting: meeting.connect(ClientRenegotiation),
    predict=_predict,
)
