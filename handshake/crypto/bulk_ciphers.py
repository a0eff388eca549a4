"""The primitives under the record protection, behind one shape: bytes in, bytes out.

All are of `cryptography`, those that nobody should use any more of its `decrepit` part. An `encryptor` or
`decryptor` keeps its state from call to call, so CBC chains across records and RC4 runs on, as SSLv3 and
TLS 1.0 demand.
"""

from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, IDEA, RC2, SEED, Camellia, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from handshake.crypto.suite_parameters import BulkAlgorithm, BulkCipher

Transform = Callable[[bytes], bytes]
"""Encrypts or decrypts the next bytes of one direction; whole blocks for a block cipher."""


class AEAD(Protocol):
    """An AEAD of `cryptography`: nonce, data, associated data; `decrypt` raises InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The ciphertext with the tag behind it."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The plaintext."""


def encryptor(cipher: BulkCipher, key: bytes, iv: bytes) -> Transform:
    """A running encryption; `iv` is empty for a stream cipher. Raises ValueError for an AEAD."""
    if cipher.algorithm is BulkAlgorithm.NULL:
        return bytes
    return _running(cipher, key, iv).encryptor().update


def decryptor(cipher: BulkCipher, key: bytes, iv: bytes) -> Transform:
    """A running decryption; `iv` is empty for a stream cipher. Raises ValueError for an AEAD."""
    if cipher.algorithm is BulkAlgorithm.NULL:
        return bytes
    return _running(cipher, key, iv).decryptor().update


def aead(cipher: BulkCipher, key: bytes) -> AEAD:
    """The AEAD with its key."""
    if cipher.algorithm is BulkAlgorithm.AES_GCM:
        return AESGCM(key)
    if cipher.algorithm is BulkAlgorithm.AES_CCM:
        return AESCCM(key, tag_length=cipher.tag_length)
    return ChaCha20Poly1305(key)


def _running(cipher: BulkCipher, key: bytes, iv: bytes) -> "Cipher[modes.CBC] | Cipher[None]":
    if cipher.algorithm is BulkAlgorithm.RC4:
        return Cipher(ARC4(key), None)
    algorithm = _ALGORITHMS.get(cipher.algorithm)
    if algorithm is None:
        raise ValueError(f"{cipher.algorithm} is an AEAD")
    return Cipher(algorithm(key), modes.CBC(iv))


def _des(key: bytes) -> CipherAlgorithm:
    """DES is 3DES under one key."""
    return TripleDES(key * 3)


_ALGORITHMS: dict[BulkAlgorithm, Callable[[bytes], CipherAlgorithm]] = {
    BulkAlgorithm.AES: AES,
    BulkAlgorithm.CAMELLIA: Camellia,
    BulkAlgorithm.SEED: SEED,
    BulkAlgorithm.IDEA: IDEA,
    BulkAlgorithm.DES: _des,
    BulkAlgorithm.TRIPLE_DES: TripleDES,
    # The 40 bits are in the key material; the cipher runs on all 128 bits of the expanded key, as OpenSSL's.
    BulkAlgorithm.RC2: RC2,
}
