"""What became of a hello: in the words of the reports, and only as far as the capture shows it."""

import pytest

from clients.capture.answer import read_answer
from clients.genuine.relay import Move
from handshake.reason import Kind
from handshake.wire.client_hello import Extension
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import HELLO_RETRY_REQUEST_RANDOM, ServerHello, push_server_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType
from tests.clients.capture.hellos import alert, hello

HELLO = hello("openssl-3.0")


def handshake(*messages: tuple[int, bytes]) -> bytes:
    data = b"".join(push_handshake_message(HandshakeMessage(*message)) for message in messages)
    return push_record(Record(ContentType.HANDSHAKE, 0x0303, data))


def server_hello(*, random: bytes = bytes(32), tls13: bool = False) -> tuple[int, bytes]:
    if not tls13:
        return 2, push_server_hello(ServerHello(0x0303, random, b"", 0xC02F, extensions=()))
    share = b"\x00\x17" if random == HELLO_RETRY_REQUEST_RANDOM else b"\x00\x17\0\x01x"
    extensions = (Extension(43, b"\x03\x04"), Extension(51, share))
    return 2, push_server_hello(ServerHello(0x0303, random, b"", 0x1301, extensions=extensions))


def record(content_type: int, size: int) -> bytes:
    return push_record(Record(content_type, 0x0303, bytes(size)))


CHANGE = push_record(Record(ContentType.CHANGE_CIPHER_SPEC, 0x0303, b"\x01"))
FINISHED = record(ContentType.HANDSHAKE, 40)
DATA = record(ContentType.APPLICATION_DATA, 90)
SERVER_12 = handshake(server_hello(), (11, b"\0\0\0"), (14, b""))
CONNECTED = [(False, SERVER_12), (True, CHANGE + FINISHED), (False, CHANGE + FINISHED)]
CHOSEN = "TLSv1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256; "
FIN, RESET = Kind.FIN, Kind.RESET


def answer(*moves: tuple[bool, bytes | Kind], heard_server: bool = True):  # type: ignore[no-untyped-def]
    """`moves` are (the client's, what it does), a second apart, behind the hello."""
    made = [Move(100.0, True, HELLO)]
    for number, (is_clients, what) in enumerate(moves, start=1):
        data, end = (b"", what) if isinstance(what, Kind) else (what, None)
        made.append(Move(100.0 + number, is_clients, data, end))
    return read_answer(made, {}, heard_server=heard_server, now=110.0)


@pytest.mark.parametrize(
    ("moves", "sentence"),
    [
        ([], "no answer in the capture (10.0 s)"),
        (
            [(False, alert())],
            "the server sends the alert handshake_failure in answer to the client's hello "
            "(server-hello:alert-handshake_failure)",
        ),
        (
            [(False, FIN)],
            "the server closes the connection without an alert (FIN) in answer to the client's hello "
            "(server-hello:fin)",
        ),
        (
            [(False, RESET)],
            "the server resets the connection (RST) in answer to the client's hello (server-hello:reset)",
        ),
        (
            [(True, FIN)],
            "the server stays silent for 1 s in answer to the client's hello (server-hello:timeout)",
        ),
        (
            [(False, alert(0, 1)), (False, FIN)],
            "the server closes the connection (close_notify) in answer to the client's hello "
            "(server-hello:close_notify)",
        ),
        (
            [(False, b"HTTP/1.1 400 Bad Request\r\n"), (False, FIN)],
            "what answers does not speak TLS in answer to the client's hello; the server said "
            '"HTTP/1.1 400 Bad Request" (server-hello:protocol-error-not-tls)',
        ),
        (
            [(False, SERVER_12)],
            CHOSEN + "the capture ends within the handshake",
        ),
        (
            [(False, SERVER_12), (True, alert(48)), (True, FIN)],
            CHOSEN + "the client ends the connection with the alert "
            "unknown_ca (key-exchange:policy-alert-unknown_ca)",
        ),
        (
            [(False, SERVER_12), (True, FIN)],
            CHOSEN + "the client closes the connection without an alert "
            "(key-exchange:policy-closes)",
        ),
        (
            [*CONNECTED, (True, DATA), (False, FIN)],
            CHOSEN + "the handshake is complete",
        ),
        (
            [*CONNECTED, (True, record(21, 26))],
            CHOSEN + "the handshake is complete",
        ),
        (
            [(False, SERVER_12), (True, CHANGE + FINISHED), (False, alert(20))],
            CHOSEN + "the server sends the alert bad_record_mac when the "
            "handshake should end (finished:alert-bad_record_mac)",
        ),
        (
            [(False, handshake(server_hello(tls13=True)) + DATA), (True, record(23, 53)), (False, FIN)],
            "TLSv1.3, TLS_AES_128_GCM_SHA256, secp256r1; the handshake is complete",
        ),
        (
            [(False, handshake(server_hello(tls13=True)) + DATA), (True, record(23, 19)), (True, FIN)],
            "TLSv1.3, TLS_AES_128_GCM_SHA256; the client ends the connection with the alert encrypted "
            "(certificate:policy-alert-encrypted)",
        ),
        (
            [(False, handshake(server_hello(tls13=True, random=HELLO_RETRY_REQUEST_RANDOM))), (True, FIN)],
            "a HelloRetryRequest; the client closes the connection without an alert "
            "(server-hello:policy-closes)",
        ),
    ],
)  # fmt: skip
def test_what_became_of_it(moves: list[tuple[bool, bytes | Kind]], sentence: str) -> None:
    assert answer(*moves).sentence == sentence


def test_a_capture_of_one_direction_says_so() -> None:
    assert answer(heard_server=False).sentence == "nothing of the server's is in the capture"


def test_the_time_is_that_of_the_end() -> None:
    assert answer((False, alert()), (False, FIN), (True, FIN)).seconds == 1.0
    assert answer((False, FIN), (True, FIN)).seconds == 1.0
    assert answer().seconds == 10.0


def test_as_json() -> None:
    assert answer((False, alert())).to_json() == {
        "version": None,
        "cipher_suite": None,
        "group": None,
        "hello_retry_request": False,
        "handshake_complete": False,
        "reason": "server-hello:alert-handshake_failure",
        "sentence": "the server sends the alert handshake_failure in answer to the client's hello "
        "(server-hello:alert-handshake_failure)",
        "seconds": 1.0,
    }
