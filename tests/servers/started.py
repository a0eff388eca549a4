"""Real servers whose stacks are fetched: variants started when a test first asks for them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from servers.contract import Connection, PrivateKeyAndChain
from servers.credentials import CLIENT_SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.variant import parse_server_id
from tests.servers.real_servers import CLIENT_TIMEOUT

DEFINITIONS = load_definitions()
CLIENTS = make_credentials(CLIENT_SUBJECT)
START_SECONDS = 30.0


class Variants:
    """Variants that trust CLIENTS; a test is skipped where the stack of one is not fetched."""

    def __init__(self, credentials: Mapping[str, PrivateKeyAndChain], stopping: ExitStack) -> None:
        self._credentials = credentials
        self._stopping = stopping
        self._started: dict[str, RunningServers] = {}
        self._asked_for: dict[str, datetime] = {}

    def start(self, server_id: str) -> RunningServer:
        self._asked_for[server_id] = datetime.now(UTC)
        if server_id not in self._started:
            trusted = {kind: pem.chain for kind, pem in CLIENTS.items()}
            variant = parse_server_id(server_id, DEFINITIONS)
            starting = start_servers([variant], self._credentials, START_SECONDS, client_certificates=trusted)
            self._started[server_id] = self._stopping.enter_context(starting)
        (found,) = self._started[server_id].values()
        if isinstance(found, NotInstalled):
            pytest.skip(found.message)
        assert isinstance(found, RunningServer), found.message
        return found

    def seen(self, server_id: str, peer_port: int) -> Connection:
        """The server's own view of a connection made since it was last asked for: others before may have come
        from the same port.
        """
        (server,) = self._started[server_id]
        since = self._asked_for[server_id]
        seen = self._started[server_id].wait_for_connection(server, peer_port, since, CLIENT_TIMEOUT)
        assert seen is not None
        return seen

    def stopped(self, server_id: str) -> str | None:
        """Why a server no longer runs, None while it does."""
        (server,) = self._started[server_id]
        return self._started[server_id].stopped(server)

    def process_id(self, server_id: str) -> int:
        (server,) = self._started[server_id]
        return self._started[server_id].process_id(server)


@contextmanager
def started_when_asked(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Variants]:
    with ExitStack() as stopping:
        yield Variants(credentials, stopping)
