"""A CertificateRequest that is longer than the client takes, by a long list of authorities."""

from clients.player import Player
from handshake.events import Phase
from handshake.reason import Rule
from handshake.server import Asking
from handshake.server.client_certificate import certificate_request
from handshake.wire.registry import ProtocolVersion
from matrix.prediction.facts import ServerFacts
from matrix.prediction.obstacle import Negotiation, Obstacle, refused


def why_too_long(client: Player, server: ServerFacts, version: int, when: Asking) -> str | None:
    """Why a client does not take the request that an emulated server sends it then; None where it does, and
    where it is not asked.
    """
    configuration, limit = server.configuration, client.limits.max_handshake_message
    if configuration is None or limit is None or not configuration.asks(when):
        return None
    length = len(certificate_request(configuration, version))
    if length <= limit:
        return None
    return f"the server's CertificateRequest has {length} bytes, the client takes at most {limit}"


def long_certificate_request(negotiation: Negotiation) -> Obstacle | None:
    """One in the first handshake."""
    version = negotiation.version
    why = why_too_long(negotiation.client, negotiation.server, version, Asking.HANDSHAKE)
    if why is None:
        return None
    phase = Phase.CERTIFICATE if version >= ProtocolVersion.TLS_1_3 else Phase.KEY_EXCHANGE
    return Obstacle(why, refused(phase, Rule.HANDSHAKE_MESSAGE_LENGTH))
