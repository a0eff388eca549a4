"""Each way of being strict or lenient, in memory: what the key changes, and what happens without it."""

from typing import Any

import pytest
from msgspec.structs import replace

from handshake.wire.client_hello import Extension, SSLv2ClientHello, push_client_hello
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType, HandshakeType
from servers.emulated.emulation import EmulationError, read_emulation
from tests.servers.emulated.answering import CHOICE, FLIGHT, MESSAGES, RSA, alert, answer
from tests.servers.emulated.hellos import (
    GROUPS,
    PLAIN,
    RENEGOTIATION_INFO,
    SESSION_TICKET,
    extended,
    flight,
    message,
    record,
    server_names,
    sslv2_flight,
)

SSLV2 = SSLv2ClientHello(0x0301, (RSA,), b"", bytes(range(16)))
STEPS = [{"step": "choose-version"}, {"step": "use-version"}]


def reading(*checks: dict[str, Any], **rules: Any) -> dict[str, Any]:
    return {"reading": {"checks": [*checks, *STEPS], **rules}}


def check(feature: str, reaction: str = "alert:internal_error", **more: str) -> dict[str, Any]:
    return {"features": [feature], "reaction": reaction, **more}


def alert_record(level: int, description: int) -> bytes:
    return push_record(Record(ContentType.ALERT, 0x0301, bytes([level, description])))


def handshake_record(fragment: bytes, version: int = 0x0301) -> bytes:
    return push_record(Record(ContentType.HANDSHAKE, version, fragment))


def body(content: str) -> bytes:
    return bytes.fromhex(content)


SNI_TYPES = Extension(0, body("000a 00000161 01000162"))
CUT_EXTENSION = Extension(0x7777, b"abc")
AFTER_EXTENSIONS = push_handshake_message(
    HandshakeMessage(HandshakeType.CLIENT_HELLO, push_client_hello(extended()) + b"x")
)
OVERRUNNING = message(extended(CUT_EXTENSION))[:-9] + body("0006 7777 0003 616263")


@pytest.mark.parametrize(
    ("feature", "sent", "without"),
    [
        ("session-id-over-32", flight(replace(PLAIN, session_id=bytes(33))), FLIGHT),
        ("no-compression-methods", flight(replace(PLAIN, compression_methods=b"")), FLIGHT),
        ("no-null-compression", flight(replace(PLAIN, compression_methods=b"\x01")), FLIGHT),
        ("version-below:TLSv1.2", flight(PLAIN), FLIGHT),
        ("version-without-major-3", flight(replace(PLAIN, legacy_version=0x0400)), FLIGHT),
        ("repeated-extension:0x7777", flight(extended(CUT_EXTENSION, CUT_EXTENSION)), FLIGHT),
        ("extension-not-last:0x7777", flight(extended(CUT_EXTENSION, SESSION_TICKET)), FLIGHT),
        ("body-not:0x7777:u8 u8", flight(extended(CUT_EXTENSION)), FLIGHT),
        ("host-name-not:[a-z.]+", flight(extended(server_names("a_b"))), FLIGHT),
        ("none-of:supported_groups:24,25", flight(extended(GROUPS)), FLIGHT),
        ("several-host-names", flight(extended(server_names("a", "b"))), FLIGHT),
        ("repeated-name-type", flight(extended(server_names("a", "b"))), FLIGHT),
        ("no-host-name", flight(extended(Extension(0, body("0004 01000161")))), FLIGHT),
        ("offers-version:TLSv1.3", flight(extended(Extension(43, body("02 0304")))), FLIGHT),
        (
            "key-shares-unlike-groups",
            flight(extended(GROUPS, Extension(51, body("0005 001d 0001 00")))),
            FLIGHT,
        ),
        ("bytes-after-extensions", record(AFTER_EXTENSIONS), FLIGHT),
        ("cut-off:extension-body", record(message(extended(Extension(5, body("7777"))))), None),
        ("sslv2-format", sslv2_flight(SSLV2), FLIGHT),
        ("sslv2-format and version-below:TLSv1.1", sslv2_flight(SSLV2), FLIGHT),
        ("not extension:server_name", flight(PLAIN), FLIGHT),
    ],
)
def test_a_check_fires_for_its_feature_only(feature: str, sent: bytes, without: str | None) -> None:
    if without is None:  # another body than the layout of the record says
        sent = sent.replace(body("0005 0002"), body("0005 0003"))
        without = FLIGHT
    assert answer(reading(check(feature)), sent) == alert("internal_error")
    assert answer(reading(), sent) == without
    plain = flight(extended(RENEGOTIATION_INFO, server_names("a.b")))
    if not feature.startswith(("not ", "version-below")):
        assert answer(reading(check(feature)), plain) == FLIGHT


