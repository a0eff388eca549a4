"""What a test's flags want of a connection, held against what the engine has done.

Each function returns what is not as wanted, in a sentence, and an empty text where all is.
"""

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from handshake.client.connection import ClientConnection
from handshake.connection import Connection
from handshake.errors import PeerFault
from handshake.events import (
    AlertReceived,
    CertificateReceived,
    Event,
    HandshakeCompleted,
    PeerClosed,
    PeerFaulted,
    PolicyRefused,
    Unsupported,
)
from handshake.server import ServerConnection
from handshake.transcript import Transcript
from handshake.wire.buffer import Reader
from handshake.wire.client_hello import find_extension
from handshake.wire.extensions import pull_alpn, pull_server_name, pull_signature_algorithms
from handshake.wire.key_exchange import pull_ecdh_parameters
from handshake.wire.messages import CertificateRequest, pull_certificate_13, pull_ocsp_response
from handshake.wire.registry import ExtensionType, HandshakeType, ProtocolVersion
from tests.bogo.flags import Flags
from tests.bogo.message_log import message_log

_MESSAGE_HASH = 254  # RFC 8446 section 4.4.1
_HEADER_SIZE = 4


def check_handshake(
    flags: Flags, connection: Connection, events: Sequence[Event], *, is_resumption: bool
) -> str:
    """Check a completed handshake."""
    negotiated = next(each.negotiated for each in events if isinstance(each, HandshakeCompleted))
    signals = negotiated.renegotiation_info or negotiated.version >= ProtocolVersion.TLS_1_3
    assert isinstance(connection, ClientConnection | ServerConnection), "there are no other roles"
    has_retried = connection.handshake.messages[0] == _MESSAGE_HASH
    wanted = {
        "version": (flags.expect_version, negotiated.version),
        "cipher suite": (flags.expect_cipher, negotiated.cipher_suite),
        "group": (flags.expect_curve_id, negotiated.named_group),
        "signature scheme": (
            flags.expect_peer_signature_algorithm,
            _peer_scheme(connection, negotiated.version),
        ),
        "OCSP response": (flags.expect_ocsp_response, _ocsp_response(connection, negotiated.version)),
        "server_name": (flags.expect_server_name, _server_name(connection)),
        "protocols listed": (flags.expect_advertised_alpn.encode("latin-1"), _listed_protocols(connection)),
        "timestamps": (flags.expect_signed_cert_timestamps, _timestamps(connection, negotiated.version)),
        "verify preferences": (tuple(flags.expect_peer_verify_pref), _verify_preferences(connection)),
        "session id": (flags.expect_session_id, bool(connection.handshake.session_id)),
        "no session id": (
            flags.expect_no_session_id,
            negotiated.is_resumed or not connection.handshake.session_id,
        ),
        "no session": (flags.expect_no_session, not _has_session(connection)),
        "a new ticket": (is_resumption and flags.expect_ticket_renewal, _has_ticket(connection)),
        "certificate types": (flags.expect_certificate_types, _certificate_types(connection)),
        "extended_master_secret": (
            flags.expect_extended_master_secret,
            negotiated.extended_master_secret or negotiated.version >= ProtocolVersion.TLS_1_3,
        ),
        "secure renegotiation": (flags.expect_secure_renegotiation, signals),
        "no secure renegotiation": (flags.expect_no_secure_renegotiation, not signals),
        "HelloRetryRequest": (flags.expect_hrr, has_retried),
        "no HelloRetryRequest": (flags.expect_no_hrr, not has_retried),
    }
    if negotiated.is_resumed:  # they are the first connection's
        del wanted["signature scheme"], wanted["OCSP response"], wanted["timestamps"]
        if negotiated.named_group is None:
            del wanted["group"]
    for what, (want, got) in wanted.items():
        if want and want != got:
            return f"{what}: {want!r} was expected, {got!r} it is"
    if negotiated.is_resumed != (is_resumption and not flags.expect_session_miss):
        return f"resumed: {negotiated.is_resumed}"
    if isinstance(connection, ClientConnection) and _alpn(connection) != flags.expect_alpn:
        return f"the protocol is {_alpn(connection)!r}, {flags.expect_alpn!r} was expected"
    if flags.expect_peer_application_settings is not None:
        expected = flags.expect_peer_application_settings.encode("latin-1")
        if _peer_settings(connection) != expected:
            return f"the peer's settings are {_peer_settings(connection)!r}, {expected!r} were expected"
    return _check_certificates(flags, events, is_resumed=negotiated.is_resumed)


def check_end(flags: Flags, events: Sequence[Event], transcript: Transcript) -> str:
    """Check how a connection ended after the handshake."""
    for event in events:
        if isinstance(event, PeerFaulted | PolicyRefused | Unsupported):
            return repr(event)
        if isinstance(event, AlertReceived) and event.is_fatal:
            return repr(event)
    is_orderly = any(isinstance(each, PeerClosed) and each.close_notify for each in events)
    if flags.check_close_notify and not is_orderly:
        return "the connection ended without close_notify"
    if flags.expect_msg_callback and message_log(transcript) != flags.expect_msg_callback:
        return f"the messages are {message_log(transcript)!r}"
    renegotiations = sum(isinstance(each, HandshakeCompleted) for each in events) - 1
    if flags.expect_total_renegotiations not in (0, renegotiations):
        return f"{renegotiations} renegotiations"
    return ""


