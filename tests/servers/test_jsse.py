"""JSSE itself: real Java virtual machines, met by OpenSSL's own client and by the project's clients.

Skipped where the stack is not fetched (tls-matrix stacks fetch 'jsse-*').
"""

import os
import re
import select
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from OpenSSL import SSL

from handshake.wire.cipher_suites import parse_cipher_suite
from handshake.wire.registry import parse_version
from servers.contract import PrivateKeyAndChain
from servers.credentials import CLIENT_SUBJECT, make_credentials
from servers.processes.process import STOP_SECONDS
from tests.servers.conduct import (
    assert_serves_several_at_once,
    assert_takes_line_feeds_alone,
    reset_connections,
)
from tests.servers.openssl_client import OpenSSLClient
from tests.servers.real_servers import connect, read_all, strict_end
from tests.servers.started import CLIENTS, DEFINITIONS, Variants, started_when_asked

LEVELS = tuple(DEFINITIONS["jsse"].levels)

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
KEPT_ALIVE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
RENEGOTIATION = KEPT_ALIVE.replace(b"/ ", b"/reneg ", 1)
# Without curves JDK 11.0.5 has finite-field groups only, with which one TLS 1.3 handshake in 256 fails
# (bench/dropped_zeros.py): no test is to depend on that chance.
WITHOUT_CURVES = "11"
HELLO_READ = "Consuming ClientHello handshake message"

every_level = pytest.mark.parametrize("level", LEVELS)


def best_version(level: str) -> int:
    """The highest version in which every handshake gets through."""
    return SSL.TLS1_2_VERSION if level == WITHOUT_CURVES else SSL.TLS1_3_VERSION


@pytest.fixture(scope="module")
def jsse(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Variants]:
    with started_when_asked(credentials) as variants:
        yield variants


@pytest.mark.long(but=["17-*"])
@pytest.mark.parametrize(
    ("level", "version"),
    [(level, "TLSv1.2") for level in LEVELS]
    + [(level, "TLSv1.3") for level in LEVELS if level != WITHOUT_CURVES],
)
def test_answers_and_tells_what_it_saw(jsse: Variants, level: str, version: str) -> None:
    server = jsse.start(f"jsse@{level}")
    with OpenSSLClient(server, parse_version(version)) as client:
        answer = client.ask(REQUEST)
        assert client.certificate_sha256() in server.certificate_sha256
        suite = client.tls.get_cipher_name()
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert b"\r\nConnection: close\r\n" in answer
    seen = jsse.seen(f"jsse@{level}", client.port)
    assert (seen.version, seen.alert_sent, seen.reason) == (version, None, None)
    assert parse_cipher_suite(str(seen.cipher_suite)) == parse_cipher_suite(str(suite))


@every_level
def test_a_line_feed_alone_ends_a_line_of_a_request(jsse: Variants, level: str) -> None:
    assert_takes_line_feeds_alone(jsse.start(f"jsse@{level}"), best_version(level))


def test_tls_1_3_without_curves_asks_for_a_share_of_a_finite_field_group(jsse: Variants) -> None:
    server = jsse.start(f"jsse@{WITHOUT_CURVES}")
    hellos = []
    for _ in range(4):  # of which one in 256 fails
        with OpenSSLClient(server) as client, suppress(SSL.Error):
            assert client.ask(REQUEST).startswith(b"HTTP/1.0 200 ")
            log = str(jsse.seen(f"jsse@{WITHOUT_CURVES}", client.port).log)
            hellos.append(log.count(HELLO_READ))
    assert 2 in hellos, "the second after a HelloRetryRequest"


@every_level
def test_ends_with_close_notify(jsse: Variants, level: str) -> None:
    server = jsse.start(f"jsse@{level}")
    with OpenSSLClient(server, SSL.TLS1_2_VERSION) as client:
        client.ask(REQUEST)
        assert client.is_ended_orderly()
    if level == WITHOUT_CURVES:
        return
    with connect(server) as plain, strict_end(plain) as tls:
        tls.sendall(REQUEST)
        assert read_all(tls.recv).startswith(b"HTTP/1.0 200 ")
        assert tls.version() == "TLSv1.3"


