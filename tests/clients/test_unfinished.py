"""A server that stops in the middle of something is not said to be silent, and what came of it is kept."""

import shutil
import socket
import ssl
import time
from pathlib import Path

import pytest

from clients.connect import connect, reach
from clients.destination import Destination
from clients.genuine.own import load_own_programs
from clients.genuine.visit import visit
from clients.observation import Attempt
from clients.profile import load_profiles
from clients.starttls import StartTls
from matrix.captures.capture import capture_of
from matrix.results.evidence import evidence_of, observation_of, to_plain
from tests.clients.servers import Script, read_hello, scripted_server
from tests.clients.tls_servers import make_certificate, openssl

PLAYER = load_profiles()["openssl-3.0"].player
MESSAGE = bytes.fromhex("02000050 0303") + bytes(range(26))
IN_A_RECORD = bytes.fromhex("160303") + len(MESSAGE).to_bytes(2) + MESSAGE
ALERT_WARNING = bytes.fromhex("1503030002 0170")


def sends(*pieces: bytes, closes: bool = False, pause: float = 0.0, asks: bool = True) -> Script:
    """Send pieces, with a pause between them, and wait for the client to leave, or close."""

    def script(connection: socket.socket) -> bytes:
        hello = read_hello(connection) if asks else b""
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        if closes:
            connection.shutdown(socket.SHUT_WR)
        while connection.recv(1000):
            pass
        return hello

    return script


WAIT_SECONDS = 1.0
"""For what a server that waits has sent before; a loaded machine takes its time."""


def attempt_at(script: Script, seconds: float = WAIT_SECONDS, starttls: StartTls | None = None) -> Attempt:
    with scripted_server(script) as server:
        destination = Destination("127.0.0.1", server.port, "x.example", starttls)
        return connect(PLAYER, destination, deadline_seconds=seconds).attempts[0]


CASES = [
    pytest.param(sends(IN_A_RECORD[:20]), "timeout", "a record", 20, id="half-a-record"),
    pytest.param(sends(IN_A_RECORD[:3]), "timeout", "a record", 3, id="half-a-header"),
    pytest.param(sends(IN_A_RECORD[:20], closes=True), "fin", "a record", 20, id="and-closes"),
    pytest.param(sends(IN_A_RECORD), "timeout", "a handshake message", len(MESSAGE), id="half-a-message"),
    pytest.param(sends(IN_A_RECORD[:9], IN_A_RECORD[9:11], pause=0.03), "timeout", "a record", 11, id="slow"),
    pytest.param(sends(ALERT_WARNING + b"\x16"), "timeout", "a record", 1, id="behind-a-whole-one"),
    pytest.param(sends(b""), "timeout", "", 0, id="nothing"),
    pytest.param(sends(ALERT_WARNING), "timeout", "", 0, id="whole-records"),
    pytest.param(sends(b"", closes=True), "fin", "", 0, id="closes"),
]


@pytest.mark.long(but=["half-a-record", "and-closes", "nothing"])
@pytest.mark.parametrize(("script", "kind", "unfinished", "received"), CASES)
def test_what_was_begun_is_said(script: Script, kind: str, unfinished: str, received: int) -> None:
    failure = attempt_at(script, WAIT_SECONDS if kind == "timeout" else 5).failure
    assert failure is not None
    assert str(failure) == f"server-hello:{kind}"
    assert (failure.detail.unfinished, failure.detail.received) == (unfinished, received)
    assert ("stays silent" in failure.sentence) is (kind == "timeout" and not unfinished)
    assert (f"in the middle of {unfinished} " in failure.sentence) is bool(unfinished)


