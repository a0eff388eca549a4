"""How the first flight goes out: in the records and TCP segments that a profile asks for, else as ever."""

import socket
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from clients.connect import connect
from clients.destination import Destination
from clients.observation import Attempt
from clients.player import Player
from clients.profile import ProfileError, load_profile, load_profiles
from clients.transport import Transport, TransportFailure
from handshake.hello_template import HelloTemplate
from handshake.reason import Kind
from tests.clients.servers import Script, alert, scripted_server
from tests.clients.test_profile_format import GOOD, write

PLAYER = load_profiles()["openssl-1.0.1"].player
PAUSE = 0.05


class Reading:
    """A script that notes what each read brings and when; it sends an alert once `length` bytes have come."""

    def __init__(self, length: int) -> None:
        self.reads: list[tuple[float, bytes]] = []
        self._length = length

    def __call__(self, connection: socket.socket) -> bytes:
        while len(self.whole) < self._length and (data := connection.recv(65_536)):
            self.reads.append((time.monotonic(), data))
        with suppress(OSError):  # a client that has waited long enough is gone
            connection.sendall(alert(40))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass
        return self.whole

    @property
    def whole(self) -> bytes:
        return b"".join(data for _, data in self.reads)

    @property
    def sizes(self) -> list[int]:
        return [len(data) for _, data in self.reads]


def deliver(script: Script, deadline_seconds: float = 5.0, **changes: object) -> Attempt:
    """Let a client whose hello is delivered in another way meet a scripted server."""
    hello = replace(PLAYER.hellos[0].template, **changes)  # type: ignore[arg-type]
    player = Player((replace(PLAYER.hellos[0], template=hello),), PLAYER.limits, PLAYER.policy)
    with scripted_server(script) as server:
        where = Destination("127.0.0.1", server.port, "server.example.test")
        return connect(player, where, deadline_seconds=deadline_seconds).attempts[0]


def sent_segments(attempt: Attempt) -> list[tuple[str, int]]:
    return [(entry.name, len(entry.wire)) for entry in attempt.transcript if entry.kind == "segment"]


def test_without_delivery_a_hello_goes_out_at_once() -> None:
    reading = Reading(6)
    attempt = deliver(reading)
    assert len(reading.sizes) == 1
    assert sent_segments(attempt) == []
    assert attempt.seconds < PAUSE * 20


@pytest.mark.parametrize("segments", [(100,), (1, 4, 50), (5,)])
def test_each_segment_is_a_read_of_its_own(segments: tuple[int, ...]) -> None:
    whole = Reading(6)
    deliver(whole)
    length = len(whole.whole)
    reading = Reading(length)
    attempt = deliver(reading, segments=segments, pause_seconds=PAUSE)
    assert reading.sizes == [*segments, length - sum(segments)]
    # By the client's clock: a server that reads late reads the next one soon.
    times = [entry.time for entry in attempt.transcript if entry.kind == "segment"]
    assert len(times) == len(reading.sizes)
    assert all(after - before >= PAUSE * 0.9 for before, after in pairwise(times))
    count = len(segments) + 1
    assert sent_segments(attempt) == [
        (f"{number} of {count}", size) for number, size in enumerate(reading.sizes, start=1)
    ]
    assert str(attempt.failure) == "server-hello:alert-handshake_failure"


def test_segments_beyond_the_end_of_the_hello_are_none() -> None:
    reading = Reading(6)
    assert sent_segments(deliver(reading, segments=(5000, 10), pause_seconds=5.0)) == []
    assert len(reading.sizes) == 1


def test_an_answer_that_comes_before_the_last_segment_ends_the_attempt() -> None:
    reading = Reading(5)
    attempt = deliver(reading, segments=(5, 20), pause_seconds=30.0)
    assert reading.sizes == [5]
    assert str(attempt.failure) == "server-hello:alert-handshake_failure"
    assert sent_segments(attempt) == [("1 of 3", 5)]
    assert attempt.seconds < 5