@every_level
def test_refusal_is_told_with_its_alert_and_why(jsse: Variants, level: str) -> None:
    server = jsse.start(f"jsse@{level}")
    hello = bytes.fromhex("0303") + bytes(32) + bytes.fromhex("00 0002 0009 01 00")  # DES alone
    hello = b"\x01" + len(hello).to_bytes(3) + hello
    with connect(server) as plain:
        plain.sendall(b"\x16\x03\x01" + len(hello).to_bytes(2) + hello)
        assert plain.recv(100)[5:] == b"\x02\x28"
        peer_port = plain.getsockname()[1]
    seen = jsse.seen(f"jsse@{level}", peer_port)
    assert (seen.version, seen.cipher_suite, seen.alert_sent) == (None, None, "handshake_failure")
    assert "no cipher suites in common" in str(seen.reason)
    assert "Fatal (HANDSHAKE_FAILURE): no cipher suites in common" in str(seen.log)


@every_level
def test_several_at_once_and_a_stuck_one_blocks_no_other(jsse: Variants, level: str) -> None:
    server = jsse.start(f"jsse@{level}")
    ports = assert_serves_several_at_once(server, best_version(level))
    logs = [str(jsse.seen(f"jsse@{level}", port).log) for port in ports]
    for port, log in zip(ports, logs, strict=True):
        assert log.count(HELLO_READ) == 1, "the connection's own handshake and no other's"
        assert set(re.findall(r"^javax\.net\.ssl\|[^|]*\|[^|]*\|([^|]*)\|", log, re.MULTILINE)) == {
            f"client-{port}"
        }
        assert "Produced ServerHello handshake message" in log


def test_client_that_goes_away_is_told(jsse: Variants) -> None:
    server = jsse.start("jsse@17")
    reset_connections(server)
    with connect(server) as plain:
        peer_port = plain.getsockname()[1]
    seen = jsse.seen("jsse@17", peer_port)
    assert (seen.version, seen.cipher_suite) == (None, None)
    assert seen.reason


def test_connections_from_one_port_are_told_apart(jsse: Variants) -> None:
    server = jsse.start("jsse@17")
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.2", 0))
        peer_port = first.getsockname()[1]
        second.bind(("127.0.0.3", peer_port))
        for client in (first, second):
            client.connect((server.host, server.port))
            client.sendall(b"\x16\x03\x01")
        first.close()
        assert jsse.seen("jsse@17", peer_port).reason
        jsse.start("jsse@17")  # from now on
        second.close()
        assert jsse.seen("jsse@17", peer_port).reason


@every_level
def test_connection_is_kept_where_the_request_says_so(jsse: Variants, level: str) -> None:
    with OpenSSLClient(jsse.start(f"jsse@{level}"), SSL.TLS1_2_VERSION) as client:
        for _ in range(2):
            assert b"\r\nConnection: keep-alive\r\n" in client.ask(KEPT_ALIVE)
        assert b"\r\nConnection: close\r\n" in client.ask(REQUEST)
        assert client.is_ended_orderly()
    assert str(jsse.seen(f"jsse@{level}", client.port).log).count(HELLO_READ) == 1


@every_level
def test_renegotiation_is_asked_for_and_not_waited_for(jsse: Variants, level: str) -> None:
    with OpenSSLClient(jsse.start(f"jsse@{level}"), SSL.TLS1_2_VERSION) as client:
        assert client.ask(RENEGOTIATION).startswith(b"HTTP/1.0 200 ")
        assert client.ask(REQUEST).startswith(b"HTTP/1.0 200 ")
        assert client.is_ended_orderly()
    seen = jsse.seen(f"jsse@{level}", client.port)
    assert (seen.reason, str(seen.log).count(HELLO_READ)) == (None, 2)


@pytest.mark.parametrize("level", [level for level in LEVELS if level != WITHOUT_CURVES])
def test_no_key_update_in_the_place_of_a_renegotiation(jsse: Variants, level: str) -> None:
    with OpenSSLClient(jsse.start(f"jsse@{level}")) as client:
        assert client.ask(RENEGOTIATION).startswith(b"HTTP/1.0 200 ")
        assert client.ask(REQUEST).startswith(b"HTTP/1.0 200 ")
    log = str(jsse.seen(f"jsse@{level}", client.port).log)
    assert (log.count(HELLO_READ), "Produced KeyUpdate" in log) == (1, False)


