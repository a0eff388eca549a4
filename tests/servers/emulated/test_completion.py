"""Accepted hellos can be finished, or end in unexpected_message later, as measured."""

from dataclasses import replace

import pytest

from handshake.wire.client_hello import ClientHello, Extension, SSLv2ClientHello
from handshake.wire.registry import ExtensionType
from tests.servers.emulated.answers import FIRST_FLIGHTS, LEVELS, MEASURED_SETTING, answer_to, connection_to
from tests.servers.emulated.hellos import (
    GROUPS,
    PLAIN,
    POINT_FORMATS,
    RENEGOTIATION_INFO,
    SESSION_TICKET,
    UNKNOWN,
    extended,
    flight,
    message,
    record,
    server_names,
    sslv2_flight,
)
from tests.servers.emulated.rsa_client import complete

COMPLETED, UNEXPECTED, REFUSED = "completed", "alert 10", "alert 40"
OUTCOMES = {
    "completed, request 200 OK": COMPLETED,
    "fatal unexpected_message(10), FIN": UNEXPECTED,
    "not completed: the server had already sent fatal 10 and closed": UNEXPECTED,
}
MEASURED = [
    (level, name, OUTCOMES[result])
    for name, first_flight in FIRST_FLIGHTS.items()
    for level, result in first_flight.get("completion", {}).items()
    if result in OUTCOMES
]


def outcome(level: str, first_flight: bytes) -> str:
    return complete(connection_to(f"jsse6@{level},{MEASURED_SETTING}"), first_flight)


@pytest.mark.parametrize(("level", "name", "expected"), MEASURED)
def test_completes_as_measured(level: str, name: str, expected: str) -> None:
    assert outcome(level, bytes.fromhex(FIRST_FLIGHTS[name]["hex"])) == expected


def test_every_kind_of_end_was_measured() -> None:
    assert len(MEASURED) == 108
    assert {expected for _, _, expected in MEASURED} == {COMPLETED, UNEXPECTED}


NO_COMPRESSION_METHODS = replace(PLAIN, compression_methods=b"")
SSL_3_0 = replace(PLAIN, legacy_version=0x0300)
ECDHE_FIRST = replace(PLAIN, cipher_suites=(0xC013, 0x002F))

# Hellos of the measurements whose bytes are not carried here, made anew from what they are called; what
# became of them is in the data of levels jdk6-b18 and jdk6-b28
# ("handshake_completion_after_accepted_first_flight", names with x_), or in sections 3 and 4 of the research
# note on JSSE. First 6u18, then 6u45.
DESCRIBED = {
    "two host names": (flight(extended(server_names("a.example", "b.example"))), UNEXPECTED, UNEXPECTED),
    "no compression method, extensions": (
        flight(replace(NO_COMPRESSION_METHODS, extensions=(UNKNOWN,))),
        COMPLETED,
        COMPLETED,
    ),
    "no compression method, empty extension block": (
        flight(replace(NO_COMPRESSION_METHODS, extensions=())),
        COMPLETED,
        COMPLETED,
    ),
    "no compression method, no extension block": (flight(NO_COMPRESSION_METHODS), UNEXPECTED, UNEXPECTED),
    "unknown empty extension alone": (flight(extended(UNKNOWN)), COMPLETED, COMPLETED),
    "unknown empty extension twice": (flight(extended(GROUPS, UNKNOWN, UNKNOWN)), COMPLETED, COMPLETED),
    "empty server_name last": (flight(extended(GROUPS, Extension(0))), COMPLETED, COMPLETED),
    "empty supported_groups last": (flight(extended(Extension(10))), UNEXPECTED, UNEXPECTED),
    "empty ec_point_formats last": (flight(extended(GROUPS, Extension(11))), UNEXPECTED, UNEXPECTED),
    "empty status_request last": (flight(extended(Extension(5))), COMPLETED, COMPLETED),
    "empty signature_algorithms last": (flight(extended(Extension(13))), COMPLETED, COMPLETED),
    "next_protocol_negotiation last": (flight(extended(Extension(0x3374))), COMPLETED, COMPLETED),
    "server_name, then empty ticket": (
        flight(extended(server_names("a.example"), SESSION_TICKET)),
        COMPLETED,
        COMPLETED,
    ),
    "padding last": (flight(extended(Extension(ExtensionType.PADDING, bytes(200)))), COMPLETED, COMPLETED),
    "ticket, then renegotiation_info": (
        flight(extended(SESSION_TICKET, RENEGOTIATION_INFO)),
        COMPLETED,
        COMPLETED,
    ),
    "unknown empty extension in SSLv3": (
        flight(replace(SSL_3_0, extensions=(UNKNOWN,))),
        COMPLETED,
        COMPLETED,
    ),
    "renegotiation_info in SSLv3": (
        flight(replace(SSL_3_0, extensions=(RENEGOTIATION_INFO,))),
        COMPLETED,
        COMPLETED,
    ),
    "unknown empty extension split over two records": (
        record(message(extended(UNKNOWN))[:30]) + record(message(extended(UNKNOWN))[30:]),
        COMPLETED,
        COMPLETED,
    ),
    "empty extension, then a message of four bytes": (
        record(message(extended(UNKNOWN)) + bytes(4)),
        UNEXPECTED,
        UNEXPECTED,
    ),
    "HelloRequest behind the hello": (record(message(PLAIN) + bytes(4)), UNEXPECTED, UNEXPECTED),
    "three bytes behind the hello": (record(message(PLAIN) + b"\x10\x00\x00"), UNEXPECTED, UNEXPECTED),
    "ECDHE first, no groups": (flight(ECDHE_FIRST), COMPLETED, COMPLETED),
    "ECDHE first, groups": (
        flight(replace(ECDHE_FIRST, extensions=(GROUPS, POINT_FORMATS))),
        COMPLETED,
        COMPLETED,
    ),
    "TLS 1.2 suites first": (
        flight(replace(PLAIN, legacy_version=0x0303, cipher_suites=(0xC02F, 0x009C, 0x003C, 0x002F))),
        COMPLETED,
        COMPLETED,
    ),
}


