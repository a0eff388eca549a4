"""The session is resumed by its ticket (RFC 5077), in TLS 1.3 by the pre-shared key it stands for."""

from clients.exchange import Exchange
from clients.player import Player
from handshake.session import Session
from handshake.wire.registry import ExtensionType, ProtocolVersion
from matrix.prediction import Agreement, Prediction, ServerFacts
from matrix.scenarios.resumption import (
    carry_out_with,
    full_handshake,
    lacks_extended_master_secret,
    no_session,
)
from matrix.scenarios.scenario import Scenario


def _session(exchange: Exchange) -> Session | None:
    return exchange.connection.session_by_ticket


def _predict(client: Player, server: ServerFacts, agreement: Agreement) -> Prediction | None:
    types = {extension.extension_type for extension in agreement.hello.extensions or ()}
    ways = server.declared.resumption
    if "ticket" not in ways and "ticket-in-tls13" not in ways:
        return no_session("the server gives out no tickets")
    if agreement.version >= ProtocolVersion.TLS_1_3:
        if "ticket" not in ways and server.declared.forgets_sessions:
            return full_handshake(agreement, "the server's tickets stand for sessions, and it keeps none")
        return None
    if ExtensionType.SESSION_TICKET not in types:
        return no_session("the client's hello has no session_ticket")
    if "ticket" not in ways:
        return no_session("the server gives out tickets in TLS 1.3 only")
    return lacks_extended_master_secret(server, agreement)


SCENARIO = Scenario(
    id="resume-ticket",
    title="connect, then connect again and resume the session by its ticket (in TLS 1.3 a pre-shared key)",
    carry_out=carry_out_with(_session),
    predict=_predict,
)
