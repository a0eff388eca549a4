"""What a cipher suite is made of, read off its IANA name.

The name states the key exchange, the bulk cipher and the hash (RFC 5246 appendix A.5); the lengths that go
with each bulk cipher are in RFC 2246 section 6.3.1 (export), RFC 5246 appendix C and the RFCs of the ciphers.
Nothing here is a second table of suites: a code point whose name does not consist of parts known here raises
`UnsupportedParameter`. In which versions a suite may be chosen is read off the name too, in
`handshake.wire.suite_versions`.
"""

import re
from enum import Enum, StrEnum
from functools import cache

from msgspec import Struct

from handshake.errors import Parameter, UnsupportedParameter
from handshake.wire.cipher_suites import CIPHER_SUITES, cipher_spec_name
from handshake.wire.suite_versions import suite_versions


class KeyExchange(StrEnum):
    """How the premaster secret comes about and who signs for it; the value is the IANA name's first part."""

    RSA = "RSA"
    RSA_EXPORT = "RSA_EXPORT"
    DHE_RSA = "DHE_RSA"
    DHE_DSS = "DHE_DSS"
    DHE_RSA_EXPORT = "DHE_RSA_EXPORT"
    DHE_DSS_EXPORT = "DHE_DSS_EXPORT"
    DH_ANON = "DH_anon"
    DH_ANON_EXPORT = "DH_anon_EXPORT"
    ECDHE_RSA = "ECDHE_RSA"
    ECDHE_ECDSA = "ECDHE_ECDSA"
    ECDH_ANON = "ECDH_anon"
    TLS13 = "TLS13"


class CertificateType(StrEnum):
    """The kind of public key in the server's certificate."""

    RSA = "rsa"
    DSA = "dsa"
    ECDSA = "ecdsa"


