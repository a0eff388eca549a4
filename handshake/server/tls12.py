"""The server's side of SSLv3 to TLS 1.2: the flight that answers a hello, and the second half of the
handshake.
"""

from collections.abc import Callable, Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handshake import key_log
from handshake.connection import Entropy
from handshake.crypto.export_rsa import EXPORT_KEY_BITS, generate_export_rsa_key
from handshake.crypto.key_exchange import (
    PRE_MASTER_SECRET_LENGTH,
    DHKeyPair,
    ECDHKeyPair,
    decrypt_pre_master_secret,
)
from handshake.crypto.key_schedule import (
    Role,
    extended_master_secret,
    finished_verify_data,
    master_secret,
    session_hash,
)
from handshake.crypto.record_protection import connection_protections
from handshake.crypto.signatures import sign
from handshake.crypto.suite_parameters import CipherKind, KeyExchange
from handshake.errors import Fault, PeerFault
from handshake.events import Negotiated
from handshake.hello_random import fresh_bytes
from handshake.renegotiation import FinishedPair
from handshake.server.answered import agree_on_size, arrange, record_size_limit
from handshake.server.application import alpn_answer, choose_application_protocol
from handshake.server.choice import Agreement
from handshake.server.client_certificate import (
    receive_certificate,
    receive_certificate_verify,
    request_certificate,
)
from handshake.server.configuration import Asking
from handshake.server.ephemeral import dh_group_for
from handshake.server.handshake import ServerHandshake
from handshake.server.resumption import gives_ticket, keep_session
from handshake.server.selection import choose_signature_scheme
from handshake.server.stapling import announced, send_certificate_status
from handshake.server.state import State
from handshake.server.steps import Flight
from handshake.session import Session
from handshake.wire.client_hello import RANDOM_SIZE, Extension
from handshake.wire.extensions import push_renegotiation_info
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.key_exchange import (
    DHParameters,
    DigitallySigned,
    ECDHParameters,
    RSAParameters,
    pull_client_dh_public,
    pull_client_ecdh_public,
    pull_encrypted_pre_master_secret,
    push_dh_parameters,
    push_digitally_signed,
    push_ecdh_parameters,
    push_rsa_parameters,
)
from handshake.wire.messages import (
    DOWNGRADE_BELOW_TLS_1_2,
    DOWNGRADE_TO_TLS_1_2,
    SENTINEL_SIZE,
    Certificate,
    ServerHello,
    push_certificate,
    push_server_hello,
)
from handshake.wire.registry import ExtensionType, HandshakeType, ProtocolVersion


def answer_hello(handshake: ServerHandshake) -> State:
    """Send ServerHello to ServerHelloDone (RFC 5246 section 7.3), or resume a session."""
    connection, configuration, hello = handshake.connection, handshake.configuration, handshake.client_hello
    _negotiate_extensions(handshake)
    entropy, clock = connection.entropy, connection.clock
    random = fresh_bytes(RANDOM_SIZE, configuration.random_begins_with, entropy, clock)
    handshake.server_random = _with_sentinel(random, handshake)
    if handshake.resumed is not None:
        return _resume(handshake, handshake.resumed)
    has_session_id = not any(
        each.present(handshake.client_flight) for each in configuration.no_session_id_for
    )
    length, beginning = configuration.session_id_length, configuration.session_id_begins_with
    handshake.session_id = fresh_bytes(length if has_session_id else 0, beginning, entropy, clock)
    _send_server_hello(handshake)
    certificate_type = handshake.suite.certificate_type
    if certificate_type is not None:
        chain = configuration.credentials[certificate_type].chain
        handshake.send(HandshakeType.CERTIFICATE, push_certificate(Certificate(chain)))
        send_certificate_status(handshake)
    parameters = handshake.departing.parameters(_ephemeral_parameters(handshake))
    if parameters:
        signature = _signature(handshake, hello.random + handshake.server_random + parameters)
        handshake.send(HandshakeType.SERVER_KEY_EXCHANGE, parameters + signature)
    when = Asking.HANDSHAKE if handshake.previous is None else Asking.RENEGOTIATION
    is_asked = configuration.asks(when) and not handshake.suite.is_anonymous  # RFC 5246 section 7.4.4
    if is_asked:
        request_certificate(handshake)
    handshake.send(HandshakeType.SERVER_HELLO_DONE, b"")
    handshake.flush(Flight.ANSWER)
    return State.WAIT_CERTIFICATE if is_asked else State.WAIT_CLIENT_KEY_EXCHANGE


