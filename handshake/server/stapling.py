"""The OCSP response that a server sends with its certificate (RFC 6066 section 8, RFC 8446 section
4.4.2.1), in a full handshake with a client that asks for one.
"""

from handshake.server.handshake import ServerHandshake
from handshake.wire.client_hello import Extension
from handshake.wire.messages import push_ocsp_response
from handshake.wire.registry import ExtensionType, HandshakeType


def stapled_response(handshake: ServerHandshake) -> bytes:
    """The body that is sent; empty where none is."""
    response, hello = handshake.configuration.ocsp_response, handshake.client_hello
    is_wanted = hello.extension(ExtensionType.STATUS_REQUEST) is not None and handshake.resumed is None
    return push_ocsp_response(response) if response and is_wanted else b""


def announced(handshake: ServerHandshake) -> tuple[Extension, ...]:
    """The extension of a ServerHello that says that a CertificateStatus follows the Certificate."""
    is_anonymous = handshake.suite.certificate_type is None
    if is_anonymous or not stapled_response(handshake):
        return ()
    return (Extension(ExtensionType.STATUS_REQUEST, b""),)


def send_certificate_status(handshake: ServerHandshake) -> None:
    """Send what was announced."""
    if response := stapled_response(handshake):
        handshake.send(HandshakeType.CERTIFICATE_STATUS, response)


def beside_the_certificate(handshake: ServerHandshake) -> tuple[Extension, ...]:
    """The extension of the leaf in a Certificate of TLS 1.3."""
    response = stapled_response(handshake)
    return (Extension(ExtensionType.STATUS_REQUEST, response),) if response else ()
