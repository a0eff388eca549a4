"""Reading off the wire what a client did about a server that departs from the RFCs: the server's bytes are
those of the departing server in memory, the client's a hello and what it answers.
"""

import os
from collections.abc import Iterable

import pytest

from bench.fidelity.reactions.departing import departing_server
from clients.genuine.cutter import Cutter
from clients.genuine.end import End
from clients.genuine.relay import PAUSE_SECONDS, Move
from clients.genuine.wire import Reading
from clients.profile import load_profiles
from handshake.client.connection import ClientConnection
from handshake.events import Phase
from handshake.reason import Kind
from handshake.wire.record import Record, push_record
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType
from servers.emulated.served import ServedConnection

SHORT, LONG = PAUSE_SECONDS / 10, PAUSE_SECONDS * 1.1


def refusal(description: AlertDescription) -> bytes:
    return push_record(Record(ContentType.ALERT, 0x0303, bytes((AlertLevel.FATAL, description))))


def answered(departure: str) -> tuple[bytes, bytes]:
    """A hello, and what the server says to it."""
    player = load_profiles()["openssl-3.0"].player
    connection = ClientConnection(
        player.hellos[0].template,
        server_name=None,
        limits=player.limits,
        policy=player.policy,
        entropy=os.urandom,
    )
    connection.start(0.0)
    hello = connection.data_to_send()
    served = ServedConnection(departing_server(departure))
    served.receive(hello, 0.0)
    return hello, served.data_to_send()


def moves(hello: bytes, pieces: Iterable[bytes], answer: bytes, apart: float) -> list[Move]:
    """The hello, the server's pieces, `apart` seconds between them, the client's answer and its FIN."""
    made, now = [Move(0.0, True, hello)], 0.0
    for piece in pieces:
        now += apart
        made.append(Move(now, False, piece))
    now += SHORT
    return [*made, Move(now, True, answer), Move(now, True, end=Kind.FIN)]


NO_ALERTS = [
    "alert-in-two-records",
    "alert-level-0",
    "alert-level-3",
    "alert-of-one-byte",
    "alert-of-three-bytes",
    "alert-record-empty",
    "two-alerts-in-one-record",
]


@pytest.mark.parametrize("departure", NO_ALERTS)
def test_what_is_no_alert_ends_nothing(departure: str) -> None:
    """The client's alert is the end."""
    hello, said = answered(departure)
    reading = Reading(moves(hello, [said], refusal(AlertDescription.UNEXPECTED_MESSAGE), SHORT), {})
    assert reading.end is not None
    assert reading.end.is_clients
    assert (reading.end.kind, reading.end.alert) == (Kind.ALERT, AlertDescription.UNEXPECTED_MESSAGE)


@pytest.mark.parametrize(
    ("departure", "kind", "alert"),
    [
        ("fatal-unrecognized-name-and-on", Kind.ALERT, AlertDescription.UNRECOGNIZED_NAME),
        ("warning-close-notify-in-handshake", Kind.CLOSE_NOTIFY, None),
    ],
)
def test_what_is_an_alert_ends_the_connection(departure: str, kind: Kind, alert: int | None) -> None:
    hello, said = answered(departure)
    reading = Reading(moves(hello, [said], refusal(AlertDescription.UNEXPECTED_MESSAGE), SHORT), {})
    assert reading.end == End(False, kind, Phase.CERTIFICATE, alert)


REFUSED_RECORDS = {
    "alert-level-3": Phase.CERTIFICATE,
    "heartbeat-record-in-handshake": Phase.CERTIFICATE,
    "unknown-record-in-handshake": Phase.CERTIFICATE,
    "warning-unknown-after-certificate": Phase.KEY_EXCHANGE,
    "tls13-change-cipher-spec-before-server-hello": Phase.SERVER_HELLO,
    "tls13-change-cipher-spec-of-two-bytes": Phase.CERTIFICATE,
    "tls13-handshake-record-empty": Phase.CERTIFICATE,
    "record-version-0505": Phase.SERVER_HELLO,
}
"""Up to the piece that departs, which the client refuses; the phase is the one in which it comes."""


def is_departing(piece: bytes) -> bool:
    content_type, version, body = piece[0], piece[1], piece[5:]
    is_message = content_type == ContentType.HANDSHAKE and body
    is_change = (content_type, body) == (ContentType.CHANGE_CIPHER_SPEC, b"\1")
    return version != 3 or not (is_message or is_change)


@pytest.mark.parametrize("departure", REFUSED_RECORDS)
def test_a_record_that_is_refused_is_what_came_last(departure: str) -> None:
    hello, said = answered(departure)
    pieces: list[bytes] = []
    for piece in Cutter()(said):
        pieces.append(piece)
        if is_departing(piece) or departure == "tls13-change-cipher-spec-before-server-hello":
            break
    answer = refusal(AlertDescription.UNEXPECTED_MESSAGE)
    paused = Reading(moves(hello, pieces, answer, LONG), {})
    assert paused.end is not None
    assert paused.end.phase is REFUSED_RECORDS[departure]
    assert not paused.is_unsure
    at_once = Reading(moves(hello, pieces, answer, 0.0), {})
    assert at_once.is_unsure is (REFUSED_RECORDS[departure] is not Phase.SERVER_HELLO)


def test_what_comes_in_one_record_with_the_server_hello_stays_with_it() -> None:
    """All behind TLS 1.3's ServerHello has to be encrypted, so cutting it off would change what is said."""
    hello, said = answered("tls13-message-across-the-change-of-keys")
    pieces = list(Cutter()(said))
    assert b"".join(pieces) == said
    reading = Reading(moves(hello, pieces[:1], refusal(AlertDescription.UNEXPECTED_MESSAGE), LONG), {})
    assert reading.end is not None
    assert reading.end.is_clients


UNCHANGED = ["server-hello-in-records-of-1-byte", "alert-record-empty", "tls13-handshake-record-empty"]


@pytest.mark.parametrize("departure", UNCHANGED)
def test_the_form_of_records_stays(departure: str) -> None:
    _, said = answered(departure)
    pieces = list(Cutter()(said))
    assert b"".join(pieces) == said
    assert 3 <= len(pieces) < 12


def test_messages_of_one_record_are_cut() -> None:
    """The server says them in a record each, so they are put together first."""
    _, said = answered("alert-level-3")
    messages = [piece[5:] for piece in Cutter()(said) if piece[0] == ContentType.HANDSHAKE]
    whole = push_record(Record(ContentType.HANDSHAKE, 0x0303, b"".join(messages)))
    assert [piece[5:] for piece in Cutter()(whole)] == messages
    cutter = Cutter()
    halves = (whole[:50], whole[50:])
    assert [piece[5:] for half in halves for piece in cutter(half)] == messages


def test_a_message_that_never_comes_whole_is_handed_over() -> None:
    _, said = answered("alert-level-3")
    first = next(iter(Cutter()(said)))
    begun = push_record(Record(ContentType.HANDSHAKE, 0x0303, first[5:30]))
    rest = push_record(Record(ContentType.HANDSHAKE, 0x0303, first[30:]))
    cutter = Cutter()
    assert list(cutter(begun)) == [begun]
    assert list(cutter(rest)) == [rest]
