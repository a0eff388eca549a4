"""A client that stops anywhere, and one that alters one of its records in one way, at an emulated server."""

import pytest

from handshake.wire.registry import ContentType
from tests.hostile.client import Client, Conversation
from tests.hostile.handshakes import HANDSHAKES
from tests.mutations.records import ALTERATIONS


@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_client_may_stop_behind_every_byte(name: str) -> None:
    handshake = HANDSHAKES[name]
    server = handshake.server()
    whole = Client(handshake)
    assert Conversation(server).hold(whole).reason is None
    assert whole.answer
    for stop in range(len(whole.said)):
        client = Client(handshake)
        seen = Conversation(server).hold(client, stop)
        assert seen.reason is not None or client.connection.is_connected, stop


@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_client_may_say_one_byte_at_a_time(name: str) -> None:
    client = Client(HANDSHAKES[name])
    assert Conversation(HANDSHAKES[name].server()).hold(client, piece=1).reason is None
    assert client.answer


@pytest.mark.parametrize("alteration", ALTERATIONS)
@pytest.mark.parametrize("name", HANDSHAKES)
def test_no_altered_message_gets_through(name: str, alteration: str) -> None:
    handshake, change = HANDSHAKES[name], ALTERATIONS[alteration]
    server = handshake.server()
    control = Client(handshake)
    assert Conversation(server).hold(control).reason is None
    for number, meant in enumerate(control.records.meant):
        client = Client(handshake, change, number)
        seen = Conversation(server).hold(client)
        is_bound = number < control.completion and meant.content_type == ContentType.HANDSHAKE
        if is_bound and not change.is_harmless and change.replace(meant) != (meant,):
            assert seen.reason is not None, number
            assert not client.answer, number
