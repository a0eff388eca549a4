"""Names and numbers: each name reads back to its number, and other programs' tables agree with ours."""

import ssl
import warnings
from enum import IntEnum

import pytest

from handshake.wire import registry
from handshake.wire.cipher_suites import (
    CIPHER_SUITES,
    REGISTERED_CIPHER_SUITES,
    SSLV2_CIPHER_SPECS,
    TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
    TLS_FALLBACK_SCSV,
    CipherSuiteNames,
    cipher_spec_name,
    cipher_suite_name,
    parse_cipher_spec,
    parse_cipher_suite,
)
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
    alert_name,
    extension_name,
    group_name,
    is_grease,
    parse_extension_type,
    parse_version,
    signature_scheme_name,
    version_name,
)
from tests.handshake.wire.captured import captured_hellos

with warnings.catch_warnings():  # tlslite-ng 0.8.2 imports asyncore, deprecated in Python 3.11
    warnings.simplefilter("ignore", DeprecationWarning)
    from tlslite.constants import AlertDescription as TlsliteAlert
    from tlslite.constants import CipherSuite as TlsliteSuite
    from tlslite.constants import GroupName as TlsliteGroup

ALL_SUITES = list(CIPHER_SUITES.values())


def test_table_is_whole() -> None:
    assert len(REGISTERED_CIPHER_SUITES) == 352
    assert len(CIPHER_SUITES) == 378
    assert all(code == suite.code for code, suite in CIPHER_SUITES.items())
    assert CIPHER_SUITES[TLS_EMPTY_RENEGOTIATION_INFO_SCSV].iana == "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"
    assert CIPHER_SUITES[TLS_FALLBACK_SCSV].iana == "TLS_FALLBACK_SCSV"


def test_no_name_stands_for_two_suites() -> None:
    owner: dict[str, int] = {}
    for suite in ALL_SUITES:
        for name in {suite.iana, suite.openssl, suite.jsse} - {None}:
            assert owner.setdefault(str(name).lower(), suite.code) == suite.code, name


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: suite.iana)
def test_every_name_reads_back(suite: CipherSuiteNames) -> None:
    assert cipher_suite_name(suite.code) == suite.iana
    for name in (suite.iana, suite.openssl, suite.jsse):
        if name is not None:
            assert parse_cipher_suite(name) == suite.code
            assert parse_cipher_suite(f" {name.lower()} ") == suite.code
            assert parse_cipher_spec(name) == suite.code


def test_every_number_reads_back() -> None:
    for code in range(0x10000):
        assert parse_cipher_suite(cipher_suite_name(code)) == code
        assert parse_cipher_suite(f"0x{code:04X}") == code


