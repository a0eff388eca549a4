"""A server's CertificateRequest judged (RFC 5246 section 7.4.4, RFC 8446 section 4.3.2)."""

from handshake.client.extensions import check_once
from handshake.errors import DecodeError, Fault, PeerFault
from handshake.wire.client_hello import find_extension
from handshake.wire.extensions import pull_certificate_authorities, pull_signature_algorithms
from handshake.wire.messages import CertificateRequest, CertificateRequest13
from handshake.wire.registry import ExtensionType


def check_certificate_request(request: CertificateRequest) -> None:
    """Judge one of SSLv3 to TLS 1.2: the list of schemes of TLS 1.2 has one at least (RFC 5246 section
    7.4.4).
    """
    if request.supported_signature_algorithms == ():
        raise DecodeError("the CertificateRequest lists no signature scheme")


def check_certificate_request_13(request: CertificateRequest13) -> None:
    """Judge one of the handshake of TLS 1.3: no context, signature_algorithms, and lists that are not empty
    (RFC 8446 sections 4.2.3, 4.2.4 and 4.3.2).
    """
    if request.request_context:
        raise DecodeError("the CertificateRequest of a handshake has a certificate_request_context")
    check_once(request.extensions, "CertificateRequest")
    schemes = find_extension(request.extensions, ExtensionType.SIGNATURE_ALGORITHMS)
    if schemes is None:
        raise PeerFault(Fault.MISSING_EXTENSION, "a CertificateRequest without signature_algorithms")
    if not pull_signature_algorithms(schemes):
        raise DecodeError("the CertificateRequest lists no signature scheme")
    authorities = find_extension(request.extensions, ExtensionType.CERTIFICATE_AUTHORITIES)
    if authorities is not None and not pull_certificate_authorities(authorities):
        raise DecodeError("certificate_authorities: empty")
