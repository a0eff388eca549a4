"""The session is resumed by its id (RFC 5246 section 7.4.1.2)."""

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
    return exchange.connection.session_by_id


def _predict(client: Player, server: ServerFacts, agreement: Agreement) -> Prediction | None:
    if agreement.version >= ProtocolVersion.TLS_1_3:
        return no_session("TLS 1.3 has no session ids to resume by (RFC 8446 section 4.1.2)")
    ways = server.declared.resumption
    types = {extension.extension_type for extension in agreement.hello.extensions or ()}
    if "session-id" not in ways and "session-id-without-ticket" not in ways:
        return no_session("the server gives out no session ids")
    if "session-id" not in ways and ExtensionType.SESSION_TICKET in types:
        return no_session("the hello has session_ticket, so that the session has a ticket and no id")
    if server.declared.forgets_sessions:
        return full_handshake(agreement, "the server gives out session ids, but keeps no sessions")
    return lacks_extended_master_secret(server, agreement)


SCENARIO = Scenario(
    id="resume-session-id",
    title="connect, then connect again and resume the session by its id (up to TLS 1.2)",
    carry_out=carry_out_with(_session),
    predict=_predict,
)
