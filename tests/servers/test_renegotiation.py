"""The renegotiation toggles of the real servers, tried with OpenSSL's own client in TLS 1.2."""

from contextlib import suppress
from dataclasses import dataclass

import pytest
from OpenSSL import SSL

from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.listener import set_timeout
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.variant import parse_server_id
from tests.servers.real_servers import CLIENT_TIMEOUT, connect, every_server


@dataclass(frozen=True)
class Renegotiation:
    begun: bool
    completed: bool
    answer: bytes


def renegotiate(
    server: RunningServer, *, path: str = "/", client_begins: bool = True, timeout: float = CLIENT_TIMEOUT
) -> Renegotiation:
    """A TLS 1.2 connection renegotiated by the client or at the server's request, and what is answered."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with connect(server) as plain:
        plain.setblocking(True)
        set_timeout(plain, timeout)
        client = SSL.Connection(context, plain)
        client.set_connect_state()
        client.do_handshake()
        first_random = client.client_random()
        answer = b""
        with suppress(SSL.Error):
            if client_begins:
                client.renegotiate()
                client.do_handshake()
            client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            answer = client.recv(65536)
        begun = client.client_random() != first_random
        return Renegotiation(begun, begun and not client.renegotiate_pending(), answer)


@every_server("openssl@4.0.3", "openssl-s_server@system")
def test_client_cannot_renegotiate_by_default(server: RunningServer) -> None:
    # The refusal is a warning, which OpenSSL's own client takes for fatal.
    assert renegotiate(server) == Renegotiation(begun=True, completed=False, answer=b"")


@pytest.mark.long(but=["openssl@4.0.3-*"])
@pytest.mark.parametrize("settings", ["client-initiated=yes", "client-initiated=yes,renegotiation=legacy"])
@pytest.mark.parametrize("server_id", ["openssl@4.0.3", "openssl-s_server@system"])
def test_client_can_renegotiate_where_it_is_allowed(server_id: str, settings: str) -> None:
    variant = parse_server_id(f"{server_id},{settings}", load_definitions())
    with start_servers([variant], make_credentials()) as running:
        server = running[variant.id]
        if isinstance(server, NotInstalled):
            pytest.skip(server.message)
        assert isinstance(server, RunningServer)
        seen = renegotiate(server)
    assert seen.completed
    assert seen.answer.startswith(b"HTTP/1.0 200 ")


def test_openssl_renegotiates_on_request_and_answers(running: RunningServers) -> None:
    server = running["openssl@4.0.3"]
    assert isinstance(server, RunningServer)
    seen = renegotiate(server, path="/reneg", client_begins=False)
    assert seen.completed
    assert seen.answer.startswith(b"HTTP/1.0 200 ")


def test_s_server_asks_for_a_renegotiation_but_does_not_wait_for_it(running: RunningServers) -> None:
    server = running["openssl-s_server@system"]
    if isinstance(server, NotInstalled):
        pytest.skip(server.message)
    assert isinstance(server, RunningServer)
    seen = renegotiate(server, path="/reneg", client_begins=False)
    assert (seen.begun, seen.completed) == (True, False)


@pytest.mark.parametrize(
    ("server_id", "answer"), [("openssl@4.0.3", b"HTTP"), ("openssl-s_server@system", b"")]
)
def test_server_asks_for_none_when_it_is_off(running: RunningServers, server_id: str, answer: bytes) -> None:
    server = running[f"{server_id},renegotiation=off"]
    if isinstance(server, NotInstalled):
        pytest.skip(server.message)
    assert isinstance(server, RunningServer)
    timeout = CLIENT_TIMEOUT if answer else 0.5  # s_server never answers then: the one wait of these tests
    seen = renegotiate(server, path="/reneg", client_begins=False, timeout=timeout)
    assert (seen.begun, seen.answer[:4]) == (False, answer)
