"""A certificate asked for after the first handshake: in a renegotiation or by post-handshake authentication.

Every case has its control beside it: the same ends, with what the case is about left out.
"""

import dataclasses
from itertools import product

import pytest
from msgspec import structs

from handshake.crypto.credentials import Credential
from handshake.crypto.key_schedule import Role
from handshake.errors import LocalError
from handshake.hello_template import ClientPolicy
from handshake.server import Asking, ClientCertificate
from handshake.server.authorities import length_of, parse_authority_list
from handshake.wire.messages import KeyUpdate, push_key_update
from handshake.wire.registry import AlertDescription, HandshakeType
from tests.handshake.later_requests import (
    ASKING,
    OLDER,
    TLS_1_2,
    TLS_1_3,
    alerts,
    ask,
    asking,
    client,
    connected,
    faults,
    listed,
    own,
    requests,
    shown,
)
from tests.handshake.peers import Ours, exchange, pump, suite_id
from tests.handshake.renegotiation import exchange_again

LISTS = ["0 names", "3 names", "60000 bytes"]
KINDS = {"none": (), "rsa": ("rsa",), "ecdsa": ("ecdsa",)}
VERSIONS = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=["renegotiation", "post-handshake"])


@pytest.mark.parametrize("names", LISTS)
@pytest.mark.parametrize(
    ("how", "kind"),
    [
        pytest.param(how, kind, id=f"{how}-{kind}")
        for how, kind in product((ClientCertificate.REQUEST, ClientCertificate.REQUIRE), KINDS)
    ],
)
@VERSIONS
def test_what_becomes_of_a_request(version: int, how: ClientCertificate, kind: str, names: str) -> None:
    credential = own(*KINDS[kind])
    ours, theirs = connected(client(version, credential), asking(version, how, names=names))
    ask(ours, theirs)
    assert requests(ours) == 1
    is_missing = how is ClientCertificate.REQUIRE and not credential
    assert shown(theirs) == [each.chain for each in credential.values()]
    if is_missing:
        is_tls13 = version == TLS_1_3
        assert faults(theirs) == ["certificate-required" if is_tls13 else "missing-certificate"]
        alert = AlertDescription.CERTIFICATE_REQUIRED if is_tls13 else AlertDescription.HANDSHAKE_FAILURE
        assert alerts(ours) == [alert]
    else:
        assert faults(ours) == faults(theirs) == []
        exchange_again(ours, theirs)
    wanted = parse_authority_list(names)
    assert listed(ours) == wanted.names
    if names == "60000 bytes":
        assert length_of(listed(ours)) == 60_000


@pytest.mark.parametrize("how", [ClientCertificate.REQUEST, ClientCertificate.REQUIRE])
@pytest.mark.parametrize("has_one", [True, False], ids=["shown", "none"])
@pytest.mark.parametrize("version", OLDER, ids=suite_id)
def test_a_renegotiation_of_an_older_version(version: int, has_one: bool, how: ClientCertificate) -> None:
    """In SSLv3 a client without a certificate says so in a warning (RFC 6101 section 5.6.6)."""
    credential = own("rsa") if has_one else {}
    ours, theirs = connected(client(version, credential), asking(version, how))
    ask(ours, theirs)
    assert requests(ours) == 1
    assert shown(theirs) == [each.chain for each in credential.values()]
    if not has_one and how is ClientCertificate.REQUIRE:
        assert faults(theirs) == ["missing-certificate"]
        return
    exchange_again(ours, theirs)


@pytest.mark.parametrize("how", [ClientCertificate.REQUEST, ClientCertificate.REQUIRE])
@VERSIONS
def test_nobody_is_asked_where_it_is_not_set_up(version: int, how: ClientCertificate) -> None:
    """The control: a server that asks in the other way alone, and one that never does."""
    other = ASKING[TLS_1_2 if version == TLS_1_3 else TLS_1_3]
    for theirs in (asking(version, how, other), asking(version, ClientCertificate.NO)):
        ours, theirs = connected(client(version, own("rsa")), theirs)
        if version == TLS_1_3:
            with pytest.raises(LocalError, match="does not ask"):
                theirs.connection.request_certificate(0.0)
        else:
            theirs.connection.request_renegotiation(0.0)
        pump(ours, theirs)
        assert (requests(ours), shown(theirs), faults(theirs)) == (0, [], [])
        exchange_again(ours, theirs)


