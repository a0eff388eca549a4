import contextlib

import gmpy2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handshake.crypto.dh_groups import (
    DSA_SUBGROUP_ORDER_1024,
    FFDHE_GROUPS,
    JSSE_DH_GROUPS,
    ffdhe_group,
    modp_group,
)
from handshake.crypto.export_rsa import export_rsa_public_key, generate_export_rsa_key
from handshake.crypto.key_exchange import (
    DHKeyPair,
    ECDHKeyPair,
    FFDHEKeyPair,
    decrypt_pre_master_secret,
    encrypt_pre_master_secret,
    generate_key_pair,
    supported_groups,
)
from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.registry import NamedGroup
from tests.handshake.crypto.independent import mathtls

TLS_1_0, TLS_1_3 = 0x0301, 0x0304
ODD = (1 << 512) + 1
PRE_MASTER_SECRET = b"\x03\x01" + bytes(range(46))


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)


def assert_fault(caught: pytest.ExceptionInfo[PeerFault], fault: Fault) -> None:
    assert caught.value.fault is fault


def test_rsa_transport(rsa_key):
    encrypted = encrypt_pre_master_secret(rsa_key.public_key(), PRE_MASTER_SECRET)
    assert len(encrypted) == 128
    assert decrypt_pre_master_secret(rsa_key, encrypted) == PRE_MASTER_SECRET


def test_rsa_transport_of_nonsense(rsa_key):
    """OpenSSL answers wrong padding with random bytes, the same each time for a key and a ciphertext."""
    faults = 0
    for last in range(100):
        changed = b"\x00" * 127 + bytes((last,))
        try:
            assert len(decrypt_pre_master_secret(rsa_key, changed)) == 48
        except PeerFault as fault:
            faults += fault.fault is Fault.DECRYPT
    assert faults > 80  # a random length of 48 has a chance below 1 in 100


@pytest.mark.parametrize(
    "encrypted",
    [b"", b"\x00" * 127, b"\x01" * 129, b"\xff" * 128],
    ids=["empty", "short", "long", "too large"],
)
def test_rsa_transport_of_impossible_lengths_and_numbers(rsa_key, encrypted):
    with pytest.raises(PeerFault) as caught:
        decrypt_pre_master_secret(rsa_key, encrypted)
    assert_fault(caught, Fault.DECRYPT)


@pytest.mark.parametrize("length", [0, 47, 49])
def test_rsa_transport_of_another_length_than_48(rsa_key, length):
    with pytest.raises(PeerFault) as caught:
        decrypt_pre_master_secret(rsa_key, rsa_key.public_key().encrypt(bytes(length), PKCS1v15()))
    assert_fault(caught, Fault.DECRYPT)


@pytest.mark.parametrize("bits", [512, 768, 1024])
def test_export_rsa_transport(entropy, bits):
    private_key = generate_export_rsa_key(bits, entropy)
    assert private_key.key_size == bits
    numbers = private_key.public_key().public_numbers()
    encrypted = encrypt_pre_master_secret(export_rsa_public_key(numbers.n, numbers.e), PRE_MASTER_SECRET)
    assert len(encrypted) == bits // 8
    assert decrypt_pre_master_secret(private_key, encrypted) == PRE_MASTER_SECRET
    with contextlib.suppress(PeerFault):  # what OpenSSL makes up has 48 bytes once in a while
        other = generate_export_rsa_key(bits, entropy)
        assert decrypt_pre_master_secret(other, encrypted) != PRE_MASTER_SECRET


def test_export_rsa_keys_are_sound_and_differ(entropy):
    first, second = (generate_export_rsa_key(512, entropy) for _ in range(2))
    numbers = first.private_numbers()
    assert gmpy2.is_prime(numbers.p)
    assert gmpy2.is_prime(numbers.q)
    numbers.private_key()  # with `cryptography`'s own validation, which the generator skips
    assert numbers.public_numbers != second.private_numbers().public_numbers


