"""Answers that an emulated server does not finish, in memory."""

from typing import Any

import pytest

from handshake.wire.registry import ProtocolVersion
from matrix.twin.hellos import wide, with_protocols
from matrix.twin.inquiry import Inquiry
from tests.matrix.twin.memory import Memory, server_of
from tests.servers.emulated.answering import FLIGHT, answer
from tests.servers.emulated.hellos import SESSION_TICKET, extended, flight

HELLO = flight(extended(SESSION_TICKET))
OF_1_3: dict[str, Any] = {"versions": (ProtocolVersion.TLS_1_3,), "cipher_suites": (0x1301,)}


def table(after: str, reaction: str = "fin") -> dict[str, Any]:
    entry = {"features": ["extension:session_ticket"], "reaction": reaction, "after": after}
    return {"intolerance": [entry]}


def test_an_answer_ends_behind_the_message_that_is_named() -> None:
    assert answer(table("server_hello"), HELLO).startswith("ServerHello [3.1] (version 3.1")
    assert answer(table("server_hello"), HELLO).endswith("FIN")
    assert answer(table("certificate"), HELLO).startswith("ServerHello [3.1], Certificate [3.1] (")


def test_an_alert_may_end_it() -> None:
    said = answer(table("certificate", "alert:internal_error"), HELLO)
    assert said.startswith("ServerHello [3.1], Certificate [3.1], fatal internal_error [3.1]")


def test_messages_in_one_record_are_cut_off_alike() -> None:
    said = answer({**table("certificate"), "flight_layout": "one-record"}, HELLO)
    assert said.startswith("ServerHello+Certificate [3.1] (")


def test_another_hello_and_a_message_that_is_not_sent_change_nothing() -> None:
    without = flight(extended())
    assert answer(table("server_hello"), without) == answer({}, without) == FLIGHT
    assert answer(table("server_key_exchange"), HELLO) == answer({}, HELLO)


@pytest.mark.parametrize("after", ["server_hello", "encrypted_extensions", "certificate"])
def test_tls_1_3_is_broken_off_with_the_keys_that_are_due(after: str) -> None:
    feature = "extension:application_layer_protocol_negotiation"
    entry = {"features": [feature], "reaction": "alert:internal_error", "after": after}
    server = server_of({"named_groups": ["x25519"], "intolerance": [entry]}, **OF_1_3)
    hello = wide(ProtocolVersion.TLS_1_3)
    reply = Memory(server).ask(Inquiry(with_protocols(hello, (b"h2",))))
    assert reply.hello is not None
    assert str(reply.failure) == "certificate:alert-internal_error"
    assert Memory(server).ask(Inquiry(hello)).failure is None
