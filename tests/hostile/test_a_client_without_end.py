"""A client that never ends, at an emulated server: all that it may say is taken, and told."""

from itertools import islice, repeat

import pytest

from servers.emulated.host import MAX_RECEIVED_BYTES
from tests.hostile.client import Client, Conversation
from tests.hostile.floods import FLOODS, NO_RECORDS, PIECE, in_clear
from tests.hostile.handshakes import FLOODED, HANDSHAKES, TLS_1_3
from tests.hostile.memory import MOST_MEMORY, needs_at_most

OVERHEAD = 40  # of a record, about
PIECES = MAX_RECEIVED_BYTES // PIECE


def flooded(conversation: Conversation, pieces: list[bytes]) -> None:
    with needs_at_most(MOST_MEMORY):
        for piece in pieces:
            conversation.hear(piece)
            conversation.served.data_to_send()


@pytest.mark.long(but=["sslv3-*"])
@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("name", ["sslv3", "tls1.3"])
def test_in_the_place_of_a_hello(name: str, flood: str) -> None:
    conversation = Conversation(HANDSHAKES[name].server())
    flooded(conversation, list(islice(in_clear(FLOODS[flood]), PIECES)))
    assert conversation.end().reason is not None


@pytest.mark.parametrize("nothing", NO_RECORDS)
def test_what_is_no_record(nothing: str) -> None:
    conversation = Conversation(HANDSHAKES["tls1.3"].server())
    flooded(conversation, list(repeat(NO_RECORDS[nothing], PIECES)))
    assert conversation.end().reason is not None


@pytest.mark.long(but=["bytes?of*", "tickets*", "*large*", "changes*"])
@pytest.mark.parametrize("flood", FLOODS)
def test_in_the_place_of_a_request(flood: str) -> None:
    times = 1 + PIECE // (len(FLOODS[flood].fragment) + OVERHEAD)
    for handshake in (HANDSHAKES[name] for name in FLOODED):
        client, conversation = Client(handshake, request=b""), Conversation(handshake.server())
        conversation.talk(client)
        assert client.connection.is_connected
        pieces = []
        for _ in range(PIECES):
            for _ in range(times):
                client.records.write_record(*FLOODS[flood], 0.0)
            pieces.append(client.give())
        flooded(conversation, pieces)
        conversation.end()


@pytest.mark.long(but=["sslv3", "sslv2-hello"])
@pytest.mark.parametrize("name", [name for name in HANDSHAKES if HANDSHAKES[name].version < TLS_1_3])
def test_renegotiations(name: str) -> None:
    """Each costs the server a handshake; what it may hear ends them."""
    client, conversation = Client(HANDSHAKES[name], request=b""), Conversation(HANDSHAKES[name].server())
    conversation.talk(client)
    handshakes = 0
    with needs_at_most(MOST_MEMORY):
        while conversation.heard < MAX_RECEIVED_BYTES and not client.connection.is_ended:
            client.connection.renegotiate(0.0)
            conversation.talk(client)
            handshakes += client.connection.is_connected
    assert handshakes
    conversation.end()
