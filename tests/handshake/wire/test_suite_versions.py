"""In which versions a suite may be chosen: by the numbers the RFCs give, and as OpenSSL has them."""

import ssl

import pytest

from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.suite_versions import is_cipher_suite, suite_versions
from tests.handshake.suites import SSL_3_0, TLS_1_0, TLS_1_2, TLS_1_3, versions_by_number


def test_every_suite_by_its_number() -> None:
    suites = {code for code in CIPHER_SUITES if is_cipher_suite(code)}
    assert CIPHER_SUITES.keys() - suites == {0x0000, 0x00FF, 0x5600}
    assert {code: suite_versions(code) for code in suites} == {
        code: versions_by_number(code) for code in suites
    }


@pytest.mark.parametrize("code", [0x0000, 0x00FF, 0x5600, 0x9999, 0x0A0A, 0xFAFA, 0x010080], ids=hex)
def test_what_is_no_suite_with_a_name_has_no_versions(code: int) -> None:
    assert suite_versions(code) is None


def test_openssl_of_this_python_begins_each_suite_in_the_same_version() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    first = {"SSLv3": SSL_3_0, "TLSv1.0": TLS_1_0, "TLSv1.2": TLS_1_2, "TLSv1.3": TLS_1_3}
    theirs = {cipher["id"] & 0xFFFF: first[cipher["protocol"]] for cipher in context.get_ciphers()}
    assert len(theirs) > 100
    ours = {code: versions.lowest for code in theirs if (versions := suite_versions(code)) is not None}
    different = {code for code, version in theirs.items() if ours[code] != version}
    # OpenSSL has no elliptic curves in SSLv3; tlslite-ng and SunJSSE have.
    sslv3_curves = {c for c in theirs if "_ECDH" in CIPHER_SUITES[c].iana and theirs[c] == TLS_1_0}
    assert different <= sslv3_curves
