"""What a peer does and what the observation says: scripted misbehaviour, real servers, both in a ladder."""

import select
import socket
import ssl
import time
import tracemalloc
from contextlib import ExitStack
from pathlib import Path

import pytest

from clients.connect import connect
from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.http_answer import MAX_RESPONSE_BYTES, http_status
from clients.observation import Observation
from clients.profile import load_profiles
from clients.transport import Transport
from handshake.crypto.suite_parameters import is_completable
from handshake.reason import Kind, parse_reason
from handshake.wire.client_hello import pull_client_hello
from handshake.wire.handshake_message import (
    MESSAGE_HEADER_SIZE,
    HandshakeMessage,
    push_handshake_message,
)
from handshake.wire.messages import ServerHello, push_server_hello
from handshake.wire.record import RECORD_HEADER_SIZE, Record, push_record
from handshake.wire.registry import ContentType, HandshakeType, is_grease
from tests.clients.servers import (
    Script,
    alert,
    floods,
    read_hello,
    resets,
    scripted_server,
    sends,
    sends_and_resets,
    sends_and_waits,
)
from tests.clients.tls_servers import (
    ANSWER,
    ServerCertificate,
    make_certificate,
    openssl,
    openssl_that_stays,
    tlslite_sslv3,
)

PROFILES = load_profiles()
NAME = "server.example.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ServerCertificate:
    return make_certificate(Path(tmp_path_factory.mktemp("certificate")))


def observe(
    client: str, *scripts: Script, deadline_seconds: float = 5, request: bytes | None = None
) -> Observation:
    with scripted_server(*scripts) as server:
        observation = connect(
            PROFILES[client].player,
            Destination("127.0.0.1", server.port, NAME),
            deadline_seconds=deadline_seconds,
            request=request,
        )
    return observation


def reasons(observation: Observation) -> list[str]:
    return [str(attempt.failure) for attempt in observation.attempts]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (sends(alert(10)), "server-hello:alert-unexpected_message"),
        (sends(alert(40)), "server-hello:alert-handshake_failure"),
        (sends(alert(200)), "server-hello:alert-alert_200"),
        (sends_and_waits(alert(70)), "server-hello:alert-protocol_version"),
        (sends_and_resets(alert(10)), "server-hello:alert-unexpected_message"),
        (sends(alert(0, level=1)), "server-hello:close_notify"),
        (sends(alert(112, level=1)), "server-hello:fin"),
        (sends(b""), "server-hello:fin"),
        (resets, "server-hello:reset"),
        (sends(alert(10)[:4]), "server-hello:fin"),
        (sends(b"HTTP/1.0 400 Bad Request\r\n\r\n"), "server-hello:protocol-error-not-tls"),
        (sends_and_waits(b"HTTP/1.0 400 Bad Request\r\n\r\n"), "server-hello:protocol-error-not-tls"),
    ],
)
def test_ends_of_the_first_flight(script: Script, reason: str) -> None:
    observation = observe("biztalk-ws2008", script)
    assert reasons(observation) == [reason]
    assert not observation.is_answered
    assert observation.response == b""
    assert observation.certificate_sha256 is None
    assert observation.attempts[0].hello_version == 0x0301
    assert observation.attempts[0].negotiated is None
    assert observation.attempts[0].transcript


def test_a_warning_ends_the_handshake_of_java_6() -> None:
    assert reasons(observe("java-6", sends_and_waits(alert(112, level=1)))) == [
        "server-hello:policy-warning-unrecognized_name"
    ]


def server_hello(cipher_suite: int, version: int = 0x0301) -> bytes:
    body = push_server_hello(ServerHello(version, bytes(32), b"", cipher_suite, 0, None))
    message = push_handshake_message(HandshakeMessage(HandshakeType.SERVER_HELLO, body))
    return push_record(Record(ContentType.HANDSHAKE, version, message))


