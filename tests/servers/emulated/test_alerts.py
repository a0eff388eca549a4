"""Alerts after the first flight, and how records are split: research note on JSSE sections 7 and 9."""

from typing import Any

import pytest

from handshake.events import ApplicationData
from handshake.server import ServerConnection
from handshake.wire.registry import ContentType
from tests.servers.emulated.answers import FIRST_FLIGHTS, LEVELS, connection_to
from tests.servers.emulated.rsa_client import REQUEST, Continuation, connect, ended_with, establish, events

HELLO = bytes.fromhex(FIRST_FLIGHTS["plain_noext"]["hex"])
SSL_3_0_HELLO = bytes.fromhex(FIRST_FLIGHTS["ver_3_0"]["hex"])
RC4_HELLO = bytes.fromhex(FIRST_FLIGHTS["rc4_only"]["hex"])
CLOSE_NOTIFY = b"\x01\x00"


def flipped(record: bytes, position: int) -> bytes:
    """The record with one bit of its fragment changed."""
    index = position % len(record)
    return record[:index] + bytes((record[index] ^ 1,)) + record[index + 1 :]


def end_of(connection: ServerConnection, data: bytes) -> str:
    connection.receive_data(data, 0.0)
    assert connection.is_ended
    return ended_with(connection.data_to_send())


def read_alert(connection: ServerConnection, client: Continuation) -> bytes:
    """The alert sent on an established connection, decrypted."""
    [(content_type, alert)] = client.unprotected(connection.data_to_send())
    assert content_type == ContentType.ALERT
    return alert


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("hello", [HELLO, SSL_3_0_HELLO], ids=["TLSv1.0", "SSLv3"])
def test_what_is_wrong_with_finished_is_a_handshake_failure(level: str, hello: bytes) -> None:
    def with_finished(damage: Any) -> str:
        connection = connection_to(f"jsse6@{level}")
        client = connect(connection, hello)
        return end_of(connection, client.key_exchange + client.change_cipher_spec + damage(client))

    assert with_finished(lambda client: client.finished(wrong=bytes(4))) == "alert 40"
    assert with_finished(lambda client: flipped(client.finished(), 5)) == "alert 40"
    assert with_finished(lambda client: flipped(client.finished(), -1)) == "alert 40"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("version", [0x0300, 0x0303])
def test_wrong_version_in_the_premaster_secret_is_a_handshake_failure(level: str, version: int) -> None:
    connection = connection_to(f"jsse6@{level}")
    connection.receive_data(HELLO, 0.0)
    client = Continuation(HELLO, connection.data_to_send(), pre_master_version=version)
    assert end_of(connection, client.whole) == "alert 40"


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_out_of_order_is_an_unexpected_message(level: str) -> None:
    def after_the_flight(choose: Any) -> str:
        connection = connection_to(f"jsse6@{level}")
        return end_of(connection, choose(connect(connection, HELLO)))

    assert after_the_flight(lambda client: client.change_cipher_spec + client.finished()) == "alert 10"
    assert after_the_flight(lambda client: client.plain(ContentType.APPLICATION_DATA, REQUEST)) == "alert 10"
    assert after_the_flight(lambda client: client.plain(ContentType.ALERT, CLOSE_NOTIFY)) == "alert 10"
    assert (
        after_the_flight(
            lambda client: (
                client.key_exchange
                + client.change_cipher_spec
                + client.protected(ContentType.APPLICATION_DATA, REQUEST)
            )
        )
        == "alert 10"
    )


def test_only_the_older_level_takes_a_second_hello() -> None:
    older, newer = (connection_to(f"jsse6@{level}") for level in LEVELS)
    connect(older, HELLO)
    assert establish(older, HELLO)
    connect(newer, HELLO)
    assert end_of(newer, HELLO) == "alert 10"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("position", [5, -1])
@pytest.mark.parametrize("hello", [HELLO, SSL_3_0_HELLO], ids=["TLSv1.0", "SSLv3"])
def test_a_damaged_application_record_is_a_bad_record_mac(level: str, position: int, hello: bytes) -> None:
    connection = connection_to(f"jsse6@{level}")
    client = establish(connection, hello)
    connection.receive_data(flipped(client.protected(ContentType.APPLICATION_DATA, REQUEST), position), 0.0)
    assert connection.is_ended
    assert read_alert(connection, client) == b"\x02\x14"


@pytest.mark.parametrize("level", LEVELS)
def test_change_cipher_spec_after_the_handshake_is_an_unexpected_message(level: str) -> None:
    connection = connection_to(f"jsse6@{level}")
    client = establish(connection, HELLO)
    connection.receive_data(client.protected(ContentType.CHANGE_CIPHER_SPEC, b"\x01"), 0.0)
    assert connection.is_ended
    assert read_alert(connection, client) == b"\x02\x0a"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("description", [41, 90, 100, 112])
def test_warnings_and_empty_records_after_the_handshake_are_passed_over(level: str, description: int) -> None:
    connection = connection_to(f"jsse6@{level}")
    client = establish(connection, HELLO)
    connection.receive_data(client.protected(ContentType.ALERT, bytes((1, description))), 0.0)
    connection.receive_data(client.protected(ContentType.APPLICATION_DATA, b""), 0.0)
    connection.receive_data(client.protected(ContentType.APPLICATION_DATA, REQUEST), 0.0)
    assert ApplicationData(REQUEST) in events(connection)
    assert connection.data_to_send() == b""


@pytest.mark.parametrize("level", LEVELS)
def test_close_notify_is_answered_in_kind(level: str) -> None:
    connection = connection_to(f"jsse6@{level}")
    client = establish(connection, HELLO)
    connection.receive_data(client.protected(ContentType.ALERT, CLOSE_NOTIFY), 0.0)
    assert connection.is_ended
    assert read_alert(connection, client) == CLOSE_NOTIFY


@pytest.mark.parametrize(
    ("level", "hello", "first", "later"),
    [
        ("6u18", HELLO, [(38, 64), (5, 32)], [(38, 64), (5, 32)]),
        ("6u45", HELLO, [(38, 64), (1, 32), (4, 32)], [(1, 32), (37, 64), (1, 32), (4, 32)]),
        ("6u45", SSL_3_0_HELLO, [(38, 64), (1, 32), (4, 32)], [(1, 32), (37, 64), (1, 32), (4, 32)]),
        ("6u45", RC4_HELLO, [(38, 58), (5, 25)], [(38, 58), (5, 25)]),
    ],
)
def test_application_data_is_split_as_measured(
    level: str, hello: bytes, first: list[tuple[int, int]], later: list[tuple[int, int]]
) -> None:
    connection = connection_to(f"jsse6@{level}")
    client = establish(connection, hello)

    def respond() -> list[tuple[int, int]]:
        wire_lengths, contents = [], []
        for part in (bytes(38), bytes(5)):
            connection.send_application_data(part, 0.0)
            data = connection.data_to_send()
            contents += [len(content) for _, content in client.unprotected(data)]
            while data:
                length = int.from_bytes(data[3:5], "big")
                wire_lengths.append(length)
                data = data[5 + length :]
        return list(zip(contents, wire_lengths, strict=True))

    assert [respond(), respond(), respond()] == [first, later, later]
