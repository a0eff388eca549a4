"""The level of an alert: what it says up to TLS 1.2, and that it says nothing in TLS 1.3.

Both roles, at every place of a handshake, beside OpenSSL, which is asked the same.
"""

from collections.abc import Callable

import pytest
from OpenSSL import SSL

from handshake.errors import LocalError
from handshake.events import AlertReceived, AlertSent, PeerClosed, PeerFaulted
from handshake.wire.messages import Alert, push_alert
from handshake.wire.record import Record, push_record
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType, ProtocolVersion
from tests.handshake.peers import (
    OpenSSLPeer,
    Ours,
    Peer,
    client,
    openssl_context,
    pump,
    server,
    template,
)

SUITES = {ProtocolVersion.TLS_1_2: 0xC02F, ProtocolVersion.TLS_1_3: 0x1301}
OPENSSL_NAMES = {
    ProtocolVersion.TLS_1_2: "ECDHE-RSA-AES128-GCM-SHA256",
    ProtocolVersion.TLS_1_3: "TLS_AES_128_GCM_SHA256",
}
WARNING, FATAL = AlertLevel.WARNING, AlertLevel.FATAL
CLOSE_NOTIFY, USER_CANCELED = AlertDescription.CLOSE_NOTIFY, AlertDescription.USER_CANCELED
ILLEGAL_PARAMETER = AlertSent(FATAL, AlertDescription.ILLEGAL_PARAMETER)
UNRECOGNIZED_NAME, UNKNOWN = AlertDescription.UNRECOGNIZED_NAME, 255
VERSIONS = tuple(SUITES)
ROLES = ("client", "server")


def ours(role: str, version: ProtocolVersion) -> Ours:
    suite = SUITES[version]
    return Ours(client(template(version, suite)) if role == "client" else server(version, suite))


def openssl(role: str, version: ProtocolVersion) -> OpenSSLPeer:
    return OpenSSLPeer(openssl_context(version, OPENSSL_NAMES[version], ("rsa",)), role)


def other(role: str) -> str:
    return "client" if role == "server" else "server"


def connected(one: Peer, role: str, version: ProtocolVersion) -> Ours:
    """The other end of a complete handshake with `one`."""
    peer = ours(other(role), version)
    pump(*((one, peer) if role == "client" else (peer, one)))
    assert peer.is_connected
    assert one.is_connected
    peer.events.clear()
    return peer


def sends(peer: Ours, level: int, description: int) -> bytes:
    peer.connection.records.write(ContentType.ALERT, push_alert(Alert(level, description)), 0.0)
    return peer.give()


@pytest.mark.parametrize("description", [CLOSE_NOTIFY, UNRECOGNIZED_NAME, USER_CANCELED, 40, UNKNOWN])
@pytest.mark.parametrize("role", ROLES)
def test_no_version_is_chosen_yet(role: str, description: int) -> None:
    """Every level there could be."""
    for level in range(256):
        side = ours(role, ProtocolVersion.TLS_1_3)
        side.give()
        side.take(push_record(Record(ContentType.ALERT, 0x0301, bytes((level, description)))))
        received, *rest = side.events
        assert received == AlertReceived(level, description, level == FATAL)
        if level in (WARNING, FATAL):
            assert ILLEGAL_PARAMETER not in rest
        else:
            assert [type(each) for each in rest] == [PeerFaulted, AlertSent]
            assert rest[1] == ILLEGAL_PARAMETER


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("level", [0, 1, 2, 3, 128, 255])
def test_tls_1_2_once_connected(role: str, level: int) -> None:
    for description in (CLOSE_NOTIFY, UNRECOGNIZED_NAME, USER_CANCELED, UNKNOWN):
        side = ours(role, ProtocolVersion.TLS_1_2)
        peer = connected(side, role, ProtocolVersion.TLS_1_2)
        side.events.clear()
        side.take(sends(peer, level, description))
        assert side.events[0] == AlertReceived(level, description, level == FATAL)
        assert (ILLEGAL_PARAMETER in side.events) is (level not in (WARNING, FATAL))
        goes_on = level == WARNING and description != CLOSE_NOTIFY
        assert side.connection.is_ended is not goes_on


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("level", [0, 1, 2, 3, 128, 255])
def test_tls_1_3_goes_by_the_description(role: str, level: int) -> None:
    """Every description at the levels that exist; none matters more at another."""
    exists = level in (WARNING, FATAL)
    for description in range(256) if exists else (CLOSE_NOTIFY, USER_CANCELED, UNRECOGNIZED_NAME, UNKNOWN):
        side = ours(role, ProtocolVersion.TLS_1_3)
        peer = connected(side, role, ProtocolVersion.TLS_1_3)
        side.events.clear()
        side.take(sends(peer, level, description))
        is_error = description not in (CLOSE_NOTIFY, USER_CANCELED)
        received, *rest = side.events
        assert received == AlertReceived(level, description, is_error)
        assert side.connection.is_ended is (description != USER_CANCELED)
        closed = [PeerClosed(close_notify=True), AlertSent(WARNING, CLOSE_NOTIFY)]
        assert rest == (closed if description == CLOSE_NOTIFY else [])


def reaction(
    make: Callable[[str, ProtocolVersion], Peer],
    role: str,
    version: ProtocolVersion,
    level: int,
    description: int,
) -> str:
    """How an end that is connected takes an alert: what it answers, or that it goes on or has ended."""
    one = make(role, version)
    peer = connected(one, role, version)
    try:
        one.take(sends(peer, level, description))
        one.send(b"x")
    except (SSL.Error, LocalError):
        end = "ended"
    else:
        end = "open"
    peer.take(one.give())
    answers = [f"alert {e.level} {e.description}" for e in peer.events if isinstance(e, AlertReceived)]
    return answers[0] if answers else end


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("role", ROLES)
def test_as_openssl_takes_them(role: str, version: ProtocolVersion) -> None:
    for level in (0, 1, 2, 3, 255):
        for description in (40, UNRECOGNIZED_NAME, USER_CANCELED):
            asked = (role, version, level, description)
            assert reaction(ours, *asked) == reaction(openssl, *asked), asked
