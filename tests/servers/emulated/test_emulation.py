"""The [emulation] table: what can be said in it, and what is said to whoever gets it wrong."""

from dataclasses import replace
from typing import Any

import pytest

from handshake.alerts import RFC_ALERTS, answer_to
from handshake.crypto.dh_groups import JSSE_DH_GROUPS
from handshake.errors import Fault
from handshake.features import parse_feature
from handshake.hello_random import Beginning
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server import (
    ClientCertificate,
    Ending,
    FlightLayout,
    Intolerance,
    MessageOrder,
    Preference,
    Reaction,
    RenegotiationRules,
    ServerConfiguration,
    StreamParsing,
)
from handshake.server.departures.collection import departures
from handshake.server.departures.departure import Scenario
from handshake.wire.messages import Alert
from handshake.wire.record import RecordRules, UnknownType
from handshake.wire.registry import AlertDescription
from servers.declared import Declared, DeclaredRenegotiation
from servers.definition import BUNDLED_SERVERS, load_definitions
from servers.emulated.emulation import EmulationError, read_emulation, server_configuration
from servers.variant import expand, parse_server_id
from tests.servers.emulated.answers import configuration_of, rsa_credential

DECLARED = Declared(versions=(0x0300, 0x0301), cipher_suites=(0x002F,), sslv2_hello=True)


def test_an_empty_table_is_a_server_as_the_rfcs_want_it() -> None:
    configuration = server_configuration(DECLARED, read_emulation({}, "x"), {"rsa": rsa_credential()})
    assert configuration == ServerConfiguration(
        versions=DECLARED.versions,
        cipher_suites=DECLARED.cipher_suites,
        credentials={"rsa": rsa_credential()},
    )
    assert {answer_to(fault, configuration.alerts) for fault in Fault} == set(RFC_ALERTS.values())


@pytest.mark.parametrize(
    ("alerts", "answers"),
    [
        ({}, (50, 50)),
        ({"decode": "unexpected_message"}, (10, 10)),
        ({"decode": "fin"}, (Ending.FIN, Ending.FIN)),
        ({"message-length": "fin"}, (50, Ending.FIN)),
        ({"decode": "fin", "message-length": "record_overflow"}, (Ending.FIN, 22)),
    ],
)
def test_a_finer_fault_is_answered_like_its_coarser_one_unless_it_is_named(
    alerts: dict[str, str], answers: tuple[int | Ending, int | Ending]
) -> None:
    configuration = server_configuration(DECLARED, read_emulation({"alerts": alerts}, "x"), {})
    faults = (Fault.DECODE, Fault.MESSAGE_LENGTH)
    assert tuple(answer_to(fault, configuration.alerts) for fault in faults) == answers


def test_renegotiation_is_made_of_what_is_declared_and_of_quirks() -> None:
    declared = DeclaredRenegotiation(
        allowed="legacy",
        client_initiated=False,
        legacy_hello=False,
        refusal="alert:handshake_failure",
        refusal_in_sslv3="none",
    )
    quirks = ("signals_first", "tolerates_missing_info", "ignores_scsv", "answers_at_once")
    emulation = read_emulation({"renegotiation": dict.fromkeys(quirks, True)}, "x")
    configuration = server_configuration(
        replace(DECLARED, renegotiation=declared), emulation, {"rsa": rsa_credential()}
    )
    assert configuration.renegotiation == RenegotiationRules(
        allowed=Renegotiation.LEGACY,
        client_initiated=False,
        legacy_hello=False,
        refusal=Alert(2, 40),
        refusal_in_sslv3=None,
        signals_first=True,
        tolerates_missing_info=True,
        ignores_scsv=True,
        answers_at_once=True,
    )


