"""The state tables themselves: no unreachable state, no dead end before the handshake is complete."""

from collections.abc import Mapping
from enum import Enum

import pytest

from handshake.client import state as client_state
from handshake.client import tls12, tls13
from handshake.server import state as server_state
from handshake.server.post_handshake import handlers_in


def reachable(start: Enum, table: Mapping[Enum, Mapping[str, frozenset[Enum]]]) -> set[Enum]:
    """Every state one can get to."""
    seen, todo = {start}, [start]
    while todo:
        for successors in table[todo.pop()].values():
            todo += successors - seen
            seen |= successors
    return seen


@pytest.mark.parametrize(
    ("module", "start"),
    [
        (client_state, client_state.State.START),
        (server_state, server_state.State.WAIT_CLIENT_HELLO),
    ],
    ids=["client", "server"],
)
def test_every_state_is_reachable_and_leads_to_the_end(module, start) -> None:
    states = set(module.State)
    assert reachable(start, module.TRANSITIONS) == states
    ends = {module.State.CONNECTED, module.State.CONNECTED_13}
    for state in states:
        assert reachable(state, module.TRANSITIONS) & ends, state
    assert set(module.PHASES) == set(module.State)


def test_every_message_in_the_client_table_has_its_function() -> None:
    for state, row in client_state.TRANSITIONS.items():
        handlers = tls13.HANDLERS if state in client_state.TLS_1_3_STATES else tls12.HANDLERS
        assert set(row) - {"start", "ServerHello", "ChangeCipherSpec", "HelloRequest"} <= set(handlers), state


def test_every_message_in_the_server_table_has_its_function() -> None:
    elsewhere = {"ClientHello", "ChangeCipherSpec", "no_certificate", "request"}
    for state, row in server_state.TRANSITIONS.items():
        assert set(row) - elsewhere <= set(handlers_in(state)), state
