"""Key shares of TLS 1.3: both sides get the same secret, and what is no key of the group is refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey

from handshake.crypto.key_exchange import ECDHKeyPair
from handshake.crypto.key_shares import (
    HYBRID_GROUPS,
    KEY_SHARE_GROUPS,
    MLKEMKeyPair,
    answer_key_share,
    generate_key_share,
)
from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.registry import NamedGroup, group_name

LENGTHS = {
    # client's and server's key_exchange, shared secret: draft-ietf-tls-ecdhe-mlkem sections 4.1 to 4.3
    NamedGroup.X25519MLKEM768: (1216, 1120, 64),
    NamedGroup.SECP256R1MLKEM768: (1249, 1153, 64),
    NamedGroup.SECP384R1MLKEM1024: (1665, 1665, 80),
    # FIPS 203 table 3, draft-ietf-tls-mlkem
    NamedGroup.MLKEM768: (1184, 1088, 32),
    NamedGroup.MLKEM1024: (1568, 1568, 32),
}


@pytest.mark.parametrize("named_group", sorted(KEY_SHARE_GROUPS), ids=group_name)
def test_both_sides_get_the_same_secret(entropy, named_group: int) -> None:
    client = generate_key_share(named_group, entropy)
    assert client.named_group == named_group
    answer = answer_key_share(named_group, client.public_bytes, entropy)
    secret = client.shared_secret(answer.key_exchange)
    assert secret == answer.shared_secret
    assert generate_key_share(named_group, entropy).shared_secret(answer.key_exchange) != secret


def test_groups_of_ml_kem_have_the_drafts_lengths(entropy) -> None:
    assert set(LENGTHS) == HYBRID_GROUPS | {NamedGroup.MLKEM768, NamedGroup.MLKEM1024}
    for named_group, lengths in LENGTHS.items():
        share = generate_key_share(named_group, entropy).public_bytes
        answer = answer_key_share(named_group, share, entropy)
        assert (len(share), len(answer.key_exchange), len(answer.shared_secret)) == lengths


def test_ml_kem_stands_first_beside_x25519_and_last_beside_p256() -> None:
    ml_kem = MLKEM768PrivateKey.generate()
    key = ml_kem.public_key().public_bytes_raw()
    for named_group, curve, is_first in (
        (NamedGroup.X25519MLKEM768, NamedGroup.X25519, True),
        (NamedGroup.SECP256R1MLKEM768, NamedGroup.SECP256R1, False),
    ):
        pair = MLKEMKeyPair(named_group, ml_kem, ECDHKeyPair.generate(curve))
        assert pair.public_bytes.startswith(key) is is_first
        assert pair.public_bytes.endswith(key) is not is_first
        secret, ciphertext = ml_kem.public_key().encapsulate()
        peer = ECDHKeyPair.generate(curve)
        assert pair.ecdh is not None
        on_curve = peer.shared_secret(pair.ecdh.public_bytes)
        received = ciphertext + peer.public_bytes if is_first else peer.public_bytes + ciphertext
        expected = secret + on_curve if is_first else on_curve + secret
        assert pair.shared_secret(received) == expected


@pytest.mark.parametrize("named_group", sorted(LENGTHS), ids=group_name)
def test_what_is_no_key_exchange_is_the_peers_fault(entropy, named_group: int) -> None:
    client = generate_key_share(named_group, entropy)
    share = client.public_bytes
    answer = answer_key_share(named_group, share, entropy).key_exchange
    # Zeros are a key of ML-KEM (FIPS 203 section 7.2), and any ciphertext of the right length has a secret
    # (section 6.3); not every point is one.
    is_hybrid = named_group in HYBRID_GROUPS
    no_point = [bytes(len(share))] if is_hybrid else []
    for nonsense in (b"", share[:-1], share + b"\x00", b"\xff" * len(share), *no_point):
        with pytest.raises(PeerFault) as caught:
            answer_key_share(named_group, nonsense, entropy)
        assert caught.value.fault is Fault.ILLEGAL_PARAMETER
    no_point = [bytes(len(answer))] if is_hybrid else []
    for nonsense in (b"", answer[:-1], answer + b"\x00", *no_point):
        with pytest.raises(PeerFault) as caught:
            client.shared_secret(nonsense)
        assert caught.value.fault is Fault.ILLEGAL_PARAMETER


@pytest.mark.parametrize("named_group", [NamedGroup.X25519KYBER768DRAFT00, NamedGroup.MLKEM512, 0x1A1A])
def test_other_groups_are_our_mistake(entropy, named_group: int) -> None:
    assert named_group not in KEY_SHARE_GROUPS
    with pytest.raises(LocalError):
        generate_key_share(named_group, entropy)
