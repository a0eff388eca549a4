"""The client's side of SSLv3 to TLS 1.2 after the ServerHello: one function a message.

Each takes the handshake and the message and returns the next state; the table in `state` says which are
legal.
"""

from collections.abc import Callable, Mapping
from functools import partial

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handshake import key_log, record_size
from handshake.client.certificate import (
    check_key_of_signature,
    receive_server_certificate,
    send_certificate_verify,
    send_client_certificate,
)
from handshake.client.certificate_request import check_certificate_request
from handshake.client.choices import (
    check_explicit_curve,
    check_legacy_signature,
    check_named_curve,
    check_signature_scheme,
)
from handshake.client.handshake import ClientHandshake, decode_names
from handshake.client.state import State
from handshake.crypto.export_rsa import export_rsa_public_key
from handshake.crypto.key_exchange import DHKeyPair, ECDHKeyPair, encrypt_pre_master_secret
from handshake.crypto.key_schedule import (
    Role,
    extended_master_secret,
    finished_verify_data,
    master_secret,
    session_hash,
)
from handshake.crypto.record_protection import connection_protections
from handshake.crypto.signatures import verify
from handshake.crypto.suite_parameters import KeyExchange
from handshake.errors import TRAILING_BYTE, DecodeError, Fault, PeerFault, PolicyRefusal
from handshake.events import CertificateRequested, Negotiated
from handshake.reason import Rule
from handshake.renegotiation import FinishedPair
from handshake.wire.buffer import Reader
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.key_exchange import (
    DHParameters,
    ECDHParameters,
    RSAParameters,
    pull_dh_parameters,
    pull_digitally_signed,
    pull_ecdh_parameters,
    pull_rsa_parameters,
    push_client_dh_public,
    push_client_ecdh_public,
    push_encrypted_pre_master_secret,
)
from handshake.wire.messages import (
    pull_certificate,
    pull_certificate_request,
    pull_new_session_ticket,
    pull_ocsp_response,
    push_next_protocol,
)
from handshake.wire.registry import (
    ContentType,
    ExtensionType,
    HandshakeType,
)

_ECDHE = frozenset({KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON})
_RSA = frozenset({KeyExchange.RSA, KeyExchange.RSA_EXPORT})
_PROTOCOL = b"http/1.1"
"""What is spoken in the end: requests are those of HTTP/1, and old nodes ask for it whatever is on offer."""


def receive_certificate(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take the server's chain; the leaf's key must fit the suite and the client's limits."""
    certificate = handshake.read(pull_certificate, message.body, "certificate")
    handshake.add(message)
    receive_server_certificate(handshake, certificate.chain)
    if handshake.suite.key_exchange in _RSA:
        return State.WAIT_SERVER_HELLO_DONE
    return State.WAIT_SERVER_KEY_EXCHANGE


def receive_certificate_status(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take a stapled OCSP answer, which the ServerHello must have announced (RFC 6066 section 8)."""
    if ExtensionType.STATUS_REQUEST not in handshake.server_extensions:
        detail = "a CertificateStatus that was not announced"
        raise PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "certificate-status-unasked")
    handshake.read(pull_ocsp_response, message.body, "certificate-status")
    handshake.add(message)
    return handshake.state


def receive_server_key_exchange(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take the ephemeral parameters and verify their signature (RFC 5246 section 7.4.3)."""
    handshake.add(message)
    suite = handshake.suite
    if handshake.server_parameters is not None:
        detail = "a second ServerKeyExchange"
        handshake.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "server-key-exchange-twice"))
    if suite.key_exchange is KeyExchange.RSA:
        raise PeerFault(Fault.UNEXPECTED_MESSAGE, "ServerKeyExchange for a suite with RSA key transport")
    reader = Reader(message.body)
    parameters: DHParameters | ECDHParameters | RSAParameters
    if suite.key_exchange is KeyExchange.RSA_EXPORT:
        parameters = pull_rsa_parameters(reader)
    elif suite.key_exchange in _ECDHE:
        check_explicit_curve(handshake.sent, message.body[:1])
        parameters = pull_ecdh_parameters(reader)
        check_named_curve(handshake.sent, parameters.named_group)
    else:
        parameters = pull_dh_parameters(reader)
        _check_prime(handshake, parameters)
    signed = message.body[: reader.offset]
    if not suite.is_anonymous:
        assert handshake.server_key is not None, (
            "the table lets no ServerKeyExchange come before the Certificate"
        )
        signature = pull_digitally_signed(reader, handshake.version)
        check_legacy_signature(handshake.version, handshake.limits)
        check_signature_scheme(
            handshake.sent, signature.signature_scheme, handshake.server_certificate, handshake.version
        )
        check_key_of_signature(handshake)
        content = handshake.hello.client_random + handshake.server_random + signed
        verify(handshake.server_key, signature.signature_scheme, content, signature.signature)
    if reader.remaining:
        detail = f"{reader.remaining} bytes left over in ServerKeyExchange"
        handshake.judge(
            DecodeError(detail, reader.offset, *decode_names("server-key-exchange", TRAILING_BYTE))
        )
    handshake.server_parameters = parameters
    return State.WAIT_SERVER_HELLO_DONE