@pytest.mark.parametrize("bits", [0, 240, 513])
def test_export_rsa_keys_of_impossible_sizes(entropy, bits):
    with pytest.raises(LocalError):
        generate_export_rsa_key(bits, entropy)


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        (0, 3),
        (1, 3),
        (ODD, 0),
        (ODD, 1),
        (ODD, ODD),
        (ODD, 4),
        (1 << 512, 3),
        ((1 << 383) + 1, 3),
        (1 << 20_000, 3),
    ],
    ids=lambda number: hex(number)[:12],
)
def test_temporary_rsa_keys_that_are_none(modulus, exponent):
    with pytest.raises(PeerFault) as caught:
        encrypt_pre_master_secret(export_rsa_public_key(modulus, exponent), PRE_MASTER_SECRET)
    assert_fault(caught, Fault.ILLEGAL_PARAMETER)


def test_groups_of_rfcs_are_those_tlslite_lists():
    listed = {name: prime for name, (_, prime) in mathtls.FFDHE_PARAMETERS.items()}
    for name, bits in {"RFC2409 group 1": 768, "RFC2409 group 2": 1024, "RFC3526 group 5": 1536}.items():
        assert modp_group(bits).p == listed[name]
    for number, bits in {14: 2048, 15: 3072, 16: 4096, 17: 6144, 18: 8192}.items():
        assert modp_group(bits).p == listed[f"RFC3526 group {number}"]
    for named_group, bits in zip(sorted(FFDHE_GROUPS), (2048, 3072, 4096, 6144, 8192), strict=True):
        assert ffdhe_group(named_group).p == listed[f"RFC7919 ffdhe{bits}"]
        assert ffdhe_group(named_group).g == 2
    with pytest.raises(LocalError, match="1025 bits"):
        modp_group(1025)
    with pytest.raises(LocalError, match="0x0017"):
        ffdhe_group(NamedGroup.SECP256R1)


@pytest.mark.parametrize("bits", [512, 768, 1024])
def test_jsse_groups_are_groups(bits):
    group = JSSE_DH_GROUPS[bits]
    assert group.bits == bits
    assert gmpy2.is_prime(group.p)
    assert 1 < group.g < group.p
    if bits == 1024:
        assert pow(group.g, DSA_SUBGROUP_ORDER_1024, group.p) == 1


@pytest.mark.parametrize("bits", [512, 768, 1024])
@pytest.mark.parametrize("version", [0x0300, TLS_1_0, TLS_1_3])
def test_finite_field_exchange_gives_both_the_same(entropy, bits, version):
    group = JSSE_DH_GROUPS[bits]
    client, server = (DHKeyPair.generate(group.p, group.g, entropy) for _ in range(2))
    assert client.public != server.public
    secret = client.shared_secret(server.public, version)
    assert secret == server.shared_secret(client.public, version)
    assert int.from_bytes(secret, "big") == pow(server.public, client.private, group.p)
    assert str(client.private) not in repr(client)


def test_leading_zeros_of_a_shared_secret_go_up_to_tls12_and_stay_in_tls13(entropy):
    group = JSSE_DH_GROUPS[512]
    server = DHKeyPair.generate(group.p, group.g, entropy)
    peers = (DHKeyPair.generate(group.p, group.g, entropy).public for _ in range(5000))
    peer = next(public for public in peers if pow(public, server.private, group.p) < 1 << 504)
    stripped, full = server.shared_secret(peer, TLS_1_0), server.shared_secret(peer, TLS_1_3)
    assert len(full) == 64
    assert full.startswith(b"\x00")
    assert stripped == full.lstrip(b"\x00")
    assert len(stripped) < 64


@pytest.mark.parametrize("offset", [-1, 0])
def test_public_values_that_give_the_secret_away(entropy, offset):
    group = modp_group(768)
    key_pair = DHKeyPair.generate(group.p, group.g, entropy)
    for peer in (0, 1, group.p + offset, group.p + 5):
        with pytest.raises(PeerFault) as caught:
            key_pair.shared_secret(peer, TLS_1_0)
        assert_fault(caught, Fault.ILLEGAL_PARAMETER)


