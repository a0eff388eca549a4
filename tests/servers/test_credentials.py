from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from servers.contract import PrivateKeyAndChain
from servers.credentials import make_credentials


def test_makes_one_of_each_kind(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    kinds = {"rsa": (RSAPublicKey, 2048), "dsa": (DSAPublicKey, 1024), "ecdsa": (EllipticCurvePublicKey, 256)}
    assert set(credentials) == set(kinds)
    for kind, (key_type, bits) in kinds.items():
        (certificate,) = x509.load_pem_x509_certificates(credentials[kind].chain.encode())
        key = certificate.public_key()
        assert isinstance(key, key_type)
        assert key.key_size == bits


def test_every_run_has_its_own(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    others = make_credentials()
    assert all(others[kind].chain != credentials[kind].chain for kind in credentials)


def test_keys_are_not_shown(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    assert "PRIVATE KEY" in credentials["rsa"].private_key
    assert "PRIVATE KEY" not in repr(credentials)
