"""The HTTP/2 of emulated servers: frames in, frames out."""

import pytest

from servers.http2 import PREFACE, begins_http2, http2_answer

SETTINGS = bytes.fromhex("000000 04 00 00000000")
HEADERS = bytes.fromhex("000002 01 05 00000001") + b"\x82\x84"
WITHOUT_END = bytes.fromhex("000001 01 01 00000003") + b"\x82"
CONTINUATION = bytes.fromhex("000001 09 04 00000003") + b"\x84"


def frames(data: bytes) -> list[tuple[int, int, int, bytes]]:
    found = []
    while data:
        end = 9 + int.from_bytes(data[:3], "big")
        found.append((data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:end]))
        data = data[end:]
    return found


def test_the_preface_is_told_from_a_request_at_each_byte() -> None:
    for size in range(1, len(PREFACE) + 1):
        assert begins_http2(PREFACE[:size])
    for other in (b"", b"GET / HTTP/1.0", b"PRI * HTTP/1.0\r\n\r\n", b"POST"):
        assert not begins_http2(other)


def test_an_answer_comes_once_the_headers_are_whole() -> None:
    whole = PREFACE + SETTINGS + HEADERS
    for size in range(len(whole)):
        assert http2_answer(whole[:size], "x") is None
    answer = http2_answer(whole, "text")
    assert answer is not None
    assert frames(answer) == [
        (4, 0, 0, b""),
        (4, 1, 0, b""),
        (1, 4, 1, b"\x88"),
        (0, 1, 1, b"text\n"),
        (7, 0, 0, bytes.fromhex("00000001 00000000")),
    ]


def test_headers_may_go_on_in_another_frame() -> None:
    assert http2_answer(PREFACE + WITHOUT_END, "x") is None
    answer = http2_answer(PREFACE + WITHOUT_END + CONTINUATION, "x")
    assert answer is not None
    assert frames(answer)[2][2] == 3


@pytest.mark.parametrize("length", [0xFFFFFF, 1 << 14])
def test_a_frame_that_never_comes_is_waited_for(length: int) -> None:
    lying = length.to_bytes(3, "big") + HEADERS[3:]
    assert http2_answer(PREFACE + lying, "x") is None
