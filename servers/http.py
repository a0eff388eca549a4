"""As much HTTP as every server under test speaks: any request is answered with a short text.

A request that says `Connection: keep-alive` keeps the connection open for another; one for RENEGOTIATION_PATH
asks the server to start a renegotiation first, the way its stack does it (the path is that of OpenSSL's
s_server).
"""

RENEGOTIATION_PATH = "/reneg"
END_OF_HEAD = b"\r\n\r\n"


def http_response(text: str, *, keeps_alive: bool = False) -> tuple[bytes, bytes]:
    """The head and the body of the answer to any request."""
    body = text.encode() + b"\n"
    connection = "keep-alive" if keeps_alive else "close"
    fields = ("Content-Type: text/plain", f"Content-Length: {len(body)}", f"Connection: {connection}", "", "")
    return "\r\n".join(("HTTP/1.0 200 OK", *fields)).encode(), body


def wants_keep_alive(head: bytes) -> bool:
    """Whether the head of a request says `Connection: keep-alive`."""
    lines = head.lower().split(b"\r\n")
    return any(line.replace(b" ", b"") == b"connection:keep-alive" for line in lines[1:])


def wants_renegotiation(head: bytes) -> bool:
    """Whether a request is for RENEGOTIATION_PATH."""
    return head.startswith(f"GET {RENEGOTIATION_PATH}".encode())
