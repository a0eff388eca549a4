"""Clients that renegotiate, or refuse to, in ways of their own: `ClientPolicy`."""

import pytest
from msgspec.structs import replace

from handshake.accepts import Accepts, Answer
from handshake.errors import Fault
from handshake.events import HandshakeCompleted, PeerFaulted
from handshake.hello_template import ClientPolicy, ExtensionTemplate, RenegotiationHello
from handshake.renegotiation import Renegotiation
from handshake.server import RenegotiationRules
from handshake.server.departures.departure import Departure, must_go_on
from handshake.wire.registry import ExtensionType, ProtocolVersion
from tests.handshake.modern import replaced
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

TLS_1_2 = ProtocolVersion.TLS_1_2


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


@pytest.mark.parametrize("goes_on", [False, True])
def test_renegotiation_info_that_the_first_hello_had_not(goes_on: bool) -> None:
    """RFC 5746 section 4.2: the client must end the handshake. It has sent its Finished all the same, as
    Chromium does, and the server answers it rightly.
    """
    silent_first = Departure(
        "silent-first",
        "does not signal RFC 5746 in the first handshake",
        (TLS_1_2,),
        must_go_on("RFC 5746 section 4.2"),
        agrees=lambda situation, agreed: replace(agreed, renegotiation_info=situation.is_renegotiation),
    )
    rules = RenegotiationRules(allowed=Renegotiation.LEGACY, takes_late_info=True)
    theirs = Ours(server(TLS_1_2, 0xC02F, renegotiation=rules, departures=(silent_first,)))
    answers = {"renegotiation-info-gained": Answer(goes_on=True)} if goes_on else {}
    policy = ClientPolicy(
        renegotiation=Renegotiation.LEGACY,
        renegotiation_hello=RenegotiationHello(verify_data="always"),
        accepts=Accepts(answers),
    )
    info = ExtensionTemplate(ExtensionType.RENEGOTIATION_INFO, b"\x00")
    ours = Ours(client(replaced(template(TLS_1_2, 0xC02F), info), policy=policy))
    exchange(ours, theirs)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    faults = [event.what for event in ours.events if isinstance(event, PeerFaulted)]
    assert faults == ([] if goes_on else [Fault.RENEGOTIATION_INFO.value])
    assert sum(isinstance(event, HandshakeCompleted) for event in ours.events) == 1 + goes_on