@VERSIONS
def test_where_it_is_asked_for_at_once_it_is_not_asked_for_later(version: int) -> None:
    ours, theirs = client(version, own("rsa")), asking(version, ClientCertificate.REQUIRE, Asking.HANDSHAKE)
    exchange(ours, theirs)
    assert requests(ours) == 1
    assert len(shown(theirs)) == 1
    if version == TLS_1_2:
        theirs.connection.request_renegotiation(0.0)
        pump(ours, theirs)
    assert requests(ours) == 1


@VERSIONS
def test_it_may_be_asked_for_in_both(version: int) -> None:
    theirs = asking(version, ClientCertificate.REQUIRE, Asking.HANDSHAKE, ASKING[version])
    ours = client(version, own("rsa"))
    exchange(ours, theirs)
    for side in (ours, theirs):
        side.received.clear()
    ask(ours, theirs)
    assert requests(ours) == 2
    assert len(shown(theirs)) == 2
    exchange_again(ours, theirs)


def test_a_client_without_the_extension_is_not_asked() -> None:
    ours, theirs = connected(client(TLS_1_3, own("rsa"), offers=False), asking(TLS_1_3))
    with pytest.raises(LocalError, match="post_handshake_auth"):
        theirs.connection.request_certificate(0.0)
    exchange_again(ours, theirs)


def test_there_is_nothing_to_ask_before_the_handshake_or_during_another_request() -> None:
    theirs = asking(TLS_1_3)
    with pytest.raises(LocalError):
        theirs.connection.request_certificate(0.0)
    _, theirs = connected(client(TLS_1_3, {}), theirs)
    theirs.connection.request_certificate(0.0)
    with pytest.raises(LocalError):
        theirs.connection.request_certificate(0.0)


@VERSIONS
def test_a_certificate_that_is_not_trusted_is_refused(version: int) -> None:
    theirs = asking(version)
    trusted = own("ecdsa")["ecdsa"].chain
    theirs.connection.configuration = theirs.connection.handshake.configuration = dataclasses.replace(
        theirs.connection.configuration, trusted_certificates=trusted
    )
    ours, theirs = connected(client(version, own("rsa")), theirs)
    ask(ours, theirs)
    assert faults(theirs) == ["untrusted-certificate"]


@VERSIONS
def test_a_certificate_without_its_key_is_refused(version: int) -> None:
    stolen = Credential(own("ecdsa")["ecdsa"].private_key, own("rsa")["rsa"].chain)
    ours, theirs = connected(client(version, {"ecdsa": stolen}), asking(version))
    ask(ours, theirs)
    assert len(faults(theirs)) == 1
    assert theirs.connection.is_ended


def test_again_and_again_with_new_contexts_keys_and_tickets() -> None:
    """Neither KeyUpdate nor NewSessionTicket is in what a later Finished is made of."""
    ours, theirs = connected(client(TLS_1_3, own("rsa")), asking(TLS_1_3, ClientCertificate.REQUIRE))
    contexts = set()
    for number in range(3):
        update_keys(ours, request=number % 2)
        pump(ours, theirs)
        ask(ours, theirs)
        contexts.add(ours.connection.handshake.certificate_request.request_context)
        assert not theirs.connection.awaits_certificate
    assert len(contexts) == 3
    assert len(shown(theirs)) == 3
    exchange_again(ours, theirs)


def update_keys(ours: Ours, *, request: int) -> None:
    """Let the client change the keys it writes with."""
    handshake = ours.connection.handshake
    handshake.send_aside(HandshakeType.KEY_UPDATE, push_key_update(KeyUpdate(request)))
    ours.connection.records.write_protection = handshake.schedule.update(Role.CLIENT)


