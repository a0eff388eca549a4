"""The groups that OpenSSL takes at its levels, of ECDHE and of TLS 1.3: what is declared, and whose order
decides.

Node gives OpenSSL 1.0.2 one curve a server, so there the program beside server.toml chooses by the hello.
Skipped where the stack is not fetched (tls-matrix stacks fetch 'openssl-*').
"""

import socket
from collections.abc import Iterator, Mapping

import pytest

from handshake.wire.cipher_suites import parse_cipher_suite
from handshake.wire.named_groups import is_negotiable
from handshake.wire.registry import ContentType, HandshakeType, NamedGroup, ProtocolVersion
from servers.contract import PrivateKeyAndChain
from servers.openssl.node import curves
from servers.processes.start import RunningServer
from servers.variant import parse_server_id
from tests.servers.offers import ask, hello_of
from tests.servers.real_servers import connect
from tests.servers.started import DEFINITIONS, Variants, started_when_asked

LEVELS = [level for level in DEFINITIONS["openssl"].levels if not level.startswith(("1.0.0", "1.0.1"))]


@pytest.fixture(scope="module")
def openssl(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Variants]:
    with started_when_asked(credentials) as variants:
        yield variants


CURVES = tuple(group for group in NamedGroup if group <= NamedGroup.X448)
ECDHE_RSA = parse_cipher_suite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")


@pytest.mark.long(but=["4.0.3", "1.0.2o"])
@pytest.mark.parametrize("level", LEVELS)
def test_takes_the_groups_it_declares_and_no_other(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level}")
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    answers = {
        group: ask(server, hello_of(ProtocolVersion.TLS_1_2, [ECDHE_RSA], [group])).refusal
        for group in CURVES
    }
    taken = {group for group, refusal in answers.items() if refusal is None}
    assert taken == set(declared.named_groups) & set(CURVES)
    refused = {refusal for group, refusal in answers.items() if group not in taken}
    assert refused == {declared.refusals.no_common_cipher_suite}


LEVELS_WITH_TLS_1_3 = [level for level in LEVELS if not level.startswith("1.0.")]
SUITES_OF_TLS_1_3 = tuple(parse_cipher_suite(name) for name in ("TLS_AES_128_GCM_SHA256",))


@pytest.mark.parametrize("level", LEVELS_WITH_TLS_1_3)
def test_asks_in_tls_1_3_for_the_groups_it_declares_and_for_no_other(openssl: Variants, level: str) -> None:
    """Curves, finite fields and hybrids: a hello names one group and brings no share of it."""
    server = openssl.start(f"openssl@{level}")
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    answers = {
        group: ask(server, hello_of(ProtocolVersion.TLS_1_3, SUITES_OF_TLS_1_3, [group])).refusal
        for group in NamedGroup
    }
    taken = {group for group, refusal in answers.items() if refusal is None}
    possible = {group for group in NamedGroup if is_negotiable(group, ProtocolVersion.TLS_1_3)}
    assert taken == set(declared.named_groups) & possible
    refused = {refusal for group, refusal in answers.items() if group not in taken}
    assert refused == {declared.refusals.no_common_cipher_suite}


def negotiated_group(server: RunningServer, *groups: int, pieces: int = 1) -> int:
    """The group of the key exchange with a client that names these (or nothing of groups at all), where its
    hello comes in so many pieces.
    """
    flight = hello_of(ProtocolVersion.TLS_1_2, [ECDHE_RSA], groups or None)
    with connect(server) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        size = -(-len(flight) // pieces)
        for start in range(0, len(flight), size):
            plain.sendall(flight[start : start + size])
        return group_of_flight(plain)


def group_of_flight(plain: socket.socket) -> int:
    """The group that a ServerKeyExchange names (RFC 8422 section 5.4)."""
    messages = received = b""
    while True:
        while len(received) >= 5 and len(received) >= (end := 5 + int.from_bytes(received[3:5])):
            assert received[0] == ContentType.HANDSHAKE, received[:7]
            messages, received = messages + received[5:end], received[end:]
        while len(messages) >= 4 and len(messages) >= (end := 4 + int.from_bytes(messages[1:4])):
            if messages[0] == HandshakeType.SERVER_KEY_EXCHANGE:
                assert messages[4] == 3, "a named curve"
                return int.from_bytes(messages[5:7])
            messages = messages[end:]
        more = plain.recv(65536)
        assert more, "the server ends the connection"
        received += more


@pytest.mark.parametrize("level", ["1.0.2d", "1.0.2o", "1.1.1a"])
def test_the_clients_order_of_groups_decides(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level}")
    first, *_, last = parse_server_id(server.id, DEFINITIONS).declared().named_groups
    assert negotiated_group(server, first, last) == first
    assert negotiated_group(server, last, first) == last
    assert negotiated_group(server, NamedGroup.SECT163K1, last) == last
    assert negotiated_group(server, last, first, pieces=40) == last


@pytest.mark.parametrize("level", ["1.0.2d", "1.0.2o"])
def test_a_client_that_names_no_group_gets_the_servers_first(openssl: Variants, level: str) -> None:
    assert negotiated_group(openssl.start(f"openssl@{level}")) == NamedGroup.SECP256R1


@pytest.mark.parametrize("level", ["1.0.2d", "1.0.2o"])
def test_hellos_that_lie_about_their_lengths_do_no_harm(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level}")
    right = hello_of(ProtocolVersion.TLS_1_2, [ECDHE_RSA], [NamedGroup.SECP384R1])
    for position in range(5, len(right)):
        for byte in (0, 0xFF):
            with connect(server) as plain:
                plain.sendall(right[:position] + bytes([byte]) + right[position + 1 :])
    assert negotiated_group(server, NamedGroup.SECP384R1) == NamedGroup.SECP384R1


def test_a_group_that_openssl_1_0_does_not_have_is_named() -> None:
    assert curves([NamedGroup.SECP384R1]) == [{"group": 24, "name": "secp384r1"}]
    with pytest.raises(ValueError, match=r"declared\.named_groups: x25519 is no curve of OpenSSL 1\.0"):
        curves([NamedGroup.SECP384R1, NamedGroup.X25519])
