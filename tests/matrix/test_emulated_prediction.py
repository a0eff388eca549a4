"""What is predicted of emulated servers, and that a server program does the same: every bundled level, with
every bundled client, is played in memory.
"""

import os
import tomllib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clients.player import PlayedHello, Player
from clients.profile import BUNDLED_PROFILES, load_profiles
from handshake.client.hello import fill_hello
from handshake.crypto.credentials import Credential, generate_rsa
from handshake.hello_template import ExtensionTemplate, HelloFormat, HelloTemplate
from handshake.reason import Cause, Kind, cause_of_alert, parse_reason
from handshake.server import Ending, ServerConfiguration, ServerConnection
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV
from handshake.wire.extensions import push_alpn, push_supported_groups
from handshake.wire.messages import pull_alert
from handshake.wire.record import Record, RecordReader
from handshake.wire.registry import ContentType, ExtensionType, alert_name
from matrix.judgement.outcome import Outcome
from matrix.prediction import Prediction, predict
from matrix.prediction.obstacles import obstacle
from matrix.prediction.of_server import facts_of_server
from servers.credentials import SUBJECT
from servers.definition import ServerDefinition, load_definitions
from servers.variant import ServerVariant, expand, parse_server_id, plain_variant

RSA_AES, DHE_AES, ECDHE_AES, TLS10, TLS12 = 0x002F, 0x0033, 0xC013, 0x0301, 0x0303
BASIS = """
id = "quirky"
title = "Quirky"
kind = "emulated"
default = false
control = "openssl-3.0"
source = "made up"

[levels.1]
title = "1"
stack = "none"

[declared]
versions = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2"]
cipher_suites = [
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
]
sslv2_hello = true

[emulation]
"""
GROUPS = ExtensionTemplate(ExtensionType.SUPPORTED_GROUPS, push_supported_groups((23,)))
EMPTY_TICKET = ExtensionTemplate(ExtensionType.SESSION_TICKET)


def definition_with(emulation: str, basis: str) -> ServerDefinition:
    return ServerDefinition.model_validate(tomllib.loads(basis + emulation))


def hello(
    *suites: int, version: int = TLS12, extensions: tuple[ExtensionTemplate, ...] = ()
) -> HelloTemplate:
    return HelloTemplate(client_version=version, cipher_suites=suites, extensions=extensions or None)


def predicted(emulation: str, *hellos: HelloTemplate, basis: str = BASIS) -> Prediction | None:
    facts = facts_of_server(plain_variant(definition_with(emulation, basis), "1"))
    return predict(Player(tuple(PlayedHello(each) for each in hellos)), facts)


def intolerance(reaction: str, feature: str = "extension:supported_groups") -> str:
    return f'[[emulation.intolerance]]\nfeatures = ["{feature}"]\nreaction = "{reaction}"\n'


@pytest.mark.parametrize(
    ("reaction", "cause"),
    [
        ("alert:unexpected_message", "alert-unexpected_message"),
        ("alert:internal_error", "alert-internal_error"),
        ("fin", "fin"),
        ("reset", "reset"),
        ("hang", "timeout"),
        ("fault:protocol-version", "alert-protocol_version"),
    ],
)
def test_a_declared_intolerance_that_fires_is_predicted_with_its_reaction(reaction: str, cause: str) -> None:
    fires = predicted(intolerance(reaction), hello(RSA_AES, extensions=(GROUPS,)))
    why = "the server is intolerant of a hello with the extension supported_groups"
    assert fires == Prediction(Outcome.FAILS, why, parse_reason(f"server-hello:{cause}"))
    assert predicted(intolerance(reaction), hello(RSA_AES)) == Prediction(Outcome.WORKS)