TABLE: dict[str, Any] = {
    "preference": "client",
    "named_groups": ["secp384r1", "x25519"],
    "default_named_group": "secp256r1",
    "dh_group": "jsse-768",
    "export_dh_group": "jsse-512",
    "sslv2_refusal": "80 03 00 00 01",
    "signature_schemes": ["rsa_pkcs1_sha256", "rsa_pkcs1_md5"],
    "session_id_length": 0,
    "random_begins_with": "gmt_unix_time",
    "session_id_begins_with": "gmt_unix_time",
    "renegotiation_info": False,
    "fallback_scsv": False,
    "extended_master_secret": False,
    "encrypt_then_mac": False,
    "flight_layout": "one-record",
    "records": {
        "max_fragment": 33000,
        "any_version": True,
        "signed_major": True,
        "unknown_type": "ignored",
        "first_types": ["handshake"],
    },
    "alerts": {"decode": "unexpected_message"},
    "alert_version": "SSLv3",
    "parsing": {
        "renegotiation_info": False,
        "signature_algorithms": True,
        "partial_header_fails": True,
        "list_length_per_server_name": True,
        "implicit_public_value_fails": True,
        "long_secret_fails": True,
    },
    "message_order": "increasing",
    "ignores_warnings": False,
    "renegotiation": {"signals_first": True},
    "record_splitting": "1/n-1",
    "intolerance": [
        {"features": ["extension:server_name"], "reaction": "alert:unexpected_message"},
        {"features": ["extension-block", "extension:0x7777"], "reaction": "hang"},
    ],
}


def test_keys_of_every_kind_reach_the_configuration() -> None:
    configuration = server_configuration(DECLARED, read_emulation(TABLE, "x"), {"rsa": rsa_credential()})
    assert configuration.preference is Preference.CLIENT
    assert configuration.named_groups == (24, 29)
    assert configuration.default_named_group == 23
    assert configuration.dh_group == JSSE_DH_GROUPS[768]
    assert configuration.export_dh_group == JSSE_DH_GROUPS[512]
    assert configuration.sslv2_refusal == b"\x80\x03\x00\x00\x01"
    assert configuration.signature_schemes == (0x0401, 0x0101)
    assert configuration.session_id_length == 0
    assert configuration.random_begins_with is Beginning.GMT_UNIX_TIME
    assert configuration.session_id_begins_with is Beginning.GMT_UNIX_TIME
    assert not configuration.renegotiation_info
    assert not configuration.fallback_scsv
    assert not configuration.extended_master_secret
    assert not configuration.encrypt_then_mac
    assert configuration.flight_layout is FlightLayout.ONE_RECORD
    assert configuration.records == RecordRules(
        33000,
        any_version=True,
        signed_major=True,
        unknown_type=UnknownType.IGNORED,
        first_types=frozenset({22}),
    )
    assert configuration.alerts == {Fault.DECODE: AlertDescription.UNEXPECTED_MESSAGE}
    assert configuration.alert_version == 0x0300
    assert configuration.parsing == StreamParsing(
        renegotiation_info=False,
        signature_algorithms=True,
        partial_header_fails=True,
        list_length_per_server_name=True,
        implicit_public_value_fails=True,
        long_secret_fails=True,
    )
    assert configuration.message_order is MessageOrder.INCREASING
    assert not configuration.ignores_warnings
    assert configuration.record_splitting is RecordSplitting.ONE_REST
    assert configuration.intolerances == (
        Intolerance((parse_feature("extension:server_name"),), Reaction(AlertDescription.UNEXPECTED_MESSAGE)),
        Intolerance(
            (parse_feature("extension-block"), parse_feature("extension:0x7777")),
            Reaction(ending=Ending.HANG),
        ),
    )


def test_every_mistake_is_told() -> None:
    table = {"preferance": "client", "intolerance": [{"features": ["tls"], "reaction": "rst"}], "alerts": 1}
    with pytest.raises(EmulationError) as caught:
        read_emulation(table, "x")
    assert [line.split(": ")[1] for line in caught.value.lines] == [
        "emulation.preferance",
        "emulation.alerts",
        "emulation.intolerance[0].features[0]",
        "emulation.intolerance[0].reaction",
    ]
    assert table["preferance"] == "client", "the caller's table is left as it is"


