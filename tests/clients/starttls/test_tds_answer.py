"""When a login of SQL Server's is answered: with a token of the two that say yes or no, nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.player import PlayedHello, Player
from clients.starttls import StartTls
from clients.starttls.tds_answer import HEADER, LoginAnswer
from handshake.events import ApplicationData
from handshake.hello_template import HelloTemplate

ERROR_18456 = bytes.fromhex("aa1600184800000 10e0100780 0010000 00".replace(" ", ""))
LOGINACK = bytes.fromhex("ad0c00 01 74000004 00 10000000 00 00".replace(" ", ""))[:15]
ENVCHANGE = bytes.fromhex("e30500 04 0100 0000".replace(" ", ""))
DONE = bytes.fromhex("fd 0000 0000 0000000000000000".replace(" ", ""))


def packet(data: bytes, *, is_last: bool = True, kind: int = 4) -> bytes:
    return HEADER.pack(kind, is_last, HEADER.size + len(data), 0, 1, 0) + data


def answer(data: bytes) -> tuple[bool, bool]:
    found = LoginAnswer()
    found.take(data)
    return found.is_whole, found.is_unreadable


@pytest.mark.parametrize(
    "token", [ERROR_18456, LOGINACK, ENVCHANGE + LOGINACK], ids=["error", "ack", "change"]
)
def test_yes_and_no_are_answers(token: bytes) -> None:
    whole = packet(token + DONE)
    assert answer(whole) == (True, False)
    for cut in range(len(whole)):
        assert answer(whole[:cut]) == (False, False), "what is cut off may still become one"


def test_an_answer_may_come_in_several_packets() -> None:
    whole = packet(ENVCHANGE, is_last=False) + packet(LOGINACK + DONE)
    assert answer(whole) == (True, False)
    assert answer(packet(ENVCHANGE, is_last=False)) == (False, False)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 200 OK\r\n\r\n",
        packet(DONE),
        packet(ENVCHANGE + DONE),
        packet(b""),
        packet(LOGINACK, kind=0x12),
    ],
    ids=["http", "done", "change", "empty", "prelogin"],
)
def test_what_does_not_say_yes_or_no_is_none(data: bytes) -> None:
    assert answer(data) == (False, True)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    is_whole, is_unreadable = answer(data)
    assert not (is_whole and is_unreadable)


def test_an_answer_without_end_is_none() -> None:
    found = LoginAnswer()
    for _ in range(30):
        found.take(packet(ENVCHANGE * 400, is_last=False))
    assert (found.is_whole, found.is_unreadable) == (False, True)


def test_what_is_no_answer_ends_the_attempt() -> None:
    hello = HelloTemplate(0x0303, (0x002F,), extensions=())
    destination = Destination("127.0.0.1", 1, "server.example.test", StartTls("tds", "server.example.test"))
    for data, failure in ((packet(DONE), "protocol-error-starttls-unreadable"), (packet(LOGINACK), None)):
        exchange = Exchange(Player((PlayedHello(hello),)), hello, Visit(destination, 1.0, b"a login"))
        exchange.react(ApplicationData(data))
        assert exchange.is_over
        assert (exchange.failure and str(exchange.failure.cause)) == failure
