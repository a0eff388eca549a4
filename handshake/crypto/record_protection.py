"""Record protection: what stands between a plaintext fragment and the one on the wire.

One object protects one direction on one side: it counts its own records and keeps its cipher's state, so the
client's writing object and the server's reading one are two objects made from the same keys. All failures of
a received record are `PeerFault(BAD_RECORD_MAC)`, whose text says which check failed; how long a fragment may
be is the record layer's business.

CBC runs through one context per direction. Before TLS 1.1 that is the protocol's chaining; from TLS 1.1 on a
random block goes in front, and its encryption serves as the explicit IV (RFC 4346 section 6.2.3.2, method
2b).
"""

import hashlib
import hmac
from collections.abc import Callable
from struct import Struct
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hmac import HMAC

from handshake.crypto.bulk_ciphers import Transform, aead, decryptor, encryptor
from handshake.crypto.key_schedule import WriteKeys, connection_keys, hash_algorithm
from handshake.crypto.key_schedule_13 import traffic_keys
from handshake.crypto.suite_parameters import BulkCipher, CipherKind, MacAlgorithm, SuiteParameters
from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.record import MAX_INNER_13, names_of_length
from handshake.wire.registry import ProtocolVersion

Mac = Callable[[int, int, int, bytes], bytes]
"""(sequence number, content type, record version, content) -> MAC."""

_TLS_HEADER = Struct("!QBHH").pack
_SSL3_HEADER = Struct("!QBH").pack
_RECORD_HEADER = Struct("!BHH").pack
_PADDINGS = tuple(bytes((length,)) * (length + 1) for length in range(256))
"""GenericBlockCipher's padding with its length byte, by padding_length (RFC 5246 section 6.2.3.2)."""


class Protection(Protocol):
    """Record protection of one direction, SSLv3 to TLS 1.2. Sequence numbers are counted inside, from 0."""

    def protect(self, content_type: int, record_version: int, plaintext: bytes) -> bytes:
        """The fragment to send for a plaintext."""

    def unprotect(self, content_type: int, record_version: int, fragment: bytes) -> bytes:
        """The plaintext of a received fragment; raises `PeerFault(BAD_RECORD_MAC)`."""


class NullProtection:
    """No protection at all: a connection's state until the first ChangeCipherSpec (RFC 5246 section 6.1)."""

    __slots__ = ()

    def protect(self, content_type: int, record_version: int, plaintext: bytes) -> bytes:
        """The plaintext itself."""
        return plaintext

    def unprotect(self, content_type: int, record_version: int, fragment: bytes) -> bytes:
        """The fragment itself."""
        return fragment


class StreamProtection:
    """GenericStreamCipher: RC4, and NULL with a MAC (RFC 5246 section 6.2.3.1)."""

    __slots__ = ("_cipher", "_keys", "_mac", "_mac_length", "_sequence_number", "_transform")

    def __init__(self, cipher: BulkCipher, keys: WriteKeys, mac: Mac, mac_length: int) -> None:
        self._cipher, self._keys = cipher, keys
        self._mac, self._mac_length = mac, mac_length
        self._sequence_number = 0
        self._transform: Transform | None = None

    def protect(self, content_type: int, record_version: int, plaintext: bytes) -> bytes:
        """MAC behind the plaintext, both encrypted."""
        if self._transform is None:
            self._transform = encryptor(self._cipher, self._keys.key, b"")
        mac = self._mac(self._sequence_number, content_type, record_version, plaintext)
        self._sequence_number += 1
        return self._transform(plaintext + mac)

    def unprotect(self, content_type: int, record_version: int, fragment: bytes) -> bytes:
        """The content, its MAC checked."""
        if self._transform is None:
            self._transform = decryptor(self._cipher, self._keys.key, b"")
        text = self._transform(fragment)
        content, received = text[: -self._mac_length], text[-self._mac_length :]
        expected = self._mac(self._sequence_number, content_type, record_version, content)
        if not hmac.compare_digest(expected, received):
            raise _bad_record_mac(self._sequence_number, "the MAC does not fit")
        self._sequence_number += 1
        return content


