"""OpenSSL at thirteen levels: what each declares is asked of the running library again.

Skipped where the stack is not fetched (tls-matrix stacks fetch 'openssl-*').
"""

import os
import select
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from OpenSSL import SSL

from handshake.wire.cipher_suites import parse_cipher_suite
from handshake.wire.registry import ProtocolVersion, parse_version
from servers.contract import PrivateKeyAndChain
from servers.credentials import CLIENT_SUBJECT, make_credentials
from servers.listener import reset_on_close, set_timeout
from servers.processes.start import NotInstalled, start_servers
from servers.variant import parse_server_id
from tests.servers.conduct import (
    assert_serves_several_at_once,
    assert_takes_line_feeds_alone,
    reset_connections,
)
from tests.servers.offers import EVERYTHING, Answer, ask, hello_of, picked
from tests.servers.openssl_client import OpenSSLClient
from tests.servers.real_servers import CLIENT_TIMEOUT, connect
from tests.servers.started import CLIENTS, DEFINITIONS, Variants, started_when_asked

LEVELS = tuple(DEFINITIONS["openssl"].levels)
NODE_LEVELS = tuple(level for level in LEVELS if level.startswith("1.0."))
VERSIONS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
UNKNOWN_CIPHER_SUITE = 0xFEFD
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
KEPT_ALIVE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
RENEGOTIATION = KEPT_ALIVE.replace(b"/ ", b"/reneg ", 1)
# Of TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA, which every level has.
SSLV2_HELLO = bytes.fromhex("801f0103010006000000100000ff00002f") + bytes(range(16))

every_level = pytest.mark.parametrize("level", LEVELS)
every_configuration = pytest.mark.parametrize("configuration", ["default", "legacy"])


@pytest.fixture(scope="module")
def openssl(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Variants]:
    with started_when_asked(credentials) as variants:
        yield variants


@pytest.mark.long(but=["*-4.0.3", "*-1.0.0f"])
@every_level
@every_configuration
def test_picks_every_suite_it_declares_and_no_other(
    openssl: Variants, level: str, configuration: str
) -> None:
    server = openssl.start(f"openssl@{level},configuration={configuration}")
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    found = {version: picked(server, parse_version(version))[0] for version in VERSIONS}
    assert {parse_version(version) for version in VERSIONS if found[version]} == set(declared.versions)
    assert {suite for suites in found.values() for suite in suites} == set(declared.cipher_suites)


@pytest.mark.long(but=["4.0.3", "1.0.0f"])
@every_level
def test_a_line_feed_alone_ends_a_line_of_a_request(openssl: Variants, level: str) -> None:
    assert_takes_line_feeds_alone(openssl.start(f"openssl@{level}"))


@every_level
@every_configuration
def test_the_clients_order_decides(openssl: Variants, level: str, configuration: str) -> None:
    server = openssl.start(f"openssl@{level},configuration={configuration}")
    assert parse_server_id(server.id, DEFINITIONS).declared().preference == "client"
    one, another = picked(server, ProtocolVersion.TLS_1_0 if level == "1.0.0f" else ProtocolVersion.TLS_1_2)[
        0
    ][:2]
    version = ProtocolVersion.TLS_1_2
    assert [
        ask(server, hello_of(version, order)).cipher_suite for order in ((one, another), (another, one))
    ] == [
        one,
        another,
    ]


@every_level
@every_configuration
def test_refuses_as_it_declares(openssl: Variants, level: str, configuration: str) -> None:
    server = openssl.start(f"openssl@{level},configuration={configuration}")
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    refusals = declared.refusals
    for version in range(ProtocolVersion.SSL_3_0, declared.versions[0]):
        is_sslv3 = version == ProtocolVersion.SSL_3_0
        expected = (is_sslv3 and refusals.no_common_version_in_sslv3) or refusals.no_common_version
        assert ask(server, hello_of(version, EVERYTHING)) == Answer(refusal=expected)
    for highest in declared.versions:
        answer = ask(server, hello_of(highest, [UNKNOWN_CIPHER_SUITE]))
        assert answer == Answer(refusal=refusals.no_common_cipher_suite)


@every_level
@every_configuration
def test_reads_an_sslv2_format_hello_as_it_declares(
    openssl: Variants, level: str, configuration: str
) -> None:
    server = openssl.start(f"openssl@{level},configuration={configuration}")
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    answer = ask(server, SSLV2_HELLO)
    if not declared.sslv2_hello:
        assert answer == Answer(refusal=declared.refusals.sslv2_hello)
    elif ProtocolVersion.TLS_1_0 in declared.versions:
        assert answer == Answer(ProtocolVersion.TLS_1_0, parse_cipher_suite("TLS_RSA_WITH_AES_128_CBC_SHA"))
    else:
        assert answer == Answer(refusal=declared.refusals.no_common_version), "read, and then refused"