@pytest.mark.parametrize(
    ("code", "iana", "openssl", "jsse"),
    [
        (0x0004, "TLS_RSA_WITH_RC4_128_MD5", "RC4-MD5", "SSL_RSA_WITH_RC4_128_MD5"),
        (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "EXP-RC4-MD5", "SSL_RSA_EXPORT_WITH_RC4_40_MD5"),
        (0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", "EXP-RC2-CBC-MD5", None),
        (0x0009, "TLS_RSA_WITH_DES_CBC_SHA", "DES-CBC-SHA", "SSL_RSA_WITH_DES_CBC_SHA"),
        (0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA", "EDH-RSA-DES-CBC-SHA", "SSL_DHE_RSA_WITH_DES_CBC_SHA"),
        (0x001F, "TLS_KRB5_WITH_3DES_EDE_CBC_SHA", "KRB5-DES-CBC3-SHA", "TLS_KRB5_WITH_3DES_EDE_CBC_SHA"),
        (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
        (0x0062, "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA", "EXP1024-DES-CBC-SHA", None),
        (0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", "DHE-RSA-CAMELLIA256-SHA", None),
        (0xC011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-RC4-SHA", "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
        (0xFEFF, "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA", None, None),
        (0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
    ],
)  # fmt: skip
def test_names_of_well_known_suites(code: int, iana: str, openssl: str | None, jsse: str | None) -> None:
    assert CIPHER_SUITES[code] == CipherSuiteNames(code, iana, openssl, jsse)


def test_jsse_prefix_differs_only_where_sslv3_had_the_suite() -> None:
    for suite in ALL_SUITES:
        if suite.jsse is not None and suite.jsse != suite.iana:
            assert suite.jsse == suite.iana.replace("TLS_", "SSL_", 1)
            assert suite.code <= 0x001B


def test_openssl_of_this_python_has_the_same_names() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    ciphers = {cipher["id"] & 0xFFFF: cipher["name"] for cipher in context.get_ciphers()}
    assert len(ciphers) > 30
    assert {code: CIPHER_SUITES[code].openssl for code in ciphers} == ciphers


def test_tlslite_has_the_same_names() -> None:
    theirs = {
        code: name.lower()  # it writes ANON
        for code, name in TlsliteSuite.ietfNames.items()
        if code <= 0xFFFF and not name.endswith("_draft_00")
    }
    assert len(theirs) > 100
    assert {code: CIPHER_SUITES[code].iana.lower() for code in theirs} == theirs


def test_tlslite_has_the_same_sslv2_specs() -> None:
    theirs = {code: name for code, name in TlsliteSuite.ietfNames.items() if code > 0xFFFF}
    assert len(theirs) == 7
    assert {code: SSLV2_CIPHER_SPECS[code] for code in theirs} == theirs


def test_every_suite_in_the_evidence_has_a_name() -> None:
    for hello in captured_hellos():
        for code in hello.cipher_suites:
            assert not cipher_spec_name(code).startswith("0x"), f"{code:#x} in {hello.id}"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("TLS_RSA_WITH_AES_128_CBC_SHAA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("AES128_SHA", "AES128-SHA"),
        ("SSL_RSA_WITH_RC4_128_MD4", "SSL_RSA_WITH_RC4_128_MD5"),
        ("EDH-RSA-DES-CBC-SHA3", "EDH-RSA-DES-CBC-SHA"),
    ],
)
def test_unknown_suite_is_told_its_neighbour(text: str, near: str) -> None:
    with pytest.raises(ValueError, match="did you mean") as caught:
        parse_cipher_suite(text)
    assert near in str(caught.value)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "0x", "0x12345", "0x00g1", "47", "-1", "0x-1", "0x0_1", "GREASE", "GREASE(0x1234)", "GREASE()"],
)
def test_what_is_no_suite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unknown cipher suite"):
        parse_cipher_suite(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DHE-RSA-DES-CBC3-SHA", 0x0016),  # OpenSSL from 1.1.0 on
        ("SSL_RSA_WITH_AES_128_CBC_SHA", 0x002F),  # IBM's JSSE
        ("TLS_RSA_WITH_RC4_128_MD5", 0x0004),
        ("grease(0xfafa)", 0xFAFA),
        ("0x2f", 0x002F),
    ],
)
def test_other_spellings_are_read(text: str, code: int) -> None:
    assert parse_cipher_suite(text) == code


def test_every_sslv2_spec_reads_back() -> None:
    for spec, name in SSLV2_CIPHER_SPECS.items():
        assert cipher_spec_name(spec) == name
        assert parse_cipher_spec(name) == spec
    for spec in (0x00002F, 0x001A1A, 0x00ABCD, 0xABCDEF, 0x0100FF):
        assert parse_cipher_spec(cipher_spec_name(spec)) == spec


def test_sslv2_specs_and_suites_are_told_apart() -> None:
    assert parse_cipher_spec("SSL_CK_RC4_128_WITH_MD5") == 0x010080
    assert parse_cipher_spec("RC4-MD5") == 0x000004
    assert parse_cipher_spec("DES-CBC3-MD5") == 0x0700C0
    assert parse_cipher_spec("0x0700c0") == 0x0700C0
    with pytest.raises(ValueError, match="SSL_CK_RC4_128_WITH_MD5"):
        parse_cipher_spec("SSL_CK_RC4_128_MD5")
    with pytest.raises(ValueError, match="unknown cipher suite"):
        parse_cipher_suite("0x0700c0")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (0x0002, "SSLv2"),
        (0x0300, "SSLv3"),
        (0x0301, "TLSv1.0"),
        (0x0302, "TLSv1.1"),
        (0x0303, "TLSv1.2"),
        (0x0304, "TLSv1.3"),
        (0x0305, "0x0305"),
        (0x7F1C, "0x7f1c"),
    ],
)
def test_versions(version: int, name: str) -> None:
    assert version_name(version) == name
    assert parse_version(name) == parse_version(name.upper().replace("0X", "0x")) == version


@pytest.mark.parametrize("text", ["TLS1", "TLSv1.4", "0x", "", "771"])
def test_unknown_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unknown protocol version"):
        parse_version(text)


