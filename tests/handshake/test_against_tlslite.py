"""Every version and suite tlslite-ng has, in both roles: SSLv3, RC4, 3DES, NULL, DHE_DSS and anonymous ones
too.
"""

import os

import pytest
from tlslite.api import HandshakeSettings
from tlslite.constants import CipherSuite

from clients.profile import load_profiles
from handshake.client.connection import ClientConnection
from handshake.crypto.suite_parameters import CertificateType, is_completable
from handshake.hello_template import ClientPolicy
from handshake.record_splitting import RecordSplitting
from handshake.wire.registry import ProtocolVersion
from tests.handshake.peers import (
    ANSWER,
    REQUEST,
    VERSIONS,
    Ours,
    TlslitePeer,
    certificate_of,
    client,
    exchange,
    pump,
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


@pytest.mark.parametrize("version", [v for v in VERSIONS if v <= ProtocolVersion.TLS_1_2], ids=suite_id)
def test_tlslite_reads_our_sslv2_format_hello(version: int) -> None:
    exchange(
        Ours(client(template(version, 0x002F, sslv2=True))), TlslitePeer("server", settings(version), "rsa")
    )


def test_keys_are_updated_when_tlslite_asks() -> None:
    ours = Ours(client(template(ProtocolVersion.TLS_1_3, 0x1301)))
    theirs = TlslitePeer("server", settings(ProtocolVersion.TLS_1_3), "rsa")
    exchange(ours, theirs)
    for _ in theirs.connection.send_keyupdate_request(1):
        pass
    pump(ours, theirs)
    ours.send(REQUEST)
    pump(ours, theirs)
    theirs.send(ANSWER)
    pump(ours, theirs)
    assert bytes(theirs.received) == REQUEST * 2
    assert bytes(ours.received) == ANSWER * 2


def test_split_application_data_reaches_tlslite_whole() -> None:
    for splitting in RecordSplitting:
        ours = Ours(
            client(template(ProtocolVersion.TLS_1_0, 0x002F), policy=ClientPolicy(record_splitting=splitting))
        )
        theirs = TlslitePeer("server", settings(ProtocolVersion.TLS_1_0), "rsa")
        exchange(ours, theirs)
        ours.send(REQUEST)
        pump(ours, theirs)
        assert bytes(theirs.received) == REQUEST * 2
        written = [
            len(e.decrypted)
            for e in ours.connection.transcript
            if e.name == "application_data" and e.direction == "sent"
        ]
        whole, split = [len(REQUEST)], [1, len(REQUEST) - 1]
        assert (
            written
            == {
                RecordSplitting.NONE: whole + whole,
                RecordSplitting.EMPTY_FIRST: [0, *whole, 0, *whole],
                RecordSplitting.ONE_REST: split + split,
                RecordSplitting.ONE_REST_NOT_FIRST: whole + split,
            }[splitting]
        )


@pytest.mark.parametrize("is_offered", [True, False])
def test_a_server_that_knows_npn_is_told_what_is_spoken(is_offered: bool) -> None:
    """A profile of an old node offers NPN; one without does not, and the server learns nothing."""
    profile = load_profiles()["openssl-1.0.2" if is_offered else "openssl-1.0.1"]
    connection = ClientConnection(
        profile.attempts[0].template,
        server_name="www.example.com",
        limits=profile.client_limits,
        policy=profile.client_policy,
        entropy=os.urandom,
    )
    theirs = TlslitePeer("server", settings(ProtocolVersion.TLS_1_2), "rsa", [b"spdy/2", b"http/1.1"])
    connection.start(0.0)
    exchange(Ours(connection), theirs)
    assert (theirs.is_connected, theirs.failure) == (True, None)
    assert theirs.connection.next_proto == (b"http/1.1" if is_offered else None)
