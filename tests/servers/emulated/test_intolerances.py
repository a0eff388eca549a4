"""An intolerance fires for every hello that has its feature, however the server reads, and for no other.

Everything that can be written for a feature goes through a server made from an [emulation] table.
"""

import os
from typing import Any

import pytest

from handshake.alerts import RFC_ALERTS
from handshake.errors import Fault
from handshake.features import notations, parse_feature
from handshake.hello_template import HelloTemplate
from handshake.server import Ending, ServerConfiguration, ServerConnection
from handshake.wire.client_hello import Extension
from handshake.wire.record import Record, push_record
from handshake.wire.registry import AlertDescription, ContentType
from servers.declared import Declared, DeclaredRenegotiation
from servers.emulated.emulation import EmulationError, read_emulation, server_configuration
from tests.handshake.features.examples import (
    AES,
    DHE,
    EXAMPLES,
    RC4,
    Sent,
    hello,
    notations_without_example,
    raw,
    segmented,
    sslv2,
)
from tests.handshake.peers import Ours, client, pump
from tests.handshake.peers import template as peers_template
from tests.servers.emulated.answers import rsa_credential

TLS_1_0, TLS_1_1, TLS_1_2 = 0x0301, 0x0302, 0x0303
WAYS: dict[str, dict[str, Any]] = {
    "as-the-rfcs-say": {},
    "as-far-as-it-goes": {"reading": {}},
    "with-checks": {"reading": {"checks": [{"step": "choose-version"}, {"step": "use-version"}]}},
    "as-sunjsse": {"parsing": {}},
}
REACTION = "alert:access_denied"
SUITES = (AES, DHE, RC4)


def server(
    table: dict[str, Any], features: list[str], reaction: str = REACTION, **declared: Any
) -> ServerConfiguration:
    """An emulated server with one intolerance."""
    facts = {"versions": (TLS_1_0, TLS_1_1, TLS_1_2), "cipher_suites": SUITES, "sslv2_hello": True}
    emulation = {"dh_group": "modp-1024", **table}
    emulation["intolerance"] = [{"features": features, "reaction": reaction}]
    return server_configuration(
        Declared(**(facts | declared)), read_emulation(emulation, "x"), {"rsa": rsa_credential()}
    )


def connection(configuration: ServerConfiguration) -> ServerConnection:
    return ServerConnection(configuration, entropy=os.urandom)


def triggered(configuration: ServerConfiguration, sent: Sent) -> str | None:
    """The name of the feature that a hello was refused for; what was sent then is the reaction alone."""
    theirs = connection(configuration)
    for segment in sent.arriving:
        theirs.receive_data(segment, 0.0)
    if theirs.triggered is not None:
        alert = theirs.data_to_send()
        assert (alert[:1], alert[-2:]) == (b"\x15", bytes([2, AlertDescription.ACCESS_DENIED]))
        assert (theirs.is_ended, theirs.ending) == (True, Ending.FIN)
    return None if theirs.triggered is None else theirs.triggered.name


def test_everything_that_can_be_written_is_tried() -> None:
    assert notations_without_example(notations()) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_intolerance_fires_for_its_feature_and_for_no_other(name: str, way: str) -> None:
    having, lacking = EXAMPLES[name]
    configuration = server(WAYS[way], [name])
    assert triggered(configuration, having) == parse_feature(name).name
    assert triggered(configuration, lacking) is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_accepted", [False, True])