def test_checks_are_done_in_their_order_and_steps_have_their_place() -> None:
    hello = flight(replace(PLAIN, session_id=bytes(33), compression_methods=b"\x01", legacy_version=0x0300))
    both = (check("no-null-compression", "alert:decode_error"), check("session-id-over-32"))
    tls_1_2 = {"versions": (0x0300, 0x0301, 0x0303)}
    choose, use = STEPS
    for checks in (both, both[::-1]):
        expected = "decode_error" if checks[0] is both[0] else "internal_error"
        for before, version in (((), "3.3"), ((choose,), "3.3"), ((choose, use), "3.0")):
            table = {"reading": {"checks": [*before, *checks]}}
            assert answer(table, hello, **tls_1_2) == alert(expected, version)
    low = flight(replace(PLAIN, legacy_version=0x0200, compression_methods=b"\x01"))
    assert answer({"reading": {"checks": [STEPS[0], both[0]]}}, low) == alert("protocol_version")
    assert answer({"reading": {"checks": [both[0], STEPS[0]]}}, low) == alert("decode_error")


def test_a_reaction_can_be_a_fault_an_ending_and_say_its_record_version() -> None:
    hello = flight(extended(SESSION_TICKET))
    feature = "extension:session_ticket"
    faulty = {
        **reading(check(feature, "fault:protocol-version")),
        "alerts": {"protocol-version": "access_denied"},
    }
    assert answer(faulty, hello) == alert("access_denied")
    assert answer(reading(check(feature, "fin")), hello) == "nothing; FIN"
    assert answer(reading(check(feature, "reset")), hello) == "nothing; RST"
    assert answer(reading(check(feature, record_version="SSLv3")), hello) == alert("internal_error", "3.0")


@pytest.mark.parametrize(
    ("ri", "expected"), [("00", "open"), ("00ff", "open"), ("01aa", "handshake_failure")]
)
def test_the_check_of_renegotiation_info_is_a_step(ri: str, expected: str) -> None:
    hello = flight(extended(Extension(0xFF01, body(ri))))
    assert expected in answer(reading({"step": "renegotiation-info"}), hello)
    assert "renegotiation_info" not in answer(reading(), hello), "without the step nobody looks"


def test_extensions_may_overrun_their_block() -> None:
    hello = handshake_record(OVERRUNNING)
    strict = reading(check("cut-off:extension-body"))
    lenient = reading(check("cut-off:extension-body"), extensions_may_overrun=True)
    assert answer(strict, hello) == alert("internal_error")
    assert answer(lenient, hello) == FLIGHT


def test_the_last_of_two_extensions_can_count() -> None:
    hello = flight(extended(server_names("bad_name"), server_names("good.name")))
    name = check("host-name-not:[a-z.]+")
    assert answer(reading(name), hello) == alert("internal_error")
    assert answer(reading(name, last_extension_counts=True), hello) == FLIGHT


@pytest.mark.parametrize(
    ("rules", "sent", "expected"),
    [
        ({}, handshake_record(body("10 000002 61")), "nothing; open"),
        ({"message_types": "at-header"}, handshake_record(body("10 000002 61")), alert("unexpected_message")),
        ({}, record(message(PLAIN) + body("63 000001")), FLIGHT),
        (
            {"message_types": "known-in-record", "known_message_types": [1]},
            record(message(PLAIN) + body("63 000001")),
            alert("unexpected_message"),
        ),
        ({"max_message": 40}, flight(PLAIN), alert("decode_error")),
        ({"max_message": 400}, flight(PLAIN), FLIGHT),
    ],
)
def test_messages_are_judged_whole_by_header_or_by_record(
    rules: dict[str, Any], sent: bytes, expected: str
) -> None:
    assert answer(reading(**rules), sent) == expected