@pytest.mark.parametrize(
    ("p", "g"),
    [(0, 2), (1, 2), (5, 2), (1 << 512, 2), (23, 0), (23, 1), (23, 22), (23, 23), ((1 << 10_001) - 1, 2)],
    ids=lambda number: hex(number)[:12],
)
def test_primes_and_generators_that_are_no_group(entropy, p, g):
    with pytest.raises(PeerFault) as caught:
        DHKeyPair.generate(p, g, entropy)
    assert_fault(caught, Fault.ILLEGAL_PARAMETER)


def test_every_supported_group_gives_both_the_same(entropy):
    assert len(supported_groups()) == 14
    for named_group in supported_groups() | {NamedGroup.FFDHE2048.value}:
        client, server = (generate_key_pair(named_group, entropy) for _ in range(2))
        assert client.named_group == named_group
        secret = client.shared_secret(server.public_bytes)
        assert secret == server.shared_secret(client.public_bytes)
        assert len(secret) >= 24
        assert client.shared_secret(generate_key_pair(named_group, entropy).public_bytes) != secret
        for nonsense in (b"", b"\x04", bytes(len(server.public_bytes)), server.public_bytes + b"\x00"):
            with pytest.raises(PeerFault) as caught:
                client.shared_secret(nonsense)
            assert_fault(caught, Fault.ILLEGAL_PARAMETER)


@pytest.mark.parametrize("named_group", [NamedGroup.SECT571R1, NamedGroup.SECP160R1, 0x1A1A, 0x6399])
def test_other_groups_are_our_mistake(named_group, entropy):
    assert named_group not in supported_groups()
    with pytest.raises(LocalError):
        generate_key_pair(named_group, entropy)


def test_ffdhe_public_values_are_padded(entropy):
    key_pair = FFDHEKeyPair.generate(NamedGroup.FFDHE2048, entropy)
    assert len(key_pair.public_bytes) == 256
    padded = FFDHEKeyPair(NamedGroup.FFDHE2048, DHKeyPair(key_pair.key_pair.p, 2, public=4, private=2))
    assert padded.public_bytes == bytes(255) + b"\x04"


def raw_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def test_brainpool_of_rfc7027():
    """Appendix A.1."""
    d_a = 0x81DB1EE100150FF2EA338D708271BE38300CB54241D79950F77B063039804F1D
    x_b = "8d2d688c6cf93e1160ad04cc4429117dc2c41825e1e9fca0addd34e6f1b39f7b"
    y_b = "990c57520812be512641e47034832106bc7d3e8dd0e4c7f1136d7006547cec6a"
    private_key = ec.derive_private_key(d_a, ec.BrainpoolP256R1())
    key_pair = ECDHKeyPair(NamedGroup.BRAINPOOLP256R1, private_key, raw_point(private_key))
    assert key_pair.public_bytes.hex() == (
        "0444106e913f92bc02a1705d9953a8414db95e1aaa49e81d9e85f929a8e3100be5"
        "8ab4846f11caccb73ce49cbdd120f5a900a69fd32c272223f789ef10eb089bdc"
    )
    assert key_pair.shared_secret(bytes.fromhex("04" + x_b + y_b)).hex() == (
        "89afc39d41d3b327814b80940b042590f96556ec91e6ae7939bce31f3a18bf2b"
    )


def test_montgomery_curves_of_rfc7748():
    """Sections 6.1 and 6.2."""
    x25519 = X25519PrivateKey.from_private_bytes(bytes.fromhex(ALICE_25519))
    key_pair = ECDHKeyPair(NamedGroup.X25519, x25519, b"")
    assert key_pair.shared_secret(bytes.fromhex(BOB_25519)).hex() == (
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    )
    x448 = X448PrivateKey.from_private_bytes(bytes.fromhex(ALICE_448))
    assert ECDHKeyPair(NamedGroup.X448, x448, b"").shared_secret(bytes.fromhex(BOB_448)).hex() == (
        "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b"
        "b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d"
    )


ALICE_25519 = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
BOB_25519 = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
ALICE_448 = (
    "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
    "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b"
)
BOB_448 = (
    "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430"
    "27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609"
)