@pytest.mark.parametrize(
    ("client", "version", "cipher_suite"),
    [
        ("java-8", 0x0301, 0x009C),  # TLS_RSA_WITH_AES_128_GCM_SHA256, RFC 5288 section 4
        ("java-8", 0x0301, 0x003C),  # TLS_RSA_WITH_AES_128_CBC_SHA256, RFC 5246 appendix A.5
        ("java-8", 0x0303, 0x00FF),  # TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746 section 3.3
        ("chrome-101", 0x0303, 0x1301),  # TLS_AES_128_GCM_SHA256, RFC 8446 appendix B.4
    ],
)
def test_a_suite_that_may_not_be_chosen_is_the_servers_fault(
    client: str, version: int, cipher_suite: int
) -> None:
    assert cipher_suite in PROFILES[client].attempts[0].cipher_suites
    observation = observe(client, sends_and_waits(server_hello(cipher_suite, version)))
    assert reasons(observation) == ["server-hello:protocol-error-illegal-parameter"]


def test_the_grease_value_of_a_hello_that_is_chosen_is_the_servers_fault() -> None:
    """RFC 8701 section 3.1; the value is drawn anew for every connection."""

    def chooses_the_first(connection: socket.socket) -> bytes:
        hello = read_hello(connection)
        first = pull_client_hello(hello[RECORD_HEADER_SIZE + MESSAGE_HEADER_SIZE :]).cipher_suites[0]
        assert is_grease(first)
        connection.sendall(server_hello(first, 0x0303))
        while connection.recv(1000):
            pass
        return hello

    observation = observe("chrome-101", chooses_the_first)
    assert reasons(observation) == ["server-hello:protocol-error-illegal-parameter"]


def test_a_suite_the_engine_cannot_complete_is_not_the_servers_failure() -> None:
    cipher_suite = 0xFEFF
    assert cipher_suite in PROFILES["firefox-9"].attempts[0].cipher_suites
    assert not is_completable(cipher_suite)
    observation = observe("firefox-9", sends_and_waits(server_hello(cipher_suite)))
    assert [cause for attempt in observation.attempts if (cause := attempt.failure)] == [
        parse_reason("server-hello:unsupported-SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA")
    ]


def test_firefox_retries_after_a_suite_it_did_not_offer() -> None:
    observation = observe("firefox-9", sends(server_hello(0x0001)), sends(b""))
    assert reasons(observation) == [
        "server-hello:protocol-error-cipher-suite-not-offered",
        "server-hello:fin",
    ]


def test_silence_ends_at_the_deadline() -> None:
    started = time.monotonic()
    observation = observe("biztalk-ws2008", sends_and_waits(b""), deadline_seconds=0.2)
    assert reasons(observation) == ["server-hello:timeout"]
    assert 0.2 <= time.monotonic() - started < 3
    assert observation.attempts[0].seconds >= 0.2


def test_a_trickle_does_not_move_the_deadline() -> None:
    def trickle(connection: socket.socket) -> bytes:
        hello = read_hello(connection)
        connection.sendall(b"\x16\x03\x01\x3f\x00")  # a record of 16128 bytes that never gets whole
        connection.settimeout(0.02)
        while True:
            try:
                connection.sendall(b"\x00")
                if not connection.recv(1):
                    return hello
            except TimeoutError:
                continue  # the client is still waiting: the next byte
            except OSError:
                return hello

    observation = observe("biztalk-ws2008", trickle, deadline_seconds=0.3)
    assert reasons(observation) == ["server-hello:timeout"]
    assert observation.attempts[0].seconds < 2


def test_what_came_before_a_failed_send_is_looked_at() -> None:
    player = PROFILES["biztalk-ws2008"].player
    with scripted_server(sends_and_resets(alert(10))) as server, ExitStack() as stack:
        destination = Destination("127.0.0.1", server.port, NAME)
        exchange = Exchange(player, player.hellos[0].template, Visit(destination, 5, b""))
        transport = stack.enter_context(Transport(destination, time.monotonic() + 5))
        exchange.deadline = time.monotonic() + 5
        exchange.connection.start(time.monotonic())
        exchange.flush(transport)
        poll = select.poll()
        poll.register(transport.fileno(), select.POLLHUP)
        assert poll.poll(5000), "the RST has not come"
        exchange.connection.send_alert(1, 90)
        exchange.flush(transport)
    assert str(exchange.failure) == "server-hello:alert-unexpected_message"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    observation = connect(
        PROFILES["firefox-9"].player, Destination("127.0.0.1", port, NAME), deadline_seconds=5
    )
    assert reasons(observation) == ["connect:refused"]
    assert observation.attempts[0].transcript == ()


