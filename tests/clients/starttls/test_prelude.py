"""The words before TLS on real connections: how they fail, that each attempt says them, what is kept."""

import socket
import struct
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from clients.connect import connect, reach
from clients.destination import Destination
from clients.observation import Observation
from clients.profile import load_profiles
from clients.starttls import StartTls
from clients.transport import TransportFailure, connect_to_first
from handshake.reason import Reason, parse_reason
from tests.clients.servers import Script, alert, read_hello, scripted_server

PROFILES = load_profiles()
SMTP = StartTls("smtp", "server.example.test")
TALK = (b"220 here\r\n", b"250 STARTTLS\r\n", b"220 go\r\n")


def says(*words: bytes, then: Script | None = None) -> Script:
    """Say one thing, and another for each line that comes; then close."""

    def script(connection: socket.socket) -> bytes:
        connection.sendall(words[0])
        for word in words[1:]:
            assert connection.recv(1000).endswith(b"\r\n")
            connection.sendall(word)
        if then is not None:
            return then(connection)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1000)

    return script


def refuses_tls(connection: socket.socket) -> bytes:
    hello = read_hello(connection) if connection.recv(1, socket.MSG_PEEK) != b"S" else b""
    if not hello:
        assert connection.recv(1000) == b"STARTTLS\r\n"
    connection.sendall(alert(40))
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1000)
    return hello


def resets(connection: socket.socket) -> bytes:
    connection.recv(1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return b""


def waits(connection: socket.socket) -> bytes:
    while data := connection.recv(1000):
        last = data
    return last


def observe(client: str, *scripts: Script, seconds: float = 5, starttls: StartTls = SMTP) -> Observation:
    with scripted_server(*scripts) as server:
        return connect(
            PROFILES[client].player,
            Destination("127.0.0.1", server.port, "server.example.test", starttls),
            deadline_seconds=seconds,
        )


@pytest.mark.parametrize(
    ("script", "reason", "said"),
    [
        (says(b"554 go away\r\n"), "connect:protocol-error-starttls-refused", "554 go away"),
        (says(b"220 x\r\n", b"250 x\r\n"), "connect:protocol-error-starttls-not-offered", "250 x"),
        (says(*TALK[:2], b"454 no\r\n"), "connect:protocol-error-starttls-refused", "454 no"),
        (says(b"\x16\x03\x01\n"), "connect:protocol-error-starttls-unreadable", r"\x16\x03\x01"),
        (says(b""), "connect:fin", ""),
        (says(*TALK[:2]), "connect:fin", ""),
        (says(TALK[0], then=resets), "connect:reset", ""),
        (says(b"220 half", then=resets), "connect:timeout", ""),
        (says(*TALK), "server-hello:fin", ""),
    ],
)
def test_how_it_fails_is_told_apart_from_tls(script: Script, reason: str, said: str) -> None:
    observation = observe("firefox-9-sslv3", script, seconds=0.2 if reason.endswith("timeout") else 5)
    failure = observation.attempts[0].failure
    assert failure is not None
    assert (str(failure), failure.detail.said) == (reason, said)
    assert observation.attempts[0].client_port is not None


def test_no_client_falls_back_because_of_what_is_said_before_tls() -> None:
    observation = observe("firefox-9", says(*TALK[:2]), says(*TALK))
    assert [str(attempt.failure) for attempt in observation.attempts] == ["connect:fin"]


def test_every_attempt_says_it_again() -> None:
    tls = says(*TALK, then=refuses_tls)
    observation = observe("firefox-9", tls, tls)
    assert len(observation.attempts) == 2
    for attempt in observation.attempts:
        assert str(attempt.failure) == "server-hello:alert-handshake_failure"
        clear = [(entry.direction, entry.name) for entry in attempt.transcript if entry.kind == "clear"]
        assert clear == [
            ("received", "220 here"),
            ("sent", "EHLO tls-matrix.invalid"),
            ("received", "250 STARTTLS"),
            ("sent", "STARTTLS"),
            ("received", "220 go"),
        ]
        assert next(entry.name for entry in attempt.transcript if entry.kind == "message") == "ClientHello"


def test_a_greeting_that_comes_too_late_ends_the_attempt_with_the_seconds_waited() -> None:
    def late(connection: socket.socket) -> bytes:
        assert connection.recv(1) == b"", "the client leaves before it is greeted"
        return b""

    (attempt,) = observe("openssl-3.0", late, seconds=0.3).attempts
    assert attempt.failure is not None
    assert str(attempt.failure) == "connect:timeout"
    assert attempt.failure.detail.seconds == 0.3


def test_tls_in_packets_is_split_and_put_together() -> None:
    prelogin = bytes.fromhex("0401001a00000100 00000b0006 0100110001 ff") + bytes(6) + b"\1"

    def script(connection: socket.socket) -> bytes:
        assert connection.recv(1000)[:2] == b"\x12\x01"
        connection.sendall(prelogin)
        packet = connection.recv(1000)
        assert packet[:2] == b"\x12\x01"
        assert int.from_bytes(packet[2:4]) == len(packet)
        answer = alert(40)
        for number, byte in enumerate(answer, start=1):
            connection.sendall(struct.pack("!BBHHBBB", 0x12, number == len(answer), 9, 0, number, 0, byte))
        connection.recv(1000)
        return packet[8:]

    observation = observe("openssl-3.0", script, starttls=StartTls("tds", "server.example.test"))
    assert str(observation.attempts[0].failure) == "server-hello:alert-handshake_failure"


@pytest.mark.parametrize(
    ("host", "failure"),
    [
        ("nowhere.invalid", parse_reason("connect:unresolved")),
        ("a" * 70 + ".invalid", parse_reason("connect:unresolved")),
        ("127.0.0.1", parse_reason("connect:refused")),
    ],
)
def test_a_server_that_is_not_there(host: str, failure: Reason) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert reach(Destination(host, port), 5) == failure
    observation = connect(PROFILES["java-8"].player, Destination(host, port, None, SMTP), deadline_seconds=5)
    assert observation.attempts[0].failure == failure
    assert observation.attempts[0].client_port is None


@pytest.mark.skipif(not Path("/proc/net/if_inet6").is_file(), reason="this machine has no IPv6")
def test_an_ipv6_address() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        assert reach(Destination("::1", listener.getsockname()[1]), 5) is None


def test_an_ipv6_address_with_a_zone() -> None:
    host = link_local()
    if host is None:
        pytest.skip("no interface has a link-local address; ip -6 address add fe80::1/64 dev lo makes one")
    with socket.create_server(("::", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        assert reach(Destination(host, port), 5) is None
        assert reach(Destination(host.partition("%")[0], port), 5) == parse_reason("connect:unreachable")


def link_local() -> str | None:
    """An address of this machine's with its zone; the table has address, ..., scope, flags, interface."""
    table = Path("/proc/net/if_inet6")
    rows = [line.split() for line in table.read_text().splitlines()] if table.is_file() else []
    found = [(row[0], row[5]) for row in rows if row[3] == "20"]
    return f"{ip_address(bytes.fromhex(found[0][0]))}%{found[0][1]}" if found else None


def test_of_several_addresses_the_first_that_accepts_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as closed:
        silent, here = closed.getsockname(), listener.getsockname()
        closed.close()
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in (silent, here)]
        with connect_to_first(addresses, time.monotonic() + 5) as connection:
            assert connection.getpeername() == here
        with pytest.raises(TransportFailure, match="refused"):
            connect_to_first(addresses[:1], time.monotonic() + 5)
