"""Names of code points, from the IANA registries "TLS Parameters" and "TLS ExtensionType Values".

Values elsewhere hold plain ints, so that unknown ones survive; the enums here are for names. A member is
the RFC's name in upper case; where the registry spells a name otherwise than in lower case, `_SPELLINGS`
has it. Code points that were never registered but are seen in hellos are in the enums too, each with its
source.
"""

from difflib import get_close_matches
from enum import IntEnum


class ContentType(IntEnum):
    """Record content types (RFC 8446 section 5.1; heartbeat RFC 6520)."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23
    HEARTBEAT = 24


class HandshakeType(IntEnum):
    """Handshake message types (registry "TLS HandshakeType")."""

    HELLO_REQUEST = 0
    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    HELLO_VERIFY_REQUEST = 3
    NEW_SESSION_TICKET = 4
    END_OF_EARLY_DATA = 5
    HELLO_RETRY_REQUEST = 6
    ENCRYPTED_EXTENSIONS = 8
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_VERIFY = 15
    CLIENT_KEY_EXCHANGE = 16
    FINISHED = 20
    CERTIFICATE_URL = 21
    CERTIFICATE_STATUS = 22
    SUPPLEMENTAL_DATA = 23
    KEY_UPDATE = 24
    COMPRESSED_CERTIFICATE = 25
    NEXT_PROTOCOL = 67
    """draft-agl-tls-nextprotoneg-04, never registered."""
    ENCRYPTED_EXTENSIONS_DRAFT = 203
    """draft-balfanz-tls-channelid-00, never registered."""
    MESSAGE_HASH = 254


class AlertLevel(IntEnum):
    """RFC 5246 section 7.2."""

    WARNING = 1
    FATAL = 2


class AlertDescription(IntEnum):
    """Registry "TLS Alerts", the reserved ones of SSLv3 and TLS 1.0 included."""

    CLOSE_NOTIFY = 0
    UNEXPECTED_MESSAGE = 10
    BAD_RECORD_MAC = 20
    DECRYPTION_FAILED = 21
    RECORD_OVERFLOW = 22
    DECOMPRESSION_FAILURE = 30
    HANDSHAKE_FAILURE = 40
    NO_CERTIFICATE = 41
    BAD_CERTIFICATE = 42
    UNSUPPORTED_CERTIFICATE = 43
    CERTIFICATE_REVOKED = 44
    CERTIFICATE_EXPIRED = 45
    CERTIFICATE_UNKNOWN = 46
    ILLEGAL_PARAMETER = 47
    UNKNOWN_CA = 48
    ACCESS_DENIED = 49
    DECODE_ERROR = 50
    DECRYPT_ERROR = 51
    TOO_MANY_CIDS_REQUESTED = 52
    EXPORT_RESTRICTION = 60
    PROTOCOL_VERSION = 70
    INSUFFICIENT_SECURITY = 71
    INTERNAL_ERROR = 80
    INAPPROPRIATE_FALLBACK = 86
    USER_CANCELED = 90
    NO_RENEGOTIATION = 100
    MISSING_EXTENSION = 109
    UNSUPPORTED_EXTENSION = 110
    CERTIFICATE_UNOBTAINABLE = 111
    UNRECOGNIZED_NAME = 112
    BAD_CERTIFICATE_STATUS_RESPONSE = 113
    BAD_CERTIFICATE_HASH_VALUE = 114
    UNKNOWN_PSK_IDENTITY = 115
    CERTIFICATE_REQUIRED = 116
    GENERAL_ERROR = 117
    NO_APPLICATION_PROTOCOL = 120
    ECH_REQUIRED = 121


class CompressionMethod(IntEnum):
    """Registry "TLS Compression Method Identifiers"."""

    NULL = 0
    DEFLATE = 1
    LZS = 64


class CertificateCompressionAlgorithm(IntEnum):
    """Registry "TLS Certificate Compression Algorithm IDs" (RFC 8879 section 7.3)."""

    ZLIB = 1
    BROTLI = 2
    ZSTD = 3


class ClientCertificateType(IntEnum):
    """Registry "TLS ClientCertificateType Identifiers", as far as there are keys for it here."""

    RSA_SIGN = 1
    DSS_SIGN = 2
    ECDSA_SIGN = 64


class ProtocolVersion(IntEnum):
    """Versions as on the wire; SSLv2 is 0x0002 in its own hello."""

    SSL_2_0 = 0x0002
    SSL_3_0 = 0x0300
    TLS_1_0 = 0x0301
    TLS_1_1 = 0x0302
    TLS_1_2 = 0x0303
    TLS_1_3 = 0x0304


class ExtensionType(IntEnum):
    """Registry "TLS ExtensionType Values", then the unregistered ones seen in hellos."""

    SERVER_NAME = 0
    MAX_FRAGMENT_LENGTH = 1
    CLIENT_CERTIFICATE_URL = 2
    TRUSTED_CA_KEYS = 3
    TRUNCATED_HMAC = 4
    STATUS_REQUEST = 5
    USER_MAPPING = 6
    CLIENT_AUTHZ = 7
    SERVER_AUTHZ = 8
    CERT_TYPE = 9
    SUPPORTED_GROUPS = 10
    EC_POINT_FORMATS = 11
    SRP = 12
    SIGNATURE_ALGORITHMS = 13
    USE_SRTP = 14
    HEARTBEAT = 15
    APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16
    STATUS_REQUEST_V2 = 17
    SIGNED_CERTIFICATE_TIMESTAMP = 18
    CLIENT_CERTIFICATE_TYPE = 19
    SERVER_CERTIFICATE_TYPE = 20
    PADDING = 21
    ENCRYPT_THEN_MAC = 22
    EXTENDED_MASTER_SECRET = 23
    TOKEN_BINDING = 24
    CACHED_INFO = 25
    TLS_LTS = 26
    COMPRESS_CERTIFICATE = 27
    RECORD_SIZE_LIMIT = 28
    PWD_PROTECT = 29
    PWD_CLEAR = 30
    PASSWORD_SALT = 31
    TICKET_PINNING = 32
    TLS_CERT_WITH_EXTERN_PSK = 33
    DELEGATED_CREDENTIAL = 34
    SESSION_TICKET = 35
    TLMSP = 36
    TLMSP_PROXYING = 37
    TLMSP_DELEGATE = 38
    SUPPORTED_EKT_CIPHERS = 39
    KEY_SHARE_DRAFT = 40
    """key_share before draft-ietf-tls-tls13-23; reserved since (RFC 8446 section 11)."""
    PRE_SHARED_KEY = 41
    EARLY_DATA = 42
    SUPPORTED_VERSIONS = 43
    COOKIE = 44
    PSK_KEY_EXCHANGE_MODES = 45
    CERTIFICATE_AUTHORITIES = 47
    OID_FILTERS = 48
    POST_HANDSHAKE_AUTH = 49
    SIGNATURE_ALGORITHMS_CERT = 50
    KEY_SHARE = 51
    TRANSPARENCY_INFO = 52
    CONNECTION_ID_DEPRECATED = 53
    CONNECTION_ID = 54
    EXTERNAL_ID_HASH = 55
    EXTERNAL_SESSION_ID = 56
    QUIC_TRANSPORT_PARAMETERS = 57
    TICKET_REQUEST = 58
    DNSSEC_CHAIN = 59
    SEQUENCE_NUMBER_ENCRYPTION_ALGORITHMS = 60
    RRC = 61
    TLS_FLAGS = 62
    ECH_OUTER_EXTENSIONS = 0xFD00
    ENCRYPTED_CLIENT_HELLO = 0xFE0D
    RENEGOTIATION_INFO = 0xFF01
    NEXT_PROTOCOL_NEGOTIATION = 0x3374
    """draft-agl-tls-nextprotoneg-04."""
    APPLICATION_SETTINGS = 0x4469
    """draft-vvv-tls-alps-01, as Chromium sent it up to 2024."""
    APPLICATION_SETTINGS_NEW = 0x44CD
    """The same in Chromium's second encoding."""
    TOKEN_BINDING_DRAFT = 0x5500
    """draft-ietf-tokbind-negotiation before its registration as 24."""
    CHANNEL_ID_OLD = 0x754F
    """draft-balfanz-tls-channelid-00."""
    CHANNEL_ID = 0x7550
    """draft-balfanz-tls-channelid-01."""
    PADDING_DRAFT = 0x8B47
    """draft-agl-tls-padding before its registration as 21 (Chrome 33, Firefox 28)."""
    TRUST_ANCHORS = 0xCA34
    """draft-ietf-tls-trust-anchor-ids, as Chromium 156 sends it."""
    ENCRYPTED_SERVER_NAME = 0xFFCE
    """draft-ietf-tls-esni-06."""
    TLS13_DRAFT_VERSION = 0xFF02
    """draft-ietf-tls-tls13-14, NSS only (Firefox 49 with TLS 1.3 turned on)."""
    TLS13_SHORT_HEADER = 0xFF03
    """Shorter record headers, an experiment of NSS (Firefox 52 and 53)."""


