"""The little HTTP that all servers under test share."""

import pytest

from servers.http import http_response, split_head, wants_keep_alive, wants_renegotiation


def test_the_answer_says_its_length() -> None:
    head, body = http_response("über")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert b"Content-Length: 6" in head
    assert b"Connection: close" in head
    assert body == "über\n".encode()


def test_the_answer_says_whether_the_connection_stays() -> None:
    assert b"Connection: keep-alive" in http_response("x", keeps_alive=True)[0]


@pytest.mark.parametrize("first", [b"\n", b"\r\n"])
@pytest.mark.parametrize("second", [b"\n", b"\r\n"])
def test_a_head_ends_with_an_empty_line(first: bytes, second: bytes) -> None:
    received = b"GET / HTTP/1.0" + first + second + b"body\n\n"
    assert split_head(received) == (b"GET / HTTP/1.0", b"body\n\n")
    for size in range(len(b"GET / HTTP/1.0" + first + second)):
        assert split_head(received[:size]) is None


@pytest.mark.parametrize("received", [b"", b"GET", b"GET / HTTP/1.0\n", b"\r\r", b"a\n\rb\n", b"a\nb\r\nc\n"])
def test_a_head_that_goes_on_has_no_end(received: bytes) -> None:
    assert split_head(received) is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET / HTTP/1.0\r\nConnection: keep-alive", True),
        (b"GET / HTTP/1.0\r\nHost: x\r\nconnection:Keep-Alive\r\nAccept: */*", True),
        (b"GET / HTTP/1.0\nHost: x\nConnection: keep-alive", True),
        (b"GET / HTTP/1.0\nConnection: keep-alive\r\nHost: x", True),
        (b"GET / HTTP/1.0\r\nX: a\rConnection: keep-alive", False),
        (b"GET / HTTP/1.0\r\nConnection: close", False),
        (b"GET / HTTP/1.0", False),
        (b"Connection: keep-alive", False),
        (b"", False),
    ],
)
def test_keep_alive_is_asked_for_in_a_field(head: bytes, expected: bool) -> None:
    assert wants_keep_alive(head) is expected


def test_a_path_asks_for_a_renegotiation() -> None:
    assert wants_renegotiation(b"GET /reneg HTTP/1.0")
    assert not wants_renegotiation(b"GET / HTTP/1.0")
