"""Private keys from one file format into another, through `cryptography`. Pure: bytes in, bytes out.

A format is told by what the bytes say: the label of a PEM block, else DER, which is tried as what may hold a
key. Certificates beside the key go along where the new format has a place for them.
"""

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
    load_ssh_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    load_pkcs12,
    serialize_key_and_certificates,
)
from cryptography.x509 import Certificate, load_pem_x509_certificates
from msgspec import Struct

from matrix.errors import MatrixError

JAVA_KEYSTORE = b"\xfe\xed\xfe\xed"
JCEKS = b"\xce\xce\xce\xce"
_SEQUENCE, _INTEGER = b"\x30", b"\x02"
_BEGIN, _END = b"-----BEGIN ", b"-----END "
_TRADITIONAL = (rsa.RSAPrivateKey, dsa.DSAPrivateKey, ec.EllipticCurvePrivateKey)
"""Kinds of keys that had a form of their own before PKCS#8 (RFC 8017 appendix A.1.2, RFC 5915)."""


_OF_PKCS12 = (*_TRADITIONAL, ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)
"""What `cryptography` puts into PKCS#12."""


class Format(StrEnum):
    """The formats a key is written in. "pem" and "der" are the form of its algorithm (PKCS#1, SEC 1), which
    Wireshark and old programs read, and PKCS#8 where it has none.
    """

    PEM = "pem"
    DER = "der"
    PKCS8 = "pkcs8"
    PKCS12 = "pkcs12"


class KeyFileError(MatrixError):
    """A key that cannot be read or written; the text says why and what to do."""


class PasswordNeeded(KeyFileError):
    """The file is encrypted, and no password or another one was given."""


class KeyFile(Struct, frozen=True):
    """What is in a file: the key, the certificates beside it, and what they are called there."""

    key: PrivateKeyTypes
    certificates: tuple[Certificate, ...] = ()
    name: bytes | None = None

    @property
    def title(self) -> str:
        """The kind of the key, for a person."""
        key = self.key
        if isinstance(key, rsa.RSAPrivateKey | dsa.DSAPrivateKey):
            return f"{'RSA' if isinstance(key, rsa.RSAPrivateKey) else 'DSA'} key of {key.key_size} bits"
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return f"EC key on {key.curve.name}"
        return f"{type(key).__name__.removeprefix('_').removesuffix('PrivateKey')} key"


def read_key_file(data: bytes, password: bytes | None = None) -> KeyFile:
    """Read a key from the bytes of a file: PEM, DER, PKCS#8, PKCS#12 or OpenSSH's, encrypted or not. Raises
    PasswordNeeded, KeyFileError.
    """
    if data[:4] in (JAVA_KEYSTORE, JCEKS):
        raise KeyFileError(
            "is a Java keystore, whose format is Java's own; make a PKCS#12 file of it first: "
            "keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12"
        )
    return _from_pem(data, password) if _BEGIN in data else _from_der(data, password)


def write_key_file(content: KeyFile, format_: Format, password: bytes | None = None) -> bytes:
    """Write a key in a format; the password is that of PKCS#12, the others are not encrypted. Raises
    KeyFileError.
    """
    if format_ is Format.PKCS12:
        if password is None:
            raise PasswordNeeded("PKCS#12 is written with a password")
        if not isinstance(content.key, _OF_PKCS12):
            raise KeyFileError(f"an {content.title} has no place in PKCS#12 here; use --to pkcs8")
        leaf = _own_certificate(content)
        others = [each for each in content.certificates if each is not leaf]
        encryption = BestAvailableEncryption(password)
        return serialize_key_and_certificates(content.name, content.key, leaf, others or None, encryption)
    is_traditional = format_ is not Format.PKCS8 and isinstance(content.key, _TRADITIONAL)
    form = PrivateFormat.TraditionalOpenSSL if is_traditional else PrivateFormat.PKCS8
    if format_ is Format.DER:
        return content.key.private_bytes(Encoding.DER, form, NoEncryption())
    key = content.key.private_bytes(Encoding.PEM, form, NoEncryption())
    return key + b"".join(each.public_bytes(Encoding.PEM) for each in content.certificates)


