"""What comes behind the peer's close_notify or fatal alert is not read, in either role."""

import pytest

from handshake.server import ServerConnection
from handshake.wire.registry import ContentType
from tests.hostile.client import Client, Conversation
from tests.hostile.floods import FLOODS
from tests.hostile.handshakes import HANDSHAKES
from tests.hostile.server import ANSWER, REQUEST, Line, Server, visit
from tests.mutations.records import CLOSE_NOTIFY, FATAL, Written

ENDS = {"close_notify": CLOSE_NOTIFY, "fatal alert": FATAL}
REASONS = {
    "close_notify": "application-data:close_notify",
    "fatal alert": "application-data:alert-internal_error",
}
DATA = Written(ContentType.APPLICATION_DATA, ANSWER)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", ["sslv3", "tls1.2-ecdsa", "tls1.3"])
def test_of_a_server(name: str, end: str) -> None:
    for flood, more in FLOODS.items():
        words = (ENDS[end], more, DATA)

        def says(connection: ServerConnection, words: tuple[Written, ...] = words) -> bool:
            for written in words:
                connection.records.write_record(*written, 0.0)
            return False

        attempt = visit(HANDSHAKES[name], Line(Server(HANDSHAKES[name], then=says)))
        assert str(attempt.failure) == REASONS[end], flood


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", ["sslv3", "tls1.2-ecdsa", "tls1.3"])
def test_of_a_client(name: str, end: str) -> None:
    server = HANDSHAKES[name].server()
    for flood, more in FLOODS.items():
        client, conversation = Client(HANDSHAKES[name], request=b""), Conversation(server)
        conversation.talk(client)
        for written in (ENDS[end], more, Written(ContentType.APPLICATION_DATA, REQUEST)):
            client.records.write_record(*written, 0.0)
        conversation.talk(client)
        assert conversation.served.is_over, flood
        assert not client.answer, flood
        reason = conversation.end().reason
        assert reason == (None if end == "close_notify" else "the peer sent internal_error"), flood
