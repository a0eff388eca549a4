"""Accepted hellos can be finished, or end in unexpected_message later, as measured."""

import pytest
from msgspec.structs import replace

from handshake.wire.client_hello import ClientHello, Extension, SSLv2ClientHello
from handshake.wire.registry import ExtensionType
from tests.servers.emulated.answers import (
    FIRST_FLIGHTS,
    LEVELS,
    REBUILT_FIRST_FLIGHTS,
    answer_to,
    at_level,
    connection_to,
    measured_server,
)
from tests.servers.emulated.hellos import (
    PLAIN,
    extended,
    flight,
    message,
    record,
    server_names,
    sslv2_flight,
)
from tests.servers.emulated.rsa_client import complete

COMPLETED, UNEXPECTED, REFUSED = "completed", "alert 10", "alert 40"
MEASURED = [
    (level, name, at_level(first_flight["completion"], level))
    for name, first_flight in FIRST_FLIGHTS.items()
    for level in LEVELS
    if at_level(first_flight.get("completion", {}), level) is not None
]
REBUILT = [
    (level, name, at_level(first_flight["completion"], level))
    for name, first_flight in REBUILT_FIRST_FLIGHTS.items()
    for level in LEVELS
]


def outcome(level: str, first_flight: bytes, *, ec: bool = False) -> str:
    return complete(connection_to(measured_server(level, ec=ec)), first_flight)


@pytest.mark.parametrize(("level", "name", "expected"), MEASURED)
def test_completes_as_measured(level: str, name: str, expected: str) -> None:
    assert outcome(level, bytes.fromhex(FIRST_FLIGHTS[name]["hex"])) == expected


@pytest.mark.parametrize(("level", "name", "expected"), REBUILT)
def test_rebuilt_first_flights_end_as_measured(level: str, name: str, expected: str) -> None:
    first_flight = bytes.fromhex(REBUILT_FIRST_FLIGHTS[name]["hex"])
    answer = answer_to(measured_server(level), first_flight)
    if expected == "not accepted":
        assert "server_hello" not in answer
        assert answer["end"] == "FIN"
    elif expected == "accepted":
        assert "server_hello" in answer
    else:
        assert outcome(level, first_flight) == expected


def test_every_kind_of_end_was_measured() -> None:
    assert (len(MEASURED), len(REBUILT)) == (480, 252)
    assert {expected for _, _, expected in MEASURED} == {COMPLETED, UNEXPECTED}
    assert {expected for _, _, expected in REBUILT} == {COMPLETED, UNEXPECTED, "accepted", "not accepted"}


def test_three_bytes_too_many_are_refused_at_once_or_swallow_the_next_message() -> None:
    first_flight = record(message(PLAIN) + b"\x10\x00\x00")
    early, late = (answer_to(f"jsse6@{level}", first_flight) for level in ("6u18", "6u21"))
    assert [entry[0] for entry in early["records"]] == [22, 21]
    assert [entry[0] for entry in late["records"]] == [22]


def test_the_clients_order_decides() -> None:
    def chosen(*suites: int) -> str:
        hello = replace(PLAIN, cipher_suites=suites)
        return str(answer_to(measured_server("6u45"), flight(hello))["server_hello"]["suite"])

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
