"""Each flaw is one: the hello that it is put into has the feature afterwards, and no other flaw before."""

import os

import pytest

from handshake.client.hello import fill_hello
from handshake.errors import Fault
from handshake.features import parse_feature
from handshake.server.first_flight import Arrival, flight_of_message
from handshake.server.lenient_hello import read_lenient_client_hello
from handshake.server.received_hello import ReceivedHello
from handshake.server.strictness import HelloReading
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE
from handshake.wire.record import RECORD_HEADER_SIZE
from handshake.wire.registry import ProtocolVersion
from matrix.twin.flaws import OF_BODIES, OF_THE_FORM, OF_THE_RECORDS, Flaw
from matrix.twin.hellos import wide
from servers.emulated.notation import one_of

SERVER_NAME = "server.example.test"


def hello_for(flaw: Flaw) -> bytes:
    template = wide(ProtocolVersion.TLS_1_3 if flaw.only_in_1_3 else ProtocolVersion.TLS_1_2)
    return fill_hello(template, SERVER_NAME, os.urandom).wire


def has(flaw: Flaw, wire: bytes) -> bool:
    assert flaw.feature is not None
    body = wire[RECORD_HEADER_SIZE + MESSAGE_HEADER_SIZE :]
    received = ReceivedHello(body, read_lenient_client_hello(body, HelloReading()))
    return parse_feature(flaw.feature).present(flight_of_message(received, Arrival(())))


@pytest.mark.parametrize("flaw", [*OF_THE_FORM, *OF_BODIES], ids=lambda flaw: flaw.title)
def test_a_spoiled_hello_has_the_feature_of_its_flaw(flaw: Flaw) -> None:
    wire = hello_for(flaw)
    assert not has(flaw, wire), "else the hello has it anyway"
    assert has(flaw, flaw.spoil(wire))


@pytest.mark.parametrize("flaw", OF_THE_RECORDS, ids=lambda flaw: flaw.title)
def test_what_is_around_a_hello_is_spoiled(flaw: Flaw) -> None:
    assert flaw.spoil(hello_for(flaw)) != hello_for(flaw)[: len(flaw.spoil(hello_for(flaw)))]


@pytest.mark.parametrize("flaw", [*OF_THE_FORM, *OF_BODIES, *OF_THE_RECORDS], ids=lambda flaw: flaw.title)
def test_the_fault_of_a_flaw_is_one_that_has_an_alert(flaw: Flaw) -> None:
    assert one_of(Fault)(flaw.fault) in Fault