def test_records_may_interleave_or_not() -> None:
    wire = message(PLAIN)
    sent = handshake_record(wire[:9]) + alert_record(1, 90) + handshake_record(wire[9:])
    assert answer(reading(), sent) == FLIGHT
    assert answer(reading(records_may_interleave=False), sent) == alert("unexpected_message")


def test_an_sslv2_hello_whose_lengths_are_forgotten() -> None:
    hello = sslv2_flight(replace(SSLV2, session_id=bytes(16)))
    cut = check("cut-off:session_id")
    assert answer(reading(cut), hello) == FLIGHT
    assert answer(reading(cut, sslv2_lengths_forgotten=True), hello) == alert("internal_error")
    assert answer(reading(cut, sslv2_lengths_forgotten=True), sslv2_flight(SSLV2)) == FLIGHT


NOT_TLS = alert("unexpected_message")


@pytest.mark.parametrize(
    ("records", "sent", "expected", "without"),
    [
        ({"max_plaintext": 40}, flight(PLAIN), alert("record_overflow"), FLIGHT),
        ({"max_empty": 0}, handshake_record(b"") + flight(PLAIN), alert("unexpected_message"), FLIGHT),
        ({"max_empty": 1}, handshake_record(b"") + flight(PLAIN), FLIGHT, FLIGHT),
        ({"max_empty": 1}, handshake_record(b"") * 2 + flight(PLAIN), alert("unexpected_message"), FLIGHT),
        (
            {"first_types": ["handshake"]},
            alert_record(1, 90) + flight(PLAIN),
            alert("unexpected_message"),
            FLIGHT,
        ),
        ({"unknown_type": "read"}, b"\x63\x03\x01\x00\x01", "nothing; open", alert("unexpected_message")),
        ({"unknown_type": "read"}, b"\x63\x03\x01\x00\x01x", alert("unexpected_message"), None),
        ({"unknown_type": "sslv2"}, b"\x40\x04\x05abcd", alert("unexpected_message"), None),
        ({"unknown_type": "sslv2"}, b"\x40\x04\x00abcd", alert("decode_error"), NOT_TLS),
        ({"unknown_type": "sslv2"}, b"\x40\x09\x00ab", "nothing; open", alert("unexpected_message")),
        (
            {"fixes_version": True},
            flight(PLAIN) + handshake_record(b"\x10", 0x0303),
            f"{MESSAGES}, fatal protocol_version [3.1] {CHOICE}; FIN",
            FLIGHT,
        ),
    ],
)
def test_record_rules(records: dict[str, Any], sent: bytes, expected: str, without: str | None) -> None:
    assert answer({"records": records}, sent) == expected
    assert answer({}, sent) == (without or expected)


def test_a_fault_can_be_answered_by_silence() -> None:
    garbage = b"\x16\x02\x00\x00\x00"
    assert answer({}, garbage) == alert("protocol_version")
    assert answer({"alerts": {"first-record-version": "fin"}}, garbage) == "nothing; FIN"
    assert answer({"alerts": {"first-record-version": "hang"}}, garbage) == "nothing; open"


def test_the_version_in_the_record_of_an_alert() -> None:
    low = flight(replace(PLAIN, legacy_version=0x0200))
    data = push_record(Record(ContentType.APPLICATION_DATA, 0x0300, b"x"))
    versions = {"alert_record_version": {"protocol-version": "hello", "unexpected-record": "record"}}
    assert answer({}, low) == alert("protocol_version")
    assert answer(versions, low) == alert("protocol_version", "2.0")
    assert answer({}, data) == alert("unexpected_message")
    assert answer(versions, data) == alert("unexpected_message", "3.0")


def test_alerts_that_sslv3_does_not_have_are_replaced() -> None:
    table = {"sslv3_alerts": {"protocol_version": "handshake_failure"}}
    table["alert_record_version"] = {"protocol-version": "hello"}
    for version, name in ((0x0300, "handshake_failure"), (0x0200, "protocol_version")):
        hello = flight(replace(PLAIN, legacy_version=version))
        assert answer(table, hello, versions=(0x0301,)) == alert(name, f"{version >> 8}.0")


