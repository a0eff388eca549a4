"""What the questions find out of servers whose every behaviour is known: emulated ones, in memory."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from clients.profile import load_profiles
from handshake.features import parse_feature
from handshake.server import Preference, ServerConfiguration
from handshake.wire.cipher_suites import parse_cipher_suite
from handshake.wire.registry import ProtocolVersion
from matrix.judgement.judge import outcome_of
from matrix.twin.draft import Draft
from matrix.twin.hellos import wide
from matrix.twin.questions import QUESTIONS
from servers.declared import DeclaredRenegotiation
from servers.definition import load_definitions
from servers.emulated.server import EmulatedServer
from servers.variant import parse_server_id
from tests.matrix.twin.memory import Memory, configuration_of, learned, server_of, server_of_variant, twin_of

DEFINITIONS = load_definitions()
FIDELITY = Path(__file__).parents[3] / "bench" / "fidelity" / "servers"
EMULATED = (
    "reference@rfc",
    "jsse6@6u45",
    "jsse7@7u85",
    "webmethods-8.0.1@core-fix-19",
)
TLS_1_2 = {
    "versions": (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_2),
    "cipher_suites": tuple(
        map(
            parse_cipher_suite,
            (
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
                "TLS_RSA_WITH_AES_256_CBC_SHA",
                "TLS_RSA_WITH_AES_128_CBC_SHA",
            ),
        )
    ),
}
TABLE = {
    "named_groups": ["secp384r1", "secp256r1", "x25519"],
    "default_named_group": "secp384r1",
    "dh_group": "modp-1536",
}
PROFILES = load_profiles()
SOME = sorted(PROFILES)[::5]
"""Every fifth client: all are for the real servers."""


def row(server: EmulatedServer) -> dict[str, tuple[str, str]]:
    """What becomes of each client."""
    memory = Memory(server)
    found = {name: outcome_of(memory.connect(PROFILES[name].player)) for name in SOME}
    return {name: (outcome.value, str(reason)) for name, (outcome, reason) in found.items()}


@pytest.mark.parametrize("server_id", EMULATED)
def test_the_twin_of_an_emulated_server_has_its_row(server_id: str, tmp_path: Path) -> None:
    server = server_of_variant(parse_server_id(server_id, DEFINITIONS))
    draft, asked = learned(server)
    twin = row(twin_of(draft, tmp_path))
    expected = row(server)
    different = {name: (expected[name], twin[name]) for name in SOME if expected[name] != twin[name]}
    if server_id.startswith("webmethods"):  # its intolerance is one of either of two, which its row explains
        assert {cell[0][1] for cell in different.values()} <= {"server-hello:alert-unexpected_message"}
    else:
        assert different == {}
    assert asked < 300


@pytest.mark.parametrize("name", ["openssl-3.0-emulated@3.0", "tlslite-emulated@0.8.2", "jsse17-emulated@17"])
def test_the_twin_of_an_emulated_stack_has_its_row(name: str, tmp_path: Path) -> None:
    server = server_of_variant(parse_server_id(name, load_definitions((FIDELITY,))))
    draft, _ = learned(server)
    assert row(twin_of(draft, tmp_path)) == row(server)


def test_a_row_differs_where_the_servers_do() -> None:
    """The control of the two above."""
    server = server_of_variant(parse_server_id("reference@rfc", DEFINITIONS))
    only_13 = dataclasses.replace(server.configuration, versions=(ProtocolVersion.TLS_1_3,))
    other = structs.replace(server, configuration=only_13)
    assert row(server) != row(other)


def found(folder: Path, emulation: dict[str, Any] | None = None, **declared: Any) -> ServerConfiguration:
    server = server_of({**TABLE, **(emulation or {})}, **{**TLS_1_2, **declared})
    draft, _ = learned(server)
    return configuration_of(draft, folder)


def test_versions_suites_and_groups_are_those_of_the_server(tmp_path: Path) -> None:
    made = found(tmp_path)
    assert set(made.versions) == set(TLS_1_2["versions"])
    assert made.cipher_suites == TLS_1_2["cipher_suites"]
    assert made.preference is Preference.SERVER
    assert made.named_groups == (24, 23, 29)
    assert made.default_named_group == 24
    assert made.dh_group is not None
    assert made.dh_group.bits == 1536
    assert not made.sslv2_hello


@pytest.mark.parametrize("preference", list(Preference))
def test_whose_order_decides_is_found(preference: Preference, tmp_path: Path) -> None:
    assert found(tmp_path, {"preference": preference.value}).preference is preference


@pytest.mark.parametrize("preference", list(Preference))
def test_whose_order_of_groups_decides_is_found(preference: Preference, tmp_path: Path) -> None:
    made = found(tmp_path, {"group_preference": preference.value})
    assert made.whose_groups(ProtocolVersion.TLS_1_2) is preference


@pytest.mark.long(but=["*dh_group*ffdhe2048*", "*encrypt_then_mac*", "*session_id_length*16*"])
@pytest.mark.parametrize(
    ("table", "attribute"),
    [
        ({"session_id_length": 16}, "session_id_length"),
        ({"session_id_length": 0}, "session_id_length"),
        ({"extended_master_secret": False}, "extended_master_secret"),
        ({"encrypt_then_mac": False}, "encrypt_then_mac"),
        ({"renegotiation_info": False}, "renegotiation_info"),
        ({"fallback_scsv": False}, "fallback_scsv"),
        ({"flight_layout": "one-record"}, "flight_layout"),
        ({"random_begins_with": "gmt_unix_time"}, "random_begins_with"),
        ({"signature_schemes": ["rsa_pkcs1_sha256", "rsa_pkcs1_sha1"]}, "signature_schemes"),
        ({"record_size_limit": 4096}, "record_size_limit"),
        ({"supported_versions": True}, "supported_versions"),
        ({"dh_group": "ffdhe2048"}, "dh_group"),
        ({"dh_group": "jsse-1024"}, "dh_group"),
        ({"ffdhe_groups": ["ffdhe3072", "ffdhe2048"], "ffdhe_required": True}, "ffdhe_required"),
    ],
    ids=str,
)
def test_a_quirk_of_the_server_is_found(table: dict[str, Any], attribute: str, tmp_path: Path) -> None:
    server = server_of({**TABLE, **table}, **TLS_1_2)
    made = found(tmp_path, table)
    assert getattr(made, attribute) == getattr(server.configuration, attribute)
    assert getattr(made, attribute) != getattr(found(tmp_path), attribute), "else it shows nothing"


@pytest.mark.long(but=["not-tls-reset", "inappropriate-fallback-handshake_failure"])
@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("protocol-version", "handshake_failure"),
        ("no-common-cipher-suite", "insufficient_security"),
        ("no-common-cipher-suite", "fin"),
        ("not-tls", "reset"),
        ("decode", "illegal_parameter"),
        ("illegal-parameter", "decode_error"),
        ("renegotiation-info", "illegal_parameter"),
        ("inappropriate-fallback", "handshake_failure"),
        ("unexpected-message", "internal_error"),
        ("no-common-cipher-suite", "hang"),
    ],
)
def test_the_answer_to_a_fault_is_found(fault: str, word: str, tmp_path: Path) -> None:
    server = server_of({**TABLE, "alerts": {fault: word}}, **TLS_1_2)
    draft, _ = learned(server)
    assert draft.alert(fault) == word
    assert learned(server_of(TABLE, **TLS_1_2))[0].alert(fault) != word
    assert configuration_of(draft, tmp_path).alerts == {
        **configuration_of(draft, tmp_path).alerts,
        **server.configuration.alerts,
    }


@pytest.mark.parametrize(
    ("declared", "attribute", "value"),
    [
        ({"resumption": ("session-id", "ticket")}, "tickets", True),
        ({"resumption": ("session-id",)}, "tickets", False),
        ({"forgets_sessions": True}, "keeps_sessions", False),
        ({"sslv2_hello": True}, "sslv2_hello", True),
        ({"application_protocols": ("http/1.1",)}, "application_protocols", (b"http/1.1",)),
    ],
    ids=str,
)
def test_what_the_server_declares_is_found(
    declared: dict[str, Any], attribute: str, value: object, tmp_path: Path
) -> None:
    assert getattr(found(tmp_path, **declared), attribute) == value


@pytest.mark.long(but=["reset-compression-method:deflate", "alert:unexpected_message-record-count:2"])
@pytest.mark.parametrize(
    "feature",
    [
        "hello-length:600..",
        "grease:group",
        "record-count:2",
        "compression-method:deflate",
        "extension:padding",
        "extension:0xfe77",
        "version-from:TLSv1.3",
        "extension:session_ticket",
    ],
)
@pytest.mark.parametrize("reaction", ["reset", "alert:unexpected_message"])
def test_what_the_server_minds_is_found(feature: str, reaction: str, tmp_path: Path) -> None:
    entry = {"features": [feature], "reaction": reaction}
    draft, _ = learned(server_of({**TABLE, "intolerance": [entry]}, **TLS_1_2))
    minded = {
        each: entry["reaction"] for entry in draft.emulation["intolerance"] for each in entry["features"]
    }
    assert minded.get(feature) == reaction
    assert feature not in str(learned(server_of(TABLE, **TLS_1_2))[0].emulation.get("intolerance"))


def test_a_server_that_refuses_the_wide_hello_is_asked_with_narrower_ones(tmp_path: Path) -> None:
    entry = {"features": ["hello-length:200.."], "reaction": "reset"}
    draft, _ = learned(server_of({**TABLE, "intolerance": [entry]}, **TLS_1_2))
    made = configuration_of(draft, tmp_path)
    assert set(made.cipher_suites) == set(TLS_1_2["cipher_suites"])
    assert "hello-length:200.." in {str(feature) for each in made.intolerances for feature in each.features}


def test_a_server_that_asks_for_a_certificate_is_told_from_one_that_wants_one() -> None:
    for wanted in ("no", "request", "require"):
        draft, _ = learned(server_of(TABLE, **TLS_1_2, client_certificate=wanted))
        assert draft.declared.get("client_certificate", "no") == wanted


@pytest.mark.parametrize(("allowed", "initiated"), [("secure", True), ("legacy", True), ("secure", False)])
def test_whether_clients_may_renegotiate_is_found(allowed: str, initiated: bool) -> None:
    rules = DeclaredRenegotiation(allowed=allowed, client_initiated=initiated)  # type: ignore[arg-type]
    draft, _ = learned(server_of(TABLE, **TLS_1_2, renegotiation=rules))
    assert draft.declared["renegotiation"]["allowed"] == allowed
    assert draft.declared["renegotiation"].get("client_initiated", True) == initiated


def test_a_server_that_refuses_everything_is_not_known() -> None:
    entry = {"features": ["not extension:0xfe99"], "reaction": "fin"}
    server = server_of({**TABLE, "intolerance": [entry]}, **TLS_1_2)
    draft = Draft()
    Memory(server).hold(QUESTIONS[0].ask(draft))
    assert draft.hellos == {}


def test_a_hello_of_a_client_stands_in_where_no_other_gets_through() -> None:
    entry = {"features": ["not extension:0xfe99"], "reaction": "fin"}
    server = server_of({**TABLE, "intolerance": [entry]}, **TLS_1_2)
    hello = parse_feature("extension:0xfe99").with_(wide(ProtocolVersion.TLS_1_2))
    draft = Draft(candidates=(wide(ProtocolVersion.TLS_1_2), hello))
    Memory(server).hold(QUESTIONS[0].ask(draft))
    assert draft.hellos == {ProtocolVersion.TLS_1_2: hello}
    assert "hellos" in draft.notes[0]
