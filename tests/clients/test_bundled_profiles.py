"""The bundled profiles as a set, and the schema that editors get."""

import json
import tomllib
from typing import Any

import jsonschema
import pytest

from clients.profile import BUNDLED_PROFILES, SCHEMA_FILE, load_profiles, profile_json_schema

PROFILES = load_profiles()
DEFAULT_LIST = """
biztalk-ws2008 wfetch-winxp wfetch-ws2008 ie6-winxp ie8-winxp ie8-winxp-ms10-049 ie7-vista ie8-win7 firefox-9
firefox-9-sslv3 openssl-0.9.8 openssl-0.9.8-tls1 openssl-1.0.1 openssl-3.0 java-6 java-6-tlsv1-aes128 java-7
java-8 java-17 ie11-win7 chrome-101 firefox-100 gnutls-3.7
"""
DEFAULT_IDS = DEFAULT_LIST.split()
OTHERS = """
bun-1.4 bun-1.4-tls chromium-156 deno firefox-153 go-1.27 java-11 java-17.0.9 java-21 java-25
java-25-httpclient java-6u18 java-6u21 java-6u22 java-7-ga java-7u85 nss-3.87 openssl-1.0.0
openssl-1.0.1u openssl-1.0.2 openssl-1.1.1 openssl-3.4 openssl-4.0
"""
SECURITY_LEVELS = "openssl-3.0-debian openssl-3.0-seclevel0"
IDS = [*DEFAULT_IDS, *OTHERS.split(), *SECURITY_LEVELS.split()]


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
    assert sorted(PROFILES) == sorted(IDS)


def test_the_default_grid_is_short() -> None:
    assert sorted(client for client, profile in PROFILES.items() if profile.is_default) == sorted(DEFAULT_IDS)


@pytest.mark.parametrize("client", IDS)
def test_the_schema_accepts_it(client: str, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(document(client))


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


def test_derived_first_hellos_are_not_called_captured() -> None:
    for name, profile in PROFILES.items():
        derived = profile.attempts[0].evidence.startswith("derived/")
        assert (profile.provenance.kind == "derived") == derived, name