@pytest.mark.parametrize("version", [0x0002, 0x0300, 0x0301])
def test_an_sslv2_format_hello_is_judged_before_it_is_refused(
    version: int, is_accepted: bool, way: str
) -> None:
    """The server's own answers, raw bytes before the alert too, are given where no intolerance fires."""
    sent, table = sslv2(version=version), {**WAYS[way], "sslv2_refusal": "80 03 00 00 01"}
    assert triggered(server(table, ["sslv2-format"], sslv2_hello=is_accepted), sent) == "sslv2-format"
    theirs = connection(server(table, ["extension:server_name"], sslv2_hello=is_accepted))
    theirs.receive_data(sent.wire, 0.0)
    answer = theirs.data_to_send()
    assert theirs.triggered is None
    assert answer.startswith(b"\x80\x03\x00\x00\x01") is (is_accepted and version == 0x0002)
    if not is_accepted:
        assert answer[-2:] == bytes([2, RFC_ALERTS[Fault.NOT_TLS]])


def test_a_hello_with_several_features_and_faults_is_judged_by_them_in_order() -> None:
    bad = EXAMPLES["session-id-over-32"][0]
    assert triggered(server({}, ["extension:server_name", "session-id-over-32"]), bad) == "session-id-over-32"
    theirs = connection(server({}, ["session-id-over-32"], "fault:protocol-version"))
    theirs.receive_data(bad.wire, 0.0)
    assert theirs.data_to_send()[-1] == AlertDescription.PROTOCOL_VERSION
    for reaction, ending in (("fin", Ending.FIN), ("reset", Ending.RESET), ("hang", Ending.HANG)):
        theirs = connection(server({}, ["session-id-over-32"], reaction))
        theirs.receive_data(bad.wire, 0.0)
        assert (theirs.data_to_send(), theirs.is_ended, theirs.ending) == (b"", True, ending)


def test_a_check_that_fires_comes_before_an_intolerance() -> None:
    check = {"features": ["extension-block"], "reaction": "alert:internal_error"}
    configuration = server({"reading": {"checks": [check]}}, ["extension:session_ticket"])
    theirs = connection(configuration)
    theirs.receive_data(EXAMPLES["extension:session_ticket"][0].wire, 0.0)
    assert theirs.data_to_send()[-1] == AlertDescription.INTERNAL_ERROR
    fault = {**check, "reaction": "fault:decode"}
    theirs = connection(server({"reading": {"checks": [fault]}}, ["extension:session_ticket"]))
    theirs.receive_data(EXAMPLES["extension:session_ticket"][0].wire, 0.0)
    assert theirs.data_to_send()[-1] == AlertDescription.DECODE_ERROR


def test_a_hello_that_no_intolerance_is_about_is_refused_as_before() -> None:
    bad = EXAMPLES["session-id-over-32"][0]
    answers = []
    for features in (["extension:server_name"], ["sslv2-format"]):
        theirs = connection(server({}, features))
        theirs.receive_data(bad.wire, 0.0)
        answers.append(theirs.data_to_send()[-2:])
    assert answers == [bytes([2, AlertDescription.DECODE_ERROR])] * 2


CONNECTING = tuple(HelloTemplate(TLS_1_0, (suite,)) for suite in SUITES)
"""Hellos to connect with: each feature is missing in one of them."""
INSIDE = sorted(name for name in EXAMPLES if EXAMPLES[name][0].version is not None)


def inside_a_connection(configuration: ServerConfiguration, sent: Sent) -> str | None:
    """Connect with a hello that does not have the feature, then send another inside the connection."""
    for template in CONNECTING:
        ours, theirs = Ours(client(template)), Ours(connection(configuration))
        pump(ours, theirs)
        if ours.is_connected:
            break
    server_side = theirs.connection
    assert isinstance(server_side, ServerConnection)
    assert (ours.is_connected, server_side.triggered) == (True, None)
    records = ours.connection.records
    records.record_version = sent.version or TLS_1_0
    for fragment in sent.fragments:
        records.write(ContentType.HANDSHAKE, fragment, 0.0)
    for segment in segmented(ours.give(), sent.segments):
        theirs.take(segment)
    return None if server_side.triggered is None else server_side.triggered.name


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", INSIDE)
def test_an_intolerance_fires_for_the_hello_of_a_renegotiation(name: str, way: str) -> None:
    having, lacking = EXAMPLES[name]
    legacy = DeclaredRenegotiation(allowed="legacy")
    configuration = server(WAYS[way], [name], renegotiation=legacy, resumption=frozenset())
    assert inside_a_connection(configuration, having) == parse_feature(name).name
    if lacking.version is not None:
        assert inside_a_connection(configuration, lacking) is None


