"""What a server chooses and says in its ServerHello beyond the RFCs' rules, in memory."""

from typing import Any

from msgspec.structs import replace

from handshake.crypto.dh_groups import modp_group
from handshake.wire.client_hello import ClientHello, Extension
from tests.servers.emulated.answering import FLIGHT, alert, answer
from tests.servers.emulated.answers import rsa_credential
from tests.servers.emulated.hellos import (
    PLAIN,
    RENEGOTIATION_INFO,
    SESSION_TICKET,
    extended,
    flight,
)

DHE, DH_ANON, ECDHE = 0x0033, 0x0034, 0xC013


def test_answered_extensions_have_their_order_and_bodies() -> None:
    ems, mfl = Extension(23), Extension(1, b"\x02")
    hello = flight(extended(ems, RENEGOTIATION_INFO, mfl))
    rules = [
        {"extension": "max_fragment_length", "body": "echo"},
        {"extension": "extended_master_secret"},
        {"extension": "renegotiation_info"},
        {"extension": "ec_point_formats", "body": "01 00"},
    ]
    said = answer({"answered_extension": rules}, hello)
    assert "extensions max_fragment_length=02 extended_master_secret=empty renegotiation_info=00)" in said
    assert "extensions renegotiation_info=00 extended_master_secret=empty)" in answer({}, hello)
    only_ec = [{"extension": "extended_master_secret", "body": "", "cipher_suites": "TLS_ECDH*"}]
    assert "extensions" in answer({"answered_extension": only_ec}, hello), "what was negotiated is answered"
    only_ec[0]["extension"] = "max_fragment_length"
    assert "extensions" not in answer({"answered_extension": only_ec}, hello)


def test_an_echoed_max_fragment_length_is_obeyed() -> None:
    hello = flight(extended(Extension(1, b"\x01")))
    rules = {"answered_extension": [{"extension": "max_fragment_length", "body": "echo"}]}
    certificate = len(rsa_credential().chain[0])
    assert certificate > 512
    assert " [3.1], Certificate [3.1]" in answer(rules, hello)
    assert answer(rules, hello) != answer({}, hello)


def test_no_session_id_for_some_hellos() -> None:
    table = {"no_session_id_for": ["extension:session_ticket"]}
    assert "session id of 0 bytes" in answer(table, flight(extended(SESSION_TICKET)))
    assert answer(table, flight(PLAIN)) == FLIGHT


def test_supported_versions_is_read_where_it_is_said() -> None:
    hello = flight(extended(Extension(43, bytes.fromhex("04 0304 0303"))))
    assert answer({"supported_versions": True}, hello) == alert("protocol_version")
    assert answer({}, hello) == FLIGHT


def suites(*codes: int, groups: tuple[int, ...] = ()) -> ClientHello:
    named = b"".join(group.to_bytes(2, "big") for group in groups)
    extension = Extension(10, len(named).to_bytes(2, "big") + named)
    return replace(PLAIN, cipher_suites=codes, extensions=(extension,) if groups else None)


def test_dh_groups_by_suite_and_by_what_the_client_names() -> None:
    table: dict[str, Any] = {
        "dh_group": "modp-2048",
        "dh_groups": [{"cipher_suites": "TLS_DH_anon_*", "group": "modp-1024"}],
    }
    both = {"cipher_suites": (DHE, DH_ANON)}
    assert "DHE 1024 bits" in answer(table, flight(suites(DH_ANON)), **both)
    assert f"DHE {modp_group(2048).bits} bits" in answer(table, flight(suites(DHE)), **both)
    table["ffdhe_groups"] = ["ffdhe2048", "ffdhe3072"]
    assert "DHE 3072 bits" in answer(table, flight(suites(DHE, groups=(257, 256))), **both)
    assert "DHE 2048 bits" in answer(table, flight(suites(DHE, groups=(260,))), **both)
    table |= {"ffdhe_required": True, "alerts": {"no-common-dh-group": "insufficient_security"}}
    assert answer(table, flight(suites(DHE, groups=(260,))), **both) == alert("insufficient_security")
    assert "DHE 2048 bits" in answer(table, flight(suites(DHE, groups=(23,))), **both)


def test_groups_have_a_preference_and_names_of_their_own() -> None:
    table: dict[str, Any] = {
        "preference": "server",
        "named_groups": ["secp256r1", "secp384r1"],
        "default_named_group": "secp384r1",
    }
    ec = {"cipher_suites": (ECDHE,)}
    hello = flight(suites(ECDHE, groups=(24, 23)))
    assert "ECDHE secp256r1" in answer(table, hello, **ec)
    assert "ECDHE secp384r1" in answer({**table, "group_preference": "client"}, hello, **ec)
    unknown = flight(suites(ECDHE, groups=(99,)))
    assert answer(table, unknown, **ec) == alert("handshake_failure")
    assert "ECDHE secp384r1" in answer({**table, "known_named_groups": [23, 24, 25]}, unknown, **ec)
    assert answer({**table, "known_named_groups": [23, 99]}, unknown, **ec) == alert("handshake_failure")
