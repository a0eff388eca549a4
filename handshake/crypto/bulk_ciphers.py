"""The primitives under the record protection, behind one shape: bytes in, bytes out.

`cryptography` gives AES, Camellia, SEED, IDEA and the AEADs, `legacy_ciphers` the others. An `encryptor` or
`decryptor` keeps its state from call to call, so CBC chains across records and RC4 runs on, as SSLv3 and
TLS 1.0 demand.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import IDEA, SEED, Camellia
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from handshake.crypto.suite_parameters import BulkAlgorithm, BulkCipher

if TYPE_CHECKING:
    from handshake.crypto.legacy_ciphers import RunningCipher

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
    algorithm = _ALGORITHMS.get(cipher.algorithm)
    if algorithm is None:
        return _legacy_cipher(cipher, key, iv).encrypt
    return Cipher(algorithm(key), modes.CBC(iv)).encryptor().update


def decryptor(cipher: BulkCipher, key: bytes, iv: bytes) -> Transform:
    """A running decryption; `iv` is empty for a stream cipher. Raises ValueError for an AEAD."""
    algorithm = _ALGORITHMS.get(cipher.algorithm)
    if algorithm is None:
        return _legacy_cipher(cipher, key, iv).decrypt
    return Cipher(algorithm(key), modes.CBC(iv)).decryptor().update


def aead(cipher: BulkCipher, key: bytes) -> AEAD:
    """The AEAD with its key."""
    if cipher.algorithm is BulkAlgorithm.AES_GCM:
        return AESGCM(key)
    if cipher.algorithm is BulkAlgorithm.AES_CCM:
        return AESCCM(key, tag_length=cipher.tag_length)
    return ChaCha20Poly1305(key)


def _legacy_cipher(cipher: BulkCipher, key: bytes, iv: bytes) -> "RunningCipher":
    from handshake.crypto.legacy_ciphers import legacy_cipher  # takes a while, and most connections need none

    return legacy_cipher(cipher.algorithm, key, iv)


_ALGORITHMS: dict[BulkAlgorithm, Callable[[bytes], CipherAlgorithm]] = {
    BulkAlgorithm.AES: AES,
    BulkAlgorithm.CAMELLIA: Camellia,
    BulkAlgorithm.SEED: SEED,
    BulkAlgorithm.IDEA: IDEA,
}
