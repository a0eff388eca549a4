"""The emulated Java 6 answers each of the 88 first flights as the measured code did, to the record."""

from typing import Any

import pytest

from tests.servers.emulated.answers import FIRST_FLIGHTS, LEVELS, MEASURED_SETTING, answer_to


@pytest.mark.parametrize("name", FIRST_FLIGHTS)
@pytest.mark.parametrize("level", LEVELS)
def test_answer_is_the_measured_one(level: str, name: str) -> None:
    flight = FIRST_FLIGHTS[name]
    assert (
        answer_to(f"jsse6@{level},{MEASURED_SETTING}", bytes.fromhex(flight["hex"]))
        == flight["answers"][level]
    )


@pytest.mark.parametrize("name", FIRST_FLIGHTS)
@pytest.mark.parametrize("level", LEVELS)
def test_answer_with_elliptic_curves_is_the_measured_one(level: str, name: str) -> None:
    flight = FIRST_FLIGHTS[name]
    expected = flight.get("ec_provider", {}).get(level, flight["answers"][level])
    assert answer_to(f"jsse6@{level},ec=yes,{MEASURED_SETTING}", bytes.fromhex(flight["hex"])) == expected


def test_levels_differ_exactly_where_they_were_measured_to_differ() -> None:
    def differing(answers: dict[str, dict[str, Any]]) -> set[str]:
        return {name for name, by_level in answers.items() if by_level["6u18"] != by_level["6u45"]}

    measured = {name: flight["answers"] for name, flight in FIRST_FLIGHTS.items()}
    emulated = {
        name: {
            level: answer_to(f"jsse6@{level},{MEASURED_SETTING}", bytes.fromhex(flight["hex"]))
            for level in LEVELS
        }
        for name, flight in FIRST_FLIGHTS.items()
    }
    assert differing(emulated) == differing(measured)
    assert len(differing(measured)) == 12
