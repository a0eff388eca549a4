"""Sessions at the server's end: keeping them, finding the one a hello offers, and giving tickets out."""

from dataclasses import replace

from handshake.crypto import key_schedule_13
from handshake.crypto.suite_parameters import suite_parameters
from handshake.errors import Fault, PeerFault
from handshake.schedule_13 import KeySchedule
from handshake.server.choice import Choice
from handshake.server.configuration import Asking
from handshake.server.handshake import ServerHandshake
from handshake.session import TICKET_LENGTH, TICKET_LIFETIME_SECONDS, Session
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import pull_offered_psks, pull_psk_key_exchange_modes
from handshake.wire.messages import (
    NewSessionTicket,
    NewSessionTicket13,
    push_new_session_ticket,
    push_new_session_ticket_13,
)
from handshake.wire.registry import ExtensionType, HandshakeType, ProtocolVersion

MAX_EARLY_DATA = 2**14
"""Bytes that are passed over. Nobody was told that any may come; this is what stacks take by default."""
PSK_DHE_KE = 1  # PskKeyExchangeMode, RFC 8446 section 4.2.9


def offered_session(handshake: ServerHandshake, hello: ClientHello, version: int) -> Session | None:
    """Find the session a hello of SSLv3 to TLS 1.2 offers, if it can be taken up in `version`.

    Its suite must still be offered and supported (RFC 5246 section 7.4.1.2), and extended_master_secret be
    there as before (RFC 7627 section 5.3); else the handshake is a full one, as is a renegotiation that is
    there for the certificate: an abbreviated one cannot ask for it (RFC 5246 section 7.3). Raises PeerFault
    where the hello drops extended_master_secret, for that must end the connection.
    """
    if _is_for_certificate(handshake):
        return None
    ticket = hello.extension(ExtensionType.SESSION_TICKET)
    session = None
    if ticket and handshake.configuration.has_tickets(version):
        session = handshake.sessions.find(ticket)
    elif hello.session_id:
        session = handshake.sessions.find(hello.session_id)
    if session is None or session.version != version:
        return None
    configuration = handshake.configuration
    extended = (
        version > ProtocolVersion.SSL_3_0
        and configuration.extended_master_secret
        and hello.extension(ExtensionType.EXTENDED_MASTER_SECRET) is not None
    )
    has_own_rule = configuration.reading is not None or configuration.parsing is not None
    is_dropped = session.extended_master_secret and configuration.extended_master_secret and not extended
    if is_dropped and not has_own_rule:
        detail = "the session has extended_master_secret, and the hello that offers it has not"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail)
    is_possible = session.cipher_suite in hello.cipher_suites
    is_possible = is_possible and session.cipher_suite in configuration.cipher_suites
    return session if is_possible and extended == session.extended_master_secret else None


def _is_for_certificate(handshake: ServerHandshake) -> bool:
    """Whether it is a renegotiation with a request that the first handshake did not have."""
    configuration = handshake.configuration
    is_new = configuration.asks(Asking.RENEGOTIATION) and not configuration.asks(Asking.HANDSHAKE)
    return handshake.previous is not None and is_new


def resumed_choice(session: Session) -> Choice:
    """The version and suite of a session, as if they had been chosen."""
    return Choice(session.version, suite_parameters(session.cipher_suite), None)


def gives_ticket(handshake: ServerHandshake) -> bool:
    """Whether a NewSessionTicket will come (RFC 5077 section 3.2)."""
    is_offered = handshake.client_hello.extension(ExtensionType.SESSION_TICKET) is not None
    is_tls = handshake.version > ProtocolVersion.SSL_3_0
    is_given = handshake.configuration.has_tickets(handshake.version)
    return is_tls and is_offered and is_given and handshake.resumed is None


def keep_session(handshake: ServerHandshake) -> None:
    """Keep a new session under its id, and give a ticket for it where one was announced."""
    session = Session(
        handshake.version,
        handshake.suite.cipher_suite,
        handshake.master_secret,
        handshake.session_id if handshake.configuration.keeps_sessions else b"",
        extended_master_secret=handshake.extended_master_secret,
    )
    if gives_ticket(handshake):
        session = replace(session, ticket=handshake.connection.entropy(TICKET_LENGTH))
        body = push_new_session_ticket(NewSessionTicket(TICKET_LIFETIME_SECONDS, session.ticket))
        handshake.send(HandshakeType.NEW_SESSION_TICKET, body)
    handshake.sessions.add(session)


def offered_pre_shared_key(handshake: ServerHandshake) -> Session | None:
    """Find the session of TLS 1.3 a hello offers first; its binder must fit (RFC 8446 section 4.2.11.2).

    None where there is none to be taken up; raises PeerFault for a wrong binder.
    """
    hello = handshake.client_hello
    body = hello.extension(ExtensionType.PRE_SHARED_KEY)
    modes = hello.extension(ExtensionType.PSK_KEY_EXCHANGE_MODES)
    if body is None or not handshake.configuration.tickets:
        return None
    if modes is None or PSK_DHE_KE not in pull_psk_key_exchange_modes(modes):
        return None
    identities, binders = pull_offered_psks(body)
    session = handshake.sessions.find(identities[0][0]) if identities and binders else None
    if session is None or session.version != ProtocolVersion.TLS_1_3:
        return None
    prf_hash = handshake.suite.prf_hash
    if suite_parameters(session.cipher_suite).prf_hash != prf_hash:
        return None
    binders_length = 2 + sum(1 + len(binder) for binder in binders)
    digest = KeySchedule(handshake.suite).transcript_hash(bytes(handshake.messages[:-binders_length]))
    key = key_schedule_13.resumption_binder_key(
        prf_hash, key_schedule_13.early_secret(prf_hash, session.secret)
    )
    if binders[0] != key_schedule_13.finished_verify_data(prf_hash, key, digest):
        raise PeerFault(Fault.DECRYPT, "the binder of the pre-shared key does not fit")
    return session


def takes_tickets_13(hello: ClientHello) -> bool:
    """Whether a client of TLS 1.3 can use tickets of ours, which are for psk_dhe_ke (RFC 8446 section
    4.2.9).
    """
    modes = hello.extension(ExtensionType.PSK_KEY_EXCHANGE_MODES)
    return modes is None or PSK_DHE_KE in pull_psk_key_exchange_modes(modes)


def skip_early_data(handshake: ServerHandshake) -> None:
    """Have early data that is announced passed over, for none is taken (RFC 8446 section 4.2.10)."""
    records = handshake.connection.records
    is_announced = handshake.client_hello.extension(ExtensionType.EARLY_DATA) is not None
    records.early_data_to_skip = MAX_EARLY_DATA if is_announced else 0


def give_ticket_13(handshake: ServerHandshake, schedule: KeySchedule) -> None:
    """Send a NewSessionTicket after the client's Finished (RFC 8446 section 4.6.1)."""
    connection = handshake.connection
    nonce, age_add = b"\x00", int.from_bytes(connection.entropy(4), "big")
    schedule.enter_resumption(bytes(handshake.messages))
    ticket = connection.entropy(TICKET_LENGTH)
    handshake.sessions.add(
        Session(
            ProtocolVersion.TLS_1_3,
            handshake.suite.cipher_suite,
            schedule.resumption_psk(nonce),
            ticket=ticket,
            ticket_age_add=age_add,
            received_at=connection.now,
        )
    )
    message = NewSessionTicket13(TICKET_LIFETIME_SECONDS, age_add, nonce, ticket)
    handshake.send_aside(HandshakeType.NEW_SESSION_TICKET, push_new_session_ticket_13(message))