class NamedGroup(IntEnum):
    """Registry "TLS Supported Groups"; two post-quantum drafts that were deployed."""

    SECT163K1 = 1
    SECT163R1 = 2
    SECT163R2 = 3
    SECT193R1 = 4
    SECT193R2 = 5
    SECT233K1 = 6
    SECT233R1 = 7
    SECT239K1 = 8
    SECT283K1 = 9
    SECT283R1 = 10
    SECT409K1 = 11
    SECT409R1 = 12
    SECT571K1 = 13
    SECT571R1 = 14
    SECP160K1 = 15
    SECP160R1 = 16
    SECP160R2 = 17
    SECP192K1 = 18
    SECP192R1 = 19
    SECP224K1 = 20
    SECP224R1 = 21
    SECP256K1 = 22
    SECP256R1 = 23
    SECP384R1 = 24
    SECP521R1 = 25
    BRAINPOOLP256R1 = 26
    BRAINPOOLP384R1 = 27
    BRAINPOOLP512R1 = 28
    X25519 = 29
    X448 = 30
    BRAINPOOLP256R1TLS13 = 31
    BRAINPOOLP384R1TLS13 = 32
    BRAINPOOLP512R1TLS13 = 33
    GC256A = 34
    GC256B = 35
    GC256C = 36
    GC256D = 37
    GC512A = 38
    GC512B = 39
    GC512C = 40
    CURVESM2 = 41
    FFDHE2048 = 256
    FFDHE3072 = 257
    FFDHE4096 = 258
    FFDHE6144 = 259
    FFDHE8192 = 260
    MLKEM512 = 0x0200
    MLKEM768 = 0x0201
    MLKEM1024 = 0x0202
    SECP256R1MLKEM768 = 0x11EB
    X25519MLKEM768 = 0x11EC
    SECP384R1MLKEM1024 = 0x11ED
    CURVESM2MLKEM768 = 0x11EE
    X25519KYBER768DRAFT00 = 0x6399
    SECP256R1KYBER768DRAFT00 = 0x639A
    ARBITRARY_EXPLICIT_PRIME_CURVES = 0xFF01
    ARBITRARY_EXPLICIT_CHAR2_CURVES = 0xFF02


