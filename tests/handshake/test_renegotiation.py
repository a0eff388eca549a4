"""Renegotiation between our own two roles: either side begins, with and without RFC 5746, every refusal."""

import dataclasses
from contextlib import suppress

import pytest
from msgspec import structs
from OpenSSL import SSL

from handshake.errors import LocalError
from handshake.events import (
    PeerFaulted,
    Phase,
    RenegotiationRequested,
)
from handshake.hello_template import ClientPolicy, Placement
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server import RenegotiationRules
from handshake.wire.client_hello import pull_client_hello
from handshake.wire.registry import ContentType, ExtensionType, ProtocolVersion
from tests.handshake.peers import (
    ANSWER,
    REQUEST,
    OpenSSLPeer,
    Ours,
    client,
    exchange,
    openssl_context,
    pump,
    server,
    suite_id,
    template,
)
from tests.handshake.renegotiation import (
    AES128_SHA,
    LEGACY,
    OLD_VERSIONS,
    alerts,
    completions,
    connected,
    exchange_again,
    refusals,
    without_rfc5746,
)


@pytest.mark.parametrize("version", OLD_VERSIONS, ids=suite_id)
@pytest.mark.parametrize("begins", ["client", "server"])
@pytest.mark.parametrize("signals", [True, False], ids=["secure", "legacy"])
def test_either_side_renegotiates(version: int, begins: str, signals: bool) -> None:
    policy = None if signals else LEGACY
    allowed = Renegotiation.SECURE if signals else Renegotiation.LEGACY
    ours, theirs = connected(version, signals=signals, policy=policy, allowed=allowed)
    first = ours.connection.handshake.finished
    if begins == "client":
        ours.connection.renegotiate(0.0)
    else:
        theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    assert completions(ours) == completions(theirs) == 1, (ours.events, theirs.events)
    assert ours.connection.handshake.finished == theirs.connection.handshake.finished != first
    assert ours.connection.handshake.finished.is_secure is signals
    exchange_again(ours, theirs)


@pytest.mark.parametrize("version", OLD_VERSIONS, ids=suite_id)
def test_again_and_again(version: int) -> None:
    ours, theirs = connected(version)
    for _ in range(5):
        ours.connection.renegotiate(0.0)
        pump(ours, theirs)
        theirs.connection.request_renegotiation(0.0)
        pump(ours, theirs)
    assert completions(ours) == completions(theirs) == 10
    exchange_again(ours, theirs)


def test_an_sslv2_format_hello_is_followed_by_one_in_a_record() -> None:
    ours, theirs = connected(sslv2=True, signals=True, policy=LEGACY, allowed=Renegotiation.LEGACY)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    assert completions(ours) == completions(theirs) == 1
    hello = theirs.connection.handshake.client_hello
    assert hello.cipher_suites == (AES128_SHA,)
    assert hello.compression_methods == b"\x00"


def test_the_hello_inside_is_the_first_one_but_for_rfc_5746() -> None:
    ours, theirs = connected()
    first = theirs.connection.handshake.client_hello
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    second = theirs.connection.handshake.client_hello
    assert second.cipher_suites == tuple(suite for suite in first.cipher_suites if suite != 0x00FF)
    assert second.extensions[:-1] == first.extensions
    assert second.extensions[-1].extension_type == ExtensionType.RENEGOTIATION_INFO
    assert (second.legacy_version, second.compression_methods) == (
        first.legacy_version,
        first.compression_methods,
    )


@pytest.mark.parametrize(
    ("place", "index"), [(Placement.FIRST, 0), (Placement.AFTER_SERVER_NAME, 1), (Placement.LAST, -1)]
)
def test_the_place_of_the_extension(place: Placement, index: int) -> None:
    ours, theirs = connected(policy=ClientPolicy(renegotiation_info=place))
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    extensions = theirs.connection.handshake.client_hello.extensions
    assert extensions[index].extension_type == ExtensionType.RENEGOTIATION_INFO


