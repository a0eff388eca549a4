"""Which suite a server may choose in which version: every suite there is, in every version."""

import pytest

from handshake.crypto.suite_parameters import is_completable
from handshake.errors import Parameter
from handshake.events import AlertSent, PeerFaulted, ServerHelloReceived, Unsupported
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.wire.cipher_suites import CIPHER_SUITES, cipher_suite_name
from handshake.wire.messages import push_server_hello
from handshake.wire.registry import AlertDescription, HandshakeType, ProtocolVersion
from tests.handshake.flights import handshake_record, hello_of, key_share, server_hello, server_hello_13
from tests.handshake.modern import GREASE, X25519, replaced, versions
from tests.handshake.peers import VERSIONS, Ours, client, suite_id, template
from tests.handshake.suites import versions_by_number

NO_SUITES = (0x0000, 0x00FF, 0x5600)
UNKNOWN = 0x9999
OF_A_SUITE = (ServerHelloReceived, PeerFaulted, Unsupported)
ALERT = AlertSent(2, AlertDescription.ILLEGAL_PARAMETER)


def of_all_versions(*suites: int) -> HelloTemplate:
    """A hello that offers every version."""
    return replaced(template(ProtocolVersion.TLS_1_3, *suites), versions(*reversed(VERSIONS)))


def chosen(hello: HelloTemplate, version: int, suite: int) -> Ours:
    """The client after a ServerHello with this version and suite, all else of which is right."""
    ours = Ours(client(hello))
    ours.give()
    if version < ProtocolVersion.TLS_1_3:
        ours.take(server_hello(version, suite))
        return ours
    sent = hello_of(ours.connection)
    share = key_share(X25519, b"\x09" + bytes(31))  # RFC 7748 section 6.1: the base point
    answer = push_server_hello(server_hello_13(sent, suite, share))
    ours.take(handshake_record(HandshakeType.SERVER_HELLO, answer))
    return ours


def said(ours: Ours) -> list[object]:
    return [
        event.what if isinstance(event, PeerFaulted) else event
        for event in ours.events
        if isinstance(event, OF_A_SUITE)
    ]


def right_answer(version: int, suite: int) -> list[object]:
    lowest, highest = versions_by_number(suite)
    if suite in (*NO_SUITES, *GREASE) or not lowest <= version <= highest:
        return ["illegal-parameter"]
    if is_completable(suite):
        return [ServerHelloReceived(version, suite)]
    return [Unsupported(Parameter.CIPHER_SUITE, CIPHER_SUITES[suite].iana)]


@pytest.mark.parametrize("version", VERSIONS, ids=suite_id)
def test_every_suite_in_every_version(version: int) -> None:
    outcomes = {}
    for suite in CIPHER_SUITES:
        ours = chosen(of_all_versions(suite), version, suite)
        if said(ours) != right_answer(version, suite):
            outcomes[suite_id(suite)] = said(ours)
        assert (ALERT in ours.events) is (right_answer(version, suite) == ["illegal-parameter"])
        assert ours.connection.is_ended is (said(ours) != [ServerHelloReceived(version, suite)])
    assert outcomes == {}


@pytest.mark.parametrize("version", VERSIONS, ids=suite_id)
@pytest.mark.parametrize("suite", [*GREASE, *NO_SUITES], ids=hex)
def test_what_is_no_suite_is_the_servers_fault_though_it_was_in_the_hello(version: int, suite: int) -> None:
    ours = chosen(of_all_versions(0x002F, 0x1301, suite), version, suite)
    assert said(ours) == ["illegal-parameter"]
    assert ALERT in ours.events
    (fault,) = (event for event in ours.events if isinstance(event, PeerFaulted))
    assert cipher_suite_name(suite) in fault.detail


def test_a_code_point_nobody_has_named_is_not_told_from_a_suite() -> None:
    for version in VERSIONS:
        offered = chosen(of_all_versions(UNKNOWN), version, UNKNOWN)
        assert said(offered) == [Unsupported(Parameter.CIPHER_SUITE, "0x9999")]
        not_offered = chosen(of_all_versions(0x002F), version, UNKNOWN)
        assert said(not_offered) == ["cipher-suite-not-offered"]


@pytest.mark.parametrize("suite", [0x002F, 0x1301, 0x0019, *NO_SUITES, *GREASE], ids=suite_id)
def test_a_hello_in_sslv2_format_is_held_against_the_same_rules(suite: int) -> None:
    version, format = ProtocolVersion.TLS_1_0, HelloFormat.SSLV2
    hello = HelloTemplate(version, (0x010080, 0x0035, suite), format=format)
    assert said(chosen(hello, version, suite)) == right_answer(version, suite)
