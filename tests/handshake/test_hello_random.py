"""What random, challenge and session ids begin with: the time that is passed in, where a template or a
configuration says so, and random bytes else.
"""

import os

import pytest
from msgspec.structs import replace

from handshake.client.connection import ClientConnection
from handshake.client.hello import fill_hello
from handshake.hello_random import Beginning, Clock, fresh_bytes
from handshake.hello_template import ClientLimits, ClientPolicy, HelloFormat, HelloTemplate
from handshake.server import ServerConnection
from handshake.session import SessionCache
from handshake.wire.client_hello import pull_client_hello
from handshake.wire.messages import pull_server_hello
from handshake.wire.registry import ProtocolVersion
from tests.handshake.peers import Ours, configuration, exchange, pump, template

NOW = 1_328_054_400.75  # 2012-02-01
TIME = bytes.fromhex("4f288080")
GMT, RANDOM = Beginning.GMT_UNIX_TIME, Beginning.RANDOM_BYTES
TLS_1_0, TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
SUITES = {ProtocolVersion.SSL_3_0: 0x002F, TLS_1_0: 0x002F, TLS_1_2: 0x009C, TLS_1_3: 0x1301}


def now() -> float:
    return NOW


def no_entropy(size: int) -> bytes:
    return b"\xee" * size


@pytest.mark.parametrize("size", range(33))
def test_fresh_bytes_have_their_size(size: int) -> None:
    for clock in (None, now):
        assert fresh_bytes(size, RANDOM, no_entropy, clock) == no_entropy(size)
    expected = TIME + no_entropy(size - 4) if size >= 4 else no_entropy(size)
    assert fresh_bytes(size, GMT, no_entropy, now) == expected
    assert fresh_bytes(size, GMT, no_entropy, None) == no_entropy(size)


@pytest.mark.parametrize(
    ("time", "said"), [(0.0, "00000000"), (0.99, "00000000"), (2**32 - 1, "ffffffff"), (2**32, "00000000")]
)
def test_the_time_is_in_whole_seconds_and_four_bytes(time: float, said: str) -> None:
    assert fresh_bytes(32, GMT, no_entropy, lambda: time)[:4].hex() == said


def client(hello: HelloTemplate, clock: Clock | None = now, **arguments: object) -> Ours:
    connection = ClientConnection(
        hello,
        server_name="server.example.test",
        limits=ClientLimits(),
        policy=ClientPolicy(),
        entropy=os.urandom,
        clock=clock,
        **arguments,
    )
    connection.start(0.0)
    return Ours(connection)


def server(version: int, clock: Clock | None = now, **quirks: object) -> Ours:
    settings = configuration(version, SUITES[version], **quirks)
    return Ours(ServerConnection(settings, entropy=os.urandom, sessions=SessionCache(), clock=clock))


def hellos_sent(ours: Ours) -> list[bytes]:
    """The randoms of the ClientHellos in records."""
    sent = [e.wire for e in ours.connection.transcript if (e.direction, e.name) == ("sent", "ClientHello")]
    return [pull_client_hello(wire[4:]).random for wire in sent if wire[0] == 1 and wire[1] == 0]


@pytest.mark.parametrize("version", SUITES)
@pytest.mark.parametrize("beginning", Beginning)
def test_a_clients_random(version: ProtocolVersion, beginning: Beginning) -> None:
    hello = replace(template(version, SUITES[version]), random_begins_with=beginning)
    ours = client(hello)
    exchange(ours, server(version))
    (random,) = hellos_sent(ours)
    assert (random[:4] == TIME) is (beginning is GMT)


@pytest.mark.parametrize("length", [16, 31, 32])
def test_a_challenge_is_another_matter_than_random(length: int) -> None:
    plain = HelloTemplate(TLS_1_0, (0x00002F,), format=HelloFormat.SSLV2, challenge_length=length)
    for challenge in Beginning:
        for random in Beginning:
            hello = replace(plain, challenge_begins_with=challenge, random_begins_with=random)
            filled = fill_hello(hello, None, os.urandom, clock=now)
            assert (filled.wire[-length:][:4] == TIME) is (challenge is GMT)
            padded = filled.client_random[: 32 - length]
            assert padded == bytes(32 - length)


