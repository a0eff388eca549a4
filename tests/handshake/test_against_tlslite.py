"""Every version and suite tlslite-ng has, in both roles: SSLv3, RC4, 3DES, NULL, DHE_DSS and anonymous ones
too.
"""

import pytest
from tlslite.api import HandshakeSettings
from tlslite.constants import CipherSuite

from handshake.crypto.suite_parameters import CertificateType, is_completable
from handshake.wire.registry import ProtocolVersion
from tests.handshake.peers import (
    VERSIONS,
    Ours,
    TlslitePeer,
    certificate_of,
    client,
    exchange,
    server,
    suite_id,
    template,
)

CIPHER_NAMES = [
    "chacha20-poly1305",
    "aes256gcm",
    "aes128gcm",
    "aes256ccm",
    "aes128ccm",
    "aes256ccm_8",
    "aes128ccm_8",
    "aes256",
    "aes128",
    "3des",
    "rc4",
    "null",
]


def settings(version: int) -> HandshakeSettings:
    """Everything tlslite-ng has, one version only."""
    pair = (version >> 8, version & 0xFF)
    chosen = HandshakeSettings()
    chosen.minVersion = chosen.maxVersion = pair
    chosen.versions = [pair]
    chosen.cipherNames = CIPHER_NAMES
    chosen.macNames = ["sha", "sha256", "sha384", "aead", "md5"]
    chosen.keyExchangeNames = [
        "rsa",
        "dhe_rsa",
        "ecdhe_rsa",
        "srp_sha",
        "srp_sha_rsa",
        "ecdh_anon",
        "dh_anon",
        "ecdhe_ecdsa",
        "dhe_dsa",
    ]
    if version >= ProtocolVersion.TLS_1_3:  # tlslite-ng refuses its own default groups there
        chosen.eccCurves = ["x25519", "secp256r1"]
    chosen.dsaSigHashes = ["sha512", "sha384", "sha256", "sha224", "sha1"]
    return chosen


def tlslite_suites() -> list[tuple[ProtocolVersion, int]]:
    """(version, suite) as tlslite-ng itself filters them; SRP left out, the engine has no passwords."""
    cases = []
    for version in VERSIONS:
        chosen, pair = settings(version), (version >> 8, version & 0xFF)
        suites: list[int] = []
        for group in (
            CipherSuite.getCertSuites,
            CipherSuite.getDheCertSuites,
            CipherSuite.getDheDsaSuites,
            CipherSuite.getEcdheCertSuites,
            CipherSuite.getEcdsaSuites,
            CipherSuite.getAnonSuites,
            CipherSuite.getEcdhAnonSuites,
            CipherSuite.getTLS13Suites,
        ):
            suites += group(chosen, pair)
        cases += [(version, suite) for suite in CipherSuite.filterForVersion(suites, pair, pair)]
    return cases


CASES = tlslite_suites()


def test_nothing_tlslite_has_is_left_out() -> None:
    assert len(CASES) > 100
    assert {version for version, _ in CASES} == set(VERSIONS)
    assert all(is_completable(suite) for _, suite in CASES)


@pytest.mark.parametrize(("version", "suite"), CASES, ids=suite_id)
def test_our_client_against_tlslite(version: int, suite: int) -> None:
    exchange(
        Ours(client(template(version, suite))),
        TlslitePeer("server", settings(version), certificate_of(suite)),
    )


@pytest.mark.parametrize(("version", "suite"), CASES, ids=suite_id)
def test_tlslite_against_our_server(version: int, suite: int) -> None:
    certificate = certificate_of(suite)
    peer = TlslitePeer("client", settings(version), certificate)
    exchange(peer, Ours(server(version, suite)))
    assert peer.connection.session.cipherSuite == suite
    if certificate == CertificateType.DSA:
        assert version <= ProtocolVersion.TLS_1_2
