"""The bundled profiles as a set, and the schema that editors get."""

import json
import tomllib
from typing import Any

import jsonschema
import pytest

from clients.profile import BUNDLED_PROFILES, SCHEMA_FILE, load_profiles, profile_json_schema
from clients.recorded import recorded_hello
from handshake.wire.registry import NamedGroup
from tests.handshake.wire.captured import captured_hellos

PROFILES = load_profiles()


def ids(text: str) -> list[str]:
    return text.split()


CORE = ids("""
biztalk-ws2008 wfetch-winxp wfetch-ws2008 ie6-winxp ie8-winxp ie8-winxp-ms10-049 ie7-vista ie8-win7 firefox-9
firefox-9-sslv3 openssl-0.9.8 openssl-0.9.8-tls1 openssl-1.0.1 openssl-3.0 java-6 java-6-tlsv1-aes128 java-7
java-8 java-17 ie11-win7 chrome-101 firefox-100 gnutls-3.7
""")
TODAY = ids("""
chromium-156 curl-7.88.1 deno dotnet-4.8-ws2019 dotnet-6-ws2022 firefox-153 go-1.22 go-1.27 grpc-1.85 java-21
java-25 java-25-httpclient libpq-18 librdkafka libressl-4.2.1 node-20 node-24 openssl-3.0-debian openssl-3.5
openssl-4.0 python-3.11-requests s2n-aws-crt-0.38 schannel-win11-2026 wget-1.21.3
""")
INCIDENT = ids("""
biztalk-ws2008 firefox-9 firefox-9-sslv3 ie6-winxp ie7-vista ie8-win7 ie8-winxp ie8-winxp-ms10-049 java-6
java-6-tlsv1-aes128 openssl-0.9.8 openssl-0.9.8-tls1 wfetch-winxp wfetch-ws2008
""")
OTHERS = ids("""
botan-2.19 erlang-25 mbedtls-2.28 schannel-win10 uv android-12 safari-15.4-macos12.3.1 edge-101 node-26
""")
"""Of those that are in no default set, some that somebody will look for."""
SETS = {"core", "today", "incident", "windows", "java", "browsers", "libraries", "middleware", "mobile"}
LEAST_PROFILES = 400
IDS = list(PROFILES)


def document(client: str) -> dict[str, Any]:
    return tomllib.loads((BUNDLED_PROFILES / f"{client}.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_shipped_schema_is_the_models() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == profile_json_schema()


def test_all_are_there() -> None:
    assert len(IDS) >= LEAST_PROFILES
    assert set(IDS) >= {*CORE, *TODAY, *INCIDENT, *OTHERS}


def test_the_sets() -> None:
    def members(name: str) -> list[str]:
        return sorted(client for client, profile in PROFILES.items() if name in (profile.sets or ()))

    assert {name for profile in PROFILES.values() for name in profile.sets or ()} == SETS
    assert members("core") == sorted(CORE)
    assert members("today") == sorted(TODAY)
    assert members("incident") == sorted(INCIDENT)
    assert all(len(members(name)) > 20 for name in SETS - {"core", "today", "incident"})


def test_the_default_grid_is_that_of_core_and_today() -> None:
    default = sorted(client for client, profile in PROFILES.items() if profile.is_default)
    assert default == sorted({*CORE, *TODAY})


def test_no_profile_is_of_an_imitation() -> None:
    for profile in PROFILES.values():
        for hello in profile.attempts:
            assert not str(hello.evidence).startswith(("impersonator/", "curl-impersonate/")), profile.id


def test_no_profile_is_of_what_a_library_imitates_by_default() -> None:
    """A library that imitates browsers may do so unless it is told not to: tls-client says Chrome 120."""
    captured = {hello.id: (hello.ja3, hello.ja4) for hello in captured_hellos()}
    for profile in PROFILES.values():
        for hello in profile.attempts:
            library = str(hello.evidence).partition("/")[2].removesuffix("-plain").replace("-", "_")
            imitations = [said for name, said in captured.items() if f"impersonator/{library}/" in name]
            assert captured.get(str(hello.evidence)) not in imitations, profile.id


def test_a_share_of_ml_kem_is_offered_by_a_client_of_each_kind() -> None:
    offering = [
        client
        for client, profile in PROFILES.items()
        for extension in profile.attempts[0].extensions or ()
        if NamedGroup.X25519MLKEM768 in extension.groups
    ]
    assert len(offering) >= 25
    assert {"chromium-156", "firefox-153", "go-1.27", "node-24", "openssl-3.5", "grpc-1.85"} <= set(offering)
    assert {"s2n-aws-crt-0.38", "uv", "libpq-18", "librdkafka"} <= set(offering)


def test_the_schema_accepts_them(validator: jsonschema.Draft202012Validator) -> None:
    assert [client for client in IDS if not validator.is_valid(document(client))] == []


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        (None, "colour", "red"),
        (None, "released", "soon"),
        ("provenance", "kind", "guessed"),
        ("limits", "max_dh_prime_bits", 0),
        ("policy", "record_splitting", "2/n-2"),
        ("attempt", "cipher_suites", ["47, 53"]),
        ("attempt", "cipher_suites", []),
        ("attempt", "after", ["fine"]),
        ("attempt", "extensions", [{"body": "00"}]),
    ],
)
def test_the_schema_refuses(
    table: str | None, key: str, value: object, validator: jsonschema.Draft202012Validator
) -> None:
    changed = document("firefox-9")
    where = changed if table is None else changed["attempt"][1] if table == "attempt" else changed[table]
    where[key] = value
    assert not validator.is_valid(changed)


def test_a_low_confidence_is_kept() -> None:
    assert PROFILES["wfetch-winxp"].provenance.confidence == "low"
    assert PROFILES["firefox-9"].provenance.confidence == "high"


def test_what_is_no_capture_is_not_called_one() -> None:
    for name, profile in PROFILES.items():
        recorded = recorded_hello(str(profile.attempts[0].evidence))
        assert recorded is not None, name
        assert (profile.provenance.kind == "captured") == (recorded.kind == "captured"), name


def test_a_profile_is_not_surer_of_its_bytes_than_their_record() -> None:
    ranks = ["low", "medium", "high"]
    for name, profile in PROFILES.items():
        recorded = recorded_hello(str(profile.attempts[0].evidence))
        assert recorded is not None, name
        said = recorded.confidence.split(":")[0].split(" ")[0].rstrip(",;").lower()
        if said in ranks and recorded.kind == "captured":
            assert ranks.index(profile.provenance.confidence) <= ranks.index(said), name
