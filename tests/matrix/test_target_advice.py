"""What is said to do about a target that answers the words before TLS, and does not begin TLS."""

import socket

import pytest

from clients.destination import Destination
from clients.starttls import PROTOCOLS, StartTls
from matrix.grid.servers import unreachable
from matrix.judgement.outcome import Verdict
from matrix.reports.groups import Group
from matrix.reports.next_step import next_step
from matrix.results.run_file import AskedRecord, CellRecord, TargetRecord
from tests.clients.servers import Script, scripted_server
from tests.matrix.runs import cell, run

REFUSED, SWITCHED_OFF, ANOTHER = (
    "why it refuses",
    "switch TLS on at the server",
    "check that the server speaks",
)
MYSQL_ERROR = b"\xff\x10\x04Too many connections"
MYSQL_WITHOUT_TLS = b"\x0a8.0\0" + bytes(4 + 8 + 1) + b"\xff\xf7" + bytes(30)


def in_packet(payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + b"\0" + payload


def answers(*words: bytes) -> Script:
    """Say one thing, and another for each that comes."""

    def script(connection: socket.socket) -> bytes:
        for number, word in enumerate(words):
            if number:
                connection.recv(1000)
            connection.sendall(word)
        connection.recv(1000)
        return b""

    return script


def advised(protocol: str, script: Script) -> tuple[str, str]:
    """What the note on a cell ends with, and the next step."""
    with scripted_server(script) as server:
        starttls = StartTls(protocol, "inner.example:443")
        problem = unreachable(Destination("127.0.0.1", server.port, "x", starttls), 5)
    assert problem is not None
    assert problem.verdict is Verdict.HARNESS_ERROR
    target = TargetRecord(name="mine", address="192.0.2.1:1", server_name=None, starttls=protocol)
    return problem.note.rpartition("; ")[2], next_step_at(
        target, cell("mine", "c", None, problem.reason, problem.verdict, note=problem.note)
    )


def next_step_at(target: TargetRecord, broken: CellRecord) -> str:
    content = run(broken)
    servers = {"mine": content.servers["mine"].model_copy(update={"kind": "external"})}
    asked = content.run.model_copy(update={"asked": AskedRecord(targets=[target])})
    return next_step(Group((broken,), ""), content.model_copy(update={"run": asked, "servers": servers}))


CASES = [
    ("smtp", answers(b"554 go away\r\n"), REFUSED),
    ("smtp", answers(b"220 x\r\n", b"250 STARTTLS\r\n", b"454 not now\r\n"), REFUSED),
    ("smtp", answers(b"220 x\r\n", b"250 x\r\n"), SWITCHED_OFF),
    ("imap", answers(b"* BYE no\r\n"), REFUSED),
    ("imap", answers(b"* OK x\r\n", b"a BAD what\r\n"), REFUSED),
    ("pop3", answers(b"-ERR no\r\n"), REFUSED),
    ("ftp", answers(b"220 x\r\n", b"502 no\r\n"), REFUSED),
    ("ldap", answers(b"", bytes.fromhex("300c02010178070a013404000400")), REFUSED),
    ("ldap", answers(b"", bytes.fromhex("300c02010178070a010204000400")), SWITCHED_OFF),
    ("xmpp", answers(b"", b"<stream:stream><stream:error><x/></stream:error>"), REFUSED),
    ("xmpp", answers(b"", b"<stream:stream><stream:features/>"), SWITCHED_OFF),
    ("mysql", answers(in_packet(MYSQL_ERROR)), REFUSED),
    ("mysql", answers(in_packet(MYSQL_WITHOUT_TLS)), SWITCHED_OFF),
    ("postgres", answers(b"", b"N"), SWITCHED_OFF),
    ("postgres", answers(b"", b"E\0\0\0\x0aSERROR"), REFUSED),
    ("tds", answers(b"", b"\x04\x01\0\x0d\0\0\1\0\xaa\x01\0n\0"), REFUSED),
    ("http-connect", answers(b"", b"HTTP/1.1 302 Found\r\n\r\n"), "at the proxy"),
    ("http-connect", answers(b"", b"HTTP/1.1 407 Who are you?\r\n\r\n"), "at the proxy"),
    *((protocol, answers(b"\0HTTP/1.0 400 >\r\n\r\n"), ANOTHER) for protocol in PROTOCOLS),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "script", "expected"), CASES)
def test_the_advice_fits_what_the_server_said(protocol: str, script: Script, expected: str) -> None:
    advice, step = advised(protocol, script)
    assert expected in advice
    assert step == f"{advice}, then run again"
    assert protocol in advice or expected == "at the proxy"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_that_says_nothing_may_not_answer_or_speak_another_protocol(protocol: str) -> None:
    def closes(connection: socket.socket) -> bytes:
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1000)

    advice, step = advised(protocol, closes)
    assert advice == f"{ANOTHER} {protocol}"
    assert step == "see that 192.0.2.1:1 answers from this machine, then run again"
