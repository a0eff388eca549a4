"""The server's choice, checked against what was offered and what the client being played accepts."""

from handshake.client import tls12
from handshake.client.handshake import ClientHandshake
from handshake.client.renegotiation import check_renegotiation_info
from handshake.client.resumption import is_resumed
from handshake.client.state import State
from handshake.client.tls13 import accept_hello_retry_request, accept_server_hello_13
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.errors import Fault, PeerFault, PolicyRefusal
from handshake.events import ServerHelloReceived
from handshake.reason import Rule
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV, cipher_suite_name
from handshake.wire.client_hello import ClientHello, SSLv2ClientHello
from handshake.wire.extensions import pull_selected_version
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import HELLO_RETRY_REQUEST_RANDOM, ServerHello, pull_server_hello
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    ProtocolVersion,
    extension_name,
    version_name,
)


def receive_server_hello(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take the ServerHello (RFC 5246 section 7.4.1.3, RFC 8446 section 4.1.3)."""
    hello = pull_server_hello(message.body)
    extensions = _extensions(handshake, hello)
    version = _checked_version(handshake, hello, extensions)
    _check_cipher_suite(handshake, hello)
    handshake.version = version
    handshake.server_random = hello.random
    handshake.server_extensions = extensions
    handshake.parameters = suite_parameters(hello.cipher_suite)
    connection = handshake.connection
    connection.records.record_version = min(version, ProtocolVersion.TLS_1_2)
    if hello.random == HELLO_RETRY_REQUEST_RANDOM and version >= ProtocolVersion.TLS_1_3:
        return accept_hello_retry_request(handshake, message)
    handshake.add(message)
    connection.add_event(ServerHelloReceived(version, hello.cipher_suite))
    if version >= ProtocolVersion.TLS_1_3:
        return accept_server_hello_13(handshake)
    check_renegotiation_info(handshake, extensions.get(ExtensionType.RENEGOTIATION_INFO))
    handshake.session_id = hello.session_id
    if is_resumed(handshake, hello):
        return tls12.resume_session(handshake)
    if handshake.suite.key_exchange in (
        KeyExchange.DH_ANON,
        KeyExchange.DH_ANON_EXPORT,
        KeyExchange.ECDH_ANON,
    ):
        return State.WAIT_SERVER_KEY_EXCHANGE
    return State.WAIT_CERTIFICATE


def _extensions(handshake: ClientHandshake, hello: ServerHello) -> dict[int, bytes]:
    """Return the answer's extensions; one that was not offered is a fault (RFC 5246 section 7.4.1.4)."""
    sent = handshake.hello.hello
    sent_extensions = sent.extensions if isinstance(sent, ClientHello) else None
    offered = {extension.extension_type for extension in sent_extensions or ()}
    if TLS_EMPTY_RENEGOTIATION_INFO_SCSV in handshake.template.cipher_suites:
        offered.add(ExtensionType.RENEGOTIATION_INFO)  # RFC 5746 section 3.4
    if hello.random == HELLO_RETRY_REQUEST_RANDOM:
        offered.add(ExtensionType.COOKIE)
    for extension in hello.extensions or ():
        if extension.extension_type not in offered:
            name = extension_name(extension.extension_type)
            raise PeerFault(
                Fault.UNSUPPORTED_EXTENSION, f"the ServerHello answers {name}, which was not offered"
            )
    return {extension.extension_type: extension.body for extension in hello.extensions or ()}


def _checked_version(handshake: ClientHandshake, hello: ServerHello, extensions: dict[int, bytes]) -> int:
    version = hello.legacy_version
    highest = handshake.template.client_version
    if ExtensionType.SUPPORTED_VERSIONS in extensions:
        version = highest = pull_selected_version(extensions[ExtensionType.SUPPORTED_VERSIONS])
        if version != ProtocolVersion.TLS_1_3:
            raise PeerFault(Fault.ILLEGAL_PARAMETER, f"supported_versions selects {version_name(version)}")
    if not ProtocolVersion.SSL_3_0 <= version <= highest:
        raise PeerFault(
            Fault.PROTOCOL_VERSION,
            f"the server chose {version_name(version)}, offered was {version_name(highest)}",
        )
    accepted = handshake.limits.versions
    if accepted and version not in accepted:
        names = ", ".join(version_name(v) for v in accepted)
        raise PolicyRefusal(
            Rule.PROTOCOL_VERSION,
            f"the server chose {version_name(version)}; this client accepts {names}",
            AlertDescription.PROTOCOL_VERSION,
            met=version_name(version),
            wanted=f"it accepts {names}",
        )
    return version


def _check_cipher_suite(handshake: ClientHandshake, hello: ServerHello) -> None:
    # In an SSLv2-format hello a TLS suite is a 24-bit spec that starts with a zero byte (RFC 5246 appendix
    # E.2), so the same membership test serves both formats.
    if hello.cipher_suite not in handshake.template.cipher_suites:
        name = cipher_suite_name(hello.cipher_suite)
        raise PeerFault(Fault.CIPHER_SUITE_NOT_OFFERED, f"the server chose {name}, which was not offered")
    if hello.compression_method != 0:
        sslv2 = isinstance(handshake.hello.hello, SSLv2ClientHello)
        offered = b"\x00" if sslv2 else handshake.template.compression_methods
        if hello.compression_method not in offered:
            raise PeerFault(
                Fault.ILLEGAL_PARAMETER, "the server chose a compression method that was not offered"
            )
        raise PolicyRefusal(
            Rule.COMPRESSION,
            f"the server chose compression method {hello.compression_method}, which is not implemented",
            AlertDescription.HANDSHAKE_FAILURE,
        )
