"""The bench of fidelity sees a difference where there is one, and none where there is none."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from bench.fidelity.answers import describe_answer, differences, in_words
from bench.fidelity.comparison import Comparison, compare_with_measured
from bench.fidelity.measured import MeasuredServer, measured_answers, recorded_first_flights
from bench.fidelity.questions import (
    Address,
    FirstFlight,
    Patience,
    ask_all,
)
from bench.fidelity.report import report
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import ServerHello, push_server_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType, HandshakeType
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, start_servers
from servers.variant import parse_server_id

SERVER = "jsse6@6u45,policy=unlimited"
SAME_AT_BOTH_LEVELS, NEW_AT_6U45 = "plain_noext", "ri_bad_len"
IMPATIENT = Patience(0.2, 0.2)
HANDSHAKE_FAILURE = b"\x15\x03\x01\x00\x02\x02\x28"


@pytest.fixture(scope="module")
def emulated() -> Iterator[Address]:
    variant = parse_server_id(SERVER, load_definitions())
    with start_servers([variant], make_credentials()) as servers:
        server = servers[variant.id]
        assert isinstance(server, RunningServer), server
        yield Address(server.host, [server.port], 4)


def compare(emulated: Address, level: str) -> Comparison:
    questions = [each for each in recorded_first_flights() if each.name in (SAME_AT_BOTH_LEVELS, NEW_AT_6U45)]
    measured = measured_answers(MeasuredServer(SERVER, level, "answers"))
    return compare_with_measured(SERVER, emulated, questions, measured)


def test_an_emulation_agrees_with_the_measurements_of_its_level(emulated: Address) -> None:
    comparison = compare(emulated, "6u45")
    assert (comparison.total, comparison.agreeing) == (2, 2)
    assert "100.00 %" in report([comparison], [])


def test_an_emulation_does_not_agree_with_the_measurements_of_another_level(emulated: Address) -> None:
    comparison = compare(emulated, "6u18")
    (found,) = comparison.disagreements
    assert found.question == NEW_AT_6U45
    assert found.expected.startswith("ServerHello+Certificate+ServerHelloDone [3.1] (")
    assert found.emulated == "fatal unexpected_message [3.1]; FIN"
    text = report([comparison], ["x: there is no x program"])
    assert "50.00 %" in text
    assert found.expected in text
    assert "there is no x program" in text


NOW = 1_328_054_400.0
TIME = bytes.fromhex("4f288080")


def hello(random: bytes = bytes(32), session_id: bytes = bytes(32)) -> bytes:
    body = push_server_hello(ServerHello(0x0301, random, session_id, 0x002F, 0, None))
    message = push_handshake_message(HandshakeMessage(HandshakeType.SERVER_HELLO, body))
    return push_record(Record(ContentType.HANDSHAKE, 0x0301, message))


@pytest.mark.parametrize(
    ("received", "facts"),
    [
        (hello(TIME + bytes(28), TIME + bytes(28)), []),
        (hello(session_id=TIME + bytes(28)), ["random"]),
        (hello(TIME + bytes(28)), ["session_id"]),
        (hello(), ["random", "session_id"]),
        (hello(bytes(28) + TIME, bytes(28) + TIME), ["random", "session_id"]),
    ],
)
def test_what_fresh_bytes_begin_with_counts(received: bytes, facts: list[str]) -> None:
    measured = describe_answer(hello(TIME + bytes(28), TIME + bytes(28)), "open", NOW)
    found = differences(measured, describe_answer(received, "open", NOW))
    assert found == [f"server_hello.{fact}_begins_with" for fact in facts]


@pytest.mark.parametrize(("late", "is_time"), [(-61, False), (-60, True), (0, True), (60, True), (61, False)])
def test_the_time_may_be_off_by_the_tolerance(late: int, is_time: bool) -> None:
    answer = describe_answer(hello(TIME + bytes(28), b""), "open", NOW + late)["server_hello"]
    assert answer["random_begins_with"] == ("gmt_unix_time" if is_time else "random-bytes")
    assert answer["session_id_begins_with"] is None


@pytest.mark.long(but=["True"])
@pytest.mark.parametrize("is_measured", [True, False])
def test_an_emulation_without_the_time_does_not_agree_where_that_was_measured(is_measured: bool) -> None:
    def answers(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(hello())
        while connection.recv(1):
            pass
        connection.close()

    timed = TIME + bytes(28)
    measured = {"x": describe_answer(hello(timed, timed), "open", NOW if is_measured else None)}
    with server_that(answers, times=2) as address:  # a difference is asked for again
        comparison = compare_with_measured("some", address, [FirstFlight("x", b"?")], measured)
    if not is_measured:
        assert comparison.disagreements == ()
        return
    (found,) = comparison.disagreements
    assert found.facts == ("server_hello.random_begins_with", "server_hello.session_id_begins_with")
    assert "session id begins with the time" in found.expected


@contextmanager
def server_that(answers: Callable[[socket.socket], None], times: int = 1) -> Iterator[Address]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            for _ in range(times):
                connection, _ = listening.accept()
                answers(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Address("127.0.0.1", [listening.getsockname()[1]], 1)
        thread.join(5)


def end_with_fin(connection: socket.socket) -> None:
    connection.sendall(HANDSHAKE_FAILURE)
    connection.recv(1)
    connection.close()


def end_with_reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def stay_open(connection: socket.socket) -> None:
    connection.sendall(HANDSHAKE_FAILURE)
    while connection.recv(1):
        pass
    connection.close()


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (end_with_fin, "fatal handshake_failure [3.1]; FIN"),
        (end_with_reset, "nothing; RST"),
        (stay_open, "fatal handshake_failure [3.1]; open"),
    ],
)
def test_the_end_of_a_connection_is_part_of_the_answer(
    behaviour: Callable[[socket.socket], None], words: str
) -> None:
    with server_that(behaviour) as address:
        answers = ask_all([FirstFlight("x", b"?")], address, IMPATIENT)
    assert in_words(answers["x"]) == words


ALERT: dict[str, Any] = describe_answer(HANDSHAKE_FAILURE, "FIN")


@pytest.mark.parametrize(
    ("received", "end", "facts"),
    [
        (HANDSHAKE_FAILURE, "FIN", []),
        (HANDSHAKE_FAILURE, "RST", ["end"]),
        (b"\x15\x03\x00\x00\x02\x02\x28", "FIN", ["records"]),
        (b"\x15\x03\x01\x00\x02\x02\x32", "FIN", ["records"]),
        (b"\x15\x03\x01\x00\x02\x01\x28", "FIN", ["records"]),
        (b"\x80\x03\x00\x00\x01" + HANDSHAKE_FAILURE, "FIN", ["sslv2_bytes"]),
        (HANDSHAKE_FAILURE + b"\x16\x03", "FIN", ["incomplete_bytes"]),
        (b"HTTP/1.0 400\r\n", "FIN", ["records", "unreadable", "incomplete_bytes"]),
    ],
)
def test_each_fact_of_an_answer_counts(received: bytes, end: str, facts: list[str]) -> None:
    found = differences(ALERT, describe_answer(received, end))
    assert sorted(found) == sorted(facts)