@pytest.mark.parametrize(
    ("table", "key", "advice"),
    [
        ({"preferance": "client"}, "preferance", "preference"),
        ({"preference": "clients"}, "preference", "did you mean client?"),
        ({"named_groups": ["secp256r2"]}, "named_groups[0]", "secp256r1"),
        ({"named_groups": ["sect571k1"]}, "named_groups[0]", "no key exchange"),
        ({"dh_group": "jsse-769"}, "dh_group", "jsse-768"),
        ({"dh_group": "modp-7"}, "dh_group", "jsse-768"),
        ({"sslv2_refusal": "80 0"}, "sslv2_refusal", "hexadecimal"),
        ({"signature_schemes": ["rsa_pkcs1_sha255"]}, "signature_schemes[0]", "rsa_pkcs1_sha256"),
        ({"signature_schemes": []}, "signature_schemes", "at least 1"),
        ({"session_id_length": 33}, "session_id_length", "32"),
        ({"session_id_length": "32"}, "session_id_length", "whole number"),
        ({"renegotiation_info": "no"}, "renegotiation_info", "true or false"),
        ({"alerts": {"decoding": "decode_error"}}, "alerts.decoding", "decode"),
        ({"alerts": {"decode": "unexpected_massage"}}, "alerts.decode", "unexpected_message"),
        ({"records": {"max": 1}}, "records.max", "max_fragment"),
        ({"parsing": {"x": True}}, "parsing.x", "partial_header_fails"),
        ({"intolerance": [{"features": [], "reaction": "fin"}]}, "intolerance[0].features", "at least 1"),
        (
            {"intolerance": [{"features": ["tls"], "reaction": "fin"}]},
            "intolerance[0].features[0]",
            "extension-block",
        ),
        (
            {"intolerance": [{"features": ["extension-block"], "reaction": "rst"}]},
            "intolerance[0].reaction",
            "reset",
        ),
        (
            {"intolerance": [{"features": ["extension-block"]}]},
            "intolerance[0].reaction",
            "is missing: add it",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_advice(table: dict[str, Any], key: str, advice: str) -> None:
    with pytest.raises(EmulationError) as caught:
        read_emulation(table, "my/server.toml (1.0)")
    message = str(caught.value)
    assert message.startswith(f"my/server.toml (1.0): emulation.{key}: ")
    assert advice in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "server_id",
    [
        variant.id
        for definition in load_definitions().values()
        if definition.kind == "emulated"
        for variant in expand(definition)
        if not variant.is_only_observed
    ],
)
def test_every_bundled_emulated_server_can_be_played(server_id: str) -> None:
    configuration = configuration_of(server_id)
    assert configuration.cipher_suites
    assert configuration.credentials
    declared = parse_server_id(server_id, load_definitions()).declared()
    group = configuration.dh_group
    assert declared.dh_prime_bits == (group.bits if group is not None else None)


def test_every_departure_can_be_played_and_keeps_its_versions() -> None:
    variants = [each for each in expand(load_definitions()["reference"]) if each.departs]
    assert len(variants) == len(departures())
    for variant in variants:
        emulation = read_emulation(variant.emulation(), "reference/server.toml")
        configured = server_configuration(variant.declared(), emulation, {})
        (departure,) = configured.departures
        assert variant.toggles["departure"] == departure.name
        assert configured.versions == departure.versions
        is_asked = departure.scenario is Scenario.CLIENT_CERTIFICATE
        assert (configured.client_certificate is ClientCertificate.REQUEST) == is_asked


def test_a_departure_that_is_none_is_refused() -> None:
    with pytest.raises(EmulationError, match="no-such-departure"):
        read_emulation({"departures": ["no-such-departure"]}, "my/server.toml")


def test_the_readme_names_every_fault() -> None:
    readme = (BUNDLED_SERVERS / "README.md").read_text()
    words = {fault.value for fault in Fault}
    assert {word for word in words if f"`{word}" not in readme} == set()


def test_hypotheses_say_so_wherever_they_are_listed() -> None:
    definition = load_definitions()["webmethods-8.0.1"]
    notes = [definition.note, *(level.note for level in definition.levels.values())]
    notes += [toggle.note for toggle in definition.toggles.values()]
    assert all(note.startswith("HYPOTHESIS") for note in notes)
    assert all("hypothesis" in variant.title for variant in expand(definition))