def receive_certificate_request(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Note that a certificate is asked for, and what kinds will do."""
    handshake.add(message)
    pull = partial(pull_certificate_request, version=handshake.version)
    request = handshake.read(pull, message.body, "certificate-request")
    if handshake.certificate_request is not None:
        detail = "a second CertificateRequest"
        handshake.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "certificate-request-twice"))
    handshake.certificate_request = request
    check_certificate_request(handshake, request)
    handshake.connection.add_event(CertificateRequested())
    return handshake.state


def receive_server_hello_done(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Answer with the second flight: [Certificate], ClientKeyExchange, [CertificateVerify],
    ChangeCipherSpec, Finished.
    """
    if message.body:
        raise DecodeError("ServerHelloDone is not empty", 0, "server-hello-done-with-a-body")
    if handshake.suite.key_exchange not in _RSA and handshake.server_parameters is None:
        raise PeerFault(Fault.UNEXPECTED_MESSAGE, "ServerHelloDone before ServerKeyExchange")
    handshake.connection.check_end_of_flight()
    handshake.add(message)
    credential = send_client_certificate(handshake)
    pre_master_secret, key_exchange = _client_key_exchange(handshake)
    handshake.send(HandshakeType.CLIENT_KEY_EXCHANGE, key_exchange)
    _derive_master_secret(handshake, pre_master_secret)
    if credential is not None:
        send_certificate_verify(handshake, credential)
    _prepare_protections(handshake)
    _finish(handshake)
    return State.WAIT_CHANGE_CIPHER_SPEC


def resume_session(handshake: ClientHandshake) -> State:
    """Take up the session's master secret; the server's Finished comes first now (RFC 5246 section 7.3)."""
    assert handshake.offered_session is not None, "only an offered session is resumed"
    handshake.master_secret = handshake.offered_session.secret
    _prepare_protections(handshake)
    return State.WAIT_CHANGE_CIPHER_SPEC


def receive_new_session_ticket(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take a ticket, which the ServerHello must have announced (RFC 5077 section 3.3)."""
    if not _is_ticket_due(handshake):
        _judge_ticket_not_due(handshake)
    handshake.has_ticket = True
    handshake.add(message)
    handshake.ticket = handshake.read(pull_new_session_ticket, message.body, "ticket").ticket
    return handshake.state


def receive_change_cipher_spec(handshake: ClientHandshake) -> State:
    """Read what follows with the new keys. Raises PeerFault where a ticket was announced and has not come
    (RFC 5077 section 3.3).
    """
    if _is_ticket_due(handshake):
        detail = "the ticket that was announced has not come"
        handshake.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "ticket-promised-and-not-sent"))
    handshake.connection.change_read_keys(handshake.pending_read)
    return State.WAIT_FINISHED


def receive_finished(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Verify the server's Finished (RFC 5246 section 7.4.9, RFC 6101 section 5.6.9); a resumed session is
    confirmed by ours only then.
    """
    server_verify_data = _verify_data(handshake, Role.SERVER)
    if message.body != server_verify_data:
        raise PeerFault(Fault.BAD_FINISHED, "the server's Finished does not fit the handshake")
    handshake.connection.check_end_of_flight()
    handshake.add(message)
    if handshake.is_resumed:
        _finish(handshake)
    parameters, previous = handshake.server_parameters, handshake.previous
    signalled = ExtensionType.RENEGOTIATION_INFO in handshake.server_extensions
    is_secure = signalled if previous is None else previous.is_secure
    handshake.finished = FinishedPair(
        is_secure,
        handshake.client_verify_data,
        server_verify_data,
        handshake.version,
        ExtensionType.EXTENDED_MASTER_SECRET in handshake.server_extensions,
    )
    handshake.negotiated = Negotiated(
        version=handshake.version,
        cipher_suite=handshake.suite.cipher_suite,
        named_group=parameters.named_group if isinstance(parameters, ECDHParameters) else None,
        dh_prime_bits=parameters.p.bit_length() if isinstance(parameters, DHParameters) else None,
        renegotiation_info=signalled,
        extended_master_secret=ExtensionType.EXTENDED_MASTER_SECRET in handshake.server_extensions,
        encrypt_then_mac=ExtensionType.ENCRYPT_THEN_MAC in handshake.server_extensions,
        is_resumed=handshake.is_resumed,
    )
    connection = handshake.connection
    record_size.agree(
        connection.records, handshake.server_extensions, handshake.offered_bodies, is_tls13=False
    )
    connection.complete(handshake.negotiated)
    return State.CONNECTED


HANDLERS: Mapping[str, Callable[[ClientHandshake, HandshakeMessage], State]] = {
    "Certificate": receive_certificate,
    "CertificateStatus": receive_certificate_status,
    "ServerKeyExchange": receive_server_key_exchange,
    "CertificateRequest": receive_certificate_request,
    "ServerHelloDone": receive_server_hello_done,
    "NewSessionTicket": receive_new_session_ticket,
    "Finished": receive_finished,
}


def _is_ticket_due(handshake: ClientHandshake) -> bool:
    return ExtensionType.SESSION_TICKET in handshake.server_extensions and not handshake.has_ticket


def _judge_ticket_not_due(handshake: ClientHandshake) -> None:
    """Refuse a ticket that comes without having been announced, or twice (RFC 5077 section 3.3)."""
    name = "ticket-not-promised"
    if ExtensionType.SESSION_TICKET in handshake.server_extensions:
        name = "ticket-twice"
    elif handshake.sent.extension(ExtensionType.SESSION_TICKET) is None:
        name = "ticket-not-offered"
    handshake.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, "a NewSessionTicket that is not due", name))


