"""In what servers of today differ from the usual way, each as a field of the configuration; in memory."""

from typing import Any

import pytest

from handshake.features.edits import insert
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.registry import ExtensionType, NamedGroup, ProtocolVersion
from matrix.twin.hellos import wide, with_groups, with_protocols, with_shares, with_suites, without
from matrix.twin.inquiry import Inquiry, Manner
from matrix.twin.reply import Reply
from tests.matrix.twin.memory import Memory, server_of

V = ProtocolVersion
ECDSA, ECDHE_RSA, RSA = 0xC02B, 0xC02F, 0x009C
GROUPS = {"named_groups": ["x25519", "secp256r1"]}


def reply(table: dict[str, Any], hello: HelloTemplate, **declared: Any) -> Reply:
    facts = {"versions": (V.TLS_1_2, V.TLS_1_3), "cipher_suites": (0x1301, 0x1302, ECDSA, ECDHE_RSA, RSA)}
    server = server_of({**GROUPS, **table}, **{**facts, **declared})
    return Memory(server).ask(Inquiry(hello))


@pytest.mark.parametrize(("preference", "chosen"), [("client", 0x1302), ("server", 0x1301)])
def test_the_order_of_suites_may_be_another_in_tls_1_3(preference: str, chosen: int) -> None:
    hello = wide(V.TLS_1_3, (0x1302, 0x1301))
    assert reply({"preference_in_tls13": preference}, hello).suite == chosen
    below = wide(V.TLS_1_2, (RSA, ECDHE_RSA))
    assert reply({"preference_in_tls13": preference}, below).suite == ECDHE_RSA


@pytest.mark.parametrize(
    ("preference", "chosen"), [("client", NamedGroup.SECP256R1), ("server", NamedGroup.X25519)]
)
def test_the_order_of_groups_may_be_another_in_tls_1_3(preference: str, chosen: int) -> None:
    other_way = (NamedGroup.SECP256R1, NamedGroup.X25519)
    hello = with_shares(with_groups(wide(V.TLS_1_3), other_way), other_way)
    assert reply({"group_preference_in_tls13": preference}, hello).group == chosen
    below = with_groups(wide(V.TLS_1_2, (ECDHE_RSA,)), other_way)
    assert reply({"group_preference_in_tls13": preference}, below).group == NamedGroup.X25519


def test_a_certificates_curve_need_not_be_named_where_nobody_looks() -> None:
    hello = with_groups(wide(V.TLS_1_2, (ECDSA, RSA)), (NamedGroup.X25519,))
    both = {"certificates": ("rsa", "ecdsa")}
    assert reply({}, hello, **both).suite == RSA
    assert reply({"checks_certificate_curve": False}, hello, **both).suite == ECDSA
    reading = {"reading": {"checks": [{"step": "renegotiation-info"}]}}
    assert reply(reading, hello, **both).suite == ECDSA
    assert reply({**reading, "checks_certificate_curve": True}, hello, **both).suite == RSA


def test_a_hello_without_schemes_may_be_answered_with_one_that_it_does_not_stand_for() -> None:
    schemes = {"signature_schemes": ["rsa_pkcs1_sha256"]}
    hello = without(wide(V.TLS_1_2, (ECDHE_RSA,)), ExtensionType.SIGNATURE_ALGORITHMS)
    assert str(reply(schemes, hello).refusal) == "alert-handshake_failure"
    assert reply({**schemes, "signs_unasked": True}, hello).scheme == 0x0401


def test_application_protocols_without_one_in_common_may_be_ignored() -> None:
    hello = with_protocols(wide(V.TLS_1_2, (RSA,)), (b"other/1",))
    known = {"application_protocols": ("http/1.1",)}
    assert str(reply({}, hello, **known).refusal) == "alert-no_application_protocol"
    assert reply({"no_common_application_protocol": "ignored"}, hello, **known).failure is None


def resumed(manner: Manner, hello: HelloTemplate, **declared: Any) -> bool:
    facts = {"versions": (V.TLS_1_2, V.TLS_1_3), "cipher_suites": (0x1301, RSA)}
    server = server_of(GROUPS, **facts, **declared)
    return Memory(server).ask(Inquiry(hello, manner)).is_resumed


def test_tickets_may_be_for_tls_1_3_alone() -> None:
    ticket = ExtensionTemplate(ExtensionType.SESSION_TICKET)
    below, in_1_3 = insert(wide(V.TLS_1_2, (RSA,)), ticket), wide(V.TLS_1_3)
    for ways, expected in (
        (("ticket",), (True, True)),
        (("ticket-in-tls13",), (False, True)),
        (("session-id",), (False, False)),
    ):
        found = tuple(resumed(Manner.RESUME_BY_TICKET, each, resumption=ways) for each in (below, in_1_3))
        assert found == expected


def test_sessions_may_be_forgotten() -> None:
    hello = wide(V.TLS_1_2, (RSA,))
    assert resumed(Manner.RESUME_BY_ID, hello)
    assert not resumed(Manner.RESUME_BY_ID, hello, forgets_sessions=True)


def test_suites_of_both_kinds_are_there_to_be_told_apart() -> None:
    """The control of the orders above: what is not offered is not chosen."""
    assert reply({}, with_suites(wide(V.TLS_1_2), (RSA,))).suite == RSA
