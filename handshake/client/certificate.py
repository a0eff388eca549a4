"""Certificates at the client's end: the server's key judged, and a certificate of our own shown when asked.

The server's key is held against the suite and the limits of the client being played. Nothing else of its
certificate is judged: names, chains and dates are not what this project is about.
"""

from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handshake.certificate_compression import certificate_message
from handshake.client.choices import check_certificate, check_certificate_curve
from handshake.client.handshake import ClientHandshake
from handshake.crypto.certificate_keys import check_key_usage
from handshake.crypto.credentials import Credential, certificate_public_key
from handshake.crypto.key_algorithms import is_pss_key
from handshake.crypto.key_schedule import Role, ssl3_certificate_verify_hash
from handshake.crypto.signatures import (
    PublicKey,
    certificate_verify_content,
    sign,
    sign_md5_sha1,
)
from handshake.crypto.suite_parameters import CertificateType, KeyExchange
from handshake.errors import DecodeError, Fault, Parameter, PeerFault, PolicyRefusal, UnsupportedParameter
from handshake.events import CertificateReceived
from handshake.reason import Rule
from handshake.schedule_13 import KeySchedule
from handshake.wire.client_hello import ClientHello, find_extension
from handshake.wire.extensions import pull_compress_certificate, pull_signature_algorithms
from handshake.wire.key_exchange import DigitallySigned
from handshake.wire.messages import (
    Certificate,
    Certificate13,
    CertificateRequest,
    CertificateRequest13,
    push_certificate,
    push_certificate_13,
    push_certificate_verify,
)
from handshake.wire.registry import (
    AlertDescription,
    AlertLevel,
    CertificateCompressionAlgorithm,
    ClientCertificateType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
)

_KEY_TYPES: dict[CertificateType, type] = {
    CertificateType.RSA: RSAPublicKey,
    CertificateType.DSA: DSAPublicKey,
    CertificateType.ECDSA: EllipticCurvePublicKey,
}

_TYPES_BY_CODE: dict[int, str] = {
    ClientCertificateType.RSA_SIGN: "rsa",
    ClientCertificateType.DSS_SIGN: "dsa",
    ClientCertificateType.ECDSA_SIGN: "ecdsa",
}


_RSA = frozenset({KeyExchange.RSA, KeyExchange.RSA_EXPORT})


def receive_server_certificate(handshake: ClientHandshake, chain: tuple[bytes, ...]) -> None:
    """Take the server's chain (DER, leaf first) and the key in its leaf.

    Raises PeerFault for a key that the suite or the hello does not allow, UnsupportedParameter for one that
    they do and that cannot be used here, PolicyRefusal for one below the client's limit.
    """
    handshake.connection.add_event(CertificateReceived(chain))
    if not chain:
        is_tls13 = handshake.version >= ProtocolVersion.TLS_1_3
        names = (*(("certificate-list-empty-in-tls13",) if is_tls13 else ()), "certificate-list-empty")
        # RFC 8446 section 4.4.2.4; RFC 5246 section 7.4.2 names no alert.
        fault = Fault.DECODE if is_tls13 else Fault.BAD_CERTIFICATE
        raise PeerFault(fault, "the server's certificate list is empty", *names)
    most = handshake.limits.max_certificates
    if most is not None and len(chain) > most:
        detail = f"a chain of {len(chain)} certificates; this client takes {most}"
        raise PeerFault(Fault.BAD_CERTIFICATE, detail, "certificate-list-too-long")
    try:
        key = certificate_public_key(chain[0])
    except PeerFault:
        check_certificate(handshake.sent, handshake.suite, chain[0])
        raise
    handshake.server_certificate = chain[0]
    wanted = handshake.suite.certificate_type
    is_signing = handshake.version >= ProtocolVersion.TLS_1_2 and handshake.suite.key_exchange not in _RSA
    if is_pss_key(chain[0]) and not is_signing:
        raise PeerFault(
            Fault.BAD_CERTIFICATE,
            "the certificate's key is for RSASSA-PSS alone (RFC 4055)",
            "certificate-for-pss-alone",
        )
    if (
        wanted is not None
        and not isinstance(key, _KEY_TYPES[wanted])
        and not _is_fitting_eddsa(handshake, key)
    ):
        raise PeerFault(
            Fault.BAD_CERTIFICATE,
            f"the suite needs a certificate with a key of type {wanted}",
            "certificate-of-another-kind",
        )
    if handshake.suite.key_exchange is not KeyExchange.RSA_EXPORT:  # its key signs, or encrypts where short
        check_key_usage(chain[0], signs=handshake.suite.key_exchange is not KeyExchange.RSA)
    if handshake.version < ProtocolVersion.TLS_1_3 and isinstance(key, EllipticCurvePublicKey):
        check_certificate_curve(handshake.sent, chain[0])
    _check_rsa_size(key, handshake.limits.min_rsa_bits, AlertDescription.BAD_CERTIFICATE)
    handshake.server_key = key


def check_key_of_signature(handshake: ClientHandshake) -> None:
    """Refuse the signature of a key that is too small for the client being played to verify it, as one that
    does not fit. Raises PolicyRefusal.
    """
    minimum = handshake.limits.min_signature_rsa_bits
    _check_rsa_size(handshake.server_key, minimum, AlertDescription.DECRYPT_ERROR)


def _check_rsa_size(key: PublicKey | None, minimum: int | None, alert: int) -> None:
    if isinstance(key, RSAPublicKey) and minimum is not None and key.key_size < minimum:
        raise PolicyRefusal(
            Rule.RSA_KEY_BITS,
            f"the server's RSA key has {key.key_size} bits; this client wants {minimum} or more",
            alert,
            met=f"{key.key_size} bits",
            wanted=f"it requires {minimum}",
        )