def _check_prime(handshake: ClientHandshake, parameters: DHParameters) -> None:
    bits, limits = parameters.p.bit_length(), handshake.limits
    if parameters.p < 3 or not 1 < parameters.public < parameters.p:
        detail = "Diffie-Hellman parameters out of range"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, "dh-parameters-out-of-range")
    low, high = limits.min_dh_prime_bits, limits.max_dh_prime_bits
    if (low is not None and bits < low) or (high is not None and bits > high):
        raise PolicyRefusal(
            Rule.DH_PRIME_BITS,
            f"the server's Diffie-Hellman prime has {bits} bits; "
            f"this client accepts {low or 'any'} to {high or 'any'}",
            limits.dh_prime_alert,
            met=f"{bits} bits",
            wanted=f"it requires {low}" if low is not None and bits < low else f"it takes at most {high}",
        )


def _client_key_exchange(handshake: ClientHandshake) -> tuple[bytes, bytes]:
    """Return the pre-master secret and the ClientKeyExchange body."""
    entropy, parameters = handshake.connection.entropy, handshake.server_parameters
    if isinstance(parameters, DHParameters):
        pair = DHKeyPair.generate(parameters.p, parameters.g, entropy)
        return pair.shared_secret(parameters.public, handshake.version), push_client_dh_public(
            pair.public_bytes
        )
    if isinstance(parameters, ECDHParameters):
        ecdh = ECDHKeyPair.generate(parameters.named_group)
        try:
            secret = ecdh.shared_secret(parameters.public)
        except PeerFault as fault:
            fault.names += ("ecdhe-point-unusable",)
            handshake.judge(fault)
            secret = entropy(len(parameters.public))  # whatever a stack makes of it, the server has another
        return secret, push_client_ecdh_public(ecdh.public_bytes)
    assert handshake.server_key is not None, "RSA key transport has a certificate before it"
    # The version in the secret is the one offered, not the one chosen (RFC 5246 section 7.4.7.1).
    secret = handshake.template.client_version.to_bytes(2, "big") + entropy(46)
    key = (
        handshake.server_key
        if parameters is None
        else export_rsa_public_key(parameters.modulus, parameters.exponent)
    )
    assert isinstance(key, RSAPublicKey), "checked against the suite with the Certificate"
    encrypted = encrypt_pre_master_secret(key, secret)
    return secret, push_encrypted_pre_master_secret(encrypted, handshake.version)


def _derive_master_secret(handshake: ClientHandshake, pre_master_secret: bytes) -> None:
    prf_hash, version = handshake.suite.prf_hash, handshake.version
    if ExtensionType.EXTENDED_MASTER_SECRET in handshake.server_extensions:
        digest = session_hash(version, prf_hash, bytes(handshake.messages))
        handshake.master_secret = extended_master_secret(version, prf_hash, pre_master_secret, digest)
    else:
        handshake.master_secret = master_secret(
            version, prf_hash, pre_master_secret, handshake.hello.client_random, handshake.server_random
        )


def _prepare_protections(handshake: ClientHandshake) -> None:
    handshake.connection.key_log.append(
        key_log.line(key_log.MASTER_SECRET, handshake.hello.client_random, handshake.master_secret)
    )
    handshake.pending_write, handshake.pending_read = connection_protections(
        handshake.suite,
        handshake.version,
        handshake.master_secret,
        handshake.hello.client_random,
        handshake.server_random,
        handshake.connection.entropy,
        encrypt_then_mac=ExtensionType.ENCRYPT_THEN_MAC in handshake.server_extensions,
    )


def _finish(handshake: ClientHandshake) -> None:
    """Send ChangeCipherSpec and Finished; between them NextProtocol where the server has answered NPN."""
    connection = handshake.connection
    connection.records.write(ContentType.CHANGE_CIPHER_SPEC, b"\x01", connection.now)
    connection.records.write_protection = handshake.pending_write
    if ExtensionType.NEXT_PROTOCOL_NEGOTIATION in handshake.server_extensions:
        handshake.send(HandshakeType.NEXT_PROTOCOL, push_next_protocol(_PROTOCOL))
    handshake.client_verify_data = _verify_data(handshake, Role.CLIENT)
    handshake.send(HandshakeType.FINISHED, handshake.client_verify_data)


def _verify_data(handshake: ClientHandshake, role: Role) -> bytes:
    return finished_verify_data(
        handshake.version, handshake.suite.prf_hash, handshake.master_secret, bytes(handshake.messages), role
    )
