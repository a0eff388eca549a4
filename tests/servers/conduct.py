"""What every server is held to, whichever it is."""

import hashlib
from datetime import UTC, datetime

from OpenSSL import SSL

from servers.contract import Connection
from servers.listener import reset_on_close
from servers.processes.start import RunningServer, RunningServers
from tests.servers.openssl_client import OpenSSLClient
from tests.servers.real_servers import REQUEST, connect, read_all, strict_end

# For servers that are asked too seldom for a port to come again.
LONG_AGO = datetime.min.replace(tzinfo=UTC)

IS_OK = b" 200 "
BEGINNING_OF_A_HELLO = b"\x16\x03\x01\x00\xff\x01"


def assert_answers_and_tells(running: RunningServers, server: RunningServer) -> tuple[bytes, Connection, str]:
    """A request is answered, with one of the server's certificates, and the server tells the version and no
    trouble. The answer, what it told, and the cipher suite as the client calls it.
    """
    before = datetime.now(UTC)
    with connect(server) as plain, strict_end(plain) as tls:
        certificate = tls.getpeercert(binary_form=True)
        tls.sendall(REQUEST)
        answer = read_all(tls.recv)
        negotiated = tls.cipher()
        peer_port = tls.getsockname()[1]
    assert certificate is not None
    assert hashlib.sha256(certificate).hexdigest() in server.certificate_sha256
    seen = running.wait_for_connection(server.id, peer_port, before)
    assert seen is not None
    assert (seen.alert_sent, seen.reason) == (None, None)
    assert negotiated is not None
    assert seen.version == negotiated[1]
    return answer, seen, negotiated[0]


def assert_stuck_connections_block_no_other(server: RunningServer) -> None:
    """Clients that are silent, in the middle of a hello or before a request hold up nobody but themselves."""
    silent = [connect(server) for _ in range(3)]
    half_way = connect(server)
    half_way.sendall(BEGINNING_OF_A_HELLO)
    idle = strict_end(connect(server))
    try:
        for _ in range(3):
            with connect(server) as plain, strict_end(plain) as tls:
                tls.sendall(REQUEST)
                assert IS_OK in read_all(tls.recv)[:16]
        idle.sendall(REQUEST)
        assert IS_OK in read_all(idle.recv)[:16], "the one that waited is still served"
    finally:
        for connection in (*silent, half_way, idle):
            connection.close()


def assert_serves_several_at_once(server: RunningServer, version: int = SSL.TLS1_3_VERSION) -> list[int]:
    """The same of clients that keep their connections: the ports of those that were served."""
    silent = [connect(server) for _ in range(3)]
    half_way = connect(server)
    half_way.sendall(BEGINNING_OF_A_HELLO)
    clients = [OpenSSLClient(server, version) for _ in range(4)]
    try:
        for client in clients:
            client.tls.do_handshake()
        for client in reversed(clients):
            assert IS_OK in client.ask(REQUEST)[:16]
    finally:
        for connection in (*silent, half_way):
            connection.close()
        for client in clients:
            client.__exit__()
    return [client.port for client in clients]


LINE_FEEDS_ALONE = (
    b"GET / HTTP/1.0\n\n",
    b"GET / HTTP/1.0\r\n\n",
    b"GET / HTTP/1.0\n\r\n",
    b"GET / HTTP/1.0\nHost: x\r\nAccept: */*\n\n",
)
KEPT_ALIVE = b"GET / HTTP/1.1\nHost: x\nConnection: keep-alive\n\n"


def assert_takes_line_feeds_alone(
    server: RunningServer, version: int = SSL.TLS1_3_VERSION, cipher_list: bytes = b"ALL:@SECLEVEL=0"
) -> None:
    """The head of a request may end its lines with LF (RFC 9112 section 2.2); what it asks for holds."""
    for request in LINE_FEEDS_ALONE:
        with OpenSSLClient(server, version, cipher_list=cipher_list) as client:
            answer = client.ask(request)
            assert IS_OK in answer[:16]
            assert b"\r\nConnection: close\r\n" in answer
    with OpenSSLClient(server, version, cipher_list=cipher_list) as client:
        for _ in range(2):
            assert b"\r\nConnection: keep-alive\r\n" in client.ask(KEPT_ALIVE)


def reset_connections(server: RunningServer) -> None:
    """Connections that are over before the server takes them, as a port scanner makes them."""
    for _ in range(10):
        with connect(server) as plain:
            reset_on_close(plain)


def assert_departure_is_told(running: RunningServers, server: RunningServer) -> None:
    """A client that goes away before it has said anything has negotiated nothing, and there is a reason."""
    reset_connections(server)
    before = datetime.now(UTC)
    with connect(server) as plain:
        peer_port = plain.getsockname()[1]
    seen = running.wait_for_connection(server.id, peer_port, before, 5)
    assert seen is not None
    assert (seen.version, seen.cipher_suite) == (None, None)
    assert seen.reason
