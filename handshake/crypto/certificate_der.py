"""Certificates and keys put together from their DER, for what `cryptography` does not make: an RSA key that
is for RSASSA-PSS alone, and a signature with SHA-1.

A certificate is a SEQUENCE of what is signed, the algorithm and the signature (RFC 5280 section 4.1). One
that `cryptography` has made is taken apart, changed, and signed anew. Nothing here reads what a peer sends.
"""

from collections.abc import Iterable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PSS_WITH_SHA256 = PSS(MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
"""How a certificate is signed whose key is for RSASSA-PSS alone (RFC 4055 section 3.1)."""

_SEQUENCE, _BIT_STRING = 0x30, 0x03
# AlgorithmIdentifiers: id-RSASSA-PSS without parameters (RFC 4055 section 1.2), and sha-1WithRSAEncryption,
# whose parameters are NULL (RFC 3279 section 2.2.1).
_RSASSA_PSS = bytes.fromhex("300b 0609 2a864886f70d01010a")
_SHA1_WITH_RSA = bytes.fromhex("300d 0609 2a864886f70d010105 0500")
# Places of fields: in a Certificate; in its TBSCertificate, which begins with a version (RFC 5280 section
# 4.1); in its SubjectPublicKeyInfo; in a PrivateKeyInfo (RFC 5208 section 5).
_TO_BE_SIGNED, _SIGNATURE_ALGORITHM = 0, 1
_SIGNATURE_WITHIN, _PUBLIC_KEY = 2, 6
_PUBLIC_KEY_ALGORITHM = 0
_PRIVATE_KEY_ALGORITHM = 1


def with_pss_key(certificate: bytes, key: RSAPrivateKey) -> bytes:
    """The certificate of an RSA key for itself, signed with `PSS_WITH_SHA256`, with a key that is for
    RSASSA-PSS alone.
    """
    whole = _fields(certificate)
    to_be_signed = _fields(whole[_TO_BE_SIGNED])
    public_key = _fields(to_be_signed[_PUBLIC_KEY])
    public_key[_PUBLIC_KEY_ALGORITHM] = _RSASSA_PSS
    to_be_signed[_PUBLIC_KEY] = _sequence(public_key)
    signed = _sequence(to_be_signed)
    signature = key.sign(signed, PSS_WITH_SHA256, hashes.SHA256())
    return _certificate(signed, whole[_SIGNATURE_ALGORITHM], signature)


def signed_with_sha1(certificate: bytes, authority: RSAPrivateKey) -> bytes:
    """The certificate, signed anew by its authority, with SHA-1."""
    to_be_signed = _fields(_fields(certificate)[_TO_BE_SIGNED])
    to_be_signed[_SIGNATURE_WITHIN] = _SHA1_WITH_RSA
    signed = _sequence(to_be_signed)
    return _certificate(signed, _SHA1_WITH_RSA, authority.sign(signed, PKCS1v15(), hashes.SHA1()))


def pss_private_key(key: RSAPrivateKey) -> bytes:
    """An RSA key that is for RSASSA-PSS alone, as PKCS #8 in DER."""
    info = _fields(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    info[_PRIVATE_KEY_ALGORITHM] = _RSASSA_PSS
    return _sequence(info)


def _certificate(signed: bytes, algorithm: bytes, signature: bytes) -> bytes:
    bits = _encoded(_BIT_STRING, b"\x00" + signature)  # no bit of the last byte is unused
    return _sequence((signed, algorithm, bits))


def _fields(sequence: bytes) -> list[bytes]:
    """The fields of a SEQUENCE, each with its tag and length (X.690 section 8.1)."""
    start, _ = _content(sequence, 0)
    fields = []
    while start < len(sequence):
        _, end = _content(sequence, start)
        fields.append(sequence[start:end])
        start = end
    return fields


def _content(encoded: bytes, start: int) -> tuple[int, int]:
    """Where the content of the value at `start` begins and ends."""
    begins, length = start + 2, encoded[start + 1]
    if length < 0x80:
        return begins, begins + length
    size = length - 0x80  # of the length itself, in bytes
    length = int.from_bytes(encoded[begins : begins + size], "big")
    return begins + size, begins + size + length


def _sequence(fields: Iterable[bytes]) -> bytes:
    return _encoded(_SEQUENCE, b"".join(fields))


def _encoded(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 + size)) + length.to_bytes(size, "big") + content
