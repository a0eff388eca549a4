"""A server that ends anywhere: behind every byte of every flight, by FIN, reset or silence."""

import pytest

from handshake.reason import Kind
from tests.hostile.handshakes import HANDSHAKES
from tests.hostile.server import Line, Server, visit

ENDINGS = (Kind.FIN, Kind.RESET, Kind.TIMEOUT)


@pytest.mark.long(but=["tls1.2-rsa"])
@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_server_may_stop_behind_every_byte(name: str) -> None:
    handshake = HANDSHAKES[name]
    whole = Server(handshake)
    assert visit(handshake, Line(whole)).failure is None
    for stop in range(whole.needed):
        server, ending = Server(handshake), ENDINGS[stop % len(ENDINGS)]
        attempt = visit(handshake, Line(server, stop, ending))
        if 0 < server.needed <= stop:  # one ECDSA signature is a byte shorter than another
            continue
        assert attempt.failure is not None, stop
        assert attempt.failure.kind is ending, (stop, str(attempt.failure))


@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_server_may_say_one_byte_at_a_time(name: str) -> None:
    assert visit(HANDSHAKES[name], Line(Server(HANDSHAKES[name]), piece=1)).failure is None