@every_level
def test_answers_and_tells_what_it_saw(openssl: Variants, level: str) -> None:
    server_id = f"openssl@{level},configuration=legacy"
    server = openssl.start(server_id)
    assert server.stack.startswith(f"OpenSSL {level} ")
    with OpenSSLClient(server) as client:
        answer = client.ask(REQUEST)
        assert client.certificate_sha256() in server.certificate_sha256
        suite, version = client.tls.get_cipher_name(), client.tls.get_protocol_version_name()
        assert client.is_ended_orderly()
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert f"OpenSSL {level}".encode() in answer
    seen = openssl.seen(server_id, client.port)
    assert (seen.alert_sent, seen.reason) == (None, None)
    assert parse_version(str(seen.version)) == parse_version(
        version.replace("TLSv1", "TLSv1.0", version == "TLSv1")
    )
    assert parse_cipher_suite(str(seen.cipher_suite)) == parse_cipher_suite(str(suite))


@every_level
def test_refusal_is_told_with_its_alert_and_the_librarys_words(openssl: Variants, level: str) -> None:
    server_id = f"openssl@{level}"
    flight = hello_of(ProtocolVersion.TLS_1_2, [UNKNOWN_CIPHER_SUITE])
    with connect(openssl.start(server_id)) as plain:
        plain.sendall(flight)
        assert plain.recv(65536)[5:] == b"\x02\x28"
        assert plain.recv(1) == b"", "and then the end of the stream"
        peer_port = plain.getsockname()[1]
    seen = openssl.seen(server_id, peer_port)
    assert (seen.alert_sent, seen.cipher_suite, seen.reason) == (
        "handshake_failure",
        None,
        "no shared cipher",
    )


@every_level
def test_connection_is_kept_where_the_request_says_so(openssl: Variants, level: str) -> None:
    with OpenSSLClient(openssl.start(f"openssl@{level},configuration=legacy"), SSL.TLS1_2_VERSION) as client:
        for _ in range(2):
            assert b"\r\nConnection: keep-alive\r\n" in client.ask(KEPT_ALIVE)
        assert b"\r\nConnection: close\r\n" in client.ask(REQUEST)
        assert client.is_ended_orderly()


@every_level
def test_request_for_a_renegotiation(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level},configuration=legacy")
    is_asked = parse_server_id(server.id, DEFINITIONS).declared().renegotiation.server_initiated
    with OpenSSLClient(server, SSL.TLS1_2_VERSION) as client:
        client.ask(KEPT_ALIVE)
        first_random = client.tls.client_random()
        assert client.ask(RENEGOTIATION).startswith(b"HTTP/1.0 200 ")
        assert (client.tls.client_random() != first_random) == is_asked
        assert client.ask(REQUEST).startswith(b"HTTP/1.0 200 ")
        assert client.is_ended_orderly()


@pytest.mark.parametrize("level", ["1.0.2d", "1.0.2o"])
def test_long_records_of_cbc_with_sha256(openssl: Variants, level: str) -> None:
    # The server's certificate is sent encrypted in a renegotiation.
    server = openssl.start(f"openssl@{level}")
    with OpenSSLClient(server, SSL.TLS1_2_VERSION, cipher_list=b"AES128-SHA256") as client:
        assert client.ask(RENEGOTIATION).startswith(b"HTTP/1.0 200 ")
        assert client.ask(REQUEST).startswith(b"HTTP/1.0 200 ")


@every_level
def test_several_at_once_and_a_stuck_one_blocks_no_other(openssl: Variants, level: str) -> None:
    assert_serves_several_at_once(openssl.start(f"openssl@{level},configuration=legacy"))


@every_level
def test_client_that_goes_away_is_told(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level}")
    reset_connections(server)
    with connect(server) as plain:
        peer_port = plain.getsockname()[1]
    seen = openssl.seen(f"openssl@{level}", peer_port)
    assert (seen.version, seen.cipher_suite) == (None, None)
    assert seen.reason


@pytest.mark.parametrize("level", NODE_LEVELS)
def test_connection_too_many_is_told(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level}")
    with ExitStack() as clients:
        for _ in range(401):
            client = clients.enter_context(connect(server))
        assert client.recv(1) == b""
        seen = openssl.seen(f"openssl@{level}", client.getsockname()[1])
    assert seen.reason == "refused: 400 connections are open"


@pytest.mark.long(but=["1.0.2o"])
@pytest.mark.parametrize("level", NODE_LEVELS)
def test_client_that_never_reads_is_not_read_from_for_ever(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level},configuration=legacy")
    with OpenSSLClient(server, SSL.TLS1_2_VERSION) as client:
        client.tls.do_handshake()
        set_timeout(client.tls, 0.5)
        with pytest.raises(SSL.WantWriteError):
            client.tls.sendall(KEPT_ALIVE * 1_000_000)