def test_a_change_of_keys_between_request_and_answer_is_none_of_the_answer() -> None:
    ours, theirs = connected(client(TLS_1_3, own("rsa")), asking(TLS_1_3, ClientCertificate.REQUIRE))
    update_keys(ours, request=1)
    theirs.connection.request_certificate(0.0)
    pump(ours, theirs)
    assert len(shown(theirs)) == 1
    assert faults(theirs) == []
    exchange_again(ours, theirs)


def test_application_data_may_come_before_the_answer_and_not_within_it() -> None:
    ours, theirs = connected(client(TLS_1_3, own("rsa")), asking(TLS_1_3))
    theirs.connection.request_certificate(0.0)
    ours.send(b"before")
    pump(ours, theirs)
    assert bytes(theirs.received) == b"before"
    assert faults(theirs) == []

    ours, theirs = connected(client(TLS_1_3, own("rsa")), asking(TLS_1_3))
    theirs.connection.request_certificate(0.0)
    write = ours.connection.records.write

    def with_data_behind(content_type: int, fragment: bytes, now: float) -> None:
        write(content_type, fragment, now)
        if fragment[0] == HandshakeType.CERTIFICATE:
            ours.connection.send_application_data(b"within", now)

    ours.connection.records.write = with_data_behind
    pump(ours, theirs)
    assert faults(theirs) == ["unexpected-message"]


@pytest.mark.parametrize("what", ["nothing", "request", "context"])
def test_the_answer_is_bound_to_the_handshake_and_to_the_request(what: str) -> None:
    ours, theirs = connected(client(TLS_1_3, own("rsa")), asking(TLS_1_3))
    handshake = ours.connection.handshake
    if what == "request":
        handshake.handshake_context += b"\x00"
    theirs.connection.request_certificate(0.0)
    if what == "context":
        theirs.connection.handshake.certificate_request_context = b"another"
    pump(ours, theirs)
    expected = {"nothing": [], "request": ["decrypt"], "context": ["decode"]}[what]
    assert faults(theirs) == expected


def test_a_wrong_finished_alone_is_refused() -> None:
    """Without a certificate there is no signature: the Finished alone binds the answer."""
    ours, theirs = connected(client(TLS_1_3, {}), asking(TLS_1_3))
    ours.connection.handshake.handshake_context += b"\x00"
    ask(ours, theirs)
    assert faults(theirs) == ["bad-finished"]


def test_an_unasked_certificate_after_the_handshake_is_refused() -> None:
    ours, theirs = connected(client(TLS_1_3, {}), asking(TLS_1_3))
    ours.connection.handshake.send_aside(HandshakeType.CERTIFICATE, b"\x00\x00\x00\x00")
    pump(ours, theirs)
    assert faults(theirs) == ["unexpected-message"]


@pytest.mark.parametrize("offers", [True, False])
def test_a_session_is_resumed_in_a_renegotiation_but_for_a_certificate(offers: bool) -> None:
    """`offers`: the first handshake asks already, so that the session has all there is to ask for."""
    when = (Asking.HANDSHAKE, Asking.RENEGOTIATION) if offers else (Asking.RENEGOTIATION,)
    ours = client(TLS_1_2, own("rsa"))
    ours.connection.handshake.policy = structs.replace(ClientPolicy(), renegotiation_session="resume")
    theirs = asking(TLS_1_2, ClientCertificate.REQUIRE, *when)
    exchange(ours, theirs)
    theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    assert ours.connection.handshake.negotiated.is_resumed is offers
    assert len(shown(theirs)) == 1


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("100", '"100 names"'),
        ("many names", '"100 names"'),
        ("3000 names", "write 0 to"),
        ("1 bytes", "write 64 to"),
        ("66000 bytes", "65000 bytes"),
    ],
)
def test_a_list_that_no_request_can_hold(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        parse_authority_list(text)


@pytest.mark.parametrize("text", ["0 names", "1 names", "2166 names", "64 bytes", "65 bytes", "65000 bytes"])
def test_a_list_is_as_long_as_it_says(text: str) -> None:
    wanted = parse_authority_list(text)
    assert str(wanted) == text
    length = length_of(wanted.names)
    assert (length if text.endswith("bytes") else len(wanted.names)) == wanted.length
    assert len(set(wanted.names)) == len(wanted.names) or text.endswith("bytes")
