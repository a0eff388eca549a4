"""As much HTTP/2 as an emulated server needs that selects h2 by ALPN: any request gets a short text, and the
connection ends (RFC 9113). Pure.

Nothing of a request is read but where its header block ends, so no header is decompressed; the answer has one
header, which stands in the static table.
"""

from collections.abc import Iterator
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113 section 3.4."""

_DATA, _HEADERS, _SETTINGS, _GOAWAY, _CONTINUATION = 0, 1, 4, 7, 9  # section 6
_ACK, _END_STREAM, _END_HEADERS = 0x1, 0x1, 0x4
_HEADER_SIZE = 9
_STATUS_200 = b"\x88"
"""`:status: 200`, entry 8 of the static table (RFC 7541 section 6.1 and appendix A)."""
_NO_ERROR = bytes(4)


@dataclass(frozen=True, slots=True)
class _Frame:
    kind: int
    flags: int
    stream: int


def begins_http2(received: bytes) -> bool:
    """Whether it is the beginning of a connection of HTTP/2, or can still become one."""
    return bool(received) and received[: len(PREFACE)] == PREFACE[: len(received)]


def http2_answer(received: bytes, text: str) -> bytes | None:
    """The frames that answer the first request of a connection, with GOAWAY behind them; None while its
    headers have not all come.
    """
    for frame in _frames(received[len(PREFACE) :]):
        if frame.kind in (_HEADERS, _CONTINUATION) and frame.flags & _END_HEADERS:
            stream = frame.stream.to_bytes(4, "big")
            return b"".join(
                (
                    _frame(_SETTINGS, 0, bytes(4), b""),
                    _frame(_SETTINGS, _ACK, bytes(4), b""),
                    _frame(_HEADERS, _END_HEADERS, stream, _STATUS_200),
                    _frame(_DATA, _END_STREAM, stream, text.encode() + b"\n"),
                    _frame(_GOAWAY, 0, bytes(4), stream + _NO_ERROR),
                )
            )
    return None


def _frames(received: bytes) -> Iterator[_Frame]:
    """The frames that have come whole (RFC 9113 section 4.1)."""
    while len(received) >= _HEADER_SIZE:
        end = _HEADER_SIZE + int.from_bytes(received[:3], "big")
        if len(received) < end:
            return
        yield _Frame(received[3], received[4], int.from_bytes(received[5:9], "big") & 0x7FFFFFFF)
        received = received[end:]


def _frame(kind: int, flags: int, stream: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream + payload
