"""Post-handshake authentication at the server's end (RFC 8446 section 4.6.2): a CertificateRequest on a
connection of TLS 1.3, and the client's Certificate, CertificateVerify and Finished, which come one right
behind the other.

Each is bound to the messages up to the client's first Finished and to the request (section 4.4 there).
"""

from collections.abc import Callable, Mapping

from handshake.crypto.key_schedule import Role
from handshake.errors import Fault, LocalError, PeerFault
from handshake.server import client_certificate, tls12, tls13
from handshake.server.configuration import Asking
from handshake.server.handshake import ServerHandshake
from handshake.server.state import POST_HANDSHAKE_STATES, TLS_1_3_STATES, State
from handshake.server.steps import Flight
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.registry import ExtensionType

CONTEXT_LENGTH = 32
"""Bytes, which the client cannot foresee."""

_NEXT = {
    State.WAIT_CERTIFICATE_VERIFY_13: State.WAIT_POST_HANDSHAKE_CERTIFICATE_VERIFY,
    State.WAIT_FINISHED_13: State.WAIT_POST_HANDSHAKE_FINISHED,
}
"""What the states of the handshake are afterwards."""


def request_certificate(handshake: ServerHandshake) -> None:
    """Ask for a certificate. Raises LocalError where the server may not: without a connection of TLS 1.3 on
    which no other answer is due, without the client's post_handshake_auth, or as it is set up.
    """
    connection = handshake.connection
    if handshake.state is not State.CONNECTED_13 or connection.is_ended:
        raise LocalError("there is no connection of TLS 1.3 on which a certificate could be asked for")
    if handshake.client_hello.extension(ExtensionType.POST_HANDSHAKE_AUTH) is None:
        raise LocalError("the client does not offer post_handshake_auth")
    if not handshake.configuration.asks(Asking.POST_HANDSHAKE):
        raise LocalError("the server does not ask for a certificate after the handshake")
    handshake.client_key, handshake.client_certificate = None, b""
    handshake.messages = bytearray(handshake.handshake_context)
    handshake.certificate_request_context = connection.entropy(CONTEXT_LENGTH)
    client_certificate.request_certificate(handshake)
    handshake.flush(Flight.CERTIFICATE_REQUEST)
    handshake.move(State.WAIT_POST_HANDSHAKE_CERTIFICATE, handshake.successors("request"))


def receive_certificate(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Take the client's chain, which is empty when it has none."""
    return _NEXT[client_certificate.receive_certificate_13(handshake, message)]


def receive_compressed_certificate(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Take the client's chain where it is compressed (RFC 8879)."""
    return _NEXT[client_certificate.receive_compressed_certificate(handshake, message)]


def receive_certificate_verify(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Verify that the client has the key of its certificate."""
    return _NEXT[tls13.receive_certificate_verify(handshake, message)]


def receive_finished(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Verify the client's Finished, whose key is made of the secret that its records are protected with."""
    schedule = handshake.schedule
    assert schedule is not None, "set with the ServerHello"
    verify_data = schedule.post_handshake_verify_data(Role.CLIENT, bytes(handshake.messages))
    if message.body != verify_data:
        raise PeerFault(Fault.BAD_FINISHED, "the client's Finished does not fit the request")
    return State.CONNECTED_13


HANDLERS: Mapping[str, Callable[[ServerHandshake, HandshakeMessage], State]] = {
    "Certificate": receive_certificate,
    "CompressedCertificate": receive_compressed_certificate,
    "CertificateVerify": receive_certificate_verify,
    "Finished": receive_finished,
    "KeyUpdate": tls13.receive_key_update,
}


def handlers_in(state: State) -> Mapping[str, Callable[[ServerHandshake, HandshakeMessage], State]]:
    """The functions that take the messages which may come in a state."""
    if state in POST_HANDSHAKE_STATES:
        return HANDLERS
    return tls13.HANDLERS if state in TLS_1_3_STATES else tls12.HANDLERS
