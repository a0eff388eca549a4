"""Two ends of our own, of which the server asks for a certificate after the first handshake."""

import os
from collections.abc import Mapping

from handshake.client.connection import ClientConnection
from handshake.crypto.credentials import Credential
from handshake.events import AlertReceived, CertificateReceived, CertificateRequested, PeerFaulted
from handshake.hello_template import ClientLimits, ClientPolicy
from handshake.server import Asking, ClientCertificate
from handshake.server.authorities import parse_authority_list
from handshake.wire.client_hello import find_extension
from handshake.wire.extensions import pull_certificate_authorities
from handshake.wire.messages import CertificateRequest, CertificateRequest13
from handshake.wire.registry import ExtensionType, ProtocolVersion
from tests.handshake.modern import extension, replaced
from tests.handshake.peers import Ours, credentials, exchange, pump, server, template

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
OLDER = (ProtocolVersion.SSL_3_0, ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1)
SUITES = {**dict.fromkeys(OLDER, 0x002F), TLS_1_2: 0xC02F, TLS_1_3: 0x1301}
ASKING = {**dict.fromkeys((*OLDER, TLS_1_2), Asking.RENEGOTIATION), TLS_1_3: Asking.POST_HANDSHAKE}


def own(*kinds: str) -> dict[str, Credential]:
    return {kind: credentials()[kind] for kind in kinds}


def client(version: int, shown: Mapping[str, Credential], *, offers: bool = True) -> Ours:
    """A client whose hello has post_handshake_auth where it `offers` it."""
    hello = template(version, SUITES[version])
    if offers and version == TLS_1_3:
        hello = replaced(hello, extension(ExtensionType.POST_HANDSHAKE_AUTH))
    connection = ClientConnection(
        hello,
        server_name="server.example.test",
        limits=ClientLimits(),
        policy=ClientPolicy(),
        entropy=os.urandom,
        credentials=shown,
    )
    connection.start(0.0)
    return Ours(connection)


def asking(
    version: int, how: ClientCertificate = ClientCertificate.REQUEST, *when: Asking, names: str = "3 names"
) -> Ours:
    """A server that asks then, in the way of the version where nothing is said."""
    return Ours(
        server(
            version,
            SUITES[version],
            client_certificate=how,
            client_certificate_asked=when or (ASKING[version],),
            certificate_authorities=parse_authority_list(names),
            trusted_certificates=tuple(each.chain[0] for each in own("rsa", "ecdsa").values()),
        )
    )


def connected(ours: Ours, theirs: Ours) -> tuple[Ours, Ours]:
    """Both with a first handshake behind them, in which nobody was asked."""
    exchange(ours, theirs)
    assert requests(ours) == 0
    for side in (ours, theirs):
        side.received.clear()
        side.events.clear()
    return ours, theirs


def ask(ours: Ours, theirs: Ours) -> None:
    """Let the server ask, and carry all that follows."""
    connection = theirs.connection
    if connection.is_tls13:
        connection.request_certificate(0.0)
        assert connection.awaits_certificate
    else:
        connection.request_renegotiation(0.0)
    pump(ours, theirs)


def requests(side: Ours) -> int:
    return sum(isinstance(event, CertificateRequested) for event in side.events)


def shown(side: Ours) -> list[tuple[bytes, ...]]:
    return [event.chain for event in side.events if isinstance(event, CertificateReceived)]


def faults(side: Ours) -> list[str]:
    return [event.what for event in side.events if isinstance(event, PeerFaulted)]


def alerts(side: Ours) -> list[int]:
    return [event.description for event in side.events if isinstance(event, AlertReceived)]


def listed(ours: Ours) -> tuple[bytes, ...]:
    """The authorities that the client was told."""
    request = ours.connection.handshake.certificate_request
    if isinstance(request, CertificateRequest):
        return request.certificate_authorities
    assert isinstance(request, CertificateRequest13)
    body = find_extension(request.extensions, ExtensionType.CERTIFICATE_AUTHORITIES)
    return () if body is None else pull_certificate_authorities(body)