def test_renegotiation_that_cannot_begin_ends_the_connection(jsse: Variants) -> None:
    server_id = "jsse@17,provider=bc"
    with (
        OpenSSLClient(jsse.start(server_id), SSL.TLS1_2_VERSION) as client,
        pytest.raises((SSL.ZeroReturnError, SSL.SysCallError)),
    ):
        client.ask(RENEGOTIATION)
    assert jsse.seen(server_id, client.port).reason == (
        "UnsupportedOperationException: Renegotiation not supported"
    )


@pytest.mark.long(but=["client-initiated=yes-False"])
@pytest.mark.parametrize(
    ("setting", "is_refused"), [("client-initiated=yes", False), ("client-initiated=no", True)]
)
def test_renegotiation_of_the_clients_own(jsse: Variants, setting: str, is_refused: bool) -> None:
    server_id = f"jsse@17,{setting}"
    with OpenSSLClient(jsse.start(server_id), SSL.TLS1_2_VERSION) as client:
        client.ask(KEPT_ALIVE)
        client.tls.renegotiate()
        with pytest.raises(SSL.Error) if is_refused else nullcontext():
            client.tls.do_handshake()
            client.ask(REQUEST)
    seen = jsse.seen(server_id, client.port)
    assert seen.alert_sent == ("handshake_failure" if is_refused else None)
    assert ("Client initiated renegotiation is not allowed" in str(seen.reason)) == is_refused


@pytest.mark.long(but=["17-*"])
@pytest.mark.parametrize(
    ("level", "kind"),
    [(level, kind) for level in LEVELS for kind in ("rsa", "ecdsa") if (level, kind) != ("11", "ecdsa")],
)
def test_certificate_that_is_required(jsse: Variants, level: str, kind: str) -> None:
    server_id = f"jsse@{level},client-certificate=require"
    server = jsse.start(server_id)
    with OpenSSLClient(server, best_version(level), CLIENTS[kind]) as trusted:
        assert trusted.ask(REQUEST).startswith(b"HTTP/1.0 200 ")
    stranger = make_credentials(CLIENT_SUBJECT)[kind]
    for credential, alerts in (
        (None, {"bad_certificate", "certificate_required"}),
        (stranger, {"certificate_unknown"}),
    ):
        with OpenSSLClient(server, best_version(level), credential) as refused, pytest.raises(SSL.Error):
            refused.ask(REQUEST)
        assert jsse.seen(server_id, refused.port).alert_sent in alerts


@pytest.mark.long(but=["17"])
@every_level
def test_certificate_that_is_requested_may_be_missing(jsse: Variants, level: str) -> None:
    server_id = f"jsse@{level},client-certificate=request"
    server = jsse.start(server_id)
    for credential, sent in ((None, False), (CLIENTS["rsa"], True)):
        with OpenSSLClient(server, best_version(level), credential) as client:
            assert client.ask(REQUEST).startswith(b"HTTP/1.0 200 ")
        log = str(jsse.seen(server_id, client.port).log)
        assert "Produced CertificateRequest" in log
        assert ("Consuming CertificateVerify handshake message" in log) == sent


@pytest.mark.long(but=["17"])
@pytest.mark.parametrize("level", ["11", "11.0.13", "17", "21"])
def test_bouncy_castles_provider(jsse: Variants, level: str) -> None:
    server = jsse.start(f"jsse@{level},provider=bc")
    assert "Bouncy Castle JSSE Provider" in server.stack
    with OpenSSLClient(server) as client:
        assert b"Bouncy Castle" in client.ask(REQUEST)


def test_nothing_is_left_when_it_has_stopped(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    before_it = set(Path("/tmp").glob(".java_pid*"))
    with started_when_asked(credentials) as variants:
        server = variants.start("jsse@17")
        descriptor = os.pidfd_open(process_id := variants.process_id("jsse@17"))
        stuck = connect(server)
        with OpenSSLClient(server) as client:
            client.ask(REQUEST)
        before = time.monotonic()
    assert time.monotonic() - before < STOP_SECONDS, "at the end of its input, without a signal"
    assert select.select([descriptor], [], [], 0)[0]
    os.close(descriptor)
    stuck.close()
    assert not list(Path(tempfile.gettempdir()).glob(f"hsperfdata_*/{process_id}"))
    # By which one could attach to it; other Java programs leave theirs, and process ids come again.
    assert Path("/tmp", f".java_pid{process_id}") not in set(Path("/tmp").glob(".java_pid*")) - before_it