def _from_pem(data: bytes, password: bytes | None) -> KeyFile:
    blocks = _blocks(data)
    keys = [block for label, block in blocks if label.endswith(b"PRIVATE KEY")]
    if not keys:
        has = ", ".join(label.decode("ascii", "backslashreplace") for label, _ in blocks)
        said = f"only: {has}" if has else "since it ends within its first block; copy the whole file"
        raise KeyFileError(f"has no private key, {said}")
    if len(keys) > 1:
        raise KeyFileError(f"has {len(keys)} private keys; keep one of them in a file of its own")
    load = load_ssh_private_key if b"OPENSSH" in keys[0][:40] else load_pem_private_key
    certificates = b"".join(block for label, block in blocks if label.endswith(b"CERTIFICATE"))
    try:
        chain = tuple(load_pem_x509_certificates(certificates)) if certificates else ()
    except ValueError as error:
        raise KeyFileError(f"has a certificate that cannot be read: {error}") from error
    return KeyFile(_loaded(lambda given: load(keys[0], given), password), chain)


def _from_der(data: bytes, password: bytes | None) -> KeyFile:
    _check_is_whole(data)
    try:
        return KeyFile(_loaded(lambda given: load_der_private_key(data, given), password))
    except PasswordNeeded as error:
        if not _is_pkcs12(data):
            raise error
    except KeyFileError:
        if not _is_pkcs12(data):
            raise KeyFileError("is no private key in PEM, DER, PKCS#8 or PKCS#12") from None
    try:
        bag = load_pkcs12(data, password)
    except UnsupportedAlgorithm as error:
        raise KeyFileError(f"has a key or a cipher that cannot be read here: {error}") from error
    except ValueError as error:
        raise PasswordNeeded(f"is a PKCS#12 file that this password does not open ({error})") from error
    if bag.key is None:
        raise KeyFileError("is a PKCS#12 file without a private key")
    certificates = [each for each in (bag.cert, *bag.additional_certs) if each is not None]
    name = None if bag.cert is None else bag.cert.friendly_name
    return KeyFile(bag.key, tuple(each.certificate for each in certificates), name)


def _check_is_whole(data: bytes) -> None:
    """Raise KeyFileError where a SEQUENCE like that of a key breaks off: a password cannot mend that."""
    header, length = _sequence(data)
    missing = 0 if length is None else header + length - len(data)
    if missing > 0 and data[header : header + 1] in (_INTEGER, _SEQUENCE):
        raise KeyFileError(f"breaks off: its last {missing} bytes are missing; copy the whole file")


def _is_pkcs12(data: bytes) -> bool:
    """Whether it is a SEQUENCE that begins with the INTEGER 3, a PFX's version (RFC 7292 section 4)."""
    header, _ = _sequence(data)
    return data[header : header + 3] == b"\x02\x01\x03"


def _sequence(data: bytes) -> tuple[int, int | None]:
    """Where the content of a SEQUENCE begins, and its length (X.690 section 8.1.3), None where its end is
    marked; (0, None) for anything else.
    """
    if data[:1] != _SEQUENCE or len(data) < 8:
        return 0, None
    if not data[1] & 0x80:
        return 2, data[1]
    header = 2 + (data[1] & 0x7F)
    return header, int.from_bytes(data[2:header], "big") if header > 2 else None


def _loaded(load: Callable[[bytes | None], PrivateKeyTypes], password: bytes | None) -> PrivateKeyTypes:
    try:
        try:
            return load(password)
        except TypeError:  # a password for a key that needs none, or none for one that does
            if password is None:
                raise PasswordNeeded("is encrypted") from None
            return load(None)
    except UnsupportedAlgorithm as error:
        raise KeyFileError(f"has a key or a cipher that cannot be read here: {error}") from error
    except ValueError as error:
        if password is not None:
            raise PasswordNeeded(f"cannot be opened with this password ({error})") from error
        raise KeyFileError(f"cannot be read: {error}") from error


def _own_certificate(content: KeyFile) -> Certificate | None:
    """The certificate of the key, if it is there."""
    own = content.key.public_key()
    for each in content.certificates:
        with suppress(UnsupportedAlgorithm, ValueError):  # a key that cannot be read is not this one
            if each.public_key() == own:
                return each
    return None


def _blocks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The PEM blocks with their labels, whatever stands around them (RFC 7468 section 2)."""
    found, rest = [], data
    while (start := rest.find(_BEGIN)) >= 0:
        label = rest[start + len(_BEGIN) :].split(b"-----", 1)[0]
        marker = _END + label + b"-----"
        end = rest.find(marker, start)
        if end < 0:
            break
        end += len(marker)
        found.append((label, rest[start:end] + b"\n"))
        rest = rest[end:]
    return found