@pytest.mark.parametrize(
    ("extension_type", "name"),
    [
        (0x0000, "server_name"),
        (0x000A, "supported_groups"),
        (0x000B, "ec_point_formats"),
        (0x0010, "application_layer_protocol_negotiation"),
        (0x0017, "extended_master_secret"),
        (0x001B, "compress_certificate"),
        (0x001C, "record_size_limit"),
        (0x0022, "delegated_credential"),
        (0x0023, "session_ticket"),
        (0x0024, "TLMSP"),
        (0x0029, "pre_shared_key"),
        (0x002B, "supported_versions"),
        (0x3374, "next_protocol_negotiation"),
        (0x4469, "application_settings"),
        (0x5500, "token_binding_draft"),
        (0x754F, "channel_id_old"),
        (0x7550, "channel_id"),
        (0xFF01, "renegotiation_info"),
        (0x7777, "0x7777"),
    ],
)
def test_extension_names(extension_type: int, name: str) -> None:
    assert extension_name(extension_type) == name
    assert parse_extension_type(name) == parse_extension_type(name.lower()) == extension_type


def test_every_extension_reads_back() -> None:
    for extension_type in range(0x10000):
        if not is_grease(extension_type):
            assert parse_extension_type(extension_name(extension_type)) == extension_type


def test_extension_by_an_older_name() -> None:
    assert parse_extension_type("elliptic_curves") == ExtensionType.SUPPORTED_GROUPS
    assert parse_extension_type("alpn") == ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION


def test_unknown_extension_is_told_its_neighbour() -> None:
    with pytest.raises(ValueError, match="did you mean server_name"):
        parse_extension_type("servername")


def test_every_extension_in_the_evidence_has_a_name() -> None:
    for hello in captured_hellos():
        for extension_type, _ in hello.extensions or ():
            assert not extension_name(extension_type).startswith("0x"), f"{extension_type:#x} in {hello.id}"


def test_grease_is_the_sixteen_values_of_the_rfc() -> None:
    values = [0x0A0A + 0x1010 * step for step in range(16)]
    assert [code for code in range(0x10000) if is_grease(code)] == values
    assert not is_grease(0x010A0A)
    assert extension_name(0x2A2A) == group_name(0x2A2A) == signature_scheme_name(0x2A2A) == "GREASE"


def test_alert_names_are_tlslite_s() -> None:
    theirs = {
        value: name
        for name, value in vars(TlsliteAlert).items()
        if isinstance(value, int) and not name.startswith("__") and name != "user_canceled"
    }
    assert len(theirs) > 25
    assert {value: alert_name(value) for value in theirs} == theirs
    assert alert_name(AlertDescription.UNEXPECTED_MESSAGE) == "unexpected_message"
    assert alert_name(123) == "alert_123"


def test_group_names_are_tlslite_s() -> None:
    theirs = {
        value: name
        for name, value in vars(TlsliteGroup).items()
        if isinstance(value, int) and name.islower() and not name.startswith("__")
    }
    assert len(theirs) > 25
    assert {value: group_name(value).lower() for value in theirs} == {
        value: name.lower() for value, name in theirs.items()
    }
    assert group_name(0xABCD) == "0xabcd"


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (23, "secp256r1"),
        (26, "brainpoolP256r1"),
        (29, "x25519"),
        (31, "brainpoolP256r1tls13"),
        (256, "ffdhe2048"),
        (0x11EC, "X25519MLKEM768"),
    ],
)
def test_group_spelling(group: int, name: str) -> None:
    assert group_name(group) == name


def test_signature_scheme_names() -> None:
    assert signature_scheme_name(0x0804) == "rsa_pss_rsae_sha256"
    assert signature_scheme_name(0x0202) == "dsa_sha1"
    assert signature_scheme_name(0xFFFF) == "0xffff"


@pytest.mark.parametrize(
    "enum", [AlertDescription, ExtensionType, NamedGroup, SignatureScheme, ProtocolVersion]
)
def test_no_number_has_two_names(enum: type[IntEnum]) -> None:
    assert len(enum) == len(enum.__members__)


def test_no_spelling_is_left_over() -> None:
    names = {member.name.lower() for enum in (ExtensionType, NamedGroup, SignatureScheme) for member in enum}
    assert set(registry._SPELLINGS) <= names
