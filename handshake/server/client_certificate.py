"""A client's certificate at the server's end: asking for it, judging it, and verifying that its key is there.

A certificate is trusted when it is one of those the server was given; names, chains and dates are not what
this project is about.
"""

from functools import lru_cache

from cryptography.x509 import load_der_x509_certificate

from handshake.certificate_compression import decompress
from handshake.crypto.certificate_keys import certificate_schemes, check_key_usage
from handshake.crypto.credentials import certificate_public_key
from handshake.crypto.key_algorithms import is_pss_key
from handshake.crypto.key_schedule import Role, ssl3_certificate_verify_hash
from handshake.crypto.signatures import certificate_verify_content, verify, verify_md5_sha1
from handshake.errors import DecodeError, Fault, PeerFault
from handshake.events import CertificateReceived
from handshake.schedule_13 import KeySchedule
from handshake.server.configuration import ClientCertificate, ServerConfiguration
from handshake.server.handshake import ServerHandshake
from handshake.server.state import State
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import (
    push_certificate_authorities,
    push_compress_certificate,
    push_signature_algorithms,
)
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import (
    CertificateRequest,
    CertificateRequest13,
    pull_certificate,
    pull_certificate_13,
    pull_certificate_verify,
    pull_compressed_certificate,
    push_certificate_request,
    push_certificate_request_13,
)
from handshake.wire.registry import (
    ClientCertificateType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    SignatureScheme,
    extension_name,
    signature_scheme_name,
    version_name,
)

CERTIFICATE_TYPES = bytes(
    (ClientCertificateType.RSA_SIGN, ClientCertificateType.DSS_SIGN, ClientCertificateType.ECDSA_SIGN)
)
SIGNATURE_ALGORITHMS = (
    SignatureScheme.ECDSA_SECP256R1_SHA256,
    SignatureScheme.RSA_PSS_RSAE_SHA256,
    SignatureScheme.RSA_PKCS1_SHA256,
    SignatureScheme.RSA_PKCS1_SHA1,
    SignatureScheme.ECDSA_SHA1,
    SignatureScheme.DSA_SHA1,
)


def requested_schemes(configuration: ServerConfiguration, version: int) -> tuple[int, ...]:
    """The schemes that a CertificateRequest lists: the configured ones, or in TLS 1.2 all that the server
    knows.
    """
    if configuration.requested_signature_schemes is not None:
        return configuration.requested_signature_schemes
    known = configuration.signature_schemes if version < ProtocolVersion.TLS_1_3 else None
    return SIGNATURE_ALGORITHMS if known is None else known


def certificate_request(configuration: ServerConfiguration, version: int, context: bytes = b"") -> bytes:
    """The body of a CertificateRequest for a certificate of any kind there are keys for; `context` is that of
    a request after the handshake (RFC 5246 section 7.4.4, RFC 8446 section 4.3.2).
    """
    if version >= ProtocolVersion.TLS_1_3:
        return push_certificate_request_13(CertificateRequest13(context, _extensions_13(configuration)))
    is_tls12 = version == ProtocolVersion.TLS_1_2
    schemes = requested_schemes(configuration, version) if is_tls12 else None
    return push_certificate_request(
        CertificateRequest(CERTIFICATE_TYPES, schemes, _authorities(configuration))
    )


def request_certificate(handshake: ServerHandshake) -> None:
    """Ask for a certificate."""
    body = certificate_request(
        handshake.configuration, handshake.version, handshake.certificate_request_context
    )
    handshake.send(HandshakeType.CERTIFICATE_REQUEST, body)