@pytest.mark.parametrize(
    ("client", "first", "retried"),
    [
        ("ie8-winxp", sends(alert(10)), True),
        ("ie8-winxp", sends(b""), True),
        ("ie8-winxp", resets, False),
        ("ie8-winxp", sends(alert(70)), False),
        ("ie8-winxp", sends(alert(40)), False),
        ("firefox-9", sends(alert(10)), True),
        ("firefox-9", resets, True),
        ("firefox-9", sends(alert(80)), False),
        ("biztalk-ws2008", sends(alert(10)), False),
        ("java-6", sends(b""), False),
    ],
)
def test_the_ladder(client: str, first: Script, retried: bool) -> None:
    with scripted_server(first, sends(alert(80, version=0x0300))) as server:
        observation = connect(
            PROFILES[client].player, Destination("127.0.0.1", server.port, NAME), deadline_seconds=5
        )
    assert len(observation.attempts) == len(server.hellos) == (2 if retried else 1)
    if retried:
        assert observation.attempts[1].hello_version == 0x0300
        assert server.hellos[1][:3] == b"\x16\x03\x00"
        assert reasons(observation)[1] == "server-hello:alert-internal_error"


def test_a_stall_leads_firefox_to_sslv3_with_time_of_its_own() -> None:
    observation = observe("firefox-9", sends_and_waits(b""), sends(alert(80)), deadline_seconds=0.3)
    assert reasons(observation) == ["server-hello:timeout", "server-hello:alert-internal_error"]


def test_ie_6_is_seen_to_speak_sslv2_format() -> None:
    observation = observe("ie6-winxp", sends(b""), sends(b""))
    assert [(a.sslv2_format, a.hello_version) for a in observation.attempts] == [
        (True, 0x0300),
        (False, 0x0300),
    ]


@pytest.mark.parametrize(
    ("client", "ciphers", "version", "suite"),
    [
        ("openssl-3.0", "ECDHE-RSA-AES128-GCM-SHA256", ssl.TLSVersion.TLSv1_2, 0xC02F),
        ("openssl-3.0", "DEFAULT", ssl.TLSVersion.TLSv1_3, 0x1302),
        ("java-17", "DEFAULT", ssl.TLSVersion.TLSv1_3, 0x1302),
        ("chrome-101", "DEFAULT", ssl.TLSVersion.TLSv1_3, 0x1302),
        ("gnutls-3.7", "AES128-SHA", ssl.TLSVersion.TLSv1_2, 0x002F),
        ("java-6", "AES128-SHA:@SECLEVEL=0", ssl.TLSVersion.TLSv1, 0x002F),
        ("openssl-0.9.8", "AES256-SHA:@SECLEVEL=0", ssl.TLSVersion.TLSv1, 0x0035),
        ("biztalk-ws2008", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", ssl.TLSVersion.TLSv1, 0xC013),
        ("ie7-vista", "AES128-SHA:@SECLEVEL=0", ssl.TLSVersion.TLSv1, 0x002F),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated:DeprecationWarning")
def test_a_real_server_answers(
    client: str, ciphers: str, version: ssl.TLSVersion, suite: int, certificate: ServerCertificate
) -> None:
    observation = observe(client, openssl(certificate, ciphers, version))
    assert reasons(observation) == ["None"]
    assert observation.is_answered
    assert observation.response == ANSWER
    assert observation.certificate_sha256 == certificate.sha256
    negotiated = observation.attempts[0].negotiated
    assert negotiated is not None
    assert (negotiated.version, negotiated.cipher_suite) == (version.value, suite)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "None"),
        (b"HTTP/1.0 200 OK\n\nuntil the end", "None"),
        (b"HTTP/1.0 200 OK\nContent-Length: 5\n\nwhole", "None"),
        (b"HTTP/1.0 200 OK\nContent-Length: 50\n\ntoo short", "application-data:fin"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\ntoo short", "application-data:fin"),
        (b"HTTP/1.0 200 OK\r\n", "application-data:fin"),
        (b"", "application-data:fin"),
        (b"220 mail.example.test ESMTP\r\n", "None"),
        (b"H", "application-data:fin"),
    ],
)
def test_what_a_whole_answer_is(answer: bytes, reason: str, certificate: ServerCertificate) -> None:
    observation = observe("openssl-3.0", openssl(certificate, "DEFAULT", ssl.TLSVersion.TLSv1_2, answer))
    assert reasons(observation) == [reason]
    assert observation.is_answered == (reason == "None")
    assert observation.response == answer


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + b"5\r\nwhole\r\n0\r\n\r\n",
        CHUNKED + b"4;name=value\r\n0\r\n\r\r\n0a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
        CHUNKED.replace(b"\r\n", b"\n") + b"5\nwhole\n0\n\n",
        CHUNKED.replace(b"chunked", b"gzip, Chunked") + b"0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\nLink: x\n\nHTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    ],
)
def test_an_answer_that_ends_is_whole_though_the_connection_stays(
    answer: bytes, certificate: ServerCertificate
) -> None:
    observation = observe("openssl-3.0", openssl_that_stays(certificate, answer), deadline_seconds=60)
    assert reasons(observation) == ["None"]
    assert observation.attempts[0].seconds < 30
    assert http_status(answer) in (200, 204, 304)
    assert observation.response == answer


