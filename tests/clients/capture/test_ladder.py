"""Which hellos are a client's that tried again, and which only came one after another."""

import pytest

from clients.capture.answer import Answer
from clients.capture.captured_hello import CapturedHello
from clients.capture.ladder import PATIENCE_SECONDS, ladders
from handshake.reason import parse_reason
from tests.clients.capture.hellos import PROFILES, hello

CLIENT, OTHER, SERVER = (b"\x0a\0\0\1", 5000), (b"\x0a\0\0\2", 5000), (b"\x0a\0\0\3", 443)
LADDERS = [client for client, profile in PROFILES.items() if len(profile.attempts) > 1]


def said(stream: int, wire: bytes, time: float, reason: str | None = "server-hello:fin", **changes):  # type: ignore[no-untyped-def]
    failure = None if reason is None else parse_reason(reason)
    given = {"client": (CLIENT[0], 5000 + stream), "server": SERVER, **changes}
    return CapturedHello(stream, wire, Answer(failure=failure, seconds=0.5), time, **given)


def numbers(*hellos: CapturedHello) -> list[list[int]]:
    return [[hello.stream for hello in ladder] for ladder in ladders(hellos)]


@pytest.mark.parametrize("client", LADDERS)
def test_the_ladders_of_the_known_clients(client: str) -> None:
    attempts = range(1, len(PROFILES[client].attempts) + 1)
    hellos = [said(number, hello(client, number), 100.0 + number) for number in attempts]
    assert numbers(*hellos) == [list(attempts)]


SAME, LESS = hello("java-25-httpclient"), hello("java-25-httpclient", 2)


@pytest.mark.parametrize(
    ("first", "second", "is_ladder"),
    [
        (said(1, SAME, 100), said(2, SAME, 100.5), True),
        (said(1, SAME, 100), said(2, LESS, 100.5 + PATIENCE_SECONDS), True),
        (said(1, SAME, 100), said(2, LESS, 100.6 + PATIENCE_SECONDS), False),
        (said(1, SAME, 100), said(2, LESS, 100.4), False),
        (said(1, LESS, 100), said(2, SAME, 100.5), False),
        (said(1, SAME, 100, None), said(2, LESS, 100.5), False),
        (said(1, SAME, 100, "application-data:fin"), said(2, LESS, 100.5), False),
        (said(1, SAME, 100, "certificate:policy-alert-bad_certificate"), said(2, LESS, 100.5), False),
        (said(1, SAME, 100, "server-hello:alert-handshake_failure"), said(2, LESS, 100.5), True),
        (said(1, SAME, 100, "server-hello:timeout"), said(2, LESS, 100.5), True),
        (said(1, SAME, 100, client=OTHER), said(2, LESS, 100.5), False),
        (said(1, SAME, 100, server=OTHER), said(2, LESS, 100.5), False),
        (said(1, hello("java-17"), 100), said(2, hello("java-25"), 100.5), False),
        (said(1, hello("java-25"), 100), said(2, hello("openssl-3.0"), 100.5), False),
        (said(1, SAME, 100), said(2, hello("java-25-httpclient", 2, "other.example.test"), 100.5), False),
        (said(1, SAME, 100), said(2, hello("java-25-httpclient", 2, None), 100.5), True),
        (said(1, hello("java-25", 1, None), 100), said(2, hello("java-25"), 100.5), False),
        (said(1, SAME, 100, client=None), said(2, LESS, 100.5, client=None), False),
        (said(1, SAME[:50], 100, problem="cut"), said(2, LESS, 100.5), False),
    ],
)
def test_what_is_a_retry(first: CapturedHello, second: CapturedHello, is_ladder: bool) -> None:
    assert numbers(first, second) == ([[1, 2]] if is_ladder else [[1], [2]])


def test_clients_that_retry_at_the_same_time_have_a_ladder_each() -> None:
    hellos = [
        said(1, SAME, 100.0),
        said(2, SAME, 100.1, client=OTHER),
        said(3, LESS, 100.6),
        said(4, LESS, 100.7, client=OTHER),
    ]
    assert numbers(*hellos) == [[1, 3], [2, 4]]
