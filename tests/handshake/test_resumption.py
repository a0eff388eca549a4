"""Abbreviated handshakes, by session id, ticket and pre-shared key; with ourselves and OpenSSL."""

import dataclasses
import os

import pytest
from msgspec import structs
from OpenSSL import SSL

from handshake.client.connection import ClientConnection
from handshake.events import PeerFaulted
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate, HelloTemplate
from handshake.server import ServerConnection
from handshake.session import MAX_SESSIONS, TICKET_LIFETIME_SECONDS, Session, SessionCache
from handshake.wire.extensions import pull_offered_psks
from handshake.wire.registry import ExtensionType, ProtocolVersion
from tests.handshake.peers import (
    VERSIONS,
    OpenSSLPeer,
    Ours,
    configuration,
    exchange,
    openssl_context,
    suite_id,
    template,
)

SUITES = {version: 0x1301 if version >= ProtocolVersion.TLS_1_3 else 0x002F for version in VERSIONS}
BY_ID = [version for version in VERSIONS if version <= ProtocolVersion.TLS_1_2]
BY_TICKET = [version for version in VERSIONS if version >= ProtocolVersion.TLS_1_0]


def hello(version: int, *, ticket: bool) -> HelloTemplate:
    plain = template(version, SUITES[version], *((0x1302,) if version >= ProtocolVersion.TLS_1_3 else ()))
    if not ticket or version >= ProtocolVersion.TLS_1_3:
        return plain
    return structs.replace(
        plain, extensions=(*(plain.extensions or ()), ExtensionTemplate(ExtensionType.SESSION_TICKET))
    )


def client(version: int, session: Session | None, *, ticket: bool) -> Ours:
    connection = ClientConnection(
        hello(version, ticket=ticket),
        server_name="server.example.test",
        limits=ClientLimits(),
        policy=ClientPolicy(),
        entropy=os.urandom,
        session=session,
    )
    connection.start(0.0)
    return Ours(connection)


def server(version: int, sessions: SessionCache, **quirks: object) -> Ours:
    settings = configuration(version, SUITES[version], **quirks)
    return Ours(ServerConnection(settings, entropy=os.urandom, sessions=sessions))


@pytest.mark.parametrize("version", BY_ID, ids=suite_id)
def test_by_session_id(version: int) -> None:
    sessions = SessionCache()
    first = client(version, None, ticket=False)
    exchange(first, server(version, sessions))
    session = first.connection.session_by_id
    assert session is not None
    again, theirs = client(version, session, ticket=False), server(version, sessions)
    exchange(again, theirs)
    assert again.connection.negotiated.is_resumed
    assert again.connection.negotiated == theirs.connection.negotiated
    assert again.connection.handshake.finished == theirs.connection.handshake.finished


@pytest.mark.parametrize("version", BY_TICKET, ids=suite_id)
def test_by_ticket(version: int) -> None:
    sessions = SessionCache()
    first = client(version, None, ticket=True)
    exchange(first, server(version, sessions, tickets=True, session_id_length=0))
    session = first.connection.session_by_ticket
    assert session is not None
    assert not session.session_id
    again = client(version, session, ticket=True)
    theirs = server(version, sessions, tickets=True, session_id_length=0)
    exchange(again, theirs)
    assert again.connection.negotiated.is_resumed
    assert theirs.connection.negotiated.is_resumed


def test_a_pre_shared_key_survives_a_hello_retry_request() -> None:
    version, sessions = ProtocolVersion.TLS_1_3, SessionCache()
    first = client(version, None, ticket=True)
    exchange(first, server(version, sessions, tickets=True))
    session = first.connection.session_by_ticket
    again = client(version, session, ticket=True)
    exchange(again, server(version, sessions, tickets=True, named_groups=(0x0017,)))
    assert again.connection.negotiated.is_resumed


@pytest.mark.parametrize("version", VERSIONS, ids=suite_id)
def test_a_server_that_has_forgotten_makes_a_full_handshake(version: int) -> None:
    first = client(version, None, ticket=True)
    exchange(first, server(version, SessionCache(), tickets=True))
    session = first.connection.session_by_ticket or first.connection.session_by_id
    again = client(version, session, ticket=True)
    exchange(again, server(version, SessionCache(), tickets=True))
    assert not again.connection.negotiated.is_resumed


@pytest.mark.parametrize("version", VERSIONS, ids=suite_id)
def test_a_session_of_another_secret_does_not_get_through(version: int) -> None:
    sessions = SessionCache()
    first = client(version, None, ticket=True)
    exchange(first, server(version, sessions, tickets=True))
    session = first.connection.session_by_ticket or first.connection.session_by_id
    again = client(version, dataclasses.replace(session, secret=bytes(len(session.secret))), ticket=True)
    with pytest.raises(AssertionError):
        exchange(again, theirs := server(version, sessions, tickets=True))
    assert not theirs.is_connected
    assert any(isinstance(event, PeerFaulted) for event in (*again.events, *theirs.events))


