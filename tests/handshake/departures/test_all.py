"""Every departure, in every version it is for, against our own client: it does something, nothing breaks, and
a client goes on where the RFCs have it go on.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from handshake.events import PolicyRefused, Unsupported
from handshake.server.departures.collection import departures
from handshake.server.departures.departure import Departure, Duty, Scenario
from handshake.server.steps import Flight
from handshake.wire.registry import ProtocolVersion
from tests.handshake.departures.conversations import converse

ALL = departures()
CASES = [
    pytest.param(departure, version, id=f"{name}-{version:04x}")
    for name, departure in ALL.items()
    for version in departure.versions
]
TAKEN = [
    pytest.param(departure, version, id=f"{name}-{version:04x}")
    for name, departure in ALL.items()
    for version in departure.versions
    if departure.demand.duty is Duty.MUST and not departure.demand.refuse
]
NOT_TAKEN_BY_US = {
    "alert-in-two-records": "our client reads a record of alerts as one alert (RFC 5246 section 6.2.1)",
    "two-alerts-in-one-record": "the same",
    "tls13-change-cipher-spec-before-server-hello": "our client drops it only once TLS 1.3 is chosen",
}
"""What our client refuses though the RFCs have it go on."""


def spied(departure: Departure, changes: list[str]) -> Departure:
    """The same departure; the hooks that change what they are given write their names down."""

    def spy(name: str, hook: Callable[..., Any]) -> Callable[..., Any]:
        def call(situation: Any, *given: Any) -> Any:
            result = hook(situation, *given)
            match name:
                case "rewrites":
                    is_changed = tuple(result) != (given[0],)
                case "arranges":
                    is_changed = tuple(result) != tuple(given[1])
                case "asks_again" | "leads_in":
                    is_changed = bool(result)
                case _:
                    is_changed = result != given[0]
            if is_changed:
                changes.append(name)
            return result

        return call

    names = ("chooses", "agrees", "parameters", "scheme", "rewrites", "leads_in", "arranges", "asks_again")
    return replace(departure, **{name: spy(name, getattr(departure, name)) for name in names})


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 120
    versions = {version for departure in ALL.values() for version in departure.versions}
    assert versions == set(ProtocolVersion) - {ProtocolVersion.SSL_2_0, ProtocolVersion.SSL_3_0}
    assert {departure.scenario for departure in ALL.values()} == set(Scenario)


def test_names_and_texts_are_well_formed() -> None:
    for name, departure in ALL.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-zA-Z0-9]+)*", name), name
        assert re.match(r"RFC \d{4}( (section [\d.]+|appendix [A-Z.\d]+))", departure.demand.section), name
        assert departure.title[0].islower(), name
        assert not departure.title.endswith("."), name


@pytest.mark.parametrize(("departure", "version"), CASES)
def test_it_changes_what_is_sent_and_nothing_breaks(departure: Departure, version: int) -> None:
    changes: list[str] = []
    talk = converse(spied(departure, changes), version)
    assert changes, (departure.name, talk.client.events, talk.server.events)


@pytest.mark.parametrize(("departure", "version"), TAKEN)
def test_our_client_goes_on_where_the_rfc_has_it_go_on(departure: Departure, version: int) -> None:
    talk = converse(departure, version)
    if departure.name in NOT_TAKEN_BY_US:
        assert not talk.is_complete, "it is taken: take it off the list"
        return
    assert talk.is_complete, (talk.client.events, talk.server.events)


def test_without_a_departure_everybody_goes_on() -> None:
    plain = Departure("none", "does nothing", (), next(iter(ALL.values())).demand)
    for version in (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3):
        for scenario in Scenario:
            changes: list[str] = []
            talk = converse(spied(replace(plain, scenario=scenario), changes), version)
            assert talk.is_complete, (talk.client.events, talk.server.events)
            assert not changes
            kinds = (PolicyRefused, Unsupported)
            assert not [event for event in talk.client.events if isinstance(event, kinds)]


def test_a_departure_of_another_version_does_nothing() -> None:
    for departure in ALL.values():
        if departure.versions == (ProtocolVersion.TLS_1_3,):
            changes: list[str] = []
            talk = converse(spied(replace(departure, hello=""), changes), ProtocolVersion.TLS_1_2)
            assert talk.is_complete
            assert not changes
            return
    raise AssertionError("there is one for TLS 1.3 alone")


def test_the_flights_are_all_offered() -> None:
    seen: set[Flight] = set()

    def note(_: Any, flight: Flight, steps: Any) -> Any:
        seen.add(flight)
        return steps

    plain = ALL["hello-request-twice"]
    converse(replace(plain, arranges=note), ProtocolVersion.TLS_1_2)
    retry = ALL["retry-without-need"]
    converse(replace(retry, arranges=note), ProtocolVersion.TLS_1_3)
    assert seen == set(Flight) - {Flight.KEY_UPDATE, Flight.CERTIFICATE_REQUEST}
