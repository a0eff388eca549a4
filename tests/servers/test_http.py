"""The little HTTP that all servers under test share."""

import pytest

from servers.http import http_response, wants_keep_alive, wants_renegotiation


def test_the_answer_says_its_length() -> None:
    head, body = http_response("über")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert b"Content-Length: 6" in head
    assert b"Connection: close" in head
    assert body == "über\n".encode()


def test_the_answer_says_whether_the_connection_stays() -> None:
    assert b"Connection: keep-alive" in http_response("x", keeps_alive=True)[0]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET / HTTP/1.0\r\nConnection: keep-alive", True),
        (b"GET / HTTP/1.0\r\nHost: x\r\nconnection:Keep-Alive\r\nAccept: */*", True),
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
