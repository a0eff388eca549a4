"""What the flags make of either role of the engine: versions, suites, groups, schemes, certificates.

What is not asked for is as in the runner's own shim, for its tests count on it: which suites, groups and
signature schemes are there, and their order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path

from handshake.crypto.credentials import Credential
from handshake.crypto.key_exchange import supported_groups
from handshake.crypto.key_shares import KEY_SHARE_GROUPS
from handshake.errors import LocalError
from handshake.wire.cipher_suites import parse_cipher_suite
from handshake.wire.named_groups import is_negotiable
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
)
from tests.bogo.flags import Flags, Unimplemented

VERSIONS = (
    ProtocolVersion.TLS_1_3,
    ProtocolVersion.TLS_1_2,
    ProtocolVersion.TLS_1_1,
    ProtocolVersion.TLS_1_0,
)
GROUPS = (NamedGroup.X25519MLKEM768, NamedGroup.X25519, NamedGroup.SECP256R1, NamedGroup.SECP384R1)
_CURVES = supported_groups()
SCHEMES = (
    SignatureScheme.ECDSA_SECP256R1_SHA256,
    SignatureScheme.RSA_PSS_RSAE_SHA256,
    SignatureScheme.RSA_PKCS1_SHA256,
    SignatureScheme.ECDSA_SECP384R1_SHA384,
    SignatureScheme.RSA_PSS_RSAE_SHA384,
    SignatureScheme.RSA_PKCS1_SHA384,
    SignatureScheme.RSA_PSS_RSAE_SHA512,
    SignatureScheme.RSA_PKCS1_SHA512,
    SignatureScheme.RSA_PKCS1_SHA1,
)
SUITES_13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
SUITES_12 = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
)


_TRIPLE_DES = "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
_ALIASES = {"3DES": (_TRIPLE_DES,), "ALL": tuple(name for name in SUITES_12 if name != _TRIPLE_DES)}


@dataclass(frozen=True, slots=True)
class Policy:
    """What a compliance policy leaves of the suites up to TLS 1.2 and 1.3, the groups and the schemes."""

    suites: tuple[str, ...]
    groups: tuple[int, ...]
    schemes: tuple[int, ...]


_AES_256 = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
)
_AES_128 = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
)
_SHA384 = (
    SignatureScheme.RSA_PKCS1_SHA384,
    SignatureScheme.ECDSA_SECP384R1_SHA384,
    SignatureScheme.RSA_PSS_RSAE_SHA384,
)
_SHA512 = (SignatureScheme.RSA_PKCS1_SHA512, SignatureScheme.RSA_PSS_RSAE_SHA512)
_SHA256 = (
    SignatureScheme.RSA_PKCS1_SHA256,
    SignatureScheme.ECDSA_SECP256R1_SHA256,
    SignatureScheme.RSA_PSS_RSAE_SHA256,
)
POLICIES = {
    "fips_202205": Policy(
        (*_AES_128, *_AES_256),
        (NamedGroup.SECP256R1, NamedGroup.SECP384R1),
        (*_SHA256, *_SHA384, *_SHA512),
    ),
    "wpa_202304": Policy(_AES_256, (NamedGroup.SECP384R1,), (*_SHA384, *_SHA512)),
    "cnsa1_202603": Policy(
        (*_AES_256, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
        (NamedGroup.MLKEM1024, NamedGroup.SECP384R1),
        _SHA384,
    ),
    "cnsa2_202603": Policy(("TLS_AES_256_GCM_SHA384",), (NamedGroup.MLKEM1024,), _SHA384),
}
"""As the runner's own shim has them (BoringSSL, ssl/ssl_lib.cc)."""


def policy(flags: Flags) -> Policy | None:
    """The policy that the connection keeps to, if any."""
    return next((each for name, each in POLICIES.items() if getattr(flags, name)), None)


