"""The server's side of TLS 1.3 (RFC 8446): the flight that answers a hello, HelloRetryRequest, and what
follows.
"""

from collections.abc import Callable, Mapping

from handshake.certificate_compression import certificate_message
from handshake.crypto.key_schedule import Role
from handshake.crypto.key_shares import answer_key_share
from handshake.crypto.signatures import PrivateKey, certificate_verify_content, sign
from handshake.errors import Fault, PeerFault
from handshake.events import Negotiated
from handshake.schedule_13 import KeySchedule, requests_update
from handshake.server.answered import agree_on_size, encrypted_extensions
from handshake.server.application import choose_application_protocol, receive_encrypted_extensions
from handshake.server.client_certificate import (
    receive_certificate_13,
    receive_certificate_verify_13,
    receive_compressed_certificate,
    request_certificate,
)
from handshake.server.delegation import delegated_key
from handshake.server.handshake import ServerHandshake
from handshake.server.resumption import (
    give_ticket_13,
    offered_pre_shared_key,
    skip_early_data,
    takes_tickets_13,
)
from handshake.server.selection import choose_credential_13, common_groups
from handshake.server.stapling import beside_the_certificate
from handshake.server.state import State
from handshake.server.steps import Flight
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import (
    pull_key_share_list,
    push_key_share,
    push_selected_group,
    push_selected_identity,
    push_selected_version,
)
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.key_exchange import DigitallySigned
from handshake.wire.messages import (
    HELLO_RETRY_REQUEST_RANDOM,
    Certificate13,
    EncryptedExtensions,
    KeyUpdate,
    ServerHello,
    pull_key_update,
    push_certificate_13,
    push_certificate_verify,
    push_encrypted_extensions,
    push_key_update,
    push_server_hello,
)
from handshake.wire.registry import ExtensionType, HandshakeType, ProtocolVersion


def answer_hello(handshake: ServerHandshake) -> State:
    """Send ServerHello to Finished, or a HelloRetryRequest when no usable key share came."""
    hello = handshake.client_hello
    body = hello.extension(ExtensionType.KEY_SHARE)
    if body is None:
        raise PeerFault(Fault.MISSING_EXTENSION, "a TLS 1.3 hello without key_share")
    shares = dict(pull_key_share_list(body))
    skip_early_data(handshake)
    handshake.application_protocol = choose_application_protocol(hello, handshake.configuration)
    groups = common_groups(hello, handshake.configuration, handshake.version)
    group = next((group for group in groups if group in shares), None)
    wanted = handshake.departing.group_to_ask_for(groups, tuple(shares), handshake.retries)
    if wanted is not None:
        return _send_retry(handshake, wanted)
    if group is None:
        return _request_retry(handshake, groups[0])
    handshake.named_group = group
    handshake.resumed = offered_pre_shared_key(handshake)
    answer = answer_key_share(group, shares[group], handshake.connection.entropy)
    secret = None if handshake.resumed is None else handshake.resumed.secret
    schedule = handshake.schedule = KeySchedule(handshake.suite, secret)
    answered = [Extension(ExtensionType.KEY_SHARE, push_key_share((group, answer.key_exchange)))]
    if handshake.resumed is not None:
        answered.append(Extension(ExtensionType.PRE_SHARED_KEY, push_selected_identity(0)))
    _send_server_hello(handshake, handshake.connection.entropy(32), *answered)
    schedule.enter_handshake(answer.shared_secret, bytes(handshake.messages))
    handshake.connection.key_log += schedule.handshake_key_log(hello.random)
    if hello.session_id and handshake.state is not State.WAIT_SECOND_CLIENT_HELLO_13:  # sent before, then
        handshake.change_cipher_spec()  # RFC 8446 appendix D.4
    handshake.change_write_keys(schedule.handshake_protection(Role.SERVER))
    awaits_settings = _send_authentication(handshake, schedule)
    schedule.enter_application(bytes(handshake.messages))
    handshake.connection.key_log += schedule.application_key_log(hello.random)
    handshake.change_write_keys(schedule.application_protection(Role.SERVER))
    handshake.flush(Flight.ANSWER)
    handshake.connection.change_read_keys(schedule.handshake_protection(Role.CLIENT))
    handshake.connection.records.reads_plain_alerts = True
    handshake.negotiated = Negotiated(
        handshake.version,
        handshake.suite.cipher_suite,
        named_group=group,
        is_resumed=handshake.resumed is not None,
    )
    if awaits_settings:
        return State.WAIT_ENCRYPTED_EXTENSIONS_13
    return State.WAIT_CERTIFICATE_13 if handshake.asks_for_certificate else State.WAIT_FINISHED_13


