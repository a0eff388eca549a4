"""Servers that do not stay as they are: one that goes down half way, one that bans whoever connects often."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from clients.destination import Destination
from clients.profile import load_profiles
from matrix.twin.asking import Interviewer, Unreachable
from matrix.twin.draft import Draft
from matrix.twin.learning import Flaky, learn
from matrix.twin.making import Maker, Unanswered, Wanted
from matrix.twin.questions import QUESTIONS
from matrix.twin.row import Terms
from servers.emulated.served import ServedConnection
from tests.matrix.saying import answering
from tests.matrix.twin.memory import server_of
from tests.matrix.twin.test_questions import TABLE, TLS_1_2

SECONDS = 1.0
CLIENTS = {"openssl-3.0": load_profiles()["openssl-3.0"].player}


class Changing:
    """An emulated server on a socket that serves `most` connections; then it is gone, or only closes. It
    closes every connection whose number `loses` says yes to.
    """

    def __init__(self, most: int, *, bans: bool, loses: Callable[[int], bool] = lambda number: False) -> None:
        self._most, self._bans, self._loses = most, bans, loses
        self._server = server_of(TABLE, **TLS_1_2)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.destination = Destination("127.0.0.1", self._listener.getsockname()[1], "server.example.test")
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @contextmanager
    def running(self) -> Iterator[Destination]:
        self._thread.start()
        try:
            yield self.destination
        finally:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            for count in range(1 << 20):
                if count >= self._most and not self._bans:
                    self._listener.close()
                    return
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(SECONDS)
                    if count < self._most and not self._loses(count):
                        self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        served = ServedConnection(self._server)
        while data := connection.recv(65536):
            if not served.is_over:
                served.receive(data, 0.0)
                connection.sendall(served.data_to_send())
            if served.is_over:
                connection.shutdown(socket.SHUT_WR)


def interviewer(destination: Destination) -> Interviewer:
    return Interviewer(destination, 1000, SECONDS)


def test_a_server_that_goes_down_half_way_is_said(tmp_path: Path) -> None:
    with Changing(30, bans=False).running() as destination:
        wanted = Wanted("x", tmp_path, destination, "a test")
        maker = Maker(wanted, CLIENTS, interviewer(destination), Terms(SECONDS))
        with pytest.raises(Unreachable):
            maker.make()
        assert maker.interviewer.asked >= 30
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_bans_is_noticed_by_the_control() -> None:
    for most, is_noticed in ((60, True), (1 << 20, False)):
        draft = Draft()
        with Changing(most, bans=True).running() as destination:
            learn(draft, QUESTIONS, interviewer(destination))
        assert any("refuse whoever connects so often" in note for note in draft.notes) is is_noticed


@pytest.mark.parametrize(("one_in", "is_flaky"), [(2, True), (4, True), (50, False)])
def test_a_server_that_loses_connections_is_called_flaky_and_not_learned(one_in: int, is_flaky: bool) -> None:
    draft = Draft()
    with Changing(1 << 20, bans=True, loses=lambda number: number % one_in == 1).running() as destination:
        if is_flaky:
            with pytest.raises(Flaky, match=r"is flaky: of 10 times the same hello failed [2-8];"):
                learn(draft, QUESTIONS, interviewer(destination))
        else:
            learn(draft, QUESTIONS[:2], interviewer(destination))
            assert draft.hellos


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS; check the port"),
        (b"220 mail ESMTP\r\n", r"name the protocol that comes before TLS.*starttls=PROTOCOL"),
        (bytes.fromhex("15030100020228"), r"refuses every hello that was tried \(alert-handshake_failure\)"),
    ],
)
def test_what_does_not_speak_tls_is_told_from_what_refuses(said: bytes, told: str, tmp_path: Path) -> None:
    with answering(said) as destination:
        maker = Maker(
            Wanted("x", tmp_path, destination, "a test"), CLIENTS, interviewer(destination), Terms(1)
        )
        with pytest.raises(Unanswered, match=told):
            maker.make()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_server_that_never_says_a_word_is_not_asked_all_there_is(tmp_path: Path) -> None:
    with answering(None) as destination:
        asking = Interviewer(destination, 1000, 0.1)
        clients = {name: each.player for name, each in load_profiles().items()}
        maker = Maker(Wanted("x", tmp_path, destination, "a test"), clients, asking, Terms(1))
        with pytest.raises(Unreachable, match="stays silent: none of 24 hellos was answered within"):
            maker.make()
    assert asking.asked == 24