class SignatureScheme(IntEnum):
    """Registry "TLS SignatureScheme", and TLS 1.2's pairs (RFC 5246 section 7.4.1.4.1)."""

    RSA_PKCS1_MD5 = 0x0101
    DSA_MD5 = 0x0102
    ECDSA_MD5 = 0x0103
    RSA_PKCS1_SHA1 = 0x0201
    DSA_SHA1 = 0x0202
    ECDSA_SHA1 = 0x0203
    RSA_PKCS1_SHA224 = 0x0301
    DSA_SHA224 = 0x0302
    ECDSA_SHA224 = 0x0303
    RSA_PKCS1_SHA256 = 0x0401
    DSA_SHA256 = 0x0402
    ECDSA_SECP256R1_SHA256 = 0x0403
    RSA_PKCS1_SHA384 = 0x0501
    DSA_SHA384 = 0x0502
    ECDSA_SECP384R1_SHA384 = 0x0503
    RSA_PKCS1_SHA512 = 0x0601
    DSA_SHA512 = 0x0602
    ECDSA_SECP521R1_SHA512 = 0x0603
    SM2SIG_SM3 = 0x0708
    GOSTR34102012_256A = 0x0709
    GOSTR34102012_256B = 0x070A
    GOSTR34102012_256C = 0x070B
    GOSTR34102012_256D = 0x070C
    GOSTR34102012_512A = 0x070D
    GOSTR34102012_512B = 0x070E
    GOSTR34102012_512C = 0x070F
    RSA_PSS_RSAE_SHA256 = 0x0804
    RSA_PSS_RSAE_SHA384 = 0x0805
    RSA_PSS_RSAE_SHA512 = 0x0806
    ED25519 = 0x0807
    ED448 = 0x0808
    RSA_PSS_PSS_SHA256 = 0x0809
    RSA_PSS_PSS_SHA384 = 0x080A
    RSA_PSS_PSS_SHA512 = 0x080B
    ECDSA_BRAINPOOLP256R1TLS13_SHA256 = 0x081A
    ECDSA_BRAINPOOLP384R1TLS13_SHA384 = 0x081B
    ECDSA_BRAINPOOLP512R1TLS13_SHA512 = 0x081C
    MLDSA44 = 0x0904
    MLDSA65 = 0x0905
    MLDSA87 = 0x0906


