"""As much HTTP as every server under test speaks: any request is answered with a short text.

A line may end with LF alone (RFC 9112 section 2.2). A request that says `Connection: keep-alive` keeps the
connection open for another; one for RENEGOTIATION_PATH asks the server to start a renegotiation first, the
way its stack does it (the path is that of OpenSSL's s_server).
"""

import re
from http import HTTPStatus

RENEGOTIATION_PATH = "/reneg"
OK = HTTPStatus.OK.value

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


def http_response(text: str, *, keeps_alive: bool = False, status: int = OK) -> tuple[bytes, bytes]:
    """The head and the body of the answer to any request."""
    body = text.encode() + b"\n"
    connection = "keep-alive" if keeps_alive else "close"
    fields = ("Content-Type: text/plain", f"Content-Length: {len(body)}", f"Connection: {connection}", "", "")
    return "\r\n".join((f"HTTP/1.0 {status} {HTTPStatus(status).phrase}", *fields)).encode(), body


def split_head(received: bytes) -> tuple[bytes, bytes] | None:
    """The head of a request up to its empty line, and what comes after that; None while it is not there."""
    end = _END_OF_HEAD.search(received)
    return None if end is None else (received[: end.start()], received[end.end() :])


def wants_keep_alive(head: bytes) -> bool:
    """Whether the head of a request says `Connection: keep-alive`."""
    lines = head.lower().split(b"\n")
    return any(line.rstrip(b"\r").replace(b" ", b"") == b"connection:keep-alive" for line in lines[1:])


def wants_renegotiation(head: bytes) -> bool:
    """Whether a request is for RENEGOTIATION_PATH."""
    return head.startswith(f"GET {RENEGOTIATION_PATH}".encode())
