"""A template of a recorded flight is sent as that flight, but for what is made anew."""

import os

import pytest

from clients.profile import load_profiles
from handshake.client.hello import fill_hello
from handshake.features import differences, flight_of, recorded_flight, template_of

PROFILES = load_profiles()


@pytest.mark.parametrize("client", list(PROFILES)[::8])
def test_every_hello_comes_out_again(client: str) -> None:
    for attempt in PROFILES[client].attempts:
        flight = flight_of(attempt.template)
        again = flight_of(template_of(flight))
        assert (again.cipher_suites, again.extension_types) == (flight.cipher_suites, flight.extension_types)
        assert (again.length, again.records, again.segments) == (
            flight.length,
            flight.records,
            flight.segments,
        )
        assert differences(again, flight) == []


def test_a_recorded_hello_keeps_its_bodies() -> None:
    wire = fill_hello(PROFILES["firefox-9"].attempts[0].template, "recorded.example.test", os.urandom).wire
    template = template_of(recorded_flight(wire))
    assert b"recorded.example.test" in b"".join(each.body for each in template.extensions or ())
    assert flight_of(template).length == recorded_flight(wire).length