_SPELLINGS = {
    "tlmsp": "TLMSP",
    "tlmsp_proxying": "TLMSP_proxying",
    "tlmsp_delegate": "TLMSP_delegate",
    "gc256a": "GC256A",
    "gc256b": "GC256B",
    "gc256c": "GC256C",
    "gc256d": "GC256D",
    "gc512a": "GC512A",
    "gc512b": "GC512B",
    "gc512c": "GC512C",
    "curvesm2": "curveSM2",
    "mlkem512": "MLKEM512",
    "mlkem768": "MLKEM768",
    "mlkem1024": "MLKEM1024",
    "secp256r1mlkem768": "SecP256r1MLKEM768",
    "x25519mlkem768": "X25519MLKEM768",
    "secp384r1mlkem1024": "SecP384r1MLKEM1024",
    "curvesm2mlkem768": "curveSM2MLKEM768",
    "x25519kyber768draft00": "X25519Kyber768Draft00",
    "secp256r1kyber768draft00": "SecP256r1Kyber768Draft00",
}
"""Where the registry's spelling is not the member's name in lower case."""


def _names(enum: type[IntEnum]) -> dict[int, str]:
    lower = {member.value: member.name.lower().replace("brainpoolp", "brainpoolP") for member in enum}
    return {value: _SPELLINGS.get(name, name) for value, name in lower.items()}


_ALERT_NAMES = _names(AlertDescription)
_ALERTS = {name: value for value, name in _ALERT_NAMES.items()}
_EXTENSION_NAMES = _names(ExtensionType)
_GROUP_NAMES = _names(NamedGroup)
_GROUPS = {name.lower(): value for value, name in _GROUP_NAMES.items()}
_SIGNATURE_SCHEME_NAMES = _names(SignatureScheme)
_SIGNATURE_SCHEMES = {name.lower(): value for value, name in _SIGNATURE_SCHEME_NAMES.items()}
_EXTENSION_TYPES = {name.lower(): value for value, name in _EXTENSION_NAMES.items()} | {
    # Names of before: RFC 4492 section 5.1, RFC 7301's usual abbreviation, RFC 9345's drafts.
    "elliptic_curves": ExtensionType.SUPPORTED_GROUPS.value,
    "alpn": ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION.value,
    "delegated_credentials": ExtensionType.DELEGATED_CREDENTIAL.value,
}
_VERSION_NAMES = {
    ProtocolVersion.SSL_2_0.value: "SSLv2",
    ProtocolVersion.SSL_3_0.value: "SSLv3",
    ProtocolVersion.TLS_1_0.value: "TLSv1.0",
    ProtocolVersion.TLS_1_1.value: "TLSv1.1",
    ProtocolVersion.TLS_1_2.value: "TLSv1.2",
    ProtocolVersion.TLS_1_3.value: "TLSv1.3",
}
_VERSIONS = {name.lower(): value for value, name in _VERSION_NAMES.items()}


