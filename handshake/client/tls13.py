"""The client's side of TLS 1.3 (RFC 8446): one function a message, and what a HelloRetryRequest changes."""

from collections.abc import Callable, Mapping
from functools import partial

from msgspec.structs import replace

from handshake import record_size
from handshake.certificate_compression import decompress
from handshake.client.application_settings import (
    check_application_settings,
    send_application_settings,
)
from handshake.client.certificate import (
    check_certificate_compression,
    check_key_of_signature,
    receive_server_certificate,
    send_client_authentication_13,
)
from handshake.client.certificate_request import check_certificate_request_13, check_no_context
from handshake.client.choices import (
    check_key_share_group,
    check_message_length,
    check_missing_key_share,
    check_post_handshake_request,
    check_signature_scheme,
)
from handshake.client.delegation import check_scheme_of_delegated_key, take_delegated_credential
from handshake.client.extensions import Place, check_extensions
from handshake.client.handshake import ClientHandshake
from handshake.client.hello import frame_hello, pad
from handshake.client.resumption import (
    accepted_pre_shared_key,
    offer_pre_shared_key,
    read_ticket_13,
    session_of_ticket,
)
from handshake.client.retry import check_retry
from handshake.client.state import State
from handshake.crypto.key_schedule import Role
from handshake.crypto.key_shares import generate_key_share
from handshake.crypto.signatures import certificate_verify_content, verify
from handshake.errors import DecodeError, Fault, PeerFault
from handshake.events import CertificateRequested, Negotiated, SessionReceived
from handshake.schedule_13 import KeySchedule, requests_update
from handshake.wire.client_hello import ClientHello, Extension
from handshake.wire.extensions import pull_key_share, push_key_share_list
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import (
    CertificateRequest13,
    KeyUpdate,
    pull_certificate_13,
    pull_certificate_request_13,
    pull_certificate_verify,
    pull_compressed_certificate,
    pull_encrypted_extensions,
    pull_key_update,
    push_key_update,
)
from handshake.wire.registry import ContentType, ExtensionType, HandshakeType