class MacAlgorithm(StrEnum):
    """The hash of the record MAC; the value is hashlib's name for it."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA384 = "sha384"

    @property
    def digest_length(self) -> int:
        """Length of the MAC and of its secret, in bytes."""
        return _DIGEST_LENGTHS[self]


class CipherKind(Enum):
    """The three shapes of a protected fragment (RFC 5246 sections 6.2.3.1 to 6.2.3.3)."""

    STREAM = "stream"
    BLOCK = "block"
    AEAD = "aead"


class BulkAlgorithm(Enum):
    """The primitive under a bulk cipher, whatever its key length."""

    NULL = "NULL"
    RC4 = "RC4"
    RC2 = "RC2"
    DES = "DES"
    TRIPLE_DES = "3DES"
    IDEA = "IDEA"
    SEED = "SEED"
    AES = "AES"
    CAMELLIA = "CAMELLIA"
    AES_GCM = "AES_GCM"
    AES_CCM = "AES_CCM"
    CHACHA20_POLY1305 = "CHACHA20_POLY1305"


class BulkCipher(Struct, frozen=True):
    """A bulk cipher; all lengths in bytes.

    `key_material` is what the key block gives, `key_length` what the primitive takes: they differ only in the
    40-bit ciphers. `block_length` is 0 unless the kind is BLOCK, and is the length of its IV as well.
    `fixed_iv_length` is the part of an AEAD nonce that is derived, `explicit_nonce_length` the part sent with
    each record before TLS 1.3.
    """

    name: str
    kind: CipherKind
    algorithm: BulkAlgorithm
    key_length: int
    key_material: int
    block_length: int = 0
    fixed_iv_length: int = 0
    explicit_nonce_length: int = 0
    tag_length: int = 0


class SuiteParameters(Struct, frozen=True):
    """A cipher suite taken apart. `mac` is None for an AEAD; `prf_hash` is a hashlib name and counts from TLS
    1.2 on.

    `minimum_version` and `maximum_version` bound where the RFCs define the suite
    (`handshake.wire.suite_versions`). Stacks exist that go beyond; the record protection does so too wherever
    it has a meaning.
    """

    cipher_suite: int
    key_exchange: KeyExchange
    cipher: BulkCipher
    mac: MacAlgorithm | None
    prf_hash: str
    minimum_version: int
    maximum_version: int

    @property
    def is_export(self) -> bool:
        """Whether the suite is one of the 40-bit ones with weakened keys (RFC 2246 appendix D)."""
        return self.cipher.key_material != self.cipher.key_length

    @property
    def is_anonymous(self) -> bool:
        """Whether the server proves no identity: no Certificate, no signature."""
        return self.key_exchange in _ANONYMOUS

    @property
    def is_ephemeral(self) -> bool:
        """Whether the suite itself demands a ServerKeyExchange with a Diffie-Hellman key (always so in TLS
        1.3's key share).
        """
        return self.key_exchange not in (KeyExchange.RSA, KeyExchange.RSA_EXPORT)

    @property
    def certificate_type(self) -> CertificateType | None:
        """The server key the suite needs; None when it needs none or, in TLS 1.3, does not say."""
        return _CERTIFICATE_TYPES.get(self.key_exchange)


@cache
def suite_parameters(code: int) -> SuiteParameters:
    """Take a cipher suite apart; raises `UnsupportedParameter` for what cannot be completed, unknown code
    points included.
    """
    unsupported = UnsupportedParameter(Parameter.CIPHER_SUITE, cipher_spec_name(code))
    names, versions = CIPHER_SUITES.get(code), suite_versions(code)
    match = _IANA_NAME.fullmatch(names.iana) if names is not None else None
    if match is None or versions is None:
        raise unsupported
    cipher = _CIPHERS.get(match["cipher"])
    key_exchange = _KEY_EXCHANGES.get(match["key_exchange"] or KeyExchange.TLS13)
    suffix = match["hash"] or "SHA256"  # CCM names end in no hash: RFC 6655 section 3 says SHA-256
    if cipher is None or key_exchange is None or suffix not in _HASHES:
        raise unsupported
    if key_exchange is KeyExchange.TLS13 and cipher.kind is not CipherKind.AEAD:
        raise unsupported
    mac = None if cipher.kind is CipherKind.AEAD else _HASHES[suffix]
    prf_hash = "sha384" if suffix == "SHA384" else "sha256"
    return SuiteParameters(code, key_exchange, cipher, mac, prf_hash, versions.lowest, versions.highest)


@cache
def is_completable(code: int) -> bool:
    """Whether a handshake that ends in this suite can be completed here."""
    try:
        suite_parameters(code)
    except UnsupportedParameter:
        return False
    return True


_IANA_NAME = re.compile(
    r"TLS_(?:(?P<key_exchange>\w+?)_WITH_)?(?P<cipher>\w+?)(?:_(?P<hash>MD5|SHA|SHA256|SHA384))?", re.ASCII
)
_DIGEST_LENGTHS = {
    MacAlgorithm.MD5: 16,
    MacAlgorithm.SHA1: 20,
    MacAlgorithm.SHA256: 32,
    MacAlgorithm.SHA384: 48,
}
_HASHES = {
    "MD5": MacAlgorithm.MD5,
    "SHA": MacAlgorithm.SHA1,
    "SHA256": MacAlgorithm.SHA256,
    "SHA384": MacAlgorithm.SHA384,
}
_KEY_EXCHANGES = {key_exchange.value: key_exchange for key_exchange in KeyExchange}
_ANONYMOUS = frozenset({KeyExchange.DH_ANON, KeyExchange.DH_ANON_EXPORT, KeyExchange.ECDH_ANON})
_CERTIFICATE_TYPES = {
    KeyExchange.RSA: CertificateType.RSA,
    KeyExchange.RSA_EXPORT: CertificateType.RSA,
    KeyExchange.DHE_RSA: CertificateType.RSA,
    KeyExchange.DHE_RSA_EXPORT: CertificateType.RSA,
    KeyExchange.DHE_DSS: CertificateType.DSA,
    KeyExchange.DHE_DSS_EXPORT: CertificateType.DSA,
    KeyExchange.ECDHE_RSA: CertificateType.RSA,
    KeyExchange.ECDHE_ECDSA: CertificateType.ECDSA,
}


def _stream(name: str, algorithm: BulkAlgorithm, key_length: int, key_material: int) -> BulkCipher:
    return BulkCipher(name, CipherKind.STREAM, algorithm, key_length, key_material)


def _block(
    name: str, algorithm: BulkAlgorithm, key_length: int, block_length: int, key_material: int | None = None
) -> BulkCipher:
    material = key_length if key_material is None else key_material
    return BulkCipher(name, CipherKind.BLOCK, algorithm, key_length, material, block_length=block_length)


def _aead(name: str, algorithm: BulkAlgorithm, key_length: int, explicit: int, tag: int) -> BulkCipher:
    return BulkCipher(
        name,
        CipherKind.AEAD,
        algorithm,
        key_length,
        key_length,
        fixed_iv_length=12 - explicit,
        explicit_nonce_length=explicit,
        tag_length=tag,
    )


_CIPHERS = {
    cipher.name: cipher
    for cipher in (
        _stream("NULL", BulkAlgorithm.NULL, 0, 0),
        _stream("RC4_128", BulkAlgorithm.RC4, 16, 16),
        _stream("RC4_40", BulkAlgorithm.RC4, 16, 5),
        _block("RC2_CBC_40", BulkAlgorithm.RC2, 16, 8, key_material=5),
        _block("DES40_CBC", BulkAlgorithm.DES, 8, 8, key_material=5),
        _block("DES_CBC", BulkAlgorithm.DES, 8, 8),
        _block("3DES_EDE_CBC", BulkAlgorithm.TRIPLE_DES, 24, 8),
        _block("IDEA_CBC", BulkAlgorithm.IDEA, 16, 8),
        _block("SEED_CBC", BulkAlgorithm.SEED, 16, 16),
        _block("AES_128_CBC", BulkAlgorithm.AES, 16, 16),
        _block("AES_256_CBC", BulkAlgorithm.AES, 32, 16),
        _block("CAMELLIA_128_CBC", BulkAlgorithm.CAMELLIA, 16, 16),
        _block("CAMELLIA_256_CBC", BulkAlgorithm.CAMELLIA, 32, 16),
        _aead("AES_128_GCM", BulkAlgorithm.AES_GCM, 16, 8, 16),
        _aead("AES_256_GCM", BulkAlgorithm.AES_GCM, 32, 8, 16),
        _aead("AES_128_CCM", BulkAlgorithm.AES_CCM, 16, 8, 16),
        _aead("AES_256_CCM", BulkAlgorithm.AES_CCM, 32, 8, 16),
        _aead("AES_128_CCM_8", BulkAlgorithm.AES_CCM, 16, 8, 8),
        _aead("AES_256_CCM_8", BulkAlgorithm.AES_CCM, 32, 8, 8),
        _aead("CHACHA20_POLY1305", BulkAlgorithm.CHACHA20_POLY1305, 32, 0, 16),
    )
}
