"""What comes behind the peer's close_notify or fatal alert is not read, in either role."""

import pytest

from tests.hostile.client import Client, Conversation
from tests.hostile.floods import FLOODS
from tests.hostile.handshakes import HANDSHAKES
from tests.hostile.server import ANSWER, Line, Server, visit
from tests.mutations.records import CLOSE_NOTIFY, FATAL, Written

ENDS = {"close_notify": CLOSE_NOTIFY, "fatal alert": FATAL}
REASONS = {
    "close_notify": "application-data:close_notify",
    "fatal alert": "application-data:alert-internal_error",
}
DATA = Written(23, ANSWER)


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", ["sslv3", "tls1.2-ecdsa", "tls1.3"])
def test_of_a_server(name: str, end: str, flood: str) -> None:
    server = Server(HANDSHAKES[name], then=lambda connection: False)

    class Closing(Line):
        def receive(self, deadline: float) -> bytes:
            if server.was_asked:
                for written in (ENDS[end], FLOODS[flood], DATA):
                    server.records.write_record(*written, 0.0)
                self._incoming += server.give()
                server.was_asked = False
            return super().receive(deadline)

    assert str(visit(HANDSHAKES[name], Closing(server)).failure) == REASONS[end]


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", ["sslv3", "tls1.2-ecdsa", "tls1.3"])
def test_of_a_client(name: str, end: str, flood: str) -> None:
    client, conversation = Client(HANDSHAKES[name], request=b""), Conversation(HANDSHAKES[name].server())
    conversation.talk(client)
    for written in (ENDS[end], FLOODS[flood], Written(23, b"GET / HTTP/1.0\r\n\r\n")):
        client.records.write_record(*written, 0.0)
    conversation.talk(client)
    assert conversation.served.is_over
    assert not client.answer
    reason = conversation.end().reason
    assert reason == (None if end == "close_notify" else "the peer sent internal_error")
