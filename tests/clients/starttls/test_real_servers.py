"""Debian's servers met by clients of different age: TLS is asked of them like of any other server."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from clients.connect import connect, reach
from clients.destination import Destination
from clients.observation import Observation
from clients.profile import load_profiles
from clients.starttls import PROTOCOLS, StartTls
from tests.clients.starttls.real_servers import SERVERS, RealServer, started

PROFILES = load_profiles()
NAME = "server.example.test"
NOBODY = "127.0.0.1:1"  # a proxy is asked for it and cannot reach it
# What is spoken with a server instead of its own protocol: something that makes it answer or close.
OTHER = {
    "smtp": "pop3",
    "ftp": "imap",
    "imap": "smtp",
    "pop3": "ftp",
    "ldap": "postgres",
    "postgres": "ldap",
    "mysql": "smtp",
    "xmpp": "postgres",
}


class Started:
    """A server that runs, and where."""

    def __init__(self, server: RealServer, port: int) -> None:
        self.server = server
        self.port = port

    def observe(self, client: str, protocol: str | None = None, name: str = NAME) -> Observation:
        starttls = StartTls(protocol or self.server.protocol, name)
        return connect(
            PROFILES[client].player, Destination("127.0.0.1", self.port, NAME, starttls), deadline_seconds=5
        )


@pytest.fixture(scope="module", params=[name for name in SERVERS if name != "tinyproxy"])
def running(request: pytest.FixtureRequest) -> Iterator[Started]:
    server = SERVERS[request.param]
    if (missing := server.missing()) is not None:
        pytest.skip(missing)
    with started(server) as port:
        yield Started(server, port)


@pytest.mark.parametrize("client", ["java-8", "openssl-1.0.1", "biztalk-ws2008", "firefox-9"])
def test_a_client_that_has_tls_is_answered(running: Started, client: str) -> None:
    observation = running.observe(client)
    assert [attempt.failure for attempt in observation.attempts] == [None]
    assert observation.is_answered
    version = observation.attempts[0].negotiated.version  # type: ignore[union-attr]
    assert version == (0x0303 if client in ("java-8", "openssl-1.0.1") else 0x0301)
    clear = [entry for entry in observation.attempts[0].transcript if entry.kind == "clear"]
    assert {entry.direction for entry in clear} == {"sent", "received"}


def test_a_client_that_has_not_fails_by_tls_and_not_before(running: Started) -> None:
    failure = running.observe("firefox-9-sslv3").attempts[0].failure
    assert failure is not None
    assert str(failure).partition(":")[0] == "server-hello"
    assert failure.detail.said == ""


def test_another_protocol_than_the_servers_fails_before_tls(running: Started) -> None:
    failure = running.observe("java-8", OTHER[running.server.protocol]).attempts[0].failure
    assert failure is not None
    assert str(failure) in ("connect:protocol-error-starttls-unreadable", "connect:fin", "connect:reset")


def test_a_server_can_be_reached_without_a_client(running: Started) -> None:
    assert (
        reach(Destination("127.0.0.1", running.port, NAME, StartTls(running.server.protocol, NAME)), 5)
        is None
    )


def test_a_proxy_in_front_of_a_server() -> None:
    proxy, behind = SERVERS["tinyproxy"], SERVERS["slapd"]
    for server in (proxy, behind):
        if (missing := server.missing()) is not None:
            pytest.skip(missing)
    with ExitStack() as servers:
        through = Started(proxy, servers.enter_context(started(proxy)))
        port = servers.enter_context(started(behind))
        failure = through.observe("java-8", name=NOBODY).attempts[0].failure
        assert str(failure) == "connect:protocol-error-starttls-refused"
        assert failure is not None
        assert failure.detail.said.startswith("HTTP/1.1 500 ")
        # A directory waits for LDAP and closes at a hello: the tunnel is there, what is behind it has no TLS.
        behind_it = through.observe("java-8", name=f"127.0.0.1:{port}").attempts[0].failure
        assert str(behind_it) in ("server-hello:fin", "server-hello:reset")


def test_every_protocol_with_a_server_of_debians_is_tried() -> None:
    assert {server.protocol for server in SERVERS.values()} == set(PROTOCOLS) - {"tds"}
