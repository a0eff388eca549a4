"""No handshake message spans a change of the keys a client reads with (RFC 8446 section 5.1).

What OpenSSL does with the same bytes was measured with s_client 3.0.19: unexpected_message each time.
"""

from contextlib import suppress
from dataclasses import dataclass

import pytest
from OpenSSL import SSL

from handshake.crypto.key_schedule import Role
from handshake.errors import Fault
from handshake.events import AlertReceived, AlertSent, HandshakeCompleted, PeerFaulted
from handshake.server.steps import Flight
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import KeyUpdate, push_key_update
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType, HandshakeType, ProtocolVersion
from tests.handshake.peers import OpenSSLPeer, Ours, client, openssl_context, pump, server, template

TLS_1_0, TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
SUITES = {TLS_1_0: 0xC013, TLS_1_2: 0xC02F, TLS_1_3: 0x1301}
OPENSSL_NAMES = {
    TLS_1_0: "ECDHE-RSA-AES128-SHA",
    TLS_1_2: "ECDHE-RSA-AES128-GCM-SHA256",
    TLS_1_3: "TLS_AES_128_GCM_SHA256",
}
HALF = b"\x04\x00\x01\x00" + bytes(9)  # of a NewSessionTicket of 256 bytes
HEADER = HALF[:3]
WHOLE = push_handshake_message(HandshakeMessage(HandshakeType.ENCRYPTED_EXTENSIONS, bytes(2)))
UNEXPECTED_MESSAGE = AlertDescription.UNEXPECTED_MESSAGE


@dataclass
class Spill:
    """A server that has more in the record of its message `last` than that message."""

    version: ProtocolVersion
    last: HandshakeType
    more: bytes

    def start(self) -> Ours:
        theirs = Ours(server(self.version, SUITES[self.version]))
        records = theirs.connection.records
        write = records.write

        def spilling(content_type: int, fragment: bytes, now: float) -> None:
            is_last = content_type == ContentType.HANDSHAKE and fragment[0] == self.last
            write(content_type, fragment + self.more if is_last else fragment, now)

        records.write = spilling
        return theirs


def update_keys(theirs: Ours) -> None:
    handshake = theirs.connection.handshake
    handshake.send(HandshakeType.KEY_UPDATE, push_key_update(KeyUpdate(0)))
    handshake.flush(Flight.KEY_UPDATE)
    theirs.connection.records.write_protection = handshake.schedule.update(Role.SERVER)


CHANGES = {
    "ServerHello": (TLS_1_3, HandshakeType.SERVER_HELLO),
    "Finished": (TLS_1_3, HandshakeType.FINISHED),
    "KeyUpdate": (TLS_1_3, HandshakeType.KEY_UPDATE),
    "ServerHelloDone, TLS 1.2": (TLS_1_2, HandshakeType.SERVER_HELLO_DONE),
    "ServerHelloDone, TLS 1.0": (TLS_1_0, HandshakeType.SERVER_HELLO_DONE),
}


@pytest.mark.parametrize("more", [HALF, HEADER, HALF[:1], WHOLE], ids=["half", "header", "a byte", "whole"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_spills_over_is_a_fault(change: str, more: bytes) -> None:
    version, last = CHANGES[change]
    theirs, ours = Spill(version, last, more).start(), Ours(client(template(version, SUITES[version])))
    pump(ours, theirs)
    if last is HandshakeType.KEY_UPDATE:
        update_keys(theirs)
        ours.take(theirs.give())
    (fault,) = (event for event in ours.events if isinstance(event, PeerFaulted))
    assert fault.what == Fault.UNEXPECTED_MESSAGE.value
    assert AlertSent(AlertLevel.FATAL, UNEXPECTED_MESSAGE) in ours.events
    completed = [event for event in ours.events if isinstance(event, HandshakeCompleted)]
    assert bool(completed) is (last is HandshakeType.KEY_UPDATE)


@pytest.mark.parametrize("change", CHANGES)
def test_openssl_says_the_same(change: str) -> None:
    version, last = CHANGES[change]
    theirs = Spill(version, last, HALF).start()
    genuine = OpenSSLPeer(openssl_context(version, OPENSSL_NAMES[version]), "client")
    with suppress(SSL.Error):  # that is how it tells; what it tells the server counts
        pump(genuine, theirs)
        update_keys(theirs)
        genuine.take(theirs.give())
    theirs.take(genuine.give())
    assert [event.description for event in theirs.events if isinstance(event, AlertReceived)] == [
        UNEXPECTED_MESSAGE
    ]


@pytest.mark.parametrize("change", CHANGES)
def test_a_message_that_ends_with_its_record_is_none(change: str) -> None:
    version, last = CHANGES[change]
    theirs, ours = Spill(version, last, b"").start(), Ours(client(template(version, SUITES[version])))
    pump(ours, theirs)
    if last is HandshakeType.KEY_UPDATE:
        update_keys(theirs)
        pump(theirs, ours)
    theirs.send(b"x")
    ours.take(theirs.give())
    assert bytes(ours.received) == b"x"


def test_a_message_may_span_records_under_the_same_keys() -> None:
    theirs, ours = Ours(server(TLS_1_2, SUITES[TLS_1_2])), Ours(client(template(TLS_1_2, SUITES[TLS_1_2])))
    theirs.connection.records.max_plaintext = 7
    pump(ours, theirs)
    assert ours.is_connected
    assert theirs.is_connected