def receive_finished(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Verify the client's Finished and read on with its application traffic keys."""
    schedule, connection = _schedule(handshake), handshake.connection
    if message.body != schedule.finished_verify_data(Role.CLIENT, bytes(handshake.messages)):
        raise PeerFault(Fault.BAD_FINISHED, "the client's Finished does not fit the handshake")
    handshake.add(message)
    handshake.handshake_context = bytes(handshake.messages)
    connection.change_read_keys(schedule.application_protection(Role.CLIENT))
    if handshake.configuration.tickets and takes_tickets_13(handshake.client_hello):
        give_ticket_13(handshake, schedule)
    handshake.flush(Flight.AFTER)
    assert handshake.negotiated is not None, "set with the ServerHello"
    connection.complete(handshake.negotiated)
    return State.CONNECTED_13


def receive_key_update(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Read on with the next keys, and update our own when asked to (RFC 8446 section 4.6.3)."""
    schedule = _schedule(handshake)
    handshake.connection.change_read_keys(schedule.update(Role.CLIENT))
    if requests_update(pull_key_update(message.body)):
        handshake.send_aside(HandshakeType.KEY_UPDATE, push_key_update(KeyUpdate(0)))
        handshake.change_write_keys(schedule.update(Role.SERVER))
        handshake.flush(Flight.KEY_UPDATE)
    return handshake.state


def _request_retry(handshake: ServerHandshake, group: int) -> State:
    if handshake.state is State.WAIT_SECOND_CLIENT_HELLO_13:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER, "the second hello does not bring the key share that was asked for"
        )
    return _send_retry(handshake, group)


def _send_retry(handshake: ServerHandshake, group: int) -> State:
    schedule = KeySchedule(handshake.suite)
    if not handshake.retries:
        handshake.messages = bytearray(schedule.message_hash(bytes(handshake.messages)))
    handshake.retries += 1
    wanted = Extension(ExtensionType.KEY_SHARE, push_selected_group(group))
    _send_server_hello(handshake, HELLO_RETRY_REQUEST_RANDOM, wanted)
    if handshake.client_hello.session_id:
        handshake.change_cipher_spec()
    handshake.flush(Flight.RETRY)
    return State.WAIT_SECOND_CLIENT_HELLO_13


def receive_certificate_verify(handshake: ServerHandshake, message: HandshakeMessage) -> State:
    """Verify that the client has the key of its certificate."""
    return receive_certificate_verify_13(handshake, _schedule(handshake), message)


def _send_server_hello(handshake: ServerHandshake, random: bytes, *answered: Extension) -> None:
    hello = ServerHello(
        ProtocolVersion.TLS_1_2,
        random,
        handshake.client_hello.session_id,
        handshake.suite.cipher_suite,
        0,
        (Extension(ExtensionType.SUPPORTED_VERSIONS, push_selected_version(handshake.version)), *answered),
    )
    handshake.send(HandshakeType.SERVER_HELLO, push_server_hello(hello))


def _send_authentication(handshake: ServerHandshake, schedule: KeySchedule) -> bool:
    """Send EncryptedExtensions to Finished; whether the client answers with its own settings."""
    hello, records = handshake.client_hello, handshake.connection.records
    answered = encrypted_extensions(handshake)
    body = push_encrypted_extensions(EncryptedExtensions(answered))
    handshake.send(HandshakeType.ENCRYPTED_EXTENSIONS, body)
    agree_on_size(records, hello, answered, is_tls13=True)
    if handshake.resumed is None:
        _send_certificate(handshake, schedule)
    handshake.lead_in(HandshakeType.FINISHED)
    verify_data = schedule.finished_verify_data(Role.SERVER, bytes(handshake.messages))
    handshake.send(HandshakeType.FINISHED, verify_data)
    return any(each.extension_type == handshake.configuration.application_settings_type for each in answered)


def _send_certificate(handshake: ServerHandshake, schedule: KeySchedule) -> None:
    credential, scheme = choose_credential_13(handshake.client_hello, handshake.configuration)
    private_key: PrivateKey = credential.private_key
    delegated = delegated_key(handshake, credential, scheme)
    scheme = handshake.departing.scheme(scheme)
    if handshake.asks_for_certificate:
        request_certificate(handshake)
    leaf_has = beside_the_certificate(handshake)
    if delegated is not None:
        private_key, scheme = delegated.private_key, delegated.scheme
        leaf_has = (*leaf_has, Extension(ExtensionType.DELEGATED_CREDENTIAL, delegated.body))
    leaf, *others = credential.chain
    certificate = Certificate13(b"", ((leaf, leaf_has), *((der, ()) for der in others)))
    peers = handshake.client_hello.extension(ExtensionType.COMPRESS_CERTIFICATE)
    known = handshake.configuration.certificate_compression
    handshake.send(*certificate_message(known, peers, push_certificate_13(certificate)))
    handshake.lead_in(HandshakeType.CERTIFICATE_VERIFY)
    digest = schedule.transcript_hash(bytes(handshake.messages))
    signature = sign(private_key, scheme, certificate_verify_content(Role.SERVER, digest))
    handshake.send(
        HandshakeType.CERTIFICATE_VERIFY, push_certificate_verify(DigitallySigned(scheme, signature))
    )


def _schedule(handshake: ServerHandshake) -> KeySchedule:
    assert handshake.schedule is not None, "set with the ServerHello"
    return handshake.schedule


HANDLERS: Mapping[str, Callable[[ServerHandshake, HandshakeMessage], State]] = {
    "EncryptedExtensions": receive_encrypted_extensions,
    "Certificate": receive_certificate_13,
    "CompressedCertificate": receive_compressed_certificate,
    "CertificateVerify": receive_certificate_verify,
    "Finished": receive_finished,
    "KeyUpdate": receive_key_update,
}
