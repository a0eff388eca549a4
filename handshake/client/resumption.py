"""Offering a session and seeing whether the server took it (RFC 5246 section 7.3, RFC 5077, RFC 8446 section
2.2).
"""

import hashlib

from msgspec.structs import replace

from handshake.client.extensions import Place, check_once
from handshake.client.handshake import ClientHandshake
from handshake.client.hello import FilledHello, frame_hello, pad
from handshake.crypto import key_schedule_13
from handshake.crypto.suite_parameters import suite_parameters
from handshake.errors import DecodeError, Fault, PeerFault
from handshake.hello_template import HelloTemplate
from handshake.schedule_13 import KeySchedule
from handshake.session import Session
from handshake.wire.client_hello import ClientHello, Extension
from handshake.wire.extensions import pull_selected_identity, push_offered_psks
from handshake.wire.messages import NewSessionTicket13, ServerHello, pull_new_session_ticket_13
from handshake.wire.registry import ExtensionType, ProtocolVersion

EARLY_DATA_SIZE = 4
"""Of max_early_data_size (RFC 8446 section 4.2.10)."""
MAX_NONCE_SIZE = 255
MAX_TICKET_LIFETIME = 604_800
"""Seconds, seven days (RFC 8446 section 4.6.1)."""


def offer_pre_shared_key(
    filled: FilledHello, template: HelloTemplate, session: Session, now: float, messages: bytes = b""
) -> FilledHello:
    """Put pre_shared_key with its binder at the end of a hello (RFC 8446 section 4.2.11).

    `messages` are those before the hello, after a HelloRetryRequest. A template without
    psk_key_exchange_modes gets it too, for (EC)DHE.
    """
    hello = filled.hello
    assert isinstance(hello, ClientHello), "TLS 1.3 is never offered in an SSLv2-format hello"
    prf_hash = suite_parameters(session.cipher_suite).prf_hash
    binder_length = hashlib.new(prf_hash).digest_size
    others = [e for e in hello.extensions or () if e.extension_type != ExtensionType.PRE_SHARED_KEY]
    if not any(e.extension_type == ExtensionType.PSK_KEY_EXCHANGE_MODES for e in others):
        others.append(Extension(ExtensionType.PSK_KEY_EXCHANGE_MODES, b"\x01\x01"))

    def framed(binder: bytes) -> FilledHello:
        identity = (session.ticket, session.obfuscated_ticket_age(now))
        body = push_offered_psks((identity,), (binder,))
        extensions = (*others, Extension(ExtensionType.PRE_SHARED_KEY, body))
        return frame_hello(pad(replace(hello, extensions=extensions), template), template, filled.key_shares)

    truncated = framed(bytes(binder_length)).message[: -(binder_length + 3)]
    digest = hashlib.new(prf_hash, messages + truncated).digest()
    early = key_schedule_13.early_secret(prf_hash, session.secret)
    key = key_schedule_13.resumption_binder_key(prf_hash, early)
    return framed(key_schedule_13.finished_verify_data(prf_hash, key, digest))


def is_resumed(handshake: ClientHandshake, hello: ServerHello) -> bool:
    """Whether a ServerHello of SSLv3 to TLS 1.2 takes the offered session: it repeats the id of the hello.

    Raises PeerFault when version, suite or extended_master_secret are not the session's (RFC 5246 section
    7.4.1.3, RFC 7627 section 5.3).
    """
    session, sent = handshake.offered_session, handshake.hello.hello
    if session is None or not isinstance(sent, ClientHello):
        return False
    if not hello.session_id or hello.session_id != sent.session_id:
        return False
    extended = ExtensionType.EXTENDED_MASTER_SECRET in handshake.server_extensions
    agreed = (handshake.version, hello.cipher_suite, extended)
    if agreed != (session.version, session.cipher_suite, session.extended_master_secret):
        detail = "the server resumes the session with another version or cipher suite"
        what = next(
            name
            for name, is_other in (
                ("version", handshake.version != session.version),
                ("extended-master-secret", extended != session.extended_master_secret),
                ("cipher-suite", True),
            )
            if is_other
        )
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, f"resumed-with-another-{what}")
    handshake.is_resumed = True
    return True


def accepted_pre_shared_key(handshake: ClientHandshake) -> bytes | None:
    """The offered key if a ServerHello of TLS 1.3 takes it. Raises PeerFault for one never offered."""
    body = handshake.server_extensions.get(ExtensionType.PRE_SHARED_KEY)
    if body is None:
        return None
    session = handshake.offered_session
    if session is None or pull_selected_identity(body) != 0:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            "the server selects a pre-shared key that was not offered",
            "pre-shared-key-not-offered",
        )
    if suite_parameters(session.cipher_suite).prf_hash != handshake.suite.prf_hash:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            "the server selects a pre-shared key of another hash",
            "pre-shared-key-with-another-hash",
        )
    handshake.is_resumed = True
    return session.secret


def read_ticket_13(handshake: ClientHandshake, body: bytes) -> NewSessionTicket13 | None:
    """Read and judge a NewSessionTicket of TLS 1.3 (RFC 8446 section 4.6.1); None where the client being
    played passes over one that cannot be used.
    """
    try:
        ticket = handshake.read(pull_new_session_ticket_13, body, "tls13-ticket")
    except DecodeError as error:
        handshake.judge(error)
        return None
    for lifetime, is_met in (
        ("0", not ticket.ticket_lifetime),
        ("over-a-week", ticket.ticket_lifetime > MAX_TICKET_LIFETIME),
    ):
        if is_met:
            detail = f"a ticket with a lifetime of {ticket.ticket_lifetime} s"
            handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, f"tls13-ticket-lifetime-{lifetime}"))
    if len(ticket.ticket_nonce) == MAX_NONCE_SIZE:
        detail = f"a ticket_nonce of {MAX_NONCE_SIZE} bytes"
        handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "tls13-ticket-nonce-255"))
    check_once(handshake, ticket.extensions, Place.NEW_SESSION_TICKET)
    for extension in ticket.extensions:
        if extension.extension_type == ExtensionType.KEY_SHARE:
            detail = "the NewSessionTicket has key_share, which has no place there"
            handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "tls13-ticket-with-key-share"))
        if extension.extension_type == ExtensionType.EARLY_DATA and len(extension.body) != EARLY_DATA_SIZE:
            detail = f"early_data of {len(extension.body)} bytes"
            handshake.judge(DecodeError(detail, 0, "tls13-ticket-with-short-early-data"))
    return ticket


def session_of_ticket(
    schedule: KeySchedule, cipher_suite: int, message: NewSessionTicket13, received_at: float
) -> Session:
    """The session a NewSessionTicket of TLS 1.3 stands for (RFC 8446 section 4.6.1)."""
    return Session(
        ProtocolVersion.TLS_1_3,
        cipher_suite,
        schedule.resumption_psk(message.ticket_nonce),
        ticket=message.ticket,
        ticket_age_add=message.ticket_age_add,
        received_at=received_at,
        lifetime=min(message.ticket_lifetime, MAX_TICKET_LIFETIME),
    )