@pytest.mark.parametrize("allowed", [Renegotiation.OFF, Renegotiation.SECURE])
def test_a_refusal_by_warning_leaves_the_connection_as_it_was(allowed: Renegotiation) -> None:
    ours, theirs = connected(signals=False, policy=LEGACY, allowed=allowed)
    ours.connection.renegotiate(0.0)
    assert ours.connection.is_renegotiating
    pump(ours, theirs)
    assert alerts(ours) == [(1, 100)]
    assert not ours.connection.is_renegotiating
    assert ours.connection.phase is Phase.APPLICATION_DATA
    exchange_again(ours, theirs)


def test_a_client_may_mind_the_refusal() -> None:
    policy = structs.replace(LEGACY, no_renegotiation="abort")
    ours, theirs = connected(signals=False, policy=policy, allowed=Renegotiation.OFF)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    assert refusals(ours) == ["no_renegotiation"]
    assert alerts(theirs) == [(2, 40)]


def test_a_refusal_in_sslv3_is_fatal() -> None:
    ours, theirs = connected(ProtocolVersion.SSL_3_0, signals=False, policy=LEGACY, allowed=Renegotiation.OFF)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    assert alerts(ours) == [(2, 40)]
    assert ours.connection.is_ended
    assert ours.connection.phase is Phase.RENEGOTIATION


def test_a_refusal_by_silence_leaves_the_old_keys() -> None:
    ours, theirs = connected(allowed=Renegotiation.OFF, refusal=None)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    assert ours.events[1:] == []
    assert ours.connection.is_renegotiating
    exchange_again(ours, theirs)


def test_only_the_server_may_begin_where_the_client_may_not() -> None:
    ours, theirs = connected(client_initiated=False)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    assert alerts(ours) == [(1, 100)]
    theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    assert completions(ours) == completions(theirs) == 1


def test_a_server_that_may_not_ask_ends_or_says_nothing() -> None:
    ours, theirs = connected(signals=False)
    theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    assert not ours.events
    exchange_again(ours, theirs)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (ClientPolicy(), [(1, 100)]),
        (ClientPolicy(renegotiation=Renegotiation.OFF), [(1, 100)]),
        (ClientPolicy(hello_request="ignore"), []),
        (ClientPolicy(hello_request="abort"), [(2, 100)]),
    ],
    ids=["secure-only", "off", "ignore", "abort"],
)
def test_what_clients_do_with_a_legacy_hello_request(policy: ClientPolicy, expected: list[object]) -> None:
    ours, theirs = connected(signals=False, policy=policy, allowed=Renegotiation.LEGACY)
    theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    assert any(isinstance(event, RenegotiationRequested) for event in ours.events)
    assert alerts(theirs) == expected
    if (2, 40) not in expected and (2, 100) not in expected:
        exchange_again(ours, theirs)


@pytest.mark.parametrize("version", [ProtocolVersion.SSL_3_0, ProtocolVersion.TLS_1_0], ids=suite_id)
def test_a_client_may_refuse_only_the_server_hello(version: int) -> None:
    hello = without_rfc5746(template(version, AES128_SHA))
    ours = Ours(client(hello, policy=ClientPolicy(refuses_legacy_at="server-hello")))
    rules = RenegotiationRules(allowed=Renegotiation.LEGACY)
    theirs = Ours(server(version, AES128_SHA, renegotiation=rules, renegotiation_info=False))
    exchange(ours, theirs)
    theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    assert alerts(theirs) == [(2, 40)]
    sent = theirs.connection.handshake.client_hello.extension(ExtensionType.RENEGOTIATION_INFO)
    verify_data = ours.connection.handshake.previous.client_verify_data
    expected = None if version == ProtocolVersion.SSL_3_0 else bytes([len(verify_data)]) + verify_data
    assert sent == expected


def test_an_answer_may_come_between_hello_request_and_hello() -> None:
    ours, theirs = connected(answers_at_once=True)
    ours.send(REQUEST)
    pump(ours, theirs)
    theirs.connection.request_renegotiation(0.0)
    theirs.send(ANSWER)
    pump(ours, theirs)
    assert bytes(ours.received) == ANSWER
    assert completions(ours) == completions(theirs) == 1