def accept_hello_retry_request(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Send the second hello with the asked-for key share and cookie (RFC 8446 section 4.1.2)."""
    if handshake.hello_retried:
        handshake.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, "a second HelloRetryRequest", "retry-twice"))
    handshake.connection.check_end_of_flight()
    group = check_retry(handshake)
    handshake.hello_retried = True
    schedule = KeySchedule(handshake.suite)
    handshake.messages = bytearray(schedule.message_hash(bytes(handshake.messages)))
    handshake.add(message)
    hello = handshake.hello.hello
    assert isinstance(hello, ClientHello), "TLS 1.3 is never offered in an SSLv2-format hello"
    key_shares = handshake.hello.key_shares
    extensions = list(hello.extensions or ())
    if group is not None:
        pair = generate_key_share(group, handshake.connection.entropy)
        key_shares = {group: pair}
        body = push_key_share_list(((group, pair.public_bytes),))
        extensions = [
            Extension(e.extension_type, body) if e.extension_type == ExtensionType.KEY_SHARE else e
            for e in extensions
        ]
    if ExtensionType.COOKIE in handshake.server_extensions:
        cookie = Extension(ExtensionType.COOKIE, handshake.server_extensions[ExtensionType.COOKIE])
        extensions = [e for e in extensions if e.extension_type != ExtensionType.COOKIE]
        extensions.append(cookie)
    rules = handshake.policy.retry_hello
    kept = tuple(e for e in extensions if e.extension_type not in rules.without)
    second = pad(replace(hello, extensions=kept), handshake.template)
    handshake.hello = frame_hello(second, handshake.template, key_shares)
    session = handshake.offered_session
    if session is not None:
        handshake.hello = offer_pre_shared_key(
            handshake.hello, handshake.template, session, handshake.connection.now, bytes(handshake.messages)
        )
    connection = handshake.connection
    if rules.change_cipher_spec == "with-session-id":
        change_cipher_spec_for_middleboxes(handshake)
    connection.note_message("sent", HandshakeType.CLIENT_HELLO, handshake.hello.message)
    connection.records.write(ContentType.HANDSHAKE, handshake.hello.message, connection.now)
    handshake.messages += handshake.hello.message
    return State.WAIT_SERVER_HELLO


def change_cipher_spec_for_middleboxes(handshake: ClientHandshake) -> None:
    """Send the ChangeCipherSpec that goes before a client's second flight, once, where the hello has a
    session id (RFC 8446 appendix D.4).
    """
    if handshake.sent.session_id and not handshake.has_changed_cipher_spec:
        connection = handshake.connection
        connection.records.write(ContentType.CHANGE_CIPHER_SPEC, b"\x01", connection.now)
        handshake.has_changed_cipher_spec = True


def accept_server_hello_13(handshake: ClientHandshake) -> State:
    """Derive the handshake traffic keys from the key share (RFC 8446 section 7.1)."""
    if ExtensionType.KEY_SHARE not in handshake.server_extensions:
        check_missing_key_share(handshake.sent, handshake.server_extensions.keys())
    body = handshake.server_extensions[ExtensionType.KEY_SHARE]
    group, key_exchange = handshake.read(pull_key_share, body, "key-share")
    if not key_exchange:
        raise DecodeError("key_exchange: empty", 0, "key-share-empty-key")
    check_key_share_group(handshake.sent, group)
    pair = handshake.hello.key_shares[group]
    schedule = handshake.schedule = KeySchedule(handshake.suite, accepted_pre_shared_key(handshake))
    schedule.enter_handshake(pair.shared_secret(key_exchange), bytes(handshake.messages))
    connection = handshake.connection
    connection.key_log += schedule.handshake_key_log(handshake.hello.client_random)
    connection.change_read_keys(schedule.handshake_protection(Role.SERVER))
    # All that is sent from here on is protected, alerts too (RFC 8446 section 2).
    connection.records.write_protection = schedule.handshake_protection(Role.CLIENT)
    handshake.negotiated = Negotiated(
        handshake.version,
        handshake.suite.cipher_suite,
        named_group=group,
        is_resumed=handshake.is_resumed,
    )
    return State.WAIT_ENCRYPTED_EXTENSIONS


def do_without_encrypted_extensions(handshake: ClientHandshake, name: str) -> None:
    """Go on as if EncryptedExtensions had come, where the client being played does."""
    detail = f"{name} without EncryptedExtensions before it"
    handshake.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "encrypted-extensions-left-out"))
    handshake.state = State.WAIT_CERTIFICATE_13


def receive_encrypted_extensions(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take EncryptedExtensions; an answer to nothing that was asked is a fault (RFC 8446 section 4.2)."""
    handshake.add(message)
    answered = handshake.read(pull_encrypted_extensions, message.body, "encrypted-extensions").extensions
    handshake.encrypted_extensions = check_extensions(handshake, answered, Place.ENCRYPTED_EXTENSIONS)
    if handshake.encrypted_extensions:
        check_application_settings(handshake)
        records, own = handshake.connection.records, handshake.offered_bodies
        record_size.agree(records, handshake.encrypted_extensions, own, is_tls13=True)
    return State.WAIT_FINISHED_13 if handshake.is_resumed else State.WAIT_CERTIFICATE_13


def receive_certificate_request(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Note that a certificate is asked for, and which signatures will do; answer what comes after the
    handshake.
    """
    if handshake.state is State.CONNECTED_13:
        return answer_post_handshake_request(handshake, message)
    handshake.add(message)
    request = handshake.read(pull_certificate_request_13, message.body, "certificate-request")
    if handshake.certificate_request is not None:
        detail = "a second CertificateRequest"
        raise PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "certificate-request-twice")
    check_no_context(handshake, request)
    _take_certificate_request(handshake, request)
    return handshake.state


def answer_post_handshake_request(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Send Certificate, CertificateVerify where there is one to show, and Finished, over the messages up to
    our first Finished and the request (RFC 8446 sections 4.4 and 4.6.2).
    """
    check_post_handshake_request(handshake.sent)
    request = handshake.read(pull_certificate_request_13, message.body, "certificate-request")
    _take_certificate_request(handshake, request)
    schedule = _schedule(handshake)
    handshake.messages = bytearray(handshake.handshake_context)
    handshake.add(message)
    send_client_authentication_13(handshake, schedule)
    verify_data = schedule.post_handshake_verify_data(Role.CLIENT, bytes(handshake.messages))
    handshake.send(HandshakeType.FINISHED, verify_data)
    return handshake.state


def _take_certificate_request(handshake: ClientHandshake, request: CertificateRequest13) -> None:
    handshake.certificate_request = request
    check_certificate_request_13(handshake, request)
    handshake.connection.add_event(CertificateRequested())


def receive_certificate(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take the server's chain."""
    handshake.add(message)
    return _take_certificate(handshake, message.body)


def receive_compressed_certificate(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take the server's chain where it is compressed (RFC 8879 section 4)."""
    handshake.add(message)
    compressed = handshake.read(pull_compressed_certificate, message.body, "compressed-certificate")
    check_certificate_compression(handshake.sent, compressed.algorithm)
    body = decompress(compressed)
    check_message_length(handshake, HandshakeMessage(HandshakeType.CERTIFICATE, body))
    return _take_certificate(handshake, body)


def _take_certificate(handshake: ClientHandshake, body: bytes) -> State:
    certificate = handshake.read(pull_certificate_13, body, "certificate")
    if certificate.request_context:
        detail = "the server's Certificate has a certificate_request_context"
        handshake.judge(DecodeError(detail, 0, "certificate-with-request-context"))
    entries = certificate.entries
    counted = [check_extensions(handshake, extensions, Place.CERTIFICATE) for _, extensions in entries]
    receive_server_certificate(handshake, tuple(der for der, _ in entries))
    delegated = counted[0].get(ExtensionType.DELEGATED_CREDENTIAL)
    if delegated is not None:  # with another certificate it is passed over (RFC 9345 section 4.1.1)
        take_delegated_credential(handshake, delegated)
    return State.WAIT_CERTIFICATE_VERIFY_13


def receive_certificate_verify(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Verify the server's signature over the handshake (RFC 8446 section 4.4.3)."""
    assert handshake.server_key is not None, "the table lets no CertificateVerify come before the Certificate"
    version = handshake.version
    pull = partial(pull_certificate_verify, version=version)
    signed = handshake.read(pull, message.body, "certificate-verify")
    if handshake.delegated_scheme is None:
        check_signature_scheme(handshake.sent, signed.signature_scheme, handshake.server_certificate, version)
    else:
        check_scheme_of_delegated_key(handshake, signed.signature_scheme)
    check_key_of_signature(handshake)
    digest = _schedule(handshake).transcript_hash(bytes(handshake.messages))
    content = certificate_verify_content(Role.SERVER, digest)
    verify(handshake.server_key, signed.signature_scheme, content, signed.signature)
    handshake.add(message)
    return State.WAIT_FINISHED_13


def receive_finished(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Verify the server's Finished, answer with ours and turn to the application traffic keys."""
    schedule, connection = _schedule(handshake), handshake.connection
    if message.body != schedule.finished_verify_data(Role.SERVER, bytes(handshake.messages)):
        raise PeerFault(Fault.BAD_FINISHED, "the server's Finished does not fit the handshake")
    handshake.add(message)
    schedule.enter_application(bytes(handshake.messages))
    connection.key_log += schedule.application_key_log(handshake.hello.client_random)
    connection.change_read_keys(schedule.application_protection(Role.SERVER))
    records = connection.records
    change_cipher_spec_for_middleboxes(handshake)
    if handshake.encrypted_extensions:
        send_application_settings(handshake)
    send_client_authentication_13(handshake, schedule)
    verify_data = schedule.finished_verify_data(Role.CLIENT, bytes(handshake.messages))
    handshake.send(HandshakeType.FINISHED, verify_data)
    records.write_protection = schedule.application_protection(Role.CLIENT)
    handshake.handshake_context = bytes(handshake.messages)
    schedule.enter_resumption(handshake.handshake_context)
    assert handshake.negotiated is not None, "set with the ServerHello"
    connection.complete(handshake.negotiated)
    return State.CONNECTED_13


def receive_new_session_ticket(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Take a ticket for a later connection (RFC 8446 section 4.6.1)."""
    ticket = read_ticket_13(handshake, message.body)
    if ticket is None:
        return handshake.state
    schedule, suite, now = _schedule(handshake), handshake.suite.cipher_suite, handshake.connection.now
    handshake.session = partial(session_of_ticket, schedule, suite, ticket, now)
    handshake.connection.add_event(SessionReceived())
    return handshake.state


def receive_key_update(handshake: ClientHandshake, message: HandshakeMessage) -> State:
    """Read on with the next keys, and update our own when asked to (RFC 8446 section 4.6.3)."""
    schedule, connection = _schedule(handshake), handshake.connection
    update = handshake.read(pull_key_update, message.body, "key-update")
    is_requested = requests_update(update)
    connection.change_read_keys(schedule.update(Role.SERVER))
    if is_requested:
        handshake.send_aside(HandshakeType.KEY_UPDATE, push_key_update(KeyUpdate(0)))
        connection.records.write_protection = schedule.update(Role.CLIENT)
    return handshake.state


HANDLERS: Mapping[str, Callable[[ClientHandshake, HandshakeMessage], State]] = {
    "EncryptedExtensions": receive_encrypted_extensions,
    "CertificateRequest": receive_certificate_request,
    "Certificate": receive_certificate,
    "CompressedCertificate": receive_compressed_certificate,
    "CertificateVerify": receive_certificate_verify,
    "Finished": receive_finished,
    "NewSessionTicket": receive_new_session_ticket,
    "KeyUpdate": receive_key_update,
}


def _schedule(handshake: ClientHandshake) -> KeySchedule:
    assert handshake.schedule is not None, "set with the ServerHello"
    return handshake.schedule
