"""A port that says who is calling: genuine programs, several at once, and callers that say no hello."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from clients.capture import listening
from clients.capture.captured_hello import CapturedHello
from clients.capture.ladder import ladders
from clients.capture.listening import Refusal, listen
from clients.capture.nearest import Known
from clients.genuine.program import PREFIX, Call
from clients.genuine.programs import load_programs
from handshake.wire.client_hello import SSLv2ClientHello, push_sslv2_client_hello
from handshake.wire.record import SSLv2Record, push_sslv2_record
from tests.clients.capture.hellos import NAME, PROFILES, hello

SECONDS = 20.0
HELLO = hello("openssl-3.0")


@dataclass
class Listening:
    """Where it listens, and who has called."""

    port: int
    calls: list[CapturedHello] = field(default_factory=list)
    heard: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> list[CapturedHello]:
        with self.heard:
            assert self.heard.wait_for(lambda: len(self.calls) >= count, SECONDS), self.calls
            return list(self.calls)


@contextmanager
def listening_port(refusal: Refusal = Refusal.ALERT) -> Iterator[Listening]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Listening(listener.getsockname()[1])
        ending, told = socket.socketpair()

        def take() -> None:
            for call in listen(listener, refusal, ending):
                with found.heard:
                    found.calls.append(call)
                    found.heard.notify_all()

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield found
        finally:
            with ending, told:
                told.send(b"\0")
                thread.join(timeout=SECONDS)
            assert not thread.is_alive()


def call(port: int, *pieces: bytes) -> bytes:
    """Say something, and read to the end what comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        try:
            while data := connection.recv(1000):
                answer += data
        except ConnectionResetError:
            return b"reset"
    return answer


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("curl", ("openssl-3.0", "curl")),
        ("jsse-17", ("java-17",)),
        ("openssl-1.0.2o", ("openssl-1.0.2",)),
        ("gnutls", ("gnutls-3.7",)),
    ],
)
def test_genuine_programs_are_named(program: str, names: tuple[str, ...]) -> None:
    asked = next(each for each in load_programs().values() if each.id.startswith(f"{PREFIX}{program}"))
    if asked.missing is not None:
        pytest.skip(asked.missing)
    with listening_port() as found:
        asked.visit(Call("127.0.0.1", found.port, NAME, b"", time.monotonic() + SECONDS))
        (first, *_) = found.wait_for(1)
    assert first.server_name == NAME
    assert first.flight is not None
    nearest = Known(PROFILES.values()).nearest(first.flight, NAME)[0]
    assert nearest.profile.id.startswith(names)
    assert str(first.answer.failure) == "server-hello:alert-handshake_failure"


@pytest.mark.parametrize(
    ("refusal", "answer", "reason"),
    [
        (Refusal.ALERT, bytes.fromhex("15 0303 0002 0228"), "server-hello:alert-handshake_failure"),
        (Refusal.FIN, b"", "server-hello:fin"),
        (Refusal.RESET, b"reset", "server-hello:reset"),
    ],
)
def test_how_callers_are_refused(refusal: Refusal, answer: bytes, reason: str) -> None:
    with listening_port(refusal) as found:
        assert call(found.port, HELLO[:3], HELLO[3:]) == answer
        (one,) = found.wait_for(1)
    assert (one.wire, one.stream, str(one.answer.failure)) == (HELLO, 1, reason)
    assert one.client is not None
    assert one.client[0] == bytes((127, 0, 0, 1))
    assert one.server == (bytes((127, 0, 0, 1)), found.port)


def test_hellos_in_sslv2_format() -> None:
    alone = SSLv2ClientHello(0x0002, (0x010080,), b"", bytes(16))
    ssl2 = push_sslv2_record(SSLv2Record(push_sslv2_client_hello(alone)))
    wire = hello("ie6-winxp")
    with listening_port() as found:
        assert call(found.port, wire).startswith(b"\x15\x03")
        assert call(found.port, ssl2) == bytes.fromhex("8003 00 0001")
        calls = found.wait_for(2)
    assert [one.wire for one in calls] == [wire, ssl2]


def test_a_client_that_tries_again_has_a_ladder() -> None:
    first, second = hello("java-25-httpclient"), hello("java-25-httpclient", 2)
    with listening_port(Refusal.FIN) as found:
        call(found.port, first)
        call(found.port, second)
        calls = found.wait_for(2)
    assert [len(ladder) for ladder in ladders(calls)] == [2]


def test_several_call_at_once_and_none_waits_for_another() -> None:
    with listening_port() as found, socket.create_connection(("127.0.0.1", found.port)) as slow:
        slow.sendall(HELLO[:20])
        for number in range(1, 5):
            call(found.port, HELLO)
            assert found.wait_for(number)[-1].wire == HELLO
        slow.sendall(HELLO[20:])
        assert found.wait_for(5)[-1].client == (bytes((127, 0, 0, 1)), slow.getsockname()[1])


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b"", "it says nothing"),
        (b"GET / HTTP/1.1\r\n\r\n", 'it says "GET / HTTP/1.1"'),
        (HELLO[:40], "35 bytes are there of a message of 3"),
        (b"\x00" * 30_000, "it says"),
    ],
    ids=["nothing", "http", "cut", "much"],
)
def test_callers_without_a_hello(said: bytes, problem: str) -> None:
    with listening_port() as found:
        with socket.create_connection(("127.0.0.1", found.port)) as connection:
            connection.sendall(said)
        (one,) = found.wait_for(1)
    assert one.flight is None
    assert one.problem.startswith(problem)


def test_who_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "HELLO_SECONDS", 0.2)
    with listening_port() as found, socket.create_connection(("127.0.0.1", found.port)) as silent:
        assert found.wait_for(1)[0].problem == "it says nothing"
        silent.settimeout(SECONDS)
        assert silent.recv(10) == b""


def test_the_number_of_callers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "MAX_CALLERS", 3)
    monkeypatch.setattr(listening, "HELLO_SECONDS", 1.0)
    with listening_port() as found:
        silent = [socket.create_connection(("127.0.0.1", found.port)) for _ in range(3)]
        assert call(found.port, HELLO).startswith(b"\x15")
        calls = found.wait_for(4)
        for connection in silent:
            connection.close()
    # Who is told first depends on who is given up first.
    assert [one.problem for one in calls].count("it says nothing") == 3
    assert [one.wire for one in calls if not one.problem] == [HELLO]