@pytest.mark.parametrize(
    ("emulation", "client_hello", "reason"),
    [
        ("", hello(0x000A), "alert-handshake_failure"),
        (
            'alerts = { no-common-cipher-suite = "insufficient_security" }',
            hello(0x000A),
            "alert-insufficient_security",
        ),
        ('alerts = { no-common-cipher-suite = "fin" }', hello(0x000A), "fin"),
        ('alerts = { protocol-version = "reset" }', hello(RSA_AES, version=0x0200), "reset"),
        ("", hello(RSA_AES, version=0x0200), "alert-protocol_version"),
        ("", hello(RSA_AES, TLS_FALLBACK_SCSV, version=TLS10), "alert-inappropriate_fallback"),
        (
            'alerts = { inappropriate-fallback = "fin" }',
            hello(RSA_AES, TLS_FALLBACK_SCSV, version=TLS10),
            "fin",
        ),
        ("", hello(DHE_AES), "alert-handshake_failure"),
        ("", hello(ECDHE_AES, extensions=(GROUPS,)), "alert-handshake_failure"),
        ('named_groups = ["secp256r1"]', hello(ECDHE_AES), "alert-handshake_failure"),
        ('named_groups = ["secp384r1"]', hello(ECDHE_AES, extensions=(GROUPS,)), "alert-handshake_failure"),
    ],
)
def test_a_refusal_is_predicted_with_the_alert_of_the_servers_own_table(
    emulation: str, client_hello: HelloTemplate, reason: str
) -> None:
    prediction = predicted(emulation, client_hello)
    assert prediction is not None
    assert prediction.outcome is Outcome.FAILS
    assert prediction.reason == parse_reason(f"server-hello:{reason}")


@pytest.mark.parametrize(
    ("emulation", "client_hello"),
    [
        ("fallback_scsv = false", hello(RSA_AES, TLS_FALLBACK_SCSV, version=TLS10)),
        ("", hello(RSA_AES, TLS_FALLBACK_SCSV, version=TLS12)),
        ('dh_group = "modp-2048"', hello(DHE_AES)),
        ('named_groups = ["secp256r1"]', hello(ECDHE_AES, extensions=(GROUPS,))),
        ('named_groups = ["secp256r1"]\ndefault_named_group = "secp256r1"', hello(ECDHE_AES)),
    ],
)
def test_what_the_server_is_configured_for_works(emulation: str, client_hello: HelloTemplate) -> None:
    assert predicted(emulation, client_hello) == Prediction(Outcome.WORKS)


def test_what_a_way_of_reading_stumbles_over_is_predicted() -> None:
    parsing = "[emulation.parsing]\nempty_read_of_unknown_extension = true\n"
    last, first = (
        hello(RSA_AES, extensions=(GROUPS, EMPTY_TICKET)),
        hello(RSA_AES, extensions=(EMPTY_TICKET, GROUPS)),
    )
    prediction = predicted(parsing, last)
    assert prediction is not None
    assert prediction.why.startswith("the server cannot read the hello: ")
    assert prediction.why.endswith("; its last extension, session_ticket, is empty")
    assert prediction.reason == parse_reason("server-hello:alert-decode_error")
    assert predicted(parsing, first) == predicted("", last) == Prediction(Outcome.WORKS)


@pytest.mark.parametrize("reads_sslv2", ["true", "false"])
def test_an_intolerance_fires_whatever_else_there_is_to_refuse_the_hello_for(reads_sslv2: str) -> None:
    old = HelloTemplate(client_version=0x0200, cipher_suites=(RSA_AES,), format=HelloFormat.SSLV2)
    basis = BASIS.replace("sslv2_hello = true", f"sslv2_hello = {reads_sslv2}")
    for feature in ("sslv2-format", "version-below:SSLv3"):
        fires = predicted(intolerance("reset", feature), old, basis=basis)
        assert fires is not None
        assert fires.reason == parse_reason("server-hello:reset")
    passed = predicted(intolerance("reset", "extension-block"), old, basis=basis)
    assert passed is not None
    cause = {"true": "alert-protocol_version", "false": "alert-unexpected_message"}[reads_sslv2]
    assert passed.reason == parse_reason(f"server-hello:{cause}")


CLIENTS = load_profiles((BUNDLED_PROFILES,))
EMULATED = [
    variant
    for definition in load_definitions().values()
    if definition.kind == "emulated"
    for variant in expand(definition)
    if not variant.is_only_observed  # of those nothing is predicted
    if variant.declared().renegotiation.legacy_hello  # else: judged in matrix.expectations.derived
]
ENDINGS = {Ending.FIN: Kind.FIN, Ending.RESET: Kind.RESET, Ending.HANG: Kind.TIMEOUT}


def refusal_of(template: HelloTemplate, configuration: ServerConfiguration) -> Cause | None:
    """What a client sees of a server that does not answer its hello; None where there is a ServerHello."""
    connection = ServerConnection(configuration, entropy=os.urandom)
    connection.receive_data(fill_hello(template, SUBJECT, os.urandom).wire, 0.0)
    records = RecordReader()
    records.feed(connection.data_to_send())
    while isinstance(record := records.next(), Record):
        if record.content_type == ContentType.HANDSHAKE:
            return None
        return cause_of_alert(alert_name(pull_alert(record.fragment).description))
    assert connection.is_ended, "it answers or ends"
    return Cause(ENDINGS[connection.ending])


