"""What tests of the three real servers share: their variants that need nothing fetched, and clients that are
none of the project's.
"""

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from servers.definition import load_definitions
from servers.processes.start import RunningServer
from servers.variant import expand

DEFINITIONS = load_definitions()
VARIANTS = [
    variant
    for server in ("openssl", "openssl-s_server", "tlslite")
    for variant in expand(DEFINITIONS[server])
    if not variant.definition.levels[variant.level].stacks and not variant.is_only_observed
]
IDS = [variant.id for variant in VARIANTS]
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
CLIENT_TIMEOUT = 8.0


def every_server(*ids: str) -> Any:
    return pytest.mark.parametrize("server", ids or IDS, indirect=True)


def strict_end(connection: socket.socket) -> ssl.SSLSocket:
    """A client that believes any certificate, but no end of the stream without close_notify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection, suppress_ragged_eofs=False)


def read_all(receive: Callable[[int], bytes]) -> bytes:
    return b"".join(iter(lambda: receive(65536), b""))


def connect(server: RunningServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=CLIENT_TIMEOUT)