def test_a_renegotiation_that_is_refused_outright_is_not_looked_at() -> None:
    off = DeclaredRenegotiation(allowed="off")
    name = "extension:session_ticket"
    assert inside_a_connection(server({}, [name], renegotiation=off), EXAMPLES[name][0]) is None


def test_an_intolerance_fires_for_the_second_hello_of_tls_1_3() -> None:
    """The first has a share in a group that the server has not; the second has the one it was asked for."""
    facts = {"versions": (0x0304,), "cipher_suites": (0x1301,)}
    hello_template = peers_template(0x0304, 0x1301)
    for name in ("lists:key_share:secp256r1", "lists:key_share:secp384r1"):
        ours = Ours(client(hello_template))
        theirs = Ours(connection(server({"named_groups": ["secp256r1"]}, [name], **facts)))
        pump(ours, theirs)
        server_side = theirs.connection
        assert isinstance(server_side, ServerConnection)
        is_named = name == "lists:key_share:secp256r1"
        assert server_side.triggered == (parse_feature(name) if is_named else None)
        assert ours.is_connected is not is_named


def test_features_of_hellos_without_session_id_are_looked_for_in_the_form_too() -> None:
    after = hello(Extension(5, b"abc")).message
    for way, table in WAYS.items():
        if way == "as-the-rfcs-say":
            continue
        configuration = server({**table, "no_session_id_for": ["bytes-after-extensions"]}, ["sslv2-format"])
        lengths = []
        for body in (after[4:], after[4:] + b"x"):
            theirs = connection(configuration)
            theirs.receive_data(raw(body).wire, 0.0)
            answer = theirs.data_to_send()
            lengths.append(answer[43] if answer[5:6] == b"\x02" else None)
        assert lengths == [32, 0], way


@pytest.mark.parametrize(
    ("feature", "table", "correction"),
    [
        ("record-version:0x0400", {}, "records.any_version"),
        ("sslv2-format and record-version:SSLv2", {}, "records.any_version"),
        ("record-version:0x0400", {"records": {"signed_major": True}}, "records.any_version"),
        ("record-length:20000..", {}, "records.max_fragment"),
        ("record-length:600..", {"records": {"max_plaintext": 512}}, "records.max_plaintext"),
        ("hello-length:300000..", {}, "reading.max_message"),
        ("hello-length:600..", {"reading": {"max_message": 512}}, "reading.max_message"),
    ],
)
def test_an_intolerance_that_can_never_fire_is_refused_with_the_correction(
    feature: str, table: dict[str, Any], correction: str
) -> None:
    with pytest.raises(EmulationError) as caught:
        server(table, [feature])
    place = "x: emulation.intolerance[0].features[0]"
    assert str(caught.value).startswith(f"{place}: {feature.rpartition(' ')[2]} never fires, since ")
    assert correction in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_the_correction_allows_fires() -> None:
    odd = Sent(hello().message, 0x0400)
    assert triggered(server({"records": {"any_version": True}}, ["record-version:0x0400"]), odd) is not None
    negative = Sent(hello().message, 0x8001)
    signed = server({"records": {"signed_major": True}}, ["record-version:0x8001"])
    assert triggered(signed, negative) is not None
    large = Sent(hello().message + bytes(20000), TLS_1_0)
    assert push_record(Record(ContentType.HANDSHAKE, TLS_1_0, large.message)) == large.wire
    configuration = server({"records": {"max_fragment": 30000}}, ["record-length:20000.."])
    assert triggered(configuration, large) is not None