@pytest.mark.long(but=["webmethods-8.0.1@core-fix-19*", "jsse6@6u45", "jsse7@7u85", "jsse7@7"])
@pytest.mark.parametrize("variant", EMULATED, ids=lambda variant: variant.id)
def test_every_hello_of_every_client_is_refused_as_predicted_or_answered(
    variant: ServerVariant, credential: Credential
) -> None:
    facts = facts_of_server(variant)
    assert facts.configuration is not None
    configuration = replace(facts.configuration, credentials={"rsa": credential})
    refused = 0
    for client in CLIENTS.values():
        for template in (each.as_written() for each in client.player.templates):
            # What is drawn may change the answer (SunJSSE 6 and an empty last extension): predicted is the
            # answer to the hello as it is written.
            reason = getattr(obstacle(template, client.player, facts), "reason", None)
            is_the_servers = reason is not None and reason.kind not in (Kind.POLICY, Kind.PROTOCOL_ERROR)
            expected = reason.cause if is_the_servers else None
            assert refusal_of(template, configuration) == expected, client.id
            refused += is_the_servers
    assert refused < sum(len(client.player.templates) for client in CLIENTS.values())


@pytest.fixture(scope="module")
def credential() -> Credential:
    return generate_rsa(2048, subject=SUBJECT, now=datetime.now(UTC), serial=1)


HTTP_1 = ExtensionTemplate(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, push_alpn((b"http/1.1",)))
KNOWS_H2 = BASIS.replace("sslv2_hello", 'application_protocols = ["h2"]\nsslv2_hello')


@pytest.mark.parametrize(
    ("emulation", "reason"),
    [
        ("", "alert-no_application_protocol"),
        ('alerts = { no-application-protocol = "handshake_failure" }', "alert-handshake_failure"),
        ('alerts = { no-application-protocol = "fin" }', "fin"),
    ],
)
def test_no_common_protocol_of_alpn_is_predicted_and_refused(
    emulation: str, reason: str, credential: Credential
) -> None:
    asking, plain = hello(RSA_AES, extensions=(HTTP_1,)), hello(RSA_AES)
    prediction = predicted(emulation, asking, basis=KNOWS_H2)
    assert prediction is not None
    assert prediction.reason == parse_reason(f"server-hello:{reason}")
    assert predicted(emulation, plain, basis=KNOWS_H2) == Prediction(Outcome.WORKS)
    assert predicted(emulation, asking) == Prediction(Outcome.WORKS), "a server without ALPN"
    facts = facts_of_server(plain_variant(definition_with(emulation, KNOWS_H2), "1"))
    assert facts.configuration is not None
    configuration = replace(facts.configuration, credentials={"rsa": credential})
    assert refusal_of(asking, configuration) == prediction.reason.cause
    assert refusal_of(plain, configuration) is None


TOGGLES = [
    *(f"record-size-limit={value}" for value in ("none", "64", "512", "16385")),
    *(f"certificate-compression={value}" for value in ("none", "zlib", "brotli", "zstd")),
    *(f"application-protocols={value}" for value in ("http1", "h2-and-http1")),
    *(f"application-settings={value}" for value in ("old", "new")),
    *(f"ech-retry-configs={value}" for value in ("1", "16")),
]


@pytest.mark.parametrize("toggle", TOGGLES)
def test_what_the_reference_server_agrees_on_is_predicted_for_every_client(toggle: str) -> None:
    """GnuTLS alone refuses a limit of 64 bytes (3.7.9, measured); libpq names no protocol but its own, and
    gRPC none but h2.
    """
    plain = facts_of_server(parse_server_id("reference@rfc", load_definitions()))
    facts = facts_of_server(parse_server_id(f"reference@rfc,{toggle}", load_definitions()))
    profiles = load_profiles([BUNDLED_PROFILES])
    different = {
        name
        for name, profile in profiles.items()
        if predict(profile.player, facts) != predict(profile.player, plain)
    }
    refusing: set[str] = set()
    if toggle == "record-size-limit=64":
        refusing = {name for name, profile in profiles.items() if profile.stack.startswith("GnuTLS")}
    elif toggle.startswith("application-"):
        refusing = {"libpq-18"} | ({"grpc-1.85"} if toggle.endswith("=http1") else set())
    assert different == refusing
