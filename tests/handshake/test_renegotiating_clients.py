"""Clients that renegotiate, or refuse to, in ways of their own: `ClientPolicy`."""

from dataclasses import replace

import pytest

from handshake.hello_template import ClientPolicy
from handshake.renegotiation import Renegotiation
from handshake.wire.registry import ProtocolVersion
from tests.handshake.peers import Ours, client, exchange, pump, server, suite_id, template
from tests.handshake.renegotiation import (
    AES128_SHA,
    OLD_VERSIONS,
    alerts,
    completions,
    connected,
    exchange_again,
    refusals,
)


@pytest.mark.parametrize("version", [ProtocolVersion.SSL_3_0, ProtocolVersion.TLS_1_0], ids=suite_id)
@pytest.mark.parametrize("begins", ["client", "server"])
def test_a_client_that_never_renegotiates_says_so(version: int, begins: str) -> None:
    policy = ClientPolicy(renegotiation=Renegotiation.OFF, hello_request="abort-after-warning")
    ours, theirs = connected(version, policy=policy)
    if begins == "client":
        ours.connection.renegotiate(0.0)
    else:
        theirs.connection.request_renegotiation(0.0)
    ours.take(theirs.give())
    pump(ours, theirs)
    warns = begins == "server" and version > ProtocolVersion.SSL_3_0
    assert alerts(theirs) == ([(1, 100), (2, 10)] if warns else [(2, 40)])
    assert refusals(ours) == ["hello-request" if warns else "renegotiation-off"]
    assert ours.connection.is_ended


def test_a_client_that_would_renegotiate_does_not_abort_after_a_warning() -> None:
    ours, theirs = connected(policy=ClientPolicy(hello_request="abort-after-warning"))
    theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    assert completions(ours) == completions(theirs) == 1


@pytest.mark.parametrize("version", OLD_VERSIONS, ids=suite_id)
@pytest.mark.parametrize("begins", ["client", "server"])
@pytest.mark.parametrize("session", ["new", "resume"])
def test_a_client_may_resume_its_session_in_a_renegotiation(version: int, begins: str, session: str) -> None:
    ours, theirs = connected(version, policy=ClientPolicy(renegotiation_session=session))
    first = theirs.connection.handshake.session_id
    if begins == "client":
        ours.connection.renegotiate(0.0)
    else:
        theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    hello = theirs.connection.handshake.client_hello
    assert hello.session_id == (first if session == "resume" else b"")
    assert (ours.connection.handshake.session_id == first) == (session == "resume")
    assert ours.connection.negotiated.is_resumed == (session == "resume")
    exchange_again(ours, theirs)


def test_a_session_without_an_id_is_not_resumed() -> None:
    hello, policy = (
        template(ProtocolVersion.TLS_1_0, AES128_SHA),
        ClientPolicy(renegotiation_session="resume"),
    )
    ours = Ours(client(hello, policy=policy))
    theirs = Ours(server(ProtocolVersion.TLS_1_0, AES128_SHA, session_id_length=0))
    exchange(ours, theirs)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    assert theirs.connection.handshake.client_hello.session_id == b""
    assert completions(ours) == 2
    assert not ours.connection.negotiated.is_resumed


@pytest.mark.parametrize("session", ["new", "resume"])
def test_a_resuming_renegotiation_offers_the_version_of_the_session(session: str) -> None:
    hello = replace(template(ProtocolVersion.TLS_1_0, AES128_SHA), extensions=None)
    ours = Ours(client(hello, policy=ClientPolicy(renegotiation_session=session)))
    theirs = Ours(server(ProtocolVersion.SSL_3_0, AES128_SHA))
    exchange(ours, theirs)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    offered = theirs.connection.handshake.client_hello.legacy_version
    assert offered == (ProtocolVersion.SSL_3_0 if session == "resume" else ProtocolVersion.TLS_1_0)
    assert completions(ours) == 2