@pytest.mark.parametrize("version", OLD_VERSIONS, ids=suite_id)
@pytest.mark.parametrize("splitting", RecordSplitting)
def test_a_server_may_say_something_before_it_answers_the_hello(
    version: int, splitting: RecordSplitting
) -> None:
    ours, theirs = connected(version)
    theirs.connection.records.splitting = splitting
    ours.connection.renegotiate(0.0)
    theirs.send(ANSWER)
    theirs.connection.records.write(ContentType.APPLICATION_DATA, b"", 0.0)
    pump(ours, theirs)
    assert bytes(ours.received) == ANSWER
    assert completions(ours) == completions(theirs) == 1
    ours.received.clear()
    exchange_again(ours, theirs)


MEANWHILE = {
    "nothing": (ContentType.APPLICATION_DATA, b""),
    "data": (ContentType.APPLICATION_DATA, b"x"),
    "an empty handshake record": (ContentType.HANDSHAKE, b""),
    "half a header": (ContentType.HANDSHAKE, b"\x02\0"),
    "a HelloRequest": (ContentType.HANDSHAKE, bytes(4)),
    "a ClientHello": (ContentType.HANDSHAKE, b"\x01\0\0\0"),
    "a ServerHelloDone": (ContentType.HANDSHAKE, b"\x0e\0\0\0"),
    "a Finished": (ContentType.HANDSHAKE, b"\x14\0\0\x0c" + bytes(12)),
    "a message of no name": (ContentType.HANDSHAKE, b"\x63\0\0\0"),
    "a change of keys": (ContentType.CHANGE_CIPHER_SPEC, b"\x01"),
    "user_canceled": (ContentType.ALERT, b"\x01\x5a"),
    "no_renegotiation": (ContentType.ALERT, b"\x01\x64"),
    "close_notify": (ContentType.ALERT, b"\x01\0"),
    "half an alert": (ContentType.ALERT, b"\x01"),
}


@pytest.mark.parametrize("version", OLD_VERSIONS, ids=suite_id)
@pytest.mark.parametrize("begins", ["client", "server"])
@pytest.mark.parametrize("speaks", ["client", "server"])
@pytest.mark.parametrize("said", MEANWHILE)
def test_whatever_comes_before_the_answer_is_taken_or_told(
    version: int, begins: str, speaks: str, said: str
) -> None:
    ours, theirs = connected(version)
    if begins == "client":
        ours.connection.renegotiate(0.0)
    else:
        theirs.connection.request_renegotiation(0.0)
    (ours if speaks == "client" else theirs).connection.records.write(*MEANWHILE[said], 0.0)
    pump(ours, theirs)
    hearer = theirs if speaks == "client" else ours
    is_ended = ours.connection.is_ended or theirs.connection.is_ended
    is_done = completions(ours) == completions(theirs) == 1
    assert is_done or is_ended or hearer.connection.is_within_message or said == "no_renegotiation"


@pytest.mark.parametrize("role", ["client", "server"])
def test_a_wrong_verify_data_is_a_fault(role: str) -> None:
    ours, theirs = connected()
    wrong = dataclasses.replace(
        ours.connection.handshake.finished,
        **{"client_verify_data" if role == "client" else "server_verify_data": bytes(12)},
    )
    side = ours if role == "client" else theirs
    side.connection.handshake.finished = wrong
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    other = theirs if role == "client" else ours
    faults = [event.what for event in other.events if isinstance(event, PeerFaulted)]
    assert faults == ["renegotiation-info"]
    assert alerts(side) == [(2, 40)]


def test_a_hello_request_during_a_handshake_is_passed_over() -> None:
    ours, theirs = connected()
    ours.connection.renegotiate(0.0)
    theirs.connection.request_renegotiation(0.0)
    pump(ours, theirs)
    assert completions(ours) == completions(theirs) == 1
    exchange_again(ours, theirs)


