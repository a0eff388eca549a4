"""Which signature schemes a hello lists, and whether the server can sign with one of them.

RFC 5246 section 7.4.1.4.1: a hello of TLS 1.2 without signature_algorithms stands for SHA-1, which some
servers no longer take it for. RFC 8446 section 4.2.3: in TLS 1.3 the extension must be there.
"""

from collections.abc import Iterable

from handshake.wire.registry import ProtocolVersion, SignatureScheme, signature_scheme_name
from matrix.prediction.obstacle import Negotiation, Obstacle, declared_refusal
from matrix.prediction.offer import offered_signature_schemes
from servers.declared import Declared

_PREFIXES = {"rsa": "rsa_", "dsa": "dsa_", "ecdsa": "ecdsa_"}
_ONLY_IN_TLS_1_2 = ("rsa_pkcs1_", "dsa_")
_OF_PSS_KEYS = "rsa_pss_pss_"


def signature_algorithms(negotiation: Negotiation) -> Obstacle | None:
    """A hello that is refused for its signature schemes, whatever its cipher suites."""
    declared, offered = negotiation.declared, offered_signature_schemes(negotiation.hello)
    is_1_3 = negotiation.version >= ProtocolVersion.TLS_1_3
    if negotiation.version < ProtocolVersion.TLS_1_2:
        return None
    if offered is None:
        why = "the hello has no signature_algorithms, which {} requires"
        if is_1_3:
            return Obstacle(why.format("TLS 1.3 (RFC 8446 section 4.2.3)"))
        if declared.signature_algorithms == "required":
            return Obstacle(
                why.format("the server"), declared_refusal(declared.refusals.no_signature_algorithms)
            )
        return None
    known = declared.signature_schemes
    if known and set(known).isdisjoint(offered):
        return Obstacle(no_common_scheme(offered), declared_refusal(declared.refusals.no_common_cipher_suite))
    return None


def no_common_scheme(offered: Iterable[int]) -> str:
    """The sentence for a hello whose schemes the server cannot sign with."""
    names = ", ".join(signature_scheme_name(scheme) for scheme in offered)
    return f"no common signature scheme: the client has {names}"


def can_sign(declared: Declared, certificate: str, offered: Iterable[int], version: int) -> bool:
    """Whether the server signs with a key of this kind by one of the schemes in this version."""
    known = declared.signature_schemes
    return any(
        _fits(scheme, certificate, version, declared) and (not known or scheme in known) for scheme in offered
    )


def _fits(scheme: int, certificate: str, version: int, declared: Declared) -> bool:
    name = signature_scheme_name(scheme)
    if not name.startswith(_PREFIXES[certificate]) or name.startswith(_OF_PSS_KEYS):
        return False  # the certificates are those of rsaEncryption (RFC 8446 section 4.2.3)
    if version < ProtocolVersion.TLS_1_3:
        return True
    if certificate == "ecdsa":  # in TLS 1.3 a scheme has its curve, and the servers' keys are on P-256
        return scheme == SignatureScheme.ECDSA_SECP256R1_SHA256
    return not name.startswith(_ONLY_IN_TLS_1_2)
