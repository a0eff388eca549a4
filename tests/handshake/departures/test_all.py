"""Every departure, in every version it is for, against our own client: it does something, nothing breaks, and
a client without a table of its own does what the RFCs demand.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from handshake.events import AlertSent, PolicyRefused, Unsupported
from handshake.features import flight_of
from handshake.server.departures.collection import departures
from handshake.server.departures.departure import (
    Demand,
    Departure,
    Duty,
    Scenario,
    must_go_on,
    must_refuse,
)
from handshake.server.steps import Flight
from handshake.wire.registry import AlertDescription, AlertLevel, ProtocolVersion
from tests.handshake.departures.conversations import Conversation, converse, hello_for, hello_without

ALL = departures()
CASES = [
    pytest.param(departure, version, id=f"{name}-{version:04x}")
    for name, departure in ALL.items()
    for version in departure.versions
]
BINDING = (Duty.MUST, Duty.SHOULD)
DEMANDED = [
    pytest.param(departure, version, id=f"{name}-{version:04x}")
    for name, departure in ALL.items()
    for version in departure.versions
    if departure.demand.duty in BINDING
]
DEMANDED_OTHERWISE = [
    pytest.param(departure, version, id=f"{name}-{version:04x}")
    for name, departure in ALL.items()
    for version in departure.versions
    if departure.otherwise is not None
]
NO_OTHER_HELLO = {
    name
    for name in ALL
    if name == "pre-shared-key-not-offered"  # it takes a session to offer one
    or name.startswith(("tls13-server-hello-with-", "encrypted-extensions-with-"))
    or name == "certificate-entry-with-supported-groups"  # TLS 1.3 is not possible without the extension
}
NEEDING_THE_HELLO = [
    pytest.param(departure, version, id=f"{name}-{version:04x}")
    for name, departure in ALL.items()
    for version in departure.versions
    if departure.hello and departure.otherwise is None and name not in NO_OTHER_HELLO
]
NOT_AS_DEMANDED: dict[str, str] = {}
"""What our client does otherwise than the RFCs demand, by name, with the reason."""


def check_demand(departure: Departure, demand: Demand, talk: Conversation) -> None:
    """Hold what our client did against a demand."""
    events = talk.client.events
    sent = [
        each.description for each in events if isinstance(each, AlertSent) and each.level == AlertLevel.FATAL
    ]
    if departure.name in NOT_AS_DEMANDED:
        is_so = talk.is_complete is not demand.refuse and demand.alert in (None, *sent)
        assert not is_so, "it is done: take it off the list"
        return
    assert talk.is_complete is not demand.refuse, (events, talk.server.events)
    assert not [each for each in events if isinstance(each, Unsupported)], events
    if demand.alert is not None:
        assert sent == [demand.alert], events


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

    names = (
        "chooses",
        "agrees",
        "parameters",
        "scheme",
        "delegates",
        "rewrites",
        "leads_in",
        "arranges",
        "asks_again",
    )
    return replace(departure, **{name: spy(name, getattr(departure, name)) for name in names})


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 120
    versions = {version for departure in ALL.values() for version in departure.versions}
    assert versions == set(ProtocolVersion) - {ProtocolVersion.SSL_2_0, ProtocolVersion.SSL_3_0}
    assert {departure.scenario for departure in ALL.values()} == set(Scenario)


def test_names_and_texts_are_well_formed() -> None:
    for name, departure in ALL.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-zA-Z0-9]+)*", name), name
        assert re.match(
            r"(RFC \d{4}|draft-[a-z0-9-]+) (section [\d.]+|appendix [A-Z.\d]+)", departure.demand.section
        ), name
        assert departure.title[0].islower(), name
        assert not departure.title.endswith("."), name


@pytest.mark.parametrize(("departure", "version"), CASES)
def test_it_changes_what_is_sent_and_nothing_breaks(departure: Departure, version: int) -> None:
    changes: list[str] = []
    talk = converse(spied(departure, changes), version)
    assert changes, (departure.name, talk.client.events, talk.server.events)


@pytest.mark.parametrize(("departure", "version"), DEMANDED)
def test_our_client_does_what_the_rfc_demands(departure: Departure, version: int) -> None:
    check_demand(departure, departure.demand, converse(departure, version))


@pytest.mark.parametrize(("departure", "version"), DEMANDED_OTHERWISE)
def test_it_does_so_where_the_hello_has_not_what_the_departure_names(
    departure: Departure, version: int
) -> None:
    assert departure.otherwise is not None
    changes: list[str] = []
    talk = converse(spied(departure, changes), version, hello=hello_without(departure, version))
    assert changes
    check_demand(departure, departure.otherwise, talk)


@pytest.mark.parametrize(("departure", "version"), NEEDING_THE_HELLO)
def test_a_hello_that_gives_no_occasion_meets_no_departure(departure: Departure, version: int) -> None:
    changes: list[str] = []
    hello = hello_without(departure, version)
    settled = replace(departure, scenario=Scenario.CONNECT)  # the hello alone keeps it from showing
    talk = converse(spied(settled, changes), version, hello=hello)
    assert not changes
    assert talk.is_complete, (talk.client.events, talk.server.events)


def test_what_is_demanded_depends_on_the_hello() -> None:
    departure, version = ALL["max-fragment-length-differs"], ProtocolVersion.TLS_1_2
    asking, other = (flight_of(make(departure, version)).hello for make in (hello_for, hello_without))
    assert str(departure.demand_on(asking)) == "MUST refuse: illegal_parameter"
    assert str(departure.demand_on(other)) == "MUST refuse: unsupported_extension"
    plain = ALL["server-hello-unknown-extension"]
    assert plain.demand_on(asking) == plain.demand_on(other) == plain.demand


def test_a_check_that_is_not_met_is_seen() -> None:
    departure = ALL["server-hello-trailing-byte"]
    talk = converse(departure, ProtocolVersion.TLS_1_2)
    check_demand(departure, departure.demand, talk)
    for other in (
        must_go_on("RFC 5246 section 1"),
        must_refuse("RFC 5246 section 1", AlertDescription.ILLEGAL_PARAMETER),
    ):
        with pytest.raises(AssertionError):
            check_demand(departure, other, talk)


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