def test_the_bytes_of_a_begun_record_are_evidence_and_in_the_capture() -> None:
    begun = IN_A_RECORD[:20]
    with scripted_server(sends(ALERT_WARNING + begun)) as server:
        destination = Destination("127.0.0.1", server.port, "x.example")
        observation = connect(PLAYER, destination, deadline_seconds=WAIT_SECONDS)
    evidence = evidence_of(observation, ["TLSv1.3"])
    assert begun.hex() in str(to_plain(evidence))
    received = [e for e in observation.attempts[0].transcript if e.direction == "received"]
    assert [(entry.kind, entry.wire) for entry in received] == [
        ("record", ALERT_WARNING),
        ("unfinished", begun),
    ]
    assert ALERT_WARNING + begun in capture_of(evidence)
    failure = observation_of(evidence).attempts[0].failure
    assert failure is not None
    assert failure.detail.received == len(begun), "it is read back from evidence"


GREETING = b"220-hello\r\n"
SMTP = StartTls("smtp", "x.example")


@pytest.mark.parametrize(
    ("script", "received"),
    [
        (sends(*[GREETING] * 3, asks=False, pause=0.02), 33),
        (sends(b"220 hel", asks=False), 7),
        (sends(b"220 hello\r\n", asks=False), 0),
        (sends(asks=False), 0),
    ],
)
def test_words_before_tls_without_an_end(script: Script, received: int) -> None:
    """Of a server that has had its say, and is asked in vain, nothing is unfinished."""
    failures = [attempt_at(script, starttls=SMTP).failure]
    with scripted_server(script) as server:
        failures.append(reach(Destination("127.0.0.1", server.port, "x.example", SMTP), WAIT_SECONDS))
    for failure in failures:
        assert failure is not None
        assert str(failure) == "connect:timeout"
        assert failure.detail.received == received
        assert failure.detail.seconds == WAIT_SECONDS
        assert ("in the middle of what it says before TLS" in failure.sentence) is bool(received)
        assert ("stays silent" in failure.sentence) is not bool(received)


def test_half_a_packet_of_tds_is_unfinished() -> None:
    """Where TLS travels in packets, what is in half a packet cannot be read as a record yet."""
    prelogin = bytes.fromhex("0401001a00000100 00000b0006 0100110001 ff") + bytes(6) + b"\1"

    def script(connection: socket.socket) -> bytes:
        connection.recv(1000)
        connection.sendall(prelogin)
        connection.recv(1000)
        connection.sendall(b"\x12\x01\0\x40\0\0\1\0" + IN_A_RECORD[:4])
        while connection.recv(1000):
            pass
        return b""

    attempt = attempt_at(script, starttls=StartTls("tds", "x.example"))
    assert attempt.failure is not None
    assert (attempt.failure.detail.unfinished, attempt.failure.detail.received) == ("a record", 12)
    assert attempt.transcript[-1].wire.endswith(IN_A_RECORD[:4])


def test_an_answer_that_breaks_off_is_unfinished(tmp_path: Path) -> None:
    answer = b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nhello"
    certificate = make_certificate(tmp_path)
    attempt = attempt_at(openssl(certificate, "DEFAULT", ssl.TLSVersion.TLSv1_2, answer), 5)
    assert attempt.failure is not None
    assert str(attempt.failure) == "application-data:fin"
    assert (attempt.failure.detail.unfinished, attempt.failure.detail.received) == ("its answer", len(answer))


def test_of_a_genuine_client_it_is_said_too(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    (tmp_path / "genuine-mine-1.toml").write_text(
        'id = "genuine-mine-1"\ntitle = "mine"\n'
        'command = ["openssl", "s_client", "-connect", "{host}:{port}", "-ign_eof"]\n'
    )
    program = load_own_programs([tmp_path])["genuine-mine-1"]
    with scripted_server(*[sends(IN_A_RECORD[:20])] * 2) as server:
        (attempt,) = visit(
            program, Destination("127.0.0.1", server.port, "x.example"), deadline_seconds=WAIT_SECONDS
        ).attempts
    assert attempt.failure is not None
    assert str(attempt.failure) == "server-hello:timeout"
    assert (attempt.failure.detail.unfinished, attempt.failure.detail.received) == ("a record", 20)
    assert (attempt.transcript[-1].kind, attempt.transcript[-1].wire) == ("unfinished", IN_A_RECORD[:20])
