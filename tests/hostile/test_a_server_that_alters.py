"""A server that alters one of its records in one way: each record of each handshake in each way."""

import pytest

from handshake.wire.registry import ContentType
from tests.hostile.handshakes import HANDSHAKES, TLS_1_3
from tests.hostile.server import Line, Server, visit
from tests.mutations.records import ALTERATIONS


@pytest.mark.long(but=["tls1.2-rsa", "tls1.3"])
@pytest.mark.parametrize("name", HANDSHAKES)
def test_no_altered_message_gets_through(name: str) -> None:
    """What is in the transcript cannot be altered without the Finished messages showing it."""
    handshake = HANDSHAKES[name]
    control = Server(handshake)
    assert visit(handshake, Line(control)).failure is None
    for alteration, change in ALTERATIONS.items():
        is_last_word = handshake.version < TLS_1_3 and not change.is_late  # else tickets are
        bound = control.completion if is_last_word else control.before_completion
        for number, meant in enumerate(control.records.meant):
            server = Server(handshake, change, number)
            attempt = visit(handshake, Line(server))
            is_bound = number < bound and meant.content_type == ContentType.HANDSHAKE
            if is_bound and not change.is_harmless and change.replace(meant) != (meant,):
                assert attempt.failure is not None, (alteration, number)
