"""Two ends of our own that have a connection to renegotiate, and what came of it."""

from msgspec.structs import replace

from handshake.events import AlertReceived, HandshakeCompleted, PolicyRefused
from handshake.hello_template import ClientPolicy, HelloTemplate
from handshake.renegotiation import Renegotiation
from handshake.server import RenegotiationRules
from handshake.wire.registry import ProtocolVersion
from tests.handshake.peers import ANSWER, REQUEST, Ours, client, exchange, pump, server, template

AES128_SHA = 0x002F
OLD_VERSIONS = (
    ProtocolVersion.SSL_3_0,
    ProtocolVersion.TLS_1_0,
    ProtocolVersion.TLS_1_1,
    ProtocolVersion.TLS_1_2,
)
LEGACY = ClientPolicy(renegotiation=Renegotiation.LEGACY)


def without_rfc5746(hello: HelloTemplate) -> HelloTemplate:
    return replace(hello, cipher_suites=tuple(suite for suite in hello.cipher_suites if suite != 0x00FF))


def connected(
    version: int = ProtocolVersion.TLS_1_0,
    *,
    signals: bool = True,
    policy: ClientPolicy | None = None,
    sslv2: bool = False,
    **rules: object,
) -> tuple[Ours, Ours]:
    """Two ends that have exchanged a request and an answer."""
    hello = template(version, AES128_SHA, sslv2=sslv2)
    if not signals:
        hello = without_rfc5746(hello)
    ours = Ours(client(hello, policy=policy))
    theirs = Ours(server(version, AES128_SHA, renegotiation=RenegotiationRules(**rules)))
    exchange(ours, theirs)
    for side in (ours, theirs):
        side.received.clear()
        side.events.clear()
    return ours, theirs


def exchange_again(ours: Ours, theirs: Ours) -> None:
    ours.send(REQUEST)
    pump(ours, theirs)
    theirs.send(ANSWER)
    pump(ours, theirs)
    assert bytes(theirs.received) == REQUEST
    assert bytes(ours.received) == ANSWER


def completions(side: Ours) -> int:
    return sum(isinstance(event, HandshakeCompleted) for event in side.events)


def refusals(side: Ours) -> list[str]:
    return [event.what for event in side.events if isinstance(event, PolicyRefused)]


def alerts(side: Ours) -> list[tuple[int, int]]:
    return [(e.level, e.description) for e in side.events if isinstance(e, AlertReceived)]
