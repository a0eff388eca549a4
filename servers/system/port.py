"""The port of a program: kept for one that binds it itself, or a socket that the program inherits."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from servers.listener import MAX_CONNECTIONS


@contextmanager
def keep_port(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that holds the port (0: a free one) without listening; a process of ours may listen there.

    The kernel lets a second socket have the port where both say SO_REUSEPORT, or both SO_REUSEADDR and none
    listens yet (socket(7)); which of them a program says is its own affair.
    """
    with socket.socket(_family(host)) as kept:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            kept.setsockopt(socket.SOL_SOCKET, option, 1)
        kept.bind((host, port))
        yield kept


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on the port (0: a free one), for a process to inherit."""
    return socket.create_server((host, port), family=_family(host), backlog=MAX_CONNECTIONS)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def address_text(host: str, port: int) -> str:
    """Host and port as configuration files have them, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
