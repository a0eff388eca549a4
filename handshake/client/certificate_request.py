"""A server's CertificateRequest judged (RFC 5246 section 7.4.4, RFC 8446 section 4.3.2)."""

from Cryptodome.Util.asn1 import DerSequence

from handshake.client.choices import offered_signature_schemes
from handshake.client.extensions import Place, check_once
from handshake.client.handshake import ClientHandshake
from handshake.errors import DecodeError, Fault, PeerFault
from handshake.wire.client_hello import find_extension
from handshake.wire.extensions import pull_certificate_authorities, pull_signature_algorithms
from handshake.wire.messages import CertificateRequest, CertificateRequest13
from handshake.wire.registry import ExtensionType

KNOWN_TYPES = frozenset({1, 2, 3, 4, 5, 6, 20, 64, 65, 66})
"""ClientCertificateType as RFC 5246 section 12 and RFC 8422 section 5.5 have it; stacks that stumble over the
others know these (SunJSSE; measured).
"""


def check_certificate_request(handshake: ClientHandshake, request: CertificateRequest) -> None:
    """Judge one of SSLv3 to TLS 1.2: the lists of types and of schemes have one at least, and a name has one
    byte (RFC 5246 section 7.4.4).
    """
    types, schemes = request.certificate_types, request.supported_signature_algorithms
    if schemes == ():
        handshake.judge(
            DecodeError(
                "the CertificateRequest lists no signature scheme", 0, "certificate-request-without-schemes"
            )
        )
    if not types:
        handshake.judge(DecodeError("certificate_types: empty", 0, "certificate-request-without-types"))
    elif unknown := set(types) - KNOWN_TYPES:
        alone = ("certificate-request-with-unknown-types",) if unknown == set(types) else ()
        _mind_unknown(handshake, "types", *alone, "certificate-request-with-some-unknown-types")
    if schemes and not set(schemes) & set(offered_signature_schemes(handshake.sent)):
        _mind_unknown(handshake, "signature schemes", "certificate-request-with-unknown-schemes")
    for authority in request.certificate_authorities:
        if not authority:
            fault = "certificate-request-with-empty-authority"
            handshake.judge(DecodeError("certificate_authorities: an empty name", 0, fault))
        elif not _is_name(authority):
            fault = "certificate-request-with-authority-not-der"
            handshake.mind(DecodeError("certificate_authorities: a name that is no DER", 0, fault))


def _mind_unknown(handshake: ClientHandshake, what: str, *names: str) -> None:
    detail = f"the CertificateRequest has {what} that this client does not know"
    handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, *names))


def _is_name(authority: bytes) -> bool:
    """Whether it is one whole SEQUENCE of DER, as a DistinguishedName begins (RFC 5280 section 4.1.2.4)."""
    try:
        DerSequence().decode(authority, strict=True)
    except (ValueError, IndexError):
        return False
    return True


def check_certificate_request_13(handshake: ClientHandshake, request: CertificateRequest13) -> None:
    """Judge one of TLS 1.3: signature_algorithms, and lists that are not empty (RFC 8446 sections 4.2.3,
    4.2.4 and 4.3.2).
    """
    check_once(handshake, request.extensions, Place.CERTIFICATE_REQUEST)
    if find_extension(request.extensions, ExtensionType.KEY_SHARE) is not None:
        detail = "the CertificateRequest has key_share, which has no place there"
        handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "certificate-request-with-key-share"))
    _check_schemes_13(handshake, find_extension(request.extensions, ExtensionType.SIGNATURE_ALGORITHMS))
    authorities = find_extension(request.extensions, ExtensionType.CERTIFICATE_AUTHORITIES)
    if authorities is not None and not pull_certificate_authorities(authorities):
        raise DecodeError("certificate_authorities: empty")


def check_no_context(handshake: ClientHandshake, request: CertificateRequest13) -> None:
    """Judge the context, which is for requests after the handshake (RFC 8446 section 4.3.2)."""
    if request.request_context:
        detail = "the CertificateRequest of a handshake has a certificate_request_context"
        handshake.judge(DecodeError(detail, 0, "certificate-request-with-context"))


def _check_schemes_13(handshake: ClientHandshake, body: bytes | None) -> None:
    if body is None:
        detail, fault = (
            "a CertificateRequest without signature_algorithms",
            "certificate-request-without-signature-algorithms",
        )
        handshake.judge(PeerFault(Fault.MISSING_EXTENSION, detail, fault))
        return
    schemes = pull_signature_algorithms(body)
    if not schemes:
        fault = "certificate-request-with-empty-schemes-in-tls13"
        handshake.judge(DecodeError("the CertificateRequest lists no signature scheme", 0, fault))
    elif not set(schemes) & set(offered_signature_schemes(handshake.sent)):
        _mind_unknown(handshake, "signature schemes", "certificate-request-with-unknown-schemes-in-tls13")