@pytest.mark.parametrize("beginning", Beginning)
def test_the_hello_of_a_renegotiation_and_of_a_resumption_say_the_same(beginning: Beginning) -> None:
    """Also where the first one was in SSLv2 format, which has no random."""
    plain = HelloTemplate(TLS_1_0, (0x00002F, 0x0000FF), format=HelloFormat.SSLV2)
    hello = replace(plain, random_begins_with=beginning)
    sessions = SessionCache()
    settings = configuration(TLS_1_0, SUITES[TLS_1_0])
    ours = client(hello)
    theirs = Ours(ServerConnection(settings, entropy=os.urandom, sessions=sessions))
    pump(ours, theirs)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    again = client(hello, session=ours.connection.session_by_id)
    pump(again, Ours(ServerConnection(settings, entropy=os.urandom, sessions=sessions)))
    assert again.connection.negotiated.is_resumed
    randoms = [*hellos_sent(ours), *hellos_sent(again)]
    assert len(randoms) == 2
    assert [random[:4] == TIME for random in randoms] == [beginning is GMT] * 2


def test_the_time_of_a_renegotiation_is_its_own() -> None:
    hello = replace(template(TLS_1_0, SUITES[TLS_1_0]), random_begins_with=GMT)
    times = iter((NOW, NOW + 1))
    ours, theirs = client(hello, lambda: next(times)), server(TLS_1_0)
    pump(ours, theirs)
    ours.connection.renegotiate(0.0)
    pump(ours, theirs)
    first, second = (int.from_bytes(random[:4], "big") for random in hellos_sent(ours))
    assert second == first + 1


def test_the_hello_after_a_hello_retry_request_repeats_random() -> None:
    """RFC 8446 section 4.1.2."""
    hello = replace(template(TLS_1_3, SUITES[TLS_1_3]), random_begins_with=GMT)
    times = iter((NOW, NOW + 1))
    ours = client(hello, lambda: next(times))
    pump(ours, server(TLS_1_3, named_groups=(24,)))
    first, second = hellos_sent(ours)
    assert first == second
    assert first[:4] == TIME


def server_hello(ours: Ours) -> tuple[bytes, bytes]:
    wire = next(e.wire for e in ours.connection.transcript if e.name == "ServerHello")
    hello = pull_server_hello(wire[4:])
    return hello.random, hello.session_id


@pytest.mark.parametrize("version", SUITES)
@pytest.mark.parametrize("random_begins_with", Beginning)
@pytest.mark.parametrize("session_id_begins_with", Beginning)
def test_a_servers_random_and_session_id(
    version: ProtocolVersion, random_begins_with: Beginning, session_id_begins_with: Beginning
) -> None:
    """Up to TLS 1.2; in 1.3 random has no time in it, and the session id is the client's."""
    ours = client(template(version, SUITES[version]))
    theirs = server(
        version, random_begins_with=random_begins_with, session_id_begins_with=session_id_begins_with
    )
    exchange(ours, theirs)
    random, session_id = server_hello(ours)
    is_old = version < TLS_1_3
    assert len(session_id) == 32
    assert (random[:4] == TIME) is (is_old and random_begins_with is GMT)
    assert (session_id[:4] == TIME) is (is_old and session_id_begins_with is GMT)


@pytest.mark.parametrize("length", [0, 3, 4, 16])
def test_a_session_id_keeps_its_length(length: int) -> None:
    ours = client(template(TLS_1_2, SUITES[TLS_1_2]))
    pump(ours, server(TLS_1_2, session_id_begins_with=GMT, session_id_length=length))
    session_id = server_hello(ours)[1]
    assert len(session_id) == length
    assert (session_id[:4] == TIME) is (length >= 4)


def test_the_default_is_random() -> None:
    """The negative control, with a clock there."""
    ours = client(template(TLS_1_2, SUITES[TLS_1_2]))
    exchange(ours, server(TLS_1_2))
    (sent,) = hellos_sent(ours)
    assert TIME not in (sent[:4], *(part[:4] for part in server_hello(ours)))
