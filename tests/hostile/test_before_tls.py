"""What comes before TLS, spoiled at every byte, in every protocol and both roles."""

from functools import cache

import pytest

from clients.observation import Attempt
from clients.starttls import PROTOCOLS, StartTls
from handshake.reason import Kind
from servers.emulated.served import ServedConnection
from servers.emulated.server import EmulatedServer
from servers.emulated.starttls import PROTOCOLS as SERVED
from tests.hostile.handshakes import HANDSHAKES
from tests.hostile.memory import MOST_MEMORY, needs_at_most
from tests.hostile.server import SERVER_NAME, Line, visit

HANDSHAKE = HANDSHAKES["tls1.2-rsa"]
FLIPS = (0x01, 0x20, 0x80)
FLOODS = (
    b"\0",
    b"x",
    b"\n",
    b"220-\r\n",
    b"* OK\r\n",
    b"+OK\r\n",
    b"<x>",
    b"\x30\x84\xff\xff\xff\xff",
    b"\xff",
)
PIECE = 4096


class Speaking:
    """An emulated server that is heard and answers; `heard` is what has come to it, `said` what it said."""

    def __init__(self, protocol: str) -> None:
        plays = SERVED[protocol]
        settings = dict(plays.settings)
        self.served = ServedConnection(EmulatedServer("x@1", HANDSHAKE.configuration, plays, settings))
        self.heard = self.said = b""

    @property
    def is_over(self) -> bool:
        return self.served.is_over

    def take(self, data: bytes) -> None:
        self.heard += data
        if not self.is_over:
            self.served.receive(data, 0.0)

    def give(self) -> bytes:
        data = self.served.data_to_send()
        self.said += data
        return data


def asked(protocol: str, line: Line) -> Attempt:
    return visit(HANDSHAKE, line, starttls=StartTls(protocol, SERVER_NAME))


@cache
def talk(protocol: str) -> tuple[bytes, bytes]:
    """All that a client and a server say to each other."""
    speaking = Speaking(protocol)
    assert asked(protocol, Line(speaking)).failure is None
    return speaking.heard, speaking.said


def before_tls(said: bytes) -> int:
    """How many bytes there are before the first handshake record."""
    return said.index(b"\x16\x03")


def spoiled(protocol: str, heard: bytes, stop: int | None = None) -> ServedConnection:
    """The server's end of a conversation in which these bytes come, whatever it says."""
    served = Speaking(protocol).served
    for start in range(0, len(heard), PIECE):
        if not served.is_over:
            served.receive(heard[start : start + PIECE], 0.0)
            served.data_to_send()
    if not served.is_over:
        served.receive_end_of_stream(0.0)
    return served


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_may_stop_behind_every_byte(protocol: str) -> None:
    for stop in range(before_tls(talk(protocol)[1])):
        for ending in (Kind.FIN, Kind.RESET, Kind.TIMEOUT):
            attempt = asked(protocol, Line(Speaking(protocol), stop, ending))
            assert attempt.failure is not None
            assert attempt.failure.kind is ending


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_may_say_one_byte_at_a_time(protocol: str) -> None:
    assert asked(protocol, Line(Speaking(protocol), piece=1)).failure is None


@pytest.mark.long(but=["postgres", "smtp"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_may_have_any_byte_wrong(protocol: str) -> None:
    for place in range(before_tls(talk(protocol)[1])):
        for flip in FLIPS:

            def spoil(start: int, data: bytes, place: int = place, flip: int = flip) -> bytes:
                at = place - start
                return data[:at] + bytes((data[at] ^ flip,)) + data[at + 1 :] if 0 <= at < len(data) else data

            asked(protocol, Line(Speaking(protocol), spoil=spoil))


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_may_have_no_end(protocol: str, flood: bytes) -> None:
    """Whatever it has said before the flood."""
    words = talk(protocol)[1]
    for said in {0, 1, before_tls(words) // 2, before_tls(words)}:

        class Flood(Line):
            def receive(self, deadline: float, said: int = said) -> bytes:
                return super().receive(deadline) if self.carried < said else flood * (PIECE // len(flood))

        with needs_at_most(MOST_MEMORY):
            attempt = asked(protocol, Flood(Speaking(protocol), piece=max(said, 1)))
        assert attempt.failure is not None
        assert attempt.failure.kind is Kind.PROTOCOL_ERROR


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_client_may_stop_behind_every_byte(protocol: str) -> None:
    heard = talk(protocol)[0]
    for stop in range(before_tls(heard)):
        assert spoiled(protocol, heard[:stop]).seen(1).reason


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_client_may_have_any_byte_wrong(protocol: str) -> None:
    heard = talk(protocol)[0]
    for place in range(before_tls(heard)):
        for flip in FLIPS:
            served = spoiled(protocol, heard[:place] + bytes((heard[place] ^ flip,)) + heard[place + 1 :])
            assert served.seen(1).reason


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_client_may_have_no_end(protocol: str, flood: bytes) -> None:
    heard = talk(protocol)[0]
    for said in {0, 1, before_tls(heard) // 2, before_tls(heard)}:
        with needs_at_most(MOST_MEMORY):
            served = spoiled(protocol, heard[:said] + flood * (2**18 // len(flood)))
        assert served.seen(1).reason