def receive_client_key_exchange(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Agree on the master secret and get the new keys ready."""
    pre_master_secret = _pre_master_secret(handshake, message.body)
    handshake.add(message)
    prf_hash, version, hello = handshake.suite.prf_hash, handshake.version, handshake.client_hello
    if handshake.extended_master_secret:
        digest = session_hash(version, prf_hash, bytes(handshake.messages))
        handshake.master_secret = extended_master_secret(version, prf_hash, pre_master_secret, digest)
    else:
        handshake.master_secret = master_secret(
            version, prf_hash, pre_master_secret, hello.random, handshake.server_random
        )
    _prepare_protections(handshake)
    return State.WAIT_CHANGE_CIPHER_SPEC if handshake.client_key is None else State.WAIT_CERTIFICATE_VERIFY


def receive_change_cipher_spec(handshake: ServerHandshake) -> State:
    """Read what follows with the new keys."""
    handshake.connection.change_read_keys(handshake.pending_read)
    return State.WAIT_FINISHED


def receive_finished(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Verify the client's Finished and send ours, unless a resumed session began with it."""
    client_verify_data = _verify_data(handshake, Role.CLIENT)
    if message.body != client_verify_data:
        raise PeerFault(Fault.BAD_FINISHED, "the client's Finished does not fit the handshake")
    handshake.connection.check_end_of_flight()
    handshake.add(message)
    if handshake.resumed is None:
        keep_session(handshake)
        _finish(handshake)
        handshake.flush(Flight.FINISH)
    handshake.finished = FinishedPair(
        handshake.renegotiation_info,
        client_verify_data,
        handshake.server_verify_data,
        handshake.version,
        handshake.extended_master_secret,
    )
    pair = handshake.key_pair
    handshake.negotiated = Negotiated(
        version=handshake.version,
        cipher_suite=handshake.suite.cipher_suite,
        named_group=handshake.named_group,
        dh_prime_bits=pair.p.bit_length() if isinstance(pair, DHKeyPair) else None,
        renegotiation_info=handshake.renegotiation_info,
        extended_master_secret=handshake.extended_master_secret,
        encrypt_then_mac=handshake.encrypt_then_mac,
        is_resumed=handshake.resumed is not None,
    )
    handshake.flush(Flight.AFTER)
    handshake.connection.complete(handshake.negotiated)
    return State.CONNECTED


def _with_sentinel(random: bytes, handshake: ServerHandshake) -> bytes:
    """Have the random say that the server has TLS 1.3, where it chooses a lower version (RFC 8446 section
    4.1.3).
    """
    if handshake.configuration.highest_version < ProtocolVersion.TLS_1_3:
        return random
    is_tls12 = handshake.version == ProtocolVersion.TLS_1_2
    return random[:-SENTINEL_SIZE] + (DOWNGRADE_TO_TLS_1_2 if is_tls12 else DOWNGRADE_BELOW_TLS_1_2)


def _resume(handshake: ServerHandshake, session: Session) -> State:
    """Send ServerHello, ChangeCipherSpec and Finished of an abbreviated handshake (RFC 5246 section 7.3).

    The id of the hello is repeated, also where a ticket was offered (RFC 5077 section 3.4).
    """
    handshake.session_id = handshake.client_hello.session_id
    _send_server_hello(handshake)
    handshake.master_secret = session.secret
    _prepare_protections(handshake)
    _finish(handshake)
    handshake.flush(Flight.ANSWER)
    return State.WAIT_CHANGE_CIPHER_SPEC


def _send_server_hello(handshake: ServerHandshake) -> None:
    answered = _answered_extensions(handshake)
    agree_on_size(handshake.connection.records, handshake.client_hello, answered, is_tls13=False)
    server_hello = ServerHello(
        handshake.version,
        handshake.server_random,
        handshake.session_id,
        handshake.suite.cipher_suite,
        0,
        answered or None,
    )
    handshake.send(HandshakeType.SERVER_HELLO, push_server_hello(server_hello))


def _prepare_protections(handshake: ServerHandshake) -> None:
    handshake.connection.key_log.append(
        key_log.line(key_log.MASTER_SECRET, handshake.client_hello.random, handshake.master_secret)
    )
    handshake.pending_read, handshake.pending_write = connection_protections(
        handshake.suite,
        handshake.version,
        handshake.master_secret,
        handshake.client_hello.random,
        handshake.server_random,
        handshake.connection.entropy,
        encrypt_then_mac=handshake.encrypt_then_mac,
    )


def _finish(handshake: ServerHandshake) -> None:
    """Send ChangeCipherSpec and Finished."""
    handshake.lead_in(HandshakeType.FINISHED)
    handshake.change_cipher_spec()
    handshake.change_write_keys(handshake.pending_write)
    handshake.server_verify_data = _verify_data(handshake, Role.SERVER)
    handshake.send(HandshakeType.FINISHED, handshake.server_verify_data)


def _negotiate_extensions(handshake: ServerHandshake) -> None:
    hello, configuration = handshake.client_hello, handshake.configuration
    is_tls = handshake.version >= ProtocolVersion.TLS_1_0
    handshake.extended_master_secret = (
        is_tls
        and configuration.extended_master_secret
        and hello.extension(ExtensionType.EXTENDED_MASTER_SECRET) is not None
    )
    handshake.encrypt_then_mac = (
        is_tls
        and configuration.encrypt_then_mac
        and handshake.suite.cipher.kind is CipherKind.BLOCK  # RFC 7366 section 3
        and hello.extension(ExtensionType.ENCRYPT_THEN_MAC) is not None
    )
    agreed = handshake.departing.agreement(
        Agreement(handshake.renegotiation_info, handshake.extended_master_secret, handshake.encrypt_then_mac)
    )
    handshake.renegotiation_info = agreed.renegotiation_info
    handshake.extended_master_secret = agreed.extended_master_secret
    handshake.encrypt_then_mac = agreed.encrypt_then_mac


def _answered_extensions(handshake: ServerHandshake) -> tuple[Extension, ...]:
    answered = []
    if handshake.renegotiation_info:
        info = b"" if handshake.previous is None else handshake.previous.server_info
        answered.append(Extension(ExtensionType.RENEGOTIATION_INFO, push_renegotiation_info(info)))
    if handshake.extended_master_secret:
        answered.append(Extension(ExtensionType.EXTENDED_MASTER_SECRET, b""))
    if handshake.encrypt_then_mac:
        answered.append(Extension(ExtensionType.ENCRYPT_THEN_MAC, b""))
    if gives_ticket(handshake):
        answered.append(Extension(ExtensionType.SESSION_TICKET, b""))
    hello, configuration = handshake.client_hello, handshake.configuration
    handshake.application_protocol = choose_application_protocol(hello, configuration)
    answered += alpn_answer(handshake.application_protocol)
    answered += record_size_limit(hello, configuration.record_size_limit)
    answered += announced(handshake)
    if configuration.answered_extensions is None:
        return tuple(answered)
    suite = handshake.suite.cipher_suite
    return arrange(tuple(answered), hello, suite, configuration.answered_extensions)


def _ephemeral_parameters(handshake: ServerHandshake) -> bytes:
    """Make the key pair the suite asks for; return its public half as in ServerKeyExchange, empty for RSA."""
    exchange, configuration = handshake.suite.key_exchange, handshake.configuration
    if exchange is KeyExchange.RSA:
        return b""
    if exchange is KeyExchange.RSA_EXPORT:
        key = handshake.key_pair = _export_rsa_key(handshake.connection.entropy)
        numbers = key.public_key().public_numbers()
        return push_rsa_parameters(RSAParameters(numbers.n, numbers.e))
    if handshake.named_group is not None:
        ecdh = handshake.key_pair = ECDHKeyPair.generate(handshake.named_group)
        return push_ecdh_parameters(ECDHParameters(handshake.named_group, ecdh.public_bytes))
    group = dh_group_for(handshake.suite, handshake.client_hello, configuration)
    assert group is not None, "a suite without its group is never chosen"
    pair = handshake.key_pair = DHKeyPair.generate(group.p, group.g, handshake.connection.entropy)
    return push_dh_parameters(DHParameters(group.p, group.g, pair.public))


@cache
def _export_rsa_key(entropy: Entropy) -> RSAPrivateKey:
    """One key for all connections: SunJSSE too makes its 512-bit key once and keeps it."""
    return generate_export_rsa_key(EXPORT_KEY_BITS, entropy)


def _signature(handshake: ServerHandshake, signed: bytes) -> bytes:
    certificate_type = handshake.suite.certificate_type
    if certificate_type is None:
        return b""
    credential = handshake.configuration.credentials[certificate_type]
    scheme = None
    if handshake.version >= ProtocolVersion.TLS_1_2:
        scheme = choose_signature_scheme(
            handshake.client_hello, credential, handshake.configuration, handshake.version
        )
        scheme = handshake.departing.scheme(scheme)
    return push_digitally_signed(DigitallySigned(scheme, sign(credential.private_key, scheme, signed)))


def _pre_master_secret(handshake: ServerHandshake, body: bytes) -> bytes:
    pair, entropy = handshake.key_pair, handshake.connection.entropy
    if isinstance(pair, DHKeyPair):
        return pair.shared_secret(int.from_bytes(pull_client_dh_public(body), "big"), handshake.version)
    if isinstance(pair, ECDHKeyPair):
        return pair.shared_secret(pull_client_ecdh_public(body))
    encrypted = pull_encrypted_pre_master_secret(body, handshake.version)
    key = handshake.configuration.credentials["rsa"].private_key if pair is None else pair
    assert isinstance(key, RSAPrivateKey), "the suite needs an RSA credential"
    random_secret = entropy(PRE_MASTER_SECRET_LENGTH)
    try:
        secret = decrypt_pre_master_secret(key, encrypted)
    except PeerFault:
        return random_secret
    # A wrong version must look like any other wrong secret: RFC 5246 section 7.4.7.1.
    expected = handshake.client_hello.legacy_version.to_bytes(2, "big")
    return secret if secret[:2] == expected else random_secret


def _verify_data(handshake: ServerHandshake, role: Role) -> bytes:
    return finished_verify_data(
        handshake.version, handshake.suite.prf_hash, handshake.master_secret, bytes(handshake.messages), role
    )


HANDLERS: Mapping[str, Callable[[ServerHandshake, HandshakeMessage], State]] = {
    "Certificate": receive_certificate,
    "ClientKeyExchange": receive_client_key_exchange,
    "CertificateVerify": receive_certificate_verify,
    "Finished": receive_finished,
}
