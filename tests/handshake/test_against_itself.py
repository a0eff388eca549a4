"""Every suite the engine can complete, in every version that has it, between our own two roles."""

import pytest

from handshake.crypto.suite_parameters import is_completable, suite_parameters
from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.registry import ProtocolVersion
from tests.handshake.peers import LONG_ANSWER, VERSIONS, Ours, client, exchange, server, suite_id, template

CASES = [
    (version, suite)
    for version in VERSIONS
    for suite in CIPHER_SUITES
    if is_completable(suite)
    and suite_parameters(suite).minimum_version <= version <= suite_parameters(suite).maximum_version
]


@pytest.mark.parametrize(("version", "suite"), CASES, ids=suite_id)
def test_every_version_and_suite(version: int, suite: int) -> None:
    ours, theirs = Ours(client(template(version, suite))), Ours(server(version, suite))
    exchange(ours, theirs, LONG_ANSWER)
    assert ours.connection.negotiated == theirs.connection.negotiated
    assert ours.connection.negotiated.cipher_suite == suite
    assert ours.connection.negotiated.version == version


def test_the_cases_cover_what_the_design_names() -> None:
    covered = {CIPHER_SUITES[suite].iana for _, suite in CASES}
    wanted = {
        "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
        "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
        "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA",
        "TLS_RSA_WITH_DES_CBC_SHA",
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        "TLS_RSA_WITH_NULL_MD5",
        "TLS_RSA_WITH_RC4_128_MD5",
        "TLS_DH_anon_WITH_AES_128_CBC_SHA",
        "TLS_DHE_DSS_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_RSA_WITH_AES_128_CCM_8",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA",
        "TLS_AES_128_GCM_SHA256",
    }
    assert wanted <= covered


@pytest.mark.parametrize("version", [v for v in VERSIONS if v <= ProtocolVersion.TLS_1_2], ids=suite_id)
def test_sslv2_format_hello(version: int) -> None:
    exchange(Ours(client(template(version, 0x002F, sslv2=True))), Ours(server(version, 0x002F)))


def test_a_server_without_sslv2_format_refuses_it() -> None:
    ours = Ours(client(template(ProtocolVersion.TLS_1_0, 0x002F, sslv2=True)))
    theirs = Ours(server(ProtocolVersion.TLS_1_0, 0x002F, sslv2_hello=False))
    theirs.take(ours.give())
    assert theirs.connection.is_ended
    assert not theirs.is_connected


def test_byte_by_byte() -> None:
    ours, theirs = (
        Ours(client(template(ProtocolVersion.TLS_1_2, 0xC02F))),
        Ours(server(ProtocolVersion.TLS_1_2, 0xC02F)),
    )
    while not (ours.is_connected and theirs.is_connected):
        forth, back = ours.give(), theirs.give()
        assert forth or back, (ours.events, theirs.events)
        for byte in forth:
            theirs.take(bytes([byte]))
        for byte in back:
            ours.take(bytes([byte]))


def test_hello_retry_request() -> None:
    ours = Ours(client(template(ProtocolVersion.TLS_1_3, 0x1301)))
    theirs = Ours(server(ProtocolVersion.TLS_1_3, 0x1301, named_groups=(0x0017,)))
    exchange(ours, theirs)
    assert ours.connection.negotiated.named_group == 0x0017
