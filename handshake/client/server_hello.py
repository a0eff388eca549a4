"""The server's choice, checked against what was offered and what the client being played accepts."""

from handshake.client import tls12
from handshake.client.choices import (
    check_cipher_suite,
    check_compression_method,
    check_downgrade,
    check_listed_version,
    check_selected_version,
    check_session_id,
    check_session_id_echo,
)
from handshake.client.extensions import Place, check_extensions
from handshake.client.handshake import ClientHandshake, decode_names
from handshake.client.renegotiation import check_renegotiation_info
from handshake.client.resumption import is_resumed
from handshake.client.retry import check_after_retry, check_version_after_retry
from handshake.client.state import State
from handshake.client.tls13 import accept_hello_retry_request, accept_server_hello_13
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.errors import DecodeError, Fault, PeerFault, PolicyRefusal
from handshake.events import ServerHelloReceived
from handshake.reason import Rule
from handshake.wire.client_hello import MAX_SESSION_ID_SIZE
from handshake.wire.extensions import pull_selected_version
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import ServerHello, pull_server_hello
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    ProtocolVersion,
    version_name,
)


def receive_server_hello(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take the ServerHello (RFC 5246 section 7.4.1.3, RFC 8446 section 4.1.3)."""
    hello = handshake.read(pull_server_hello, message.body, "server-hello")
    _check_session_id_size(handshake, hello)
    extensions = _extensions(handshake, hello)
    version = _checked_version(handshake, hello, extensions)
    is_retry = hello.is_hello_retry_request
    check_cipher_suite(handshake.sent, hello.cipher_suite, version, is_retry=is_retry)
    check_compression_method(handshake.sent, hello.compression_method, version, is_retry=is_retry)
    if version >= ProtocolVersion.TLS_1_3:
        check_session_id_echo(handshake, hello)
        if not hello.is_hello_retry_request:
            check_after_retry(handshake, hello)
    else:
        check_downgrade(handshake.sent, hello.random, version)
    handshake.version = version
    handshake.server_random = hello.random
    handshake.server_extensions = extensions
    handshake.parameters = suite_parameters(hello.cipher_suite)
    connection = handshake.connection
    connection.records.record_version = min(version, ProtocolVersion.TLS_1_2)
    if hello.is_hello_retry_request and version >= ProtocolVersion.TLS_1_3:
        return accept_hello_retry_request(handshake, message)
    handshake.add(message)
    connection.add_event(ServerHelloReceived(version, hello.cipher_suite))
    if version >= ProtocolVersion.TLS_1_3:
        return accept_server_hello_13(handshake)
    check_renegotiation_info(handshake, extensions.get(ExtensionType.RENEGOTIATION_INFO))
    check_session_id(handshake, hello)
    _compare_with_the_one_before(handshake)
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


def _check_session_id_size(handshake: ClientHandshake, hello: ServerHello) -> None:
    size = len(hello.session_id)
    if size > MAX_SESSION_ID_SIZE:
        detail = f"session_id: {size} bytes, {MAX_SESSION_ID_SIZE} are allowed"
        names = ("session-id-33-bytes", *decode_names("server-hello", ""))
        handshake.judge(DecodeError(detail, 2 + len(hello.random), *names))


def _extensions(handshake: ClientHandshake, hello: ServerHello) -> dict[int, bytes]:
    extensions = hello.extensions or ()
    if hello.extensions == ():
        detail = "an extension block without extensions"
        handshake.mind(PeerFault(Fault.DECODE, detail, "extension-block-empty"))
    place = Place.SERVER_HELLO
    if _selects_tls13(hello.extension(ExtensionType.SUPPORTED_VERSIONS)):
        place = Place.HELLO_RETRY_REQUEST if hello.is_hello_retry_request else Place.SERVER_HELLO_13
    elif hello.is_hello_retry_request:
        is_there = hello.extension(ExtensionType.SUPPORTED_VERSIONS) is not None
        name = "retry-with-another-version" if is_there else "retry-without-supported-versions"
        detail = "a HelloRetryRequest whose supported_versions does not select TLS 1.3"
        handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, name, "retry-not-of-tls13"))
        place = Place.HELLO_RETRY_REQUEST
    return check_extensions(handshake, extensions, place)


def _selects_tls13(body: bytes | None) -> bool:
    """Whether it is a ServerHello of TLS 1.3, as far as its supported_versions can be read."""
    return body is not None and not (len(body) == 2 and body[0] == 3 and body < b"\x03\x04")


def _compare_with_the_one_before(handshake: ClientHandshake) -> None:
    """Hold a renegotiation against the handshake before, where the client being played does."""
    previous = handshake.previous
    if previous is None:
        return
    if handshake.version != previous.version:
        detail = "the renegotiation has another version"
        handshake.mind(PeerFault(Fault.PROTOCOL_VERSION, detail, "version-lower-in-renegotiation"))
    is_extended = ExtensionType.EXTENDED_MASTER_SECRET in handshake.server_extensions
    if previous.extended_master_secret and not is_extended:
        detail = "the renegotiation has lost extended_master_secret"
        name = "extended-master-secret-lost-in-renegotiation"
        handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, name))


def _names_of_version(version: int) -> tuple[str, ...]:
    if version == ProtocolVersion.TLS_1_3:
        return ("version-0304-without-extension", "version-not-offered")
    return (
        "version-sslv2" if version < ProtocolVersion.SSL_3_0 else "version-higher-than-offered",
        "version-not-offered",
    )


def _checked_version(handshake: ClientHandshake, hello: ServerHello, extensions: dict[int, bytes]) -> int:
    version = hello.legacy_version
    highest = handshake.template.client_version
    if ExtensionType.SUPPORTED_VERSIONS in extensions:
        body = extensions[ExtensionType.SUPPORTED_VERSIONS]
        version = handshake.read(pull_selected_version, body, "supported-versions")
        version = check_selected_version(handshake, version, hello.legacy_version)
    elif hello.is_hello_retry_request:  # a client that goes on without it goes by the random alone
        version = ProtocolVersion.TLS_1_3
    elif not ProtocolVersion.SSL_3_0 <= version <= highest:
        fault = PeerFault(
            Fault.PROTOCOL_VERSION,
            f"the server chose {version_name(version)}, offered was {version_name(highest)}",
            *_names_of_version(version),
        )
        if version < ProtocolVersion.SSL_3_0:
            raise fault
        handshake.judge(fault)
        # A client that goes on takes the lower of both versions (NSS 3.13, ssl3_NegotiateVersion).
        version = highest
    check_version_after_retry(handshake, version)
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
    check_listed_version(handshake, version)
    return version
