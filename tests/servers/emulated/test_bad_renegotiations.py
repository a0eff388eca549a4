"""Clients that renegotiate badly, over TCP: each is told so or cut off."""

import socket
from collections.abc import Callable, Iterator, Mapping

import pytest

from bench.fidelity.renegotiation_client import CuttingClient, hello, willing_client
from handshake.events import (
    AlertReceived,
    ApplicationData,
    Event,
    HandshakeCompleted,
    PeerClosed,
    RenegotiationRequested,
)
from handshake.wire.registry import AlertLevel, ContentType
from servers.contract import PrivateKeyAndChain
from servers.definition import load_definitions
from servers.emulated import host
from servers.processes.start import RunningServer, RunningServers, start_servers
from servers.variant import parse_server_id
from tests.servers.conduct import LONG_AGO

SERVER = "jsse6@6u45"
TLS_1_0 = 0x0301
SECONDS = 10.0
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
FINISHED_OUT_OF_PLACE = b"\x14\x00\x00\x00"
ASKING = REQUEST.replace(b"/ ", b"/reneg ", 1)


@pytest.fixture(scope="module")
def servers(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[RunningServers]:
    with start_servers([parse_server_id(SERVER, load_definitions())], credentials) as running:
        yield running


class Talk:
    """A client and its connection, once the first handshake is complete."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.client: CuttingClient = willing_client(TLS_1_0, "RI")
        self.client.start(0.0)
        self.hear(HandshakeCompleted)

    def hear(self, wanted: type[Event]) -> Event:
        """Carry bytes both ways until the event comes, or the end of the connection."""
        while True:
            self.connection.sendall(self.client.data_to_send())
            while (event := self.client.next_event()) is not None:
                if isinstance(event, (wanted, PeerClosed)):
                    return event
            if data := self.connection.recv(65536):
                self.client.receive_data(data, 0.0)
            else:
                self.client.receive_end_of_stream(0.0)

    def renegotiate(self, carries: str) -> None:
        finished = self.client.handshake.finished
        assert finished is not None
        self.client.renegotiate_with(hello(TLS_1_0, carries, finished.client_verify_data), 0.0)

    def ask_to_be_asked(self) -> None:
        self.client.send_application_data(ASKING, 0.0)
        assert isinstance(self.hear(RenegotiationRequested), RenegotiationRequested)


@pytest.fixture
def talk(servers: RunningServers) -> Iterator[Talk]:
    server = servers[SERVER]
    assert isinstance(server, RunningServer), server
    with socket.create_connection((server.host, server.port), SECONDS) as connection:
        yield Talk(connection)


def test_a_good_one_is_answered(talk: Talk) -> None:
    talk.renegotiate("good")
    assert isinstance(talk.hear(HandshakeCompleted), HandshakeCompleted)
    talk.client.send_application_data(REQUEST, 0.0)
    assert isinstance(talk.hear(ApplicationData), ApplicationData)


def renegotiate_without_end(talk: Talk) -> None:
    while True:
        talk.renegotiate("good")
        assert isinstance(talk.hear(HandshakeCompleted), HandshakeCompleted)


def test_renegotiations_without_end_are_cut_off(servers: RunningServers, talk: Talk) -> None:
    peer_port = talk.connection.getsockname()[1]
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        renegotiate_without_end(talk)
    seen = servers.wait_for_connection(SERVER, peer_port, LONG_AGO, SECONDS)
    assert seen is not None
    assert seen.reason == f"the peer sent more than {host.MAX_RECEIVED_BYTES} bytes"


def another_message(talk: Talk) -> None:
    talk.client.records.write(ContentType.HANDSHAKE, FINISHED_OUT_OF_PLACE, 0.0)


@pytest.mark.parametrize(
    "answer",
    [lambda talk: talk.renegotiate("wrong"), another_message],
    ids=["wrong verify_data", "another message than a hello"],
)
def test_a_bad_answer_to_a_hello_request_is_told(talk: Talk, answer: Callable[[Talk], None]) -> None:
    """By a fatal alert; which one was measured for wrong verify_data only (test_renegotiation.py)."""
    talk.ask_to_be_asked()
    answer(talk)
    alert = talk.hear(AlertReceived)
    assert isinstance(alert, AlertReceived)
    assert alert.level == AlertLevel.FATAL