def _check_certificates(flags: Flags, events: Sequence[Event], *, is_resumed: bool) -> str:
    chains = [each.chain for each in events if isinstance(each, CertificateReceived)]
    if flags.expect_no_peer_cert and chains:
        return "the peer has shown a certificate"
    if flags.expect_peer_cert_file and not is_resumed:
        certificates = load_pem_x509_certificates(Path(flags.expect_peer_cert_file).read_bytes())
        wanted = tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates)
        if chains != [wanted]:
            return "the peer's certificates are others"
    return ""


def _received(connection: Connection, handshake_type: int) -> bytes | None:
    """The body of the peer's message of this type: of two in a handshake the server's comes first."""
    assert isinstance(connection, ClientConnection | ServerConnection), "there are no other roles"
    messages, bodies = bytes(connection.handshake.messages), []
    while messages:
        end = _HEADER_SIZE + int.from_bytes(messages[1:_HEADER_SIZE], "big")
        if messages[0] == handshake_type:
            bodies.append(messages[_HEADER_SIZE:end])
        messages = messages[end:]
    if not bodies:
        return None
    return bodies[0] if isinstance(connection, ClientConnection) else bodies[-1]


def _peer_scheme(connection: Connection, version: int) -> int | None:
    """The scheme of the peer's signature; None before TLS 1.2."""
    if version < ProtocolVersion.TLS_1_2:
        return None
    verify = _received(connection, HandshakeType.CERTIFICATE_VERIFY)
    if verify is not None:
        return int.from_bytes(verify[:2], "big")
    key_exchange = _received(connection, HandshakeType.SERVER_KEY_EXCHANGE)
    if key_exchange is None:
        return None
    reader = Reader(key_exchange)
    try:
        pull_ecdh_parameters(reader)
        return reader.pull_uint(2)
    except PeerFault:
        return None


def _server_name(connection: Connection) -> str:
    if not isinstance(connection, ServerConnection):
        return ""
    body = connection.handshake.client_hello.extension(ExtensionType.SERVER_NAME)
    return "" if body is None else pull_server_name(body)[0][1].decode("latin-1")


def _certificate_types(connection: Connection) -> bytes:
    if not isinstance(connection, ClientConnection):
        return b""
    request = connection.handshake.certificate_request
    return request.certificate_types if isinstance(request, CertificateRequest) else b""


def _alpn(connection: ClientConnection) -> str:
    code = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
    handshake = connection.handshake
    body = handshake.server_extensions.get(code) or handshake.encrypted_extensions.get(code)
    return "" if body is None else pull_alpn(body)[0].decode("latin-1")


def _ocsp_response(connection: Connection, version: int) -> bytes | None:
    """The OCSP answer that came with the server's certificate."""
    if version < ProtocolVersion.TLS_1_3:
        status = _received(connection, HandshakeType.CERTIFICATE_STATUS)
        return None if status is None else pull_ocsp_response(status)
    body = _received(connection, HandshakeType.CERTIFICATE)
    if body is None or not isinstance(connection, ClientConnection):
        return None
    status = find_extension(pull_certificate_13(body).entries[0][1], ExtensionType.STATUS_REQUEST)
    return None if status is None else pull_ocsp_response(status)


def _listed_protocols(connection: Connection) -> bytes:
    """What a client's ALPN lists, without the length of the list."""
    if not isinstance(connection, ServerConnection):
        return b""
    code = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
    return (connection.handshake.client_hello.extension(code) or b"")[2:]


def _timestamps(connection: Connection, version: int) -> bytes | None:
    """The list of timestamps that came with the server's certificate."""
    if not isinstance(connection, ClientConnection):
        return None
    code = ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP
    if version < ProtocolVersion.TLS_1_3:
        return connection.handshake.server_extensions.get(code)
    body = _received(connection, HandshakeType.CERTIFICATE)
    return None if body is None else find_extension(pull_certificate_13(body).entries[0][1], code)


def _verify_preferences(connection: Connection) -> tuple[int, ...]:
    """The schemes that the peer says it verifies."""
    code = ExtensionType.SIGNATURE_ALGORITHMS
    if isinstance(connection, ServerConnection):
        body = connection.handshake.client_hello.extension(code)
    else:
        assert isinstance(connection, ClientConnection), "there are no other roles"
        request = connection.handshake.certificate_request
        if isinstance(request, CertificateRequest):
            return request.supported_signature_algorithms or ()
        body = None if request is None else find_extension(request.extensions, code)
    return () if body is None else pull_signature_algorithms(body)


def _peer_settings(connection: Connection) -> bytes | None:
    if isinstance(connection, ServerConnection):
        return connection.handshake.client_settings
    assert isinstance(connection, ClientConnection), "there are no other roles"
    codes = (ExtensionType.APPLICATION_SETTINGS_NEW, ExtensionType.APPLICATION_SETTINGS)
    answered = connection.handshake.encrypted_extensions
    return next((answered[code] for code in codes if code in answered), None)


def _has_session(connection: Connection) -> bool:
    if not isinstance(connection, ClientConnection):
        return False
    return connection.session_by_ticket is not None or connection.session_by_id is not None


def _has_ticket(connection: Connection) -> bool:
    return isinstance(connection, ClientConnection) and connection.session_by_ticket is not None