def test_the_pauses_are_not_the_time_of_the_server() -> None:
    reading = Reading(200)
    attempt = deliver(reading, deadline_seconds=0.5, segments=(100,), pause_seconds=0.7)
    assert str(attempt.failure) == "server-hello:alert-handshake_failure"
    silent = deliver(Reading(100_000), deadline_seconds=0.3, segments=(100,), pause_seconds=0.1)
    assert str(silent.failure) == "server-hello:timeout"


def test_records_are_cut_and_the_message_is_the_same() -> None:
    reading = Reading(200)
    attempt = deliver(reading, records=(4, 1, 1))
    lengths, position = [], 0
    while position < len(reading.whole):
        lengths.append(int.from_bytes(reading.whole[position + 3 : position + 5], "big"))
        position += 5 + lengths[-1]
    message = next(entry.wire for entry in attempt.transcript if entry.name == "ClientHello")
    assert lengths == [4, 1, 1, len(message) - 6]
    assert len(reading.sizes) == 1


def test_a_segment_waits_until_the_one_before_is_acknowledged() -> None:
    """A peer that reads nothing has acknowledged what its kernel can hold, and no more."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        where = Destination("127.0.0.1", listener.getsockname()[1])
        with Transport(where, time.monotonic() + 5) as transport:
            peer, _ = listener.accept()
            with peer:
                transport.send(b"x" * 100, time.monotonic() + 5)
                assert not transport.pause(0.0, time.monotonic() + 5)
                transport.send(b"x" * 60_000, time.monotonic() + 5)
                with pytest.raises(TransportFailure) as raised:
                    transport.pause(0.0, time.monotonic() + 0.2)
                assert raised.value.kind is Kind.TIMEOUT
                peer.sendall(b"y")
                assert transport.pause(10.0, time.monotonic() + 10)


DELIVERY = "session_id_length = 32\nrecords = [4, 100]\nsegments = [60]\npause_seconds = 0.5"


def test_a_profile_says_how_its_hello_is_delivered(tmp_path: Path) -> None:
    first, second = load_profile(
        write(tmp_path, GOOD.replace("session_id_length = 32", DELIVERY))
    ).player.templates
    assert (first.records, first.segments, first.pause_seconds) == ((4, 100), (60,), 0.5)
    assert (second.records, second.segments, second.pause_seconds) == ((), (), 0.0)


def test_an_sslv2_format_hello_has_segments_too(tmp_path: Path) -> None:
    text = GOOD.replace("challenge_length = 16", "challenge_length = 16\nsegments = [2]")
    assert load_profile(write(tmp_path, text)).player.templates[1].segments == (2,)


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("session_id_length = 32", "records = [0]", "attempt[0].records[0]", "1"),
        ("session_id_length = 32", "records = [16385]", "attempt[0].records[0]", "16384"),
        ("session_id_length = 32", "segments = [0]", "attempt[0].segments[0]", "0"),
        ("session_id_length = 32", "pause_seconds = 0.1", "attempt[0].pause_seconds", "segments = [700]"),
        (
            "session_id_length = 32",
            "segments = [1, 1, 1]\npause_seconds = 30",
            "attempt[0].pause_seconds",
            "more than 60 s together",
        ),
        ("session_id_length = 32", "segments = [1]\npause_seconds = nan", "attempt[0].pause_seconds", "nan"),
        ("challenge_length = 16", "challenge_length = 16\nrecords = [4]", "attempt[1].records", "one record"),
    ],
)
def test_a_delivery_that_cannot_be_is_refused(
    tmp_path: Path, old: str, new: str, where: str, what: str
) -> None:
    with pytest.raises(ProfileError) as raised:
        load_profile(write(tmp_path, GOOD.replace(old, new)))
    assert where in str(raised.value)
    assert what in str(raised.value)
    assert "\n" not in str(raised.value)


def padded(template: HelloTemplate, length: int) -> int:
    reading = Reading(length)
    attempt = deliver(reading, extensions=template.extensions, length=length)
    return len(next(entry.wire for entry in attempt.transcript if entry.name == "ClientHello"))


@pytest.mark.parametrize("length", [1536, 4096, 16384, 40960])
def test_a_hello_is_padded_to_the_byte(length: int) -> None:
    assert padded(PLAYER.hellos[0].template, length) == length
