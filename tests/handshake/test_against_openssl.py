"""Every version and suite that the OpenSSL inside `cryptography` still has, in both roles."""

import pytest
from OpenSSL import SSL

from handshake.crypto.suite_parameters import is_completable, suite_parameters
from handshake.wire.cipher_suites import CIPHER_SUITES, parse_cipher_suite
from handshake.wire.registry import NamedGroup, ProtocolVersion
from tests.handshake.peers import (
    LONG_ANSWER,
    OpenSSLPeer,
    Ours,
    certificate_of,
    client,
    exchange,
    openssl_context,
    server,
    suite_id,
    template,
)

TLS_1_3_SUITES = (0x1301, 0x1302, 0x1303, 0x1304, 0x1305)


def openssl_suites() -> list[tuple[int, int]]:
    """(version, suite) for everything the library lists, SRP and PSK left out: the engine has no such
    credentials.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    names = [
        name
        for name in SSL.Connection(context, None).get_cipher_list()
        if "PSK" not in name and "SRP" not in name
    ]
    suites = [parse_cipher_suite(name) for name in names if not name.startswith("TLS_")]
    cases = [(ProtocolVersion.TLS_1_3, suite) for suite in TLS_1_3_SUITES]
    for version in (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2):
        for suite in filter(is_completable, suites):
            parameters = suite_parameters(suite)
            if parameters.minimum_version <= version <= parameters.maximum_version:
                cases.append((version, suite))
    return cases


CASES = openssl_suites()


def _openssl_name(suite: int) -> str:
    name = CIPHER_SUITES[suite].openssl
    assert name is not None
    return name


def test_only_aria_is_left_out() -> None:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    listed = {parse_cipher_suite(name) for name in SSL.Connection(context, None).get_cipher_list()}
    missing = {CIPHER_SUITES[suite].iana for suite in listed - {suite for _, suite in CASES}}
    assert len(CASES) > 60
    assert all(
        "ARIA" in name or "PSK" in name or "SRP" in name for name in missing
    )  # no library has ARIA to offer


@pytest.mark.parametrize(("version", "suite"), CASES, ids=suite_id)
def test_our_client_against_openssl(version: int, suite: int) -> None:
    certificate = certificate_of(suite)
    context = openssl_context(version, _openssl_name(suite), (certificate,) if certificate else ())
    exchange(Ours(client(template(version, suite))), OpenSSLPeer(context, "server"), LONG_ANSWER)


@pytest.mark.parametrize(("version", "suite"), CASES, ids=suite_id)
def test_openssl_against_our_server(version: int, suite: int) -> None:
    context = openssl_context(version, _openssl_name(suite))
    peer = OpenSSLPeer(context, "client")
    exchange(peer, Ours(server(version, suite)), LONG_ANSWER)
    assert parse_cipher_suite(peer.connection.get_cipher_name()) == suite


def test_a_tampered_server_flight_does_not_complete() -> None:
    context = openssl_context(ProtocolVersion.TLS_1_2, "AES128-SHA", ("rsa",))
    ours, theirs = Ours(client(template(ProtocolVersion.TLS_1_2, 0x002F))), OpenSSLPeer(context, "server")
    theirs.take(ours.give())
    flight = bytearray(theirs.give())
    flight[40] ^= 1  # inside the server random: both sides then derive different keys
    ours.take(bytes(flight))
    with pytest.raises(SSL.Error):
        theirs.take(ours.give())
    assert not ours.is_connected


def test_our_server_asks_openssl_for_another_share() -> None:
    context = openssl_context(ProtocolVersion.TLS_1_3, "TLS_AES_128_GCM_SHA256")
    ours = Ours(server(ProtocolVersion.TLS_1_3, 0x1301, named_groups=(NamedGroup.SECP521R1,)))
    exchange(OpenSSLPeer(context, "client"), ours)
    assert ours.connection.negotiated.named_group == NamedGroup.SECP521R1


@pytest.mark.parametrize(("version", "suite"), [(0x0301, 0x002F), (0x0303, 0xC02F), (0x0304, 0x1301)])
def test_a_client_without_a_certificate_says_so_when_asked(version: int, suite: int) -> None:
    asking = openssl_context(version, _openssl_name(suite), ("rsa",))
    asking.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    exchange(Ours(client(template(version, suite))), OpenSSLPeer(asking, "server"))
    insisting = openssl_context(version, _openssl_name(suite), ("rsa",))
    insisting.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    with pytest.raises(SSL.Error, match="peer did not return a certificate"):
        exchange(Ours(client(template(version, suite))), OpenSSLPeer(insisting, "server"))


def test_extended_master_secret_and_encrypt_then_mac_are_negotiated() -> None:
    for version, suite in ((0x0301, 0x002F), (0x0303, 0x002F)):
        ours = Ours(client(template(version, suite)))
        exchange(ours, OpenSSLPeer(openssl_context(version, _openssl_name(suite), ("rsa",)), "server"))
        assert ours.connection.negotiated.extended_master_secret
        assert ours.connection.negotiated.encrypt_then_mac
    ours = Ours(client(template(0x0303, 0x009C)))  # an AEAD has no MAC to put after anything
    exchange(ours, OpenSSLPeer(openssl_context(0x0303, _openssl_name(0x009C), ("rsa",)), "server"))
    assert not ours.connection.negotiated.encrypt_then_mac