@pytest.mark.parametrize(
    ("rule", "fragment", "expected"),
    [
        ({"reply": "fin"}, "015a", "nothing; FIN"),
        ({"reply": "ignore"}, "015a", "nothing; open"),
        ({"reply": "close_notify"}, "015a", "warning close_notify [3.1]; FIN"),
        ({"reply": "alert:access_denied"}, "015a", alert("access_denied")),
        ({"reply": "fault:unexpected-record"}, "015a", alert("unexpected_message")),
        ({"reply": "fin", "levels": ["fatal"]}, "015a", "nothing; open"),
        ({"reply": "fin", "levels": ["warning"]}, "015a", "nothing; FIN"),
        ({"reply": "fin", "levels": [3]}, "035a", "nothing; FIN"),
        ({"reply": "fin", "descriptions": ["close_notify"]}, "015a", "nothing; open"),
        ({"reply": "fin", "descriptions": ["user_canceled"]}, "015a", "nothing; FIN"),
        ({"reply": "alert:access_denied", "malformed": True}, "01", alert("access_denied")),
        ({"reply": "alert:access_denied", "malformed": True}, "015a", "nothing; open"),
    ],
)
def test_received_alerts(rule: dict[str, Any], fragment: str, expected: str) -> None:
    sent = push_record(Record(ContentType.ALERT, 0x0301, body(fragment)))
    assert answer({"received_alert": [rule]}, sent) == expected
    late = answer({"received_alert": [{**rule, "before_hello": True}]}, flight(PLAIN) + sent)
    assert late == answer({}, flight(PLAIN) + sent), "before_hello says nothing of later alerts"


def test_two_bytes_of_alert_records_can_be_an_alert() -> None:
    halves = b"".join(push_record(Record(ContentType.ALERT, 0x0301, half)) for half in (b"\x01", b"\x5a"))
    rules = {"received_alert": [{"reply": "fin"}]}
    assert answer({**rules, "alerts_span_records": True}, halves) == "nothing; FIN"
    assert answer(rules, halves) == alert("decode_error")


@pytest.mark.parametrize(
    ("table", "key", "advice"),
    [
        (
            {"reading": {"checks": [{"features": ["tls"], "reaction": "fin"}]}},
            "checks[0].features",
            "cut-off",
        ),
        ({"reading": {"checks": [{"features": ["extension-block"]}]}}, "checks[0]", "features and reaction"),
        ({"reading": {"checks": [{"step": "guess"}]}}, "checks[0].step", "choose-version"),
        ({"reading": {"checks": [check("body-not:max_fragment_length:u9")]}}, "checks[0].features[0]", "u9"),
        ({"reading": {"checks": [check("host-name-not:(")]}}, "checks[0].features[0]", "regular expression"),
        ({"reading": {"check": []}}, "reading.check", "did you mean checks?"),
        ({"received_alert": [{"reply": "shrug"}]}, "received_alert[0].reply", "close_notify"),
        (
            {"received_alert": [{"replay": "fin"}]},
            "received_alert[0].replay",
            "did you mean reply? (it is required)",
        ),
        ({"alerts": {"decode": "shrug"}}, "alerts.decode", "alert"),
        ({"alert_record_version": {"decode": "mine"}}, "alert_record_version.decode", "hello"),
        ({"ffdhe_groups": ["ffdhe2049"]}, "ffdhe_groups[0]", "ffdhe2048"),
        ({"answered_extension": [{"extension": "1"}]}, "answered_extension[0].extension", "extension"),
        (
            {"answered_extension": [{"extension": "0x01", "body": "0"}]},
            "answered_extension[0].body",
            "is '0': write bytes in hexadecimal, like '80 03 00 00 01'; or write echo",
        ),
    ],
)
def test_a_mistake_is_one_line_with_key_and_advice(table: dict[str, Any], key: str, advice: str) -> None:
    with pytest.raises(EmulationError) as caught:
        read_emulation(table, "x")
    assert key in str(caught.value)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)