def receive_certificate(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Take the client's chain, which is empty when it has none (RFC 5246 section 7.4.6)."""
    handshake.add(message)
    _judge(handshake, pull_certificate(message.body).chain)
    return State.WAIT_CLIENT_KEY_EXCHANGE


def receive_no_certificate(handshake: ServerHandshake) -> State:
    """Take SSLv3's warning for an empty list (RFC 6101 section 5.6.6)."""
    _judge(handshake, ())
    return State.WAIT_CLIENT_KEY_EXCHANGE


def receive_certificate_13(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Take the client's chain in TLS 1.3 (RFC 8446 section 4.4.2). It repeats the context of our request,
    which asks for no extension of a certificate.
    """
    handshake.add(message)
    return _take_certificate_13(handshake, message.body)


def receive_compressed_certificate(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Take the client's chain where it is compressed, by an algorithm of the request (RFC 8879 section 4)."""
    handshake.add(message)
    compressed = pull_compressed_certificate(message.body)
    known = handshake.configuration.certificate_compression
    if not known:
        raise PeerFault(Fault.UNEXPECTED_MESSAGE, "CompressedCertificate, which was not offered")
    if compressed.algorithm not in known:
        detail = f"the client compresses its certificate by algorithm {compressed.algorithm}, not offered"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail)
    return _take_certificate_13(handshake, decompress(compressed))


def _take_certificate_13(handshake: ServerHandshake, body: bytes) -> State:
    certificate = pull_certificate_13(body)
    if certificate.request_context != handshake.certificate_request_context:
        raise DecodeError("the client's Certificate has another certificate_request_context")
    for extension in (each for _, extensions in certificate.entries for each in extensions):
        name = extension_name(extension.extension_type)
        raise PeerFault(Fault.UNSUPPORTED_EXTENSION, f"the client's Certificate has {name}")
    _judge(handshake, tuple(der for der, _ in certificate.entries))
    return State.WAIT_FINISHED_13 if handshake.client_key is None else State.WAIT_CERTIFICATE_VERIFY_13


def receive_certificate_verify(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Verify the signature over all messages before this one (RFC 5246 section 7.4.8)."""
    assert handshake.client_key is not None, "the state is reached with a certificate only"
    signed = pull_certificate_verify(message.body, handshake.version)
    messages = bytes(handshake.messages)
    if handshake.version == ProtocolVersion.SSL_3_0:
        digests = ssl3_certificate_verify_hash(handshake.master_secret, messages)
        verify_md5_sha1(handshake.client_key, digests, signed.signature)
    else:
        _check_scheme(handshake, signed.signature_scheme)
        verify(handshake.client_key, signed.signature_scheme, messages, signed.signature)
    handshake.add(message)
    return State.WAIT_CHANGE_CIPHER_SPEC


def receive_certificate_verify_13(
    handshake: ServerHandshake, schedule: KeySchedule, message: HandshakeMessage
) -> State:
    """Verify the signature over the transcript's hash (RFC 8446 section 4.4.3)."""
    assert handshake.client_key is not None, "the state is reached with a certificate only"
    signed = pull_certificate_verify(message.body, handshake.version)
    content = certificate_verify_content(Role.CLIENT, schedule.transcript_hash(bytes(handshake.messages)))
    _check_scheme(handshake, signed.signature_scheme)
    verify(handshake.client_key, signed.signature_scheme, content, signed.signature)
    handshake.add(message)
    return State.WAIT_FINISHED_13


def _judge(handshake: ServerHandshake, chain: tuple[bytes, ...]) -> None:
    configuration = handshake.configuration
    if not chain:
        if configuration.client_certificate is ClientCertificate.REQUIRE:
            is_tls13 = handshake.version >= ProtocolVersion.TLS_1_3  # an alert of its own, RFC 8446 6.2
            fault = Fault.CERTIFICATE_REQUIRED if is_tls13 else Fault.MISSING_CERTIFICATE
            raise PeerFault(fault, "the client shows no certificate, and one is required")
        return
    handshake.connection.add_event(CertificateReceived(chain))
    if chain[0] not in configuration.trusted_certificates:
        raise PeerFault(Fault.UNTRUSTED_CERTIFICATE, "the client's certificate is not one that is trusted")
    check_key_usage(chain[0], signs=True)
    handshake.client_key, handshake.client_certificate = certificate_public_key(chain[0]), chain[0]


def _check_scheme(handshake: ServerHandshake, signature_scheme: int | None) -> None:
    """Judge the scheme of the client's signature: one that was asked for, for its key and the version (RFC
    5246 section 7.4.8, RFC 8446 section 4.4.3). None is what stands before TLS 1.2.
    """
    version, certificate = handshake.version, handshake.client_certificate
    if signature_scheme is None:
        if is_pss_key(certificate):
            raise PeerFault(Fault.BAD_CERTIFICATE, "the certificate's key is for RSASSA-PSS alone (RFC 4055)")
        return
    name = signature_scheme_name(signature_scheme)
    if signature_scheme not in requested_schemes(handshake.configuration, version):
        raise PeerFault(Fault.ILLEGAL_PARAMETER, f"the client signs with {name}, which was not asked for")
    if signature_scheme not in certificate_schemes(certificate, version):
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"the client signs with {name}, which its key has no use for in {version_name(version)}",
        )


def _extensions_13(configuration: ServerConfiguration) -> tuple[Extension, ...]:
    """What a CertificateRequest of TLS 1.3 lists. A list without authorities is left out (RFC 8446 section
    4.2.4).
    """
    schemes = requested_schemes(configuration, ProtocolVersion.TLS_1_3)
    extensions = [Extension(ExtensionType.SIGNATURE_ALGORITHMS, push_signature_algorithms(schemes))]
    if configuration.certificate_compression:
        body = push_compress_certificate(configuration.certificate_compression)
        extensions.append(Extension(ExtensionType.COMPRESS_CERTIFICATE, body))
    listed = configuration.certificate_authorities
    if listed is not None and listed.names:
        body = push_certificate_authorities(listed.names)
        extensions.append(Extension(ExtensionType.CERTIFICATE_AUTHORITIES, body))
    return tuple(extensions)


def _authorities(configuration: ServerConfiguration) -> tuple[bytes, ...]:
    """The names that a CertificateRequest up to TLS 1.2 lists."""
    listed = configuration.certificate_authorities
    return _subjects(configuration.trusted_certificates) if listed is None else listed.names


@lru_cache(maxsize=8)
def _subjects(certificates: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The distinguished names of the trusted certificates: clients choose by them."""
    names = (load_der_x509_certificate(der).subject.public_bytes() for der in certificates)
    return tuple(dict.fromkeys(names))