@pytest.mark.long(but=["*what comes, comes*", "*too short*"])  # each waits for its deadline
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nwhat comes, comes", "None"),
        (CHUNKED + b"5\r\nevent\r\n", "None"),
        (CHUNKED + b"5\r\nevent\r\n0\r\n", "None"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ntoo short", "application-data:timeout"),
        (b"HTTP/1.1 200 OK\r\n", "application-data:timeout"),
    ],
)
def test_an_answer_without_an_end_is_one_and_half_of_one_is_none(
    answer: bytes, reason: str, certificate: ServerCertificate
) -> None:
    observation = observe("openssl-3.0", openssl_that_stays(certificate, answer), deadline_seconds=2)
    assert reasons(observation) == [reason]
    assert observation.is_answered == (reason == "None")


def test_a_long_answer_is_cut(certificate: ServerCertificate) -> None:
    answer = b"HTTP/1.0 200 OK\r\n\r\n" + bytes(8 * 2**20)
    observation = observe("openssl-3.0", openssl(certificate, "DEFAULT", ssl.TLSVersion.TLSv1_2, answer))
    assert reasons(observation) == ["None"]
    assert len(observation.response) == MAX_RESPONSE_BYTES


def test_firefox_works_after_fallback_to_sslv3(certificate: ServerCertificate) -> None:
    observation = observe("firefox-9", sends(alert(10)), tlslite_sslv3(certificate))
    assert reasons(observation) == ["server-hello:alert-unexpected_message", "None"]
    assert observation.is_answered
    assert observation.attempts[1].negotiated is not None
    assert observation.attempts[1].negotiated.version == 0x0300


@pytest.mark.long(but=["zeros", "an?endless?message"])
@pytest.mark.parametrize(
    "data",
    [
        alert(112, level=1) * 100,
        push_record(Record(ContentType.HANDSHAKE, 0x0301, b"\x02\xff\xff\xff" + bytes(16_000))),
        b"\x00" * 65_536,
    ],
    ids=["warnings", "an endless message", "zeros"],
)
def test_a_flood_is_bounded(data: bytes) -> None:
    tracemalloc.start()
    try:
        observation = observe("biztalk-ws2008", floods(data), deadline_seconds=30)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert observation.attempts[0].failure is not None
    assert observation.attempts[0].failure.kind is Kind.PROTOCOL_ERROR
    assert peak < 64 * 2**20
