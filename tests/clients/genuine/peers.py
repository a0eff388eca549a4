"""Servers that genuine programs meet in tests."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients.destination import Destination
from servers.credentials import SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import certificate_kinds, parse_server_id
from tests.clients.servers import Script, scripted_server
from tests.clients.tls_servers import ServerCertificate, make_certificate, openssl

CONNECTIONS = 12
"""That a program may make in one visit: Firefox makes ten to a server that closes (153.8; measured)."""


def destination(port: int) -> Destination:
    return Destination("127.0.0.1", port, SUBJECT)


@contextmanager
def tls_server(folder: Path) -> Iterator[tuple[Destination, ServerCertificate]]:
    """A server that answers a request in TLS 1.2."""
    certificate = make_certificate(folder)
    script = openssl(certificate, "DEFAULT", ssl.TLSVersion.TLSv1_2)
    with scripted_server(*[script] * CONNECTIONS) as server:
        yield destination(server.port), certificate


@contextmanager
def scripted(script: Script) -> Iterator[Destination]:
    """A server that does the same with each connection."""
    with scripted_server(*[script] * CONNECTIONS) as server:
        yield destination(server.port)


@contextmanager
def servers_of_ours(*identities: str) -> Iterator[dict[str, Destination]]:
    """Servers of the repository, by id."""
    definitions = load_definitions(())
    variants = [parse_server_id(identity, definitions) for identity in identities]
    credentials = make_credentials(kinds=certificate_kinds(variants))
    with start_servers(variants, credentials, 30.0) as running:
        found = {}
        for identity in identities:
            server = running[identity]
            assert isinstance(server, RunningServer), server
            found[identity] = destination(server.port)
        yield found
