"""The emulated Java 6 and 7 answer each of the 88 first flights as the measured code did, to the record."""

import json
from itertools import pairwise

import pytest

from servers.definition import load_definitions
from servers.variant import parse_server_id
from tests.servers.emulated.answers import (
    ANSWERS,
    FIRST_FLIGHTS,
    FURTHER_FLIGHTS,
    JAVA_7_LEVELS,
    LEVELS,
    VECTORS,
    answer_to,
    at_level,
    measured_server,
    stock_server,
    words_for,
)

SCSV = 0x00FF
DEFAULTS = json.loads((VECTORS / "jsse-defaults.json").read_text())["levels"]


def first_flight(name: str) -> bytes:
    return bytes.fromhex(FIRST_FLIGHTS[name]["hex"])


@pytest.mark.parametrize("name", FIRST_FLIGHTS)
@pytest.mark.parametrize("level", LEVELS)
def test_answer_is_the_measured_one(level: str, name: str) -> None:
    expected = ANSWERS[at_level(FIRST_FLIGHTS[name]["answers"], level)]
    assert answer_to(measured_server(level), first_flight(name)) == expected


@pytest.mark.parametrize("name", FIRST_FLIGHTS)
@pytest.mark.parametrize("level", LEVELS)
def test_answer_with_elliptic_curves_is_the_measured_one(level: str, name: str) -> None:
    flight = FIRST_FLIGHTS[name]
    expected = ANSWERS[at_level(flight.get("ec_provider", flight["answers"]), level)]
    assert answer_to(measured_server(level, ec=True), first_flight(name)) == expected


@pytest.mark.parametrize("name", FIRST_FLIGHTS)
@pytest.mark.parametrize("level", JAVA_7_LEVELS)
def test_answer_in_the_stock_settings_is_the_measured_one(level: str, name: str) -> None:
    flight = FIRST_FLIGHTS[name]
    answer = at_level(flight.get("stock", {}), level) or at_level(flight["answers"], level)
    assert answer_to(stock_server(level), first_flight(name)) == ANSWERS[answer]


@pytest.mark.parametrize("name", FURTHER_FLIGHTS)
def test_answers_at_the_edges_are_the_measured_ones(name: str) -> None:
    flight = FURTHER_FLIGHTS[name]
    data, answer, stock = bytes.fromhex(flight["hex"]), flight["answer"], flight.get("stock", {})
    expected = {level: at_level(answer, level) for level in LEVELS}
    assert {level: words_for(measured_server(level), data) for level in LEVELS} == expected
    expected = {level: at_level(stock, level) or at_level(answer, level) for level in JAVA_7_LEVELS}
    assert {level: words_for(stock_server(level), data) for level in JAVA_7_LEVELS} == expected


def test_levels_differ_exactly_where_they_were_measured_to_differ() -> None:
    def differing(earlier: str, later: str) -> set[str]:
        return {
            name
            for name in FIRST_FLIGHTS
            if answer_to(measured_server(earlier), first_flight(name))
            != answer_to(measured_server(later), first_flight(name))
        }

    def measured(earlier: str, later: str) -> set[str]:
        answers = {name: flight["answers"] for name, flight in FIRST_FLIGHTS.items()}
        return {name for name, by in answers.items() if at_level(by, earlier) != at_level(by, later)}

    steps = {later: (earlier, later) for earlier, later in pairwise(LEVELS)}
    assert {level: differing(*step) for level, step in steps.items()} == {
        level: measured(*step) for level, step in steps.items()
    }
    assert [len(measured(*step)) for step in steps.values()] == [4, 3, 8, 0, 1, 3, 1, 1]


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_declared_is_what_the_code_enables(level: str) -> None:
    def declared(server_id: str) -> tuple[list[int], list[str]]:
        variant = parse_server_id(server_id, load_definitions()).declared()
        versions = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2"}
        protocols = ["SSLv2Hello"] if variant.sslv2_hello else []
        return list(variant.cipher_suites), protocols + [versions[each] for each in variant.versions]

    def measured(key: str) -> list[int]:
        codes = [int(code, 16) for code in DEFAULTS[level][key].split()]
        return [code for code in codes if code != SCSV]

    is_7 = level in JAVA_7_LEVELS
    server = f"jsse7@{level}" if is_7 else f"jsse6@{level}"
    without_curves, with_curves = (",ec=no", "") if is_7 else ("", ",ec=yes")
    stock, protocols = declared(f"{server}{without_curves}")
    assert protocols == DEFAULTS[level].get("stock_protocols", DEFAULTS[level]["protocols"])
    unlimited, _ = declared(f"{server}{without_curves},policy=unlimited")
    with_all, _ = declared(f"{server}{with_curves},policy=unlimited")
    order = sorted if level == "7" else list  # whose list comes in the order of a hash table
    assert order(stock) == order(measured("cipher_suites_limited_policy"))
    assert order(unlimited) == order(measured("cipher_suites"))
    assert order(with_all) == order(measured("cipher_suites_ec"))
