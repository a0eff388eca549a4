"""The primitives under the record protection, behind one shape: bytes in, bytes out.

`cryptography` gives AES, Camellia, SEED, IDEA and the AEADs, pycryptodomex DES, 3DES, RC2 and RC4, which
`cryptography` is about to drop or has dropped. An `encryptor` or `decryptor` keeps its state from call to
call, so CBC chains across records and RC4 runs on, as SSLv3 and TLS 1.0 demand.
"""

from collections.abc import Callable
from typing import Protocol

from Cryptodome.Cipher import ARC2, ARC4, DES, DES3
from cryptography.hazmat.decrepit.ciphers.algorithms import IDEA, SEED, Camellia
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
    """A running encryption; `iv` is empty for a stream cipher."""
    legacy = _legacy_cipher(cipher, key, iv)
    if legacy is not None:
        return legacy.encrypt
    return Cipher(_ALGORITHMS[cipher.algorithm](key), modes.CBC(iv)).encryptor().update


def decryptor(cipher: BulkCipher, key: bytes, iv: bytes) -> Transform:
    """A running decryption; `iv` is empty for a stream cipher."""
    legacy = _legacy_cipher(cipher, key, iv)
    if legacy is not None:
        return legacy.decrypt
    return Cipher(_ALGORITHMS[cipher.algorithm](key), modes.CBC(iv)).decryptor().update


def aead(cipher: BulkCipher, key: bytes) -> AEAD:
    """The AEAD with its key."""
    if cipher.algorithm is BulkAlgorithm.AES_GCM:
        return AESGCM(key)
    if cipher.algorithm is BulkAlgorithm.AES_CCM:
        return AESCCM(key, tag_length=cipher.tag_length)
    return ChaCha20Poly1305(key)


class _RunningCipher(Protocol):
    def encrypt(self, plaintext: bytes, /) -> bytes: ...
    def decrypt(self, ciphertext: bytes, /) -> bytes: ...


class _Identity:
    """The NULL cipher (RFC 5246 section 6.2.3.1)."""

    def encrypt(self, plaintext: bytes, /) -> bytes:
        return plaintext

    def decrypt(self, ciphertext: bytes, /) -> bytes:
        return ciphertext


def _legacy_cipher(cipher: BulkCipher, key: bytes, iv: bytes) -> _RunningCipher | None:
    match cipher.algorithm:
        case BulkAlgorithm.NULL:
            return _Identity()
        case BulkAlgorithm.RC4:
            return ARC4.new(key)
        case BulkAlgorithm.DES:
            return DES.new(key, DES.MODE_CBC, iv)
        case BulkAlgorithm.TRIPLE_DES:
            return DES3.new(key, DES3.MODE_CBC, iv)
        case BulkAlgorithm.RC2:
            # The 40 bits are in the key material; the cipher runs on all 128 bits of the expanded key, as
            # OpenSSL's does. The type stub lacks the argument, whose default would be 1024.
            return ARC2.new(key, ARC2.MODE_CBC, iv, effective_keylen=128)  # type: ignore[call-arg]
        case _:
            return None


_ALGORITHMS: dict[BulkAlgorithm, Callable[[bytes], CipherAlgorithm]] = {
    BulkAlgorithm.AES: AES,
    BulkAlgorithm.CAMELLIA: Camellia,
    BulkAlgorithm.SEED: SEED,
    BulkAlgorithm.IDEA: IDEA,
}