@pytest.mark.parametrize("version", [ProtocolVersion.TLS_1_3], ids=suite_id)
def test_tls_1_3_has_no_renegotiation(version: int) -> None:
    ours, theirs = Ours(client(template(version, 0x1301))), Ours(server(version, 0x1301))
    exchange(ours, theirs)
    with pytest.raises(LocalError):
        ours.connection.renegotiate(0.0)
    with pytest.raises(LocalError):
        theirs.connection.request_renegotiation(0.0)


def test_a_server_that_changes_its_mind_about_rfc_5746_is_refused() -> None:
    ours, theirs = connected(signals=False, policy=LEGACY, allowed=Renegotiation.LEGACY)
    ours.connection.renegotiate(0.0)
    record = ours.give()
    hello = pull_client_hello(ours.connection.handshake.hello.message[4:])
    assert hello.extension(ExtensionType.RENEGOTIATION_INFO) is None
    theirs.take(record)
    assert completions(theirs) == 0
    pump(ours, theirs)
    assert completions(theirs) == 1


ALLOW_CLIENT_RENEGOTIATION = 1 << 8  # SSL_OP_ALLOW_CLIENT_RENEGOTIATION; pyOpenSSL has no name for it
ALLOW_LEGACY_RENEGOTIATION = 1 << 18  # SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION


class TestOpenSSL:
    """OpenSSL at the other end, in TLS 1.2."""

    def with_openssl_server(self, options: int, *, signals: bool = True) -> tuple[Ours, OpenSSLPeer]:
        context = openssl_context(ProtocolVersion.TLS_1_2, "AES128-SHA", ("rsa",))
        context.set_options(options)
        hello = template(ProtocolVersion.TLS_1_2, AES128_SHA)
        ours = Ours(client(hello if signals else without_rfc5746(hello), policy=LEGACY))
        theirs = OpenSSLPeer(context, "server")
        exchange(ours, theirs)
        for side in (ours, theirs):
            side.received.clear()
        ours.events.clear()
        return ours, theirs

    @pytest.mark.parametrize("signals", [True, False], ids=["secure", "legacy"])
    def test_it_lets_us_renegotiate(self, signals: bool) -> None:
        ours, theirs = self.with_openssl_server(
            ALLOW_CLIENT_RENEGOTIATION | ALLOW_LEGACY_RENEGOTIATION, signals=signals
        )
        ours.connection.renegotiate(0.0)
        pump(ours, theirs)
        assert completions(ours) == 1
        exchange_again(ours, theirs)

    @pytest.mark.parametrize(("options", "signals"), [(0, True), (ALLOW_CLIENT_RENEGOTIATION, False)])
    def test_it_refuses(self, options: int, signals: bool) -> None:
        ours, theirs = self.with_openssl_server(options, signals=signals)
        ours.connection.renegotiate(0.0)
        pump(ours, theirs)
        assert alerts(ours) == [(1, 100)]
        exchange_again(ours, theirs)

    def test_it_asks_us(self) -> None:
        ours, theirs = self.with_openssl_server(0)
        theirs.connection.renegotiate()
        theirs.connection.do_handshake()
        pump(ours, theirs)
        assert completions(ours) == 1
        exchange_again(ours, theirs)

    def test_we_let_it_renegotiate_and_ask_it(self) -> None:
        context = openssl_context(ProtocolVersion.TLS_1_2, "AES128-SHA")
        ours, theirs = OpenSSLPeer(context, "client"), Ours(server(ProtocolVersion.TLS_1_2, AES128_SHA))
        exchange(ours, theirs)
        for side in (ours, theirs):
            side.received.clear()
        ours.connection.renegotiate()
        with suppress(SSL.WantReadError):
            ours.connection.do_handshake()
        pump(ours, theirs)
        theirs.connection.request_renegotiation(0.0)
        pump(ours, theirs)
        assert completions(theirs) == 3
        exchange_again(ours, theirs)
