"""A port that is kept for a program that binds it itself."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keep_port(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that holds the port (0: a free one) without listening; a process of ours may listen there.

    The kernel lets a second socket have the port where both say SO_REUSEPORT, or both SO_REUSEADDR and none
    listens yet (socket(7)); which of them a program says is its own affair.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as kept:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            kept.setsockopt(socket.SOL_SOCKET, option, 1)
        kept.bind((host, port))
        yield kept


def address_text(host: str, port: int) -> str:
    """Host and port as configuration files have them, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
