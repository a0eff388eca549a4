import collections

import pytest

from handshake.crypto.suite_parameters import (
    BulkAlgorithm,
    CertificateType,
    CipherKind,
    KeyExchange,
    MacAlgorithm,
    is_completable,
    suite_parameters,
)
from handshake.errors import Parameter, UnsupportedParameter
from handshake.wire.cipher_suites import CIPHER_SUITES
from tests.handshake.crypto.independent import CipherSuite

COMPLETABLE_BY_FAMILY = {
    "DHE_DSS": 14,
    "DHE_DSS_EXPORT": 1,
    "DHE_RSA": 18,
    "DHE_RSA_EXPORT": 1,
    "DH_anon": 14,
    "DH_anon_EXPORT": 2,
    "ECDHE_ECDSA": 16,
    "ECDHE_RSA": 12,
    "ECDH_anon": 5,
    "RSA": 23,
    "RSA_EXPORT": 3,
    "TLS13": 5,
}

UNCOMPLETABLE_FAMILIES = {
    "ARIA": "no kept library has ARIA",
    "CAMELLIA GCM": "no kept library has Camellia in GCM",
    "CECPQ1": "a withdrawn experiment",
    "ChaCha20 draft": "another nonce than RFC 7905",
    "ECCPWD": "a password exchange",
    "EXPORT1024": "56-bit suites of an expired draft",
    "FIPS": "Netscape's own variants",
    "FORTEZZA": "needs a Fortezza card",
    "GOST": "no kept library has it",
    "KRB5": "needs a Kerberos realm",
    "PSK": "needs a key shared beforehand",
    "SRP": "needs a password verifier",
    "integrity-only TLS 1.3": "RFC 9150 has no cipher",
    "AEGIS": "no kept library has it",
    "SM4": "no kept library has SM3",
    "no protection": "TLS_NULL_WITH_NULL_NULL cannot be negotiated",
    "signalling": "no suites at all",
    "static DH": "needs a certificate with a DH key",
    "static ECDH": "needs a certificate for ECDH",
}


def family(iana: str) -> str:
    key_exchange = iana.removeprefix("TLS_").partition("_WITH_")[0]
    by_start = {
        "KRB5": "KRB5",
        "SRP": "SRP",
        "ECCPWD": "ECCPWD",
        "CECPQ1": "CECPQ1",
        "GOST": "GOST",
        "SM4": "SM4",
        "AEGIS": "AEGIS",
        "DH_DSS": "static DH",
        "DH_RSA": "static DH",
        "ECDH_ECDSA": "static ECDH",
        "ECDH_RSA": "static ECDH",
    }
    if iana.endswith("_SCSV"):
        return "signalling"
    if iana == "TLS_NULL_WITH_NULL_NULL":
        return "no protection"
    if iana in ("TLS_SHA256_SHA256", "TLS_SHA384_SHA384"):
        return "integrity-only TLS 1.3"
    if iana.endswith("_OLD"):
        return "ChaCha20 draft"
    for word in ("EXPORT1024", "FORTEZZA", "FIPS", "PSK"):
        if word in iana:
            return word
    for start, name in by_start.items():
        if key_exchange.startswith(start):
            return name
    if "ARIA" in iana:
        return "ARIA"
    if "CAMELLIA" in iana and "GCM" in iana:
        return "CAMELLIA GCM"
    return "unexplained"


def test_every_suite_is_completable_or_belongs_to_a_family_known_not_to_be():
    completable, uncompletable = collections.Counter(), collections.Counter()
    for code, names in CIPHER_SUITES.items():
        if is_completable(code):
            completable[suite_parameters(code).key_exchange.value] += 1
        else:
            uncompletable[family(names.iana)] += 1
            with pytest.raises(UnsupportedParameter) as caught:
                suite_parameters(code)
            assert (caught.value.parameter, caught.value.name) == (Parameter.CIPHER_SUITE, names.iana)
    assert completable == COMPLETABLE_BY_FAMILY
    assert uncompletable.keys() == UNCOMPLETABLE_FAMILIES.keys()


@pytest.mark.parametrize("code", [0x1A1A, 0x9999, 0x00FF, 0x5600, 0x0000, 0xCC13, 0x010080])
def test_code_points_that_are_no_suite_of_ours_are_refused(code):
    assert not is_completable(code)
    with pytest.raises(UnsupportedParameter):
        suite_parameters(code)