@pytest.mark.parametrize("name", DESCRIBED)
@pytest.mark.parametrize("level", LEVELS)
def test_described_hellos_end_as_measured(level: str, name: str) -> None:
    first_flight, *expected = DESCRIBED[name]
    assert outcome(level, first_flight) == expected[LEVELS.index(level)]


def test_three_bytes_too_many_are_refused_at_once_or_swallow_the_next_message() -> None:
    first_flight = record(message(PLAIN) + b"\x10\x00\x00")
    early, late = (answer_to(f"jsse6@{level}", first_flight) for level in LEVELS)
    assert [entry[0] for entry in early["records"]] == [22, 21]
    assert [entry[0] for entry in late["records"]] == [22]


def test_the_clients_order_decides() -> None:
    def chosen(*suites: int) -> str:
        hello = replace(PLAIN, cipher_suites=suites)
        return str(answer_to(f"jsse6@6u45,{MEASURED_SETTING}", flight(hello))["server_hello"]["suite"])

    assert chosen(0x0035, 0x002F) == "0035"
    assert chosen(0x002F, 0x0035) == "002f"
    assert chosen(0x0039, 0x0033, 0x0035) == "0039"
    assert chosen(0x0015) == "0015"


@pytest.mark.parametrize(("suite", "bits"), [(0x0014, 512), (0x0011, None), (0x0016, 768), (0x0013, None)])
def test_dh_prime_fits_the_suite_and_dss_needs_a_dsa_key(suite: int, bits: int | None) -> None:
    answer = answer_to("jsse6@6u45", flight(replace(PLAIN, cipher_suites=(suite,))))
    assert answer.get("server_key_exchange", {}).get("prime_bits") == bits


@pytest.mark.parametrize(("group", "chosen"), [(25, 25), (24, 24), (29, None)])
def test_the_clients_first_curve_is_used_if_there_is_one(group: int, chosen: int | None) -> None:
    groups = Extension(ExtensionType.SUPPORTED_GROUPS, bytes((0, 2, 0, group)))
    hello = replace(PLAIN, cipher_suites=(0xC013,), extensions=(groups,))
    answer = answer_to("jsse6@6u45,ec=yes", flight(hello))
    assert answer.get("server_key_exchange", {}).get("named_curve") == chosen


def test_the_fallback_scsv_is_an_unknown_suite() -> None:
    hello = replace(PLAIN, legacy_version=0x0300, cipher_suites=(0x002F, 0x5600))
    assert answer_to("jsse6@6u45", flight(hello))["server_hello"]["version"] == "3.0"


def test_a_record_of_more_than_33_kb_is_refused() -> None:
    padding = Extension(ExtensionType.PADDING, bytes(32000))
    assert outcome("6u45", flight(extended(padding))) == COMPLETED
    longer = Extension(ExtensionType.PADDING, bytes(34000))
    assert outcome("6u45", flight(extended(longer))) == UNEXPECTED


def only(suite: int) -> ClientHello:
    return replace(PLAIN, cipher_suites=(suite,))


def test_stock_policy_has_no_aes_256() -> None:
    assert answer_to("jsse6@6u45,policy=unlimited", flight(only(0x0035)))["server_hello"]["suite"] == "0035"
    assert answer_to("jsse6@6u45", flight(only(0x0035)))["records"] == [[21, "3.1", ["fatal", 40]]]


def test_stock_provider_has_no_elliptic_curves() -> None:
    assert answer_to("jsse6@6u45,ec=yes", flight(only(0xC013)))["server_hello"]["suite"] == "c013"
    assert answer_to("jsse6@6u45", flight(only(0xC013)))["records"] == [[21, "3.1", ["fatal", 40]]]


@pytest.mark.parametrize("challenge_size", [8, 16, 32, 48])
def test_sslv2_format_challenge_may_be_of_any_length(challenge_size: int) -> None:
    hello = SSLv2ClientHello(0x0301, (0x010080, 0x00002F), b"", bytes(range(challenge_size)))
    assert outcome("6u45", sslv2_flight(hello)) == COMPLETED


def test_sslv2_format_hello_without_a_known_suite_or_a_supported_version_is_refused() -> None:
    assert outcome("6u45", sslv2_flight(SSLv2ClientHello(0x0301, (0x010080,), b"", bytes(16)))) == REFUSED
    assert outcome("6u45", sslv2_flight(SSLv2ClientHello(0x0200, (0x00002F,), b"", bytes(16)))) == REFUSED


def test_server_name_of_a_wrong_length_is_refused() -> None:
    names = server_names("a.example")
    longer = Extension(names.extension_type, b"\x00\xff" + names.body[2:])
    assert outcome("6u45", flight(extended(longer))) == UNEXPECTED
    assert outcome("6u45", flight(extended(names))) == COMPLETED
