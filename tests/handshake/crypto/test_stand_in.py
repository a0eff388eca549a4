"""Keys for groups that cannot be computed: what a real implementation takes for a key."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey, MLKEM1024PublicKey

from handshake.crypto.stand_in import stand_in_key_exchange
from handshake.wire.registry import NamedGroup


@pytest.mark.parametrize(
    ("group", "length", "ml_kem", "key"),
    [
        (NamedGroup.MLKEM768, 1184, slice(None), MLKEM768PublicKey),
        (NamedGroup.MLKEM1024, 1568, slice(None), MLKEM1024PublicKey),
        (NamedGroup.X25519KYBER768DRAFT00, 1216, slice(32, None), MLKEM768PublicKey),
        (NamedGroup.SECP256R1KYBER768DRAFT00, 1249, slice(65, None), MLKEM768PublicKey),
    ],
)
def test_a_library_with_ml_kem_takes_it_for_a_key(group, length, ml_kem, key) -> None:
    stand_in = stand_in_key_exchange(group, length, os.urandom)
    assert len(stand_in) == length
    secret, ciphertext = key.from_public_bytes(stand_in[ml_kem]).encapsulate()
    assert (len(secret), len(ciphertext)) == (32, 1088 if key is MLKEM768PublicKey else 1568)
    with pytest.raises(ValueError, match=r".*"):
        key.from_public_bytes(os.urandom(len(stand_in[ml_kem]))).encapsulate()


def test_its_point_is_on_the_curve() -> None:
    point = stand_in_key_exchange(NamedGroup.SECP256R1KYBER768DRAFT00, 1249, os.urandom)[:65]
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


@pytest.mark.parametrize(("group", "length"), [(0xFE32, 40), (NamedGroup.SECT283K1, 73), (0x6399, 8)])
def test_where_the_form_is_not_known_or_not_kept_it_is_random(group, length) -> None:
    drawn = os.urandom(length)
    assert (
        stand_in_key_exchange(group, length, lambda count: drawn if count == length else bytes(count))
        == drawn
    )