@pytest.mark.parametrize(
    ("code", "key_exchange", "algorithm", "kind", "lengths", "mac", "prf_hash", "versions"),
    [
        (0x0003, "RSA_EXPORT", "RC4", "stream", (16, 5, 0, 0, 0, 0), "md5", "sha256", (0x300, 0x301)),
        (0x0006, "RSA_EXPORT", "RC2", "block", (16, 5, 8, 0, 0, 0), "md5", "sha256", (0x300, 0x301)),
        (0x0014, "DHE_RSA_EXPORT", "DES", "block", (8, 5, 8, 0, 0, 0), "sha1", "sha256", (0x300, 0x301)),
        (0x0002, "RSA", "NULL", "stream", (0, 0, 0, 0, 0, 0), "sha1", "sha256", (0x300, 0x303)),
        (0x0009, "RSA", "DES", "block", (8, 8, 8, 0, 0, 0), "sha1", "sha256", (0x300, 0x302)),
        (0x000A, "RSA", "3DES", "block", (24, 24, 8, 0, 0, 0), "sha1", "sha256", (0x300, 0x303)),
        (0x0018, "DH_anon", "RC4", "stream", (16, 16, 0, 0, 0, 0), "md5", "sha256", (0x300, 0x303)),
        (0x003D, "RSA", "AES", "block", (32, 32, 16, 0, 0, 0), "sha256", "sha256", (0x303, 0x303)),
        (0xC00A, "ECDHE_ECDSA", "AES", "block", (32, 32, 16, 0, 0, 0), "sha1", "sha256", (0x300, 0x303)),
        (0xC028, "ECDHE_RSA", "AES", "block", (32, 32, 16, 0, 0, 0), "sha384", "sha384", (0x303, 0x303)),
        (0xC030, "ECDHE_RSA", "AES_GCM", "aead", (32, 32, 0, 4, 8, 16), None, "sha384", (0x303, 0x303)),
        (0xC0A0, "RSA", "AES_CCM", "aead", (16, 16, 0, 4, 8, 8), None, "sha256", (0x303, 0x303)),
        (
            0xCCA8,
            "ECDHE_RSA",
            "CHACHA20_POLY1305",
            "aead",
            (32, 32, 0, 12, 0, 16),
            None,
            "sha256",
            (0x303, 0x303),
        ),
        (0x1302, "TLS13", "AES_GCM", "aead", (32, 32, 0, 4, 8, 16), None, "sha384", (0x304, 0x304)),
    ],
)
def test_parts_of_a_suite(code, key_exchange, algorithm, kind, lengths, mac, prf_hash, versions):
    parameters = suite_parameters(code)
    cipher = parameters.cipher
    assert parameters.key_exchange is KeyExchange(key_exchange)
    assert cipher.algorithm is BulkAlgorithm(algorithm)
    assert cipher.kind is CipherKind(kind)
    assert lengths == (
        cipher.key_length,
        cipher.key_material,
        cipher.block_length,
        cipher.fixed_iv_length,
        cipher.explicit_nonce_length,
        cipher.tag_length,
    )
    assert parameters.mac == (None if mac is None else MacAlgorithm(mac))
    assert parameters.prf_hash == prf_hash
    assert (parameters.minimum_version, parameters.maximum_version) == versions


@pytest.mark.parametrize(
    ("code", "certificate_type", "ephemeral", "anonymous", "export"),
    [
        (0x0003, CertificateType.RSA, False, False, True),
        (0x002F, CertificateType.RSA, False, False, False),
        (0x0011, CertificateType.DSA, True, False, True),
        (0x0017, None, True, True, True),
        (0x0034, None, True, True, False),
        (0x0038, CertificateType.DSA, True, False, False),
        (0xC009, CertificateType.ECDSA, True, False, False),
        (0xC013, CertificateType.RSA, True, False, False),
        (0xC018, None, True, True, False),
        (0x1301, None, True, False, False),
    ],
)
def test_what_a_suite_asks_of_the_server(code, certificate_type, ephemeral, anonymous, export):
    parameters = suite_parameters(code)
    assert parameters.certificate_type == certificate_type
    assert (parameters.is_ephemeral, parameters.is_anonymous, parameters.is_export) == (
        ephemeral,
        anonymous,
        export,
    )


def test_agrees_with_tlslite_on_every_suite_both_know():
    lists = {
        BulkAlgorithm.RC4: CipherSuite.rc4Suites,
        BulkAlgorithm.TRIPLE_DES: CipherSuite.tripleDESSuites,
        BulkAlgorithm.CHACHA20_POLY1305: CipherSuite.chacha20Suites,
        BulkAlgorithm.NULL: CipherSuite.nullSuites,
    }
    compared = 0
    for code in filter(is_completable, CIPHER_SUITES):
        parameters = suite_parameters(code)
        if code not in CipherSuite.ietfNames or parameters.is_export:
            continue
        compared += 1
        for algorithm, suites in lists.items():
            assert (parameters.cipher.algorithm is algorithm) == (code in suites), hex(code)
        assert (parameters.prf_hash == "sha384") == (code in CipherSuite.sha384PrfSuites), hex(code)
        assert (parameters.mac is MacAlgorithm.MD5) == (code in CipherSuite.md5Suites), hex(code)
        if parameters.key_exchange is not KeyExchange.DHE_DSS:  # missing from that list of tlslite's
            assert (parameters.mac is MacAlgorithm.SHA256) == (code in CipherSuite.sha256Suites), hex(code)
    assert compared > 60