def is_grease(code: int) -> bool:
    """Whether a 16-bit code point is one of the sixteen of RFC 8701 (0x0a0a, 0x1a1a ... 0xfafa)."""
    return code & 0x0F0F == 0x0A0A and code >> 8 == code & 0xFF


def version_name(version: int) -> str:
    """ "SSLv3", "TLSv1.2" ...; hex for a version nobody has named."""
    return _VERSION_NAMES.get(version) or f"0x{version:04x}"


def alert_name(description: int) -> str:
    """ "unexpected_message" ...; "alert_123" for an unknown one."""
    return _ALERT_NAMES.get(description) or f"alert_{description}"


def alert_in_words(name: str) -> str:
    """What `alert_name` gives, for a sentence: "unexpected_message" ..., "123 (unknown)"."""
    number = name.removeprefix("alert_")
    return f"{number} (unknown)" if number.isdecimal() else name


def parse_alert(text: str) -> int:
    """Read an alert by its RFC's name. Raises ValueError, which names those that are near."""
    if text not in _ALERTS:
        raise unknown_name("alert", text, list(_ALERTS))
    return _ALERTS[text]


def extension_name(extension_type: int) -> str:
    """The registry's name, "GREASE", or hex for an unknown one."""
    if is_grease(extension_type):
        return "GREASE"
    return _EXTENSION_NAMES.get(extension_type) or f"0x{extension_type:04x}"


def group_name(named_group: int) -> str:
    """The registry's name, "GREASE", or hex for an unknown one."""
    if is_grease(named_group):
        return "GREASE"
    return _GROUP_NAMES.get(named_group) or f"0x{named_group:04x}"


def signature_scheme_name(signature_scheme: int) -> str:
    """The registry's name, TLS 1.2's pairs in the same style, "GREASE", or hex for an unknown one."""
    if is_grease(signature_scheme):
        return "GREASE"
    return _SIGNATURE_SCHEME_NAMES.get(signature_scheme) or f"0x{signature_scheme:04x}"


def parse_version(text: str) -> int:
    """A version by name ("TLSv1.0", any case) or in hex ("0x0301"); ValueError says which names there are."""
    return _parse("protocol version", text, _VERSIONS, list(_VERSION_NAMES.values()))


def parse_extension_type(text: str) -> int:
    """An extension's code point by name (any case) or in hex; ValueError names the nearest."""
    return _parse("extension", text, _EXTENSION_TYPES, list(_EXTENSION_NAMES.values()))


def parse_group(text: str) -> int:
    """A named group's code point by name (any case) or in hex; ValueError names the nearest."""
    return _parse("named group", text, _GROUPS, list(_GROUP_NAMES.values()))


def parse_signature_scheme(text: str) -> int:
    """A signature scheme's code point by name (any case) or in hex; ValueError names the nearest."""
    return _parse("signature scheme", text, _SIGNATURE_SCHEMES, list(_SIGNATURE_SCHEME_NAMES.values()))


def parse_hex_code(text: str, digits: int) -> int | None:
    """The number in "0x..." of up to `digits` hexadecimal digits; None if the text is no such number."""
    lower = text.strip().lower()
    figures = lower[2:]
    if not lower.startswith("0x") or not 1 <= len(figures) <= digits:
        return None
    if figures.strip("0123456789abcdef"):
        return None
    return int(figures, 16)


def unknown_name(kind: str, text: str, names: list[str]) -> ValueError:
    """The error for a name nobody knows, with the nearest ones that exist."""
    by_lower = {name.lower(): name for name in names}
    close = get_close_matches(text.strip().lower(), by_lower, n=3, cutoff=0.5)
    advice = (
        f"did you mean {' or '.join(by_lower[each] for each in close)}?" if close else "write it as 0x...."
    )
    return ValueError(f"unknown {kind} {text!r}: {advice}")


def _parse(kind: str, text: str, values: dict[str, int], names: list[str]) -> int:
    value = values.get(text.strip().lower())
    if value is None:
        value = parse_hex_code(text, 4)
    if value is None:
        raise unknown_name(kind, text, names)
    return value