def test_a_session_whose_suite_is_no_longer_offered_is_not_resumed() -> None:
    version, sessions = ProtocolVersion.TLS_1_2, SessionCache()
    first = client(version, None, ticket=False)
    exchange(first, server(version, sessions))
    settings = configuration(version, 0x0035)
    again = ClientConnection(
        template(version, 0x0035),
        server_name=None,
        limits=ClientLimits(),
        policy=ClientPolicy(),
        entropy=os.urandom,
        session=first.connection.session_by_id,
    )
    again.start(0.0)
    exchange(Ours(again), Ours(ServerConnection(settings, entropy=os.urandom, sessions=sessions)))
    assert not again.negotiated.is_resumed


def test_a_resumed_connection_renegotiates() -> None:
    version, sessions = ProtocolVersion.TLS_1_0, SessionCache()
    first = client(version, None, ticket=False)
    exchange(first, server(version, sessions))
    again, theirs = (
        client(version, first.connection.session_by_id, ticket=False),
        server(version, sessions),
    )
    exchange(again, theirs)
    again.connection.renegotiate(0.0)
    theirs.take(again.give())
    again.take(theirs.give())
    theirs.take(again.give())
    again.take(theirs.give())
    assert not again.connection.is_renegotiating
    assert not again.connection.negotiated.is_resumed


@pytest.mark.parametrize(
    ("version", "way"),
    [
        (ProtocolVersion.TLS_1_2, "id"),
        (ProtocolVersion.TLS_1_2, "ticket"),
        (ProtocolVersion.TLS_1_3, "ticket"),
    ],
    ids=suite_id,
)
class TestOpenSSL:
    """OpenSSL at the other end, in the versions it still has by default."""

    def context(self, version: int, way: str, *certificates: str) -> SSL.Context:
        ciphers = "TLS_AES_128_GCM_SHA256" if version >= ProtocolVersion.TLS_1_3 else "AES128-SHA"
        context = openssl_context(version, ciphers, certificates, tickets=way == "ticket")
        context.set_session_id(b"tests")
        return context

    def test_resumes_with_us(self, version: int, way: str) -> None:
        context = self.context(version, way, "rsa")
        first, its = client(version, None, ticket=way == "ticket"), OpenSSLPeer(context, "server")
        exchange(first, its)
        session = getattr(first.connection, f"session_by_{way}")
        assert session is not None
        again = client(version, session, ticket=way == "ticket")
        exchange(again, OpenSSLPeer(context, "server"))
        assert again.connection.negotiated.is_resumed
        assert its.is_connected  # had it been freed, OpenSSL would have forgotten the session

    def test_we_resume_with_it(self, version: int, way: str) -> None:
        context, sessions = self.context(version, way), SessionCache()
        first = OpenSSLPeer(context, "client")
        exchange(first, server(version, sessions, tickets=way == "ticket"))
        theirs = server(version, sessions, tickets=way == "ticket")
        exchange(OpenSSLPeer(context, "client", first.connection.get_session()), theirs)
        assert theirs.connection.negotiated.is_resumed


def test_the_cache_forgets_the_oldest() -> None:
    cache = SessionCache()
    for number in range(MAX_SESSIONS + 1):
        cache.add(Session(0x0301, 0x2F, b"", number.to_bytes(4, "big")))
    assert cache.find((0).to_bytes(4, "big")) is None
    assert cache.find(MAX_SESSIONS.to_bytes(4, "big")) is not None
    cache.remove(MAX_SESSIONS.to_bytes(4, "big"))
    assert cache.find(MAX_SESSIONS.to_bytes(4, "big")) is None


def test_a_ticket_is_offered_as_long_as_it_lives_with_its_age() -> None:
    version = ProtocolVersion.TLS_1_3
    ours = client(version, None, ticket=True)
    exchange(ours, server(version, SessionCache(), tickets=True))
    assert isinstance(ours.connection, ClientConnection)
    session = ours.connection.session_by_ticket
    assert session is not None
    assert session.lifetime == TICKET_LIFETIME_SECONDS
    lifetime = TICKET_LIFETIME_SECONDS
    for age, is_offered in ((2.5, True), (lifetime - 0.5, True), (lifetime, False)):
        again = ClientConnection(
            hello(version, ticket=True),
            server_name=None,
            limits=ClientLimits(),
            policy=ClientPolicy(),
            entropy=os.urandom,
            session=session,
        )
        again.start(session.received_at + age)
        body = again.handshake.sent.extension(ExtensionType.PRE_SHARED_KEY)
        assert (body is not None) is is_offered
        if body is not None:
            ((_, hidden),), _ = pull_offered_psks(body)
            assert (hidden - session.ticket_age_add) % 2**32 == int(age * 1000)


def test_a_hello_may_not_drop_extended_master_secret() -> None:
    """RFC 7627 section 5.3; a session that never had it makes a full handshake."""
    version = ProtocolVersion.TLS_1_2
    for had_it in (True, False):
        sessions = SessionCache()
        first = client(version, None, ticket=False)
        exchange(first, server(version, sessions, extended_master_secret=had_it))
        session = first.connection.session_by_id
        offered = structs.replace(hello(version, ticket=False), extensions=())
        again = ClientConnection(
            offered,
            server_name=None,
            limits=ClientLimits(),
            policy=ClientPolicy(),
            entropy=os.urandom,
            session=session,
        )
        again.start(0.0)
        theirs = server(version, sessions, extended_master_secret=True)
        theirs.take(again.data_to_send())
        faulted = [event for event in theirs.events if isinstance(event, PeerFaulted)]
        assert bool(faulted) is had_it
