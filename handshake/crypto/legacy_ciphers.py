"""Those ciphers that `cryptography` is about to drop or has dropped; pycryptodomex has them."""

from typing import Protocol

from Cryptodome.Cipher import ARC2, ARC4, DES, DES3

from handshake.crypto.suite_parameters import BulkAlgorithm


class RunningCipher(Protocol):
    """Encrypts or decrypts the next bytes of one direction; whole blocks for a block cipher."""

    def encrypt(self, plaintext: bytes, /) -> bytes:
        """The ciphertext, of the same length."""

    def decrypt(self, ciphertext: bytes, /) -> bytes:
        """The plaintext, of the same length."""


class _Identity:
    """The NULL cipher (RFC 5246 section 6.2.3.1)."""

    def encrypt(self, plaintext: bytes, /) -> bytes:
        return plaintext

    def decrypt(self, ciphertext: bytes, /) -> bytes:
        return ciphertext


def legacy_cipher(algorithm: BulkAlgorithm, key: bytes, iv: bytes) -> RunningCipher:
    """A running cipher; `iv` is empty for a stream cipher. Raises ValueError for any other cipher."""
    match algorithm:
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
            raise ValueError(f"{algorithm} is no legacy cipher")