def _is_fitting_eddsa(handshake: ClientHandshake, key: PublicKey) -> bool:
    """Whether it is an EdDSA key in an ECDSA suite of TLS 1.2 (RFC 8422 section 5.3). That the hello offers
    its scheme is judged with the signature.
    """
    is_ecdsa = handshake.suite.certificate_type is CertificateType.ECDSA
    is_eddsa = isinstance(key, Ed25519PublicKey | Ed448PublicKey)
    return is_ecdsa and is_eddsa and handshake.version >= ProtocolVersion.TLS_1_2


def send_client_certificate(handshake: ClientHandshake) -> Credential | None:
    """Answer a CertificateRequest of SSLv3 to TLS 1.2 with a chain that it accepts, or with none.

    Returns the credential shown. In SSLv3 "none" is a warning (RFC 6101 section 5.6.6), later an empty list.
    """
    request = handshake.certificate_request
    if not isinstance(request, CertificateRequest):
        return None
    kinds = (_TYPES_BY_CODE.get(code, "") for code in request.certificate_types)
    fitting = (handshake.credentials[kind] for kind in kinds if kind in handshake.credentials)
    accepted, version = request.supported_signature_algorithms, handshake.version
    credential = next((each for each in fitting if _can_sign(each, accepted, version)), None)
    if credential is None and handshake.version == ProtocolVersion.SSL_3_0:
        handshake.connection.send_alert(AlertLevel.WARNING, AlertDescription.NO_CERTIFICATE)
        return None
    chain = credential.chain if credential is not None else ()
    handshake.send(HandshakeType.CERTIFICATE, push_certificate(Certificate(chain)))
    return credential


def _can_sign(credential: Credential, accepted: tuple[int, ...] | None, version: int) -> bool:
    """Whether a credential is of use to the server: before TLS 1.2, where it names no schemes, a key that
    signs by schemes alone is not.
    """
    if accepted is None:
        return not credential.needs_schemes
    return _scheme(credential, accepted, version) is not None


def send_certificate_verify(handshake: ClientHandshake, credential: Credential) -> None:
    """Sign the handshake so far (RFC 5246 section 7.4.8; SSLv3: RFC 6101 section 5.6.8)."""
    request, messages = handshake.certificate_request, bytes(handshake.messages)
    assert isinstance(request, CertificateRequest), "nothing is shown that was not asked for"
    scheme = None
    if handshake.version == ProtocolVersion.SSL_3_0:
        digests = ssl3_certificate_verify_hash(handshake.master_secret, messages)
        signature = sign_md5_sha1(credential.private_key, digests)
    else:
        if handshake.version >= ProtocolVersion.TLS_1_2:
            scheme = _scheme(credential, request.supported_signature_algorithms or (), handshake.version)
        signature = sign(credential.private_key, scheme, messages)
    body = push_certificate_verify(DigitallySigned(scheme, signature))
    handshake.send(HandshakeType.CERTIFICATE_VERIFY, body)


def send_client_authentication_13(handshake: ClientHandshake, schedule: KeySchedule) -> None:
    """Answer a CertificateRequest of TLS 1.3 (RFC 8446 section 4.4): Certificate and CertificateVerify."""
    request = handshake.certificate_request
    if not isinstance(request, CertificateRequest13):
        return
    body = find_extension(request.extensions, ExtensionType.SIGNATURE_ALGORITHMS)
    accepted = pull_signature_algorithms(body) if body is not None else ()
    version = ProtocolVersion.TLS_1_3
    credential = next(
        (
            credential
            for credential in handshake.credentials.values()
            if _scheme(credential, accepted, version) is not None
        ),
        None,
    )
    chain = credential.chain if credential is not None else ()
    certificate = Certificate13(request.request_context, tuple((der, ()) for der in chain))
    peers = find_extension(request.extensions, ExtensionType.COMPRESS_CERTIFICATE)
    known = handshake.policy.certificate_compression
    handshake.send(*certificate_message(known, peers, push_certificate_13(certificate)))
    if credential is None:
        return
    scheme = _scheme(credential, accepted, version)
    digest = schedule.transcript_hash(bytes(handshake.messages))
    content = certificate_verify_content(Role.CLIENT, digest)
    signature = sign(credential.private_key, scheme, content)
    body = push_certificate_verify(DigitallySigned(scheme, signature))
    handshake.send(HandshakeType.CERTIFICATE_VERIFY, body)


def check_certificate_compression(sent: ClientHello, algorithm: int) -> None:
    """Judge the algorithm of a CompressedCertificate: one of those offered, and the message has no place
    where none is (RFC 8879 section 4, which names no alert).
    """
    body = sent.extension(ExtensionType.COMPRESS_CERTIFICATE)
    if body is None:
        detail = "CompressedCertificate, which was not offered"
        raise PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "compressed-certificate-unasked")
    try:
        offered = pull_compress_certificate(body)
    except DecodeError:  # malformed on purpose
        offered = ()
    if algorithm not in offered:
        detail = f"the server compresses its certificate by algorithm {algorithm}, which was not offered"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, "certificate-compression-not-offered")
    if algorithm not in set(CertificateCompressionAlgorithm):
        raise UnsupportedParameter(Parameter.CERTIFICATE, f"compressed by algorithm {algorithm}")


def _scheme(credential: Credential, accepted: tuple[int, ...], version: int) -> int | None:
    """The server's first choice that the credential signs with; None without any, for another must not be
    used (RFC 5246 section 7.4.8, RFC 8446 section 4.4.3).
    """
    possible = credential.schemes(version)
    return next((scheme for scheme in accepted if scheme in possible), None)
