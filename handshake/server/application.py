"""What a server agrees on for the application: its protocol by ALPN (RFC 7301), and the settings of both
sides by application_settings in TLS 1.3.

The latter is draft-vvv-tls-alps-01, which expired; what is done here is what BoringSSL does
(ssl/extensions.cc, ssl_negotiate_alps; ssl/tls13_server.cc, do_read_client_encrypted_extensions). The client
sends its settings in an EncryptedExtensions of its own, behind the server's Finished.
"""

from handshake.errors import DecodeError, Fault, PeerFault
from handshake.server.configuration import ServerConfiguration, Unmatched
from handshake.server.handshake import ServerHandshake
from handshake.server.state import State
from handshake.wire.client_hello import ClientHello, Extension
from handshake.wire.extensions import pull_alpn, push_alpn
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import pull_encrypted_extensions
from handshake.wire.registry import ExtensionType, extension_name

_ALPN = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION


def choose_application_protocol(hello: ClientHello, configuration: ServerConfiguration) -> bytes:
    """The first protocol of the server's that the hello lists; empty where one side has no ALPN. Raises
    PeerFault where both have it and nothing is common, unless the server ignores that.
    """
    body = hello.extension(_ALPN)
    if body is None or not configuration.application_protocols:
        return b""
    listed = pull_alpn(body)
    for protocol in configuration.application_protocols:
        if protocol in listed:
            return protocol
    if configuration.no_common_application_protocol is Unmatched.IGNORED:
        return b""
    raise PeerFault(Fault.NO_APPLICATION_PROTOCOL, "no common application protocol")


def alpn_answer(protocol: bytes) -> tuple[Extension, ...]:
    """The extension that says which protocol was selected, if one was."""
    return (Extension(_ALPN, push_alpn((protocol,))),) if protocol else ()


def application_settings(
    hello: ClientHello, configuration: ServerConfiguration, protocol: bytes
) -> tuple[Extension, ...]:
    """The server's settings, where the hello has the extension for the protocol selected."""
    code, settings = configuration.application_settings_type, configuration.application_settings
    body = hello.extension(code)
    if settings is None or body is None or not protocol:
        return ()
    listed = pull_alpn(body)
    if not listed or b"" in listed:
        raise DecodeError(f"{extension_name(code)}: an empty list or name")
    return (Extension(code, settings),) if protocol in listed else ()


def receive_encrypted_extensions(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Take the client's settings, which is all that its EncryptedExtensions may have."""
    code = handshake.configuration.application_settings_type
    for extension in pull_encrypted_extensions(message.body).extensions:
        if extension.extension_type != code or handshake.client_settings is not None:
            name = extension_name(extension.extension_type)
            detail = f"the client's EncryptedExtensions has {name}, which it was not asked for"
            raise PeerFault(Fault.UNSUPPORTED_EXTENSION, detail)
        handshake.client_settings = extension.body
    if handshake.client_settings is None:
        detail = f"the client's EncryptedExtensions has no {extension_name(code)}"
        raise PeerFault(Fault.MISSING_EXTENSION, detail)
    handshake.add(message)
    return State.WAIT_CERTIFICATE_13 if handshake.asks_for_certificate else State.WAIT_FINISHED_13