class BlockProtection:
    """GenericBlockCipher, MAC first and encryption over it (RFC 6101 section 5.2.3.2, RFC 5246 section
    6.2.3.2).
    """

    __slots__ = (
        "_cipher",
        "_entropy",
        "_keys",
        "_mac",
        "_mac_length",
        "_sequence_number",
        "_transform",
        "_version",
    )

    def __init__(
        self,
        cipher: BulkCipher,
        version: int,
        keys: WriteKeys,
        mac: Mac,
        mac_length: int,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._cipher, self._version, self._keys = cipher, version, keys
        self._mac, self._mac_length, self._entropy = mac, mac_length, entropy
        self._sequence_number = 0
        self._transform: Transform | None = None

    def protect(self, content_type: int, record_version: int, plaintext: bytes) -> bytes:
        """Content, MAC and the shortest padding, encrypted; with an explicit IV in front from TLS 1.1 on."""
        mac = self._mac(self._sequence_number, content_type, record_version, plaintext)
        self._sequence_number += 1
        return self._encrypt(plaintext + mac)

    def unprotect(self, content_type: int, record_version: int, fragment: bytes) -> bytes:
        """The content, its padding and MAC checked."""
        text = self._decrypt(fragment, self._mac_length)
        content, received = text[: -self._mac_length], text[-self._mac_length :]
        expected = self._mac(self._sequence_number, content_type, record_version, content)
        if not hmac.compare_digest(expected, received):
            raise _bad_record_mac(self._sequence_number, "the MAC does not fit")
        self._sequence_number += 1
        return content

    def _encrypt(self, content: bytes) -> bytes:
        block_length = self._cipher.block_length
        if self._transform is None:
            self._transform = encryptor(self._cipher, self._keys.key, self._keys.iv or bytes(block_length))
        padding = _PADDINGS[-(len(content) + 1) % block_length]
        if self._version >= ProtocolVersion.TLS_1_1:
            return self._transform(self._entropy(block_length) + content + padding)
        return self._transform(content + padding)

    def _decrypt(self, fragment: bytes, shortest: int) -> bytes:
        """Decrypt and take the padding off; `shortest` bytes must be left."""
        block_length = self._cipher.block_length
        if self._transform is None:
            self._transform = decryptor(self._cipher, self._keys.key, self._keys.iv or bytes(block_length))
        explicit = block_length if self._version >= ProtocolVersion.TLS_1_1 else 0
        if len(fragment) % block_length or len(fragment) <= explicit + shortest:
            raise _bad_record_mac(self._sequence_number, f"{len(fragment)} bytes are no whole ciphertext")
        text = self._transform(fragment)[explicit:]
        padding_length = text[-1]
        if self._version == ProtocolVersion.SSL_3_0:
            # RFC 6101 section 5.2.3.2: any bytes, but less than a block of them.
            padding_fits = padding_length < block_length
        else:
            padding_fits = text.endswith(_PADDINGS[padding_length])
        if not padding_fits:
            raise _bad_record_mac(self._sequence_number, "the padding is not what its last byte says")
        return text[: -padding_length - 1]


class EncryptThenMACProtection(BlockProtection):
    """GenericBlockCipher with the MAC over IV and ciphertext (RFC 7366 section 3)."""

    __slots__ = ()

    def protect(self, content_type: int, record_version: int, plaintext: bytes) -> bytes:
        """Padded and encrypted, the MAC in the clear behind it."""
        ciphertext = self._encrypt(plaintext)
        mac = self._mac(self._sequence_number, content_type, record_version, ciphertext)
        self._sequence_number += 1
        return ciphertext + mac

    def unprotect(self, content_type: int, record_version: int, fragment: bytes) -> bytes:
        """The content; the MAC is checked before anything is decrypted."""
        ciphertext, received = fragment[: -self._mac_length], fragment[-self._mac_length :]
        expected = self._mac(self._sequence_number, content_type, record_version, ciphertext)
        if not hmac.compare_digest(expected, received):
            raise _bad_record_mac(self._sequence_number, "the MAC over the ciphertext does not fit")
        content = self._decrypt(ciphertext, 0)
        self._sequence_number += 1
        return content


class AEADProtection:
    """GenericAEADCipher of TLS 1.2: GCM (RFC 5288), CCM (RFC 6655), ChaCha20-Poly1305 (RFC 7905).

    GCM and CCM send 8 bytes of nonce with each record, here the sequence number; ChaCha20's nonce is the IV
    xor the sequence number and nothing is sent.
    """

    __slots__ = ("_aead", "_explicit", "_iv", "_sequence_number", "_tag_length")

    def __init__(self, cipher: BulkCipher, keys: WriteKeys) -> None:
        self._aead = aead(cipher, keys.key)
        self._iv = keys.iv
        self._explicit = cipher.explicit_nonce_length
        self._tag_length = cipher.tag_length
        self._sequence_number = 0

    def protect(self, content_type: int, record_version: int, plaintext: bytes) -> bytes:
        """The explicit nonce, if the cipher has one, and the ciphertext with its tag."""
        sequence_number = self._sequence_number
        self._sequence_number += 1
        explicit = sequence_number.to_bytes(8, "big")[: self._explicit]
        nonce = self._iv + explicit if explicit else _xor_nonce(self._iv, sequence_number)
        header = _TLS_HEADER(sequence_number, content_type, record_version, len(plaintext))
        return explicit + self._aead.encrypt(nonce, plaintext, header)

    def unprotect(self, content_type: int, record_version: int, fragment: bytes) -> bytes:
        """The content, its tag checked."""
        length = len(fragment) - self._explicit - self._tag_length
        if length < 0:
            raise _bad_record_mac(
                self._sequence_number, f"{len(fragment)} bytes are too short for nonce and tag"
            )
        explicit = fragment[: self._explicit]
        nonce = self._iv + explicit if explicit else _xor_nonce(self._iv, self._sequence_number)
        header = _TLS_HEADER(self._sequence_number, content_type, record_version, length)
        try:
            content = self._aead.decrypt(nonce, fragment[self._explicit :], header)
        except InvalidTag as error:
            raise _bad_record_mac(self._sequence_number, "the AEAD's tag does not fit") from error
        self._sequence_number += 1
        return content


class Protection13:
    """TLS 1.3's record protection (RFC 8446 section 5.2): the true content type is inside, all records look
    alike.
    """

    __slots__ = ("_aead", "_iv", "_sequence_number", "_tag_length")

    def __init__(self, cipher: BulkCipher, key: bytes, iv: bytes) -> None:
        self._aead = aead(cipher, key)
        self._iv = iv
        self._tag_length = cipher.tag_length
        self._sequence_number = 0

    def protect(self, content_type: int, record_version: int, plaintext: bytes, padding: int = 0) -> bytes:
        """The fragment of an application_data record with `plaintext`, its type and `padding` zeros."""
        inner = b"%b%c%b" % (plaintext, content_type, bytes(padding))
        header = _RECORD_HEADER(_APPLICATION_DATA, record_version, len(inner) + self._tag_length)
        nonce = _xor_nonce(self._iv, self._sequence_number)
        self._sequence_number += 1
        return self._aead.encrypt(nonce, inner, header)

    def can_unprotect(self, content_type: int, record_version: int, fragment: bytes) -> bool:
        """Whether the next record of the peer is this one; nothing is counted."""
        header = _RECORD_HEADER(content_type, record_version, len(fragment))
        try:
            self._aead.decrypt(_xor_nonce(self._iv, self._sequence_number), fragment, header)
        except InvalidTag:
            return False
        return True

    def unprotect(
        self, content_type: int, record_version: int, fragment: bytes, max_inner: int = MAX_INNER_13
    ) -> tuple[int, bytes]:
        """The inner content type and the content of a record with this outer header, padding removed.

        Raises `PeerFault(BAD_RECORD_MAC)`, `PeerFault(UNEXPECTED_MESSAGE)` for zeros only, and
        `PeerFault(RECORD_OVERFLOW)` for more than `max_inner` bytes of both (section 5.4).
        """
        if len(fragment) < self._tag_length:
            raise _bad_record_mac(self._sequence_number, f"{len(fragment)} bytes are too short for a tag")
        header = _RECORD_HEADER(content_type, record_version, len(fragment))
        try:
            inner = self._aead.decrypt(_xor_nonce(self._iv, self._sequence_number), fragment, header)
        except InvalidTag as error:
            raise _bad_record_mac(self._sequence_number, "the AEAD's tag does not fit") from error
        self._sequence_number += 1
        if len(inner) > max_inner:
            raise PeerFault(
                Fault.RECORD_OVERFLOW,
                f"a record holds {len(inner)} bytes with its padding, {max_inner} are allowed",
                *names_of_length(len(fragment)),
            )
        inner = inner.rstrip(b"\x00")
        if not inner:
            raise PeerFault(
                Fault.UNEXPECTED_MESSAGE, "a TLS 1.3 record of nothing but padding: no content type"
            )
        return inner[-1], inner[:-1]


def connection_protections(
    parameters: SuiteParameters,
    version: int,
    master_secret: bytes,
    client_random: bytes,
    server_random: bytes,
    entropy: Callable[[int], bytes],
    *,
    encrypt_then_mac: bool = False,
) -> tuple[Protection, Protection]:
    """(client_write, server_write) for SSLv3 to TLS 1.2; each side makes its own pair.

    `encrypt_then_mac` says that RFC 7366 was negotiated; it changes block ciphers only (section 3 there).
    Raises `LocalError` for a suite that has no meaning in `version`.
    """
    client, server = connection_keys(parameters, version, master_secret, client_random, server_random)
    return (
        make_protection(parameters, version, client, entropy, encrypt_then_mac=encrypt_then_mac),
        make_protection(parameters, version, server, entropy, encrypt_then_mac=encrypt_then_mac),
    )


def make_protection(
    parameters: SuiteParameters,
    version: int,
    keys: WriteKeys,
    entropy: Callable[[int], bytes],
    *,
    encrypt_then_mac: bool = False,
) -> Protection:
    """One direction's protection from its keys; see `connection_protections`."""
    cipher, mac_algorithm = parameters.cipher, parameters.mac
    is_possible = ProtocolVersion.SSL_3_0 <= version <= ProtocolVersion.TLS_1_2
    if mac_algorithm is None:
        is_possible = version == parameters.minimum_version == ProtocolVersion.TLS_1_2
    elif version == ProtocolVersion.SSL_3_0:
        is_possible = mac_algorithm in _SSL3_PAD_LENGTHS
    if not is_possible:
        raise LocalError(
            f"cipher suite 0x{parameters.cipher_suite:04x} has no record protection in 0x{version:04x}"
        )
    if mac_algorithm is None:
        return AEADProtection(cipher, keys)
    mac = (_ssl3_mac if version == ProtocolVersion.SSL_3_0 else _tls_mac)(mac_algorithm, keys.mac_secret)
    mac_length = mac_algorithm.digest_length
    if cipher.kind is CipherKind.STREAM:
        return StreamProtection(cipher, keys, mac, mac_length)
    block_protection = (
        EncryptThenMACProtection
        if encrypt_then_mac and version > ProtocolVersion.SSL_3_0
        else BlockProtection
    )
    return block_protection(cipher, version, keys, mac, mac_length, entropy)


def traffic_protection(parameters: SuiteParameters, traffic_secret: bytes) -> Protection13:
    """TLS 1.3's protection of the direction that has this traffic secret."""
    keys = traffic_keys(parameters.prf_hash, traffic_secret, parameters.cipher.key_length)
    return Protection13(parameters.cipher, keys.key, keys.iv)


def _tls_mac(algorithm: MacAlgorithm, secret: bytes) -> Mac:
    """HMAC of RFC 5246 section 6.2.3.1."""
    keyed = HMAC(secret, hash_algorithm(algorithm))

    def compute(sequence_number: int, content_type: int, record_version: int, content: bytes) -> bytes:
        running = keyed.copy()
        running.update(_TLS_HEADER(sequence_number, content_type, record_version, len(content)) + content)
        return running.finalize()

    return compute


def _ssl3_mac(algorithm: MacAlgorithm, secret: bytes) -> Mac:
    """SSLv3's MAC, HMAC's forerunner: secrets and pads in front, no version in the header (RFC 6101 section
    5.2.3.1).
    """
    pad_length = _SSL3_PAD_LENGTHS[algorithm]
    inner_start = hashlib.new(algorithm, secret + b"\x36" * pad_length)
    outer_start = hashlib.new(algorithm, secret + b"\x5c" * pad_length)

    def compute(sequence_number: int, content_type: int, record_version: int, content: bytes) -> bytes:
        inner, outer = inner_start.copy(), outer_start.copy()
        inner.update(_SSL3_HEADER(sequence_number, content_type, len(content)) + content)
        outer.update(inner.digest())
        return outer.digest()

    return compute


def _xor_nonce(iv: bytes, sequence_number: int) -> bytes:
    """The nonce of RFC 8446 section 5.3 and RFC 7905 section 2."""
    return (int.from_bytes(iv, "big") ^ sequence_number).to_bytes(len(iv), "big")


def _bad_record_mac(sequence_number: int, detail: str) -> PeerFault:
    return PeerFault(Fault.BAD_RECORD_MAC, f"record {sequence_number} under the present keys: {detail}")


_APPLICATION_DATA = 23
_SSL3_PAD_LENGTHS = {MacAlgorithm.MD5: 48, MacAlgorithm.SHA1: 40}