def versions(flags: Flags) -> tuple[int, ...]:
    """The versions that are left, the highest first. Raises Unimplemented where none is."""
    switched_off = {
        ProtocolVersion.TLS_1_3: flags.no_tls13,
        ProtocolVersion.TLS_1_2: flags.no_tls12,
        ProtocolVersion.TLS_1_1: flags.no_tls11,
        ProtocolVersion.TLS_1_0: flags.no_tls1,
    }
    highest = flags.max_version or ProtocolVersion.TLS_1_3
    lowest = max(flags.min_version, 0 if policy(flags) is None else ProtocolVersion.TLS_1_2)
    if flags.cnsa2_202603:
        lowest = ProtocolVersion.TLS_1_3
    left = tuple(v for v in VERSIONS if lowest <= v <= highest and not switched_off[v])
    if not left:
        raise Unimplemented("no version is left")
    return left


def suites(flags: Flags) -> tuple[int, ...]:
    """The suites in order, those of TLS 1.3 first, which `-cipher` says nothing of."""
    names = (*SUITES_13, *SUITES_12)
    kept_to = policy(flags)
    if kept_to is not None:
        names = kept_to.suites
    elif flags.cipher:
        listed = (_ALIASES.get(name, (name,)) for name in flags.cipher.split(":"))
        names = (*SUITES_13, *dict.fromkeys(chain.from_iterable(listed)))
    try:
        return tuple(parse_cipher_suite(name) for name in names)
    except ValueError as error:
        raise Unimplemented(f"-cipher {flags.cipher}") from error


def groups(flags: Flags) -> tuple[int, ...]:
    """The groups in order. Raises Unimplemented for one that cannot be computed."""
    kept_to = policy(flags)
    chosen = tuple(flags.curves) or (GROUPS if kept_to is None else kept_to.groups)
    if not set(chosen) <= KEY_SHARE_GROUPS:
        raise Unimplemented("-curves")
    highest = versions(flags)[0]
    return tuple(group for group in chosen if is_negotiable(group, highest))


def first_groups(flags: Flags) -> tuple[int, ...]:
    """The groups that a client sends shares of: its first, and beside one of ML-KEM the first of the others,
    or the other way round.
    """
    named = groups(flags)
    others = (group for group in named if (group in _CURVES) != (named[0] in _CURVES))
    return (*named[:1], *list(others)[:1])


def schemes(flags: Flags) -> tuple[int, ...]:
    """The schemes that the peer may sign with."""
    kept_to = policy(flags)
    return tuple(flags.verify_prefs) or (SCHEMES if kept_to is None else kept_to.schemes)


def credentials(flags: Flags) -> Mapping[str, Credential]:
    """The certificate to show, by its type."""
    if not flags.cert_file or not flags.key_file:
        return {}
    credential = _credential(flags.key_file, flags.cert_file)
    kept_to = policy(flags)
    signs_with = tuple(flags.signing_prefs) or (None if kept_to is None else kept_to.schemes)
    credential = replace(credential, signature_schemes=signs_with)
    return {credential.certificate_type: credential}


@lru_cache(maxsize=64)
def _credential(key_file: str, cert_file: str) -> Credential:
    try:
        return Credential.from_pem(Path(key_file).read_text(), Path(cert_file).read_text())
    except LocalError as error:
        raise Unimplemented("-key-file") from error


def settings(flags: Flags) -> tuple[bytes, bytes]:
    """The protocol that there are application settings for, and these; both empty without the flag."""
    protocol, _, own = flags.application_settings.encode("latin-1").partition(b",")
    return protocol, own


def settings_type(flags: Flags) -> int:
    """The code point of application_settings."""
    is_new = flags.alps_use_new_codepoint
    return ExtensionType.APPLICATION_SETTINGS_NEW if is_new else ExtensionType.APPLICATION_SETTINGS


def distrust_alert(flags: Flags) -> int:
    """The alert for a certificate that is not trusted, which depends on how the library was told."""
    is_custom = flags.use_custom_verify_callback
    return AlertDescription.CERTIFICATE_UNKNOWN if is_custom else AlertDescription.HANDSHAKE_FAILURE