@pytest.mark.parametrize("level", NODE_LEVELS)
def test_requests_in_one_record_are_all_answered(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level},configuration=legacy")
    with OpenSSLClient(server, SSL.TLS1_2_VERSION) as client:
        client.tls.sendall(2 * KEPT_ALIVE + REQUEST)
        answers = b""
        with suppress(SSL.ZeroReturnError):
            while True:
                answers += client.tls.recv(4096)
    assert answers.count(b"HTTP/1.0 200 ") == 3


@every_level
def test_reset_is_told(openssl: Variants, level: str) -> None:
    with connect(openssl.start(f"openssl@{level}")) as plain:
        plain.sendall(hello_of(ProtocolVersion.TLS_1_2, EVERYTHING))
        assert plain.recv(1) == b"\x16", "the connection is known to the server"
        peer_port = plain.getsockname()[1]
        reset_on_close(plain)
    assert openssl.seen(f"openssl@{level}", peer_port).reason == "connection lost: ECONNRESET"


@every_level
def test_client_that_says_close_notify_has_done_nothing_wrong(openssl: Variants, level: str) -> None:
    server_id = f"openssl@{level},configuration=legacy"
    with OpenSSLClient(openssl.start(server_id), SSL.TLS1_2_VERSION) as client:
        client.tls.do_handshake()
        client.tls.shutdown()
        assert client.is_ended_orderly()
    seen = openssl.seen(server_id, client.port)
    assert (seen.alert_sent, seen.reason) == (None, None)
    assert seen.cipher_suite is not None


@every_level
def test_bytes_that_are_no_tls_are_refused_and_the_server_goes_on(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level}")
    for junk in (b"GET / HTTP/1.0\r\n\r\n", bytes(64), b"\x16\x03\x01\xff\xff" + bytes(70000)):
        with connect(server) as plain:
            plain.sendall(junk)
            assert len(plain.recv(65536)) <= 7, "an alert or nothing"
    assert ask(server, hello_of(ProtocolVersion.TLS_1_2, EVERYTHING)).refusal is None


@pytest.mark.long(but=["4.0.3", "1.0.0f"])
@every_level
def test_certificate_that_is_required(openssl: Variants, level: str) -> None:
    server_id = f"openssl@{level},client-certificate=require,configuration=legacy"
    server = openssl.start(server_id)
    with OpenSSLClient(server, credential=CLIENTS["rsa"]) as trusted:
        assert trusted.ask(REQUEST).startswith(b"HTTP/1.0 200 ")
    stranger = make_credentials(CLIENT_SUBJECT)["rsa"]
    for credential in (None, stranger):
        with (
            OpenSSLClient(server, credential=credential) as refused,
            pytest.raises((SSL.Error, SSL.SysCallError)),
        ):
            refused.ask(REQUEST)
        assert openssl.seen(server_id, refused.port).reason


@pytest.mark.long(but=["4.0.3", "1.0.0f"])
@every_level
def test_certificate_that_is_requested_may_be_missing(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level},client-certificate=request,configuration=legacy")
    for credential in (None, CLIENTS["rsa"]):
        with OpenSSLClient(server, credential=credential) as client:
            assert client.ask(REQUEST).startswith(b"HTTP/1.0 200 ")


def children_of(process_id: int) -> list[int]:
    return [
        int(child) for child in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    ]


@pytest.mark.parametrize("level", [NODE_LEVELS[0], NODE_LEVELS[-1]])
@pytest.mark.parametrize("is_killed", [False, True])
def test_no_node_is_left(
    credentials: Mapping[str, PrivateKeyAndChain], level: str, *, is_killed: bool
) -> None:
    with started_when_asked(credentials) as variants:
        server_id = f"openssl@{level}"
        stuck = connect(variants.start(server_id))
        (node,) = children_of(process_id := variants.process_id(server_id))
        descriptor = os.pidfd_open(node)
        if is_killed:
            os.kill(process_id, signal.SIGKILL)
            assert select.select([descriptor], [], [], CLIENT_TIMEOUT)[0]
    assert select.select([descriptor], [], [], 0)[0]
    os.close(descriptor)
    stuck.close()


def test_node_that_ends_by_itself_is_told(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    with started_when_asked(credentials) as variants:
        server_id = f"openssl@{NODE_LEVELS[0]}"
        variants.start(server_id)
        (node,) = children_of(variants.process_id(server_id))
        os.kill(node, signal.SIGKILL)
        deadline = time.monotonic() + CLIENT_TIMEOUT
        while (stopped := variants.stopped(server_id)) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "node ended by itself" in str(stopped)


@pytest.mark.parametrize("level", [level for level in LEVELS if level != "4.0.3"])
def test_level_that_is_not_fetched_names_the_command(
    credentials: Mapping[str, PrivateKeyAndChain],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    level: str,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    variant = parse_server_id(f"openssl@{level}", DEFINITIONS)
    with start_servers([variant], credentials) as servers:
        found = servers[variant.id]
    assert isinstance(found, NotInstalled)
    assert f"tls-matrix stacks fetch openssl-{level}" in found.message
