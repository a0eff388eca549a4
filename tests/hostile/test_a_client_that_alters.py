"""A client that stops anywhere, and one that alters one of its records in one way, at an emulated server."""

import pytest

from handshake.wire.registry import ContentType
from tests.hostile.client import Client, Conversation
from tests.hostile.handshakes import HANDSHAKES, TLS_1_3
from tests.mutations.records import ALTERATIONS


@pytest.mark.long(but=["tls1.2-rsa"])
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


@pytest.mark.parametrize("name", HANDSHAKES)
def test_no_altered_message_gets_through(name: str) -> None:
    """What is in the transcript cannot be altered without the Finished message showing it to the server: it
    sends none of its own, as it does behind the client's in a full handshake up to TLS 1.2.
    """
    handshake, server = HANDSHAKES[name], HANDSHAKES[name].server()
    control = Client(handshake)
    assert Conversation(server).hold(control).reason is None
    assert control.has_heard("Finished")
    for alteration, change in ALTERATIONS.items():
        for number, meant in enumerate(control.records.meant):
            client = Client(handshake, change, number)
            seen = Conversation(server).hold(client)
            written = change.replace(meant)
            is_bound = number < control.completion and meant.content_type == ContentType.HANDSHAKE
            if not is_bound or change.is_harmless or written == (meant,):
                continue
            assert seen.reason is not None, (alteration, number)
            assert not client.answer, (alteration, number)
            is_complete_before = number == control.completion - 1 and written[:1] == (meant,)
            if handshake.version < TLS_1_3 and not is_complete_before:
                assert not client.has_heard("Finished"), (alteration, number)
