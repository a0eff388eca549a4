"""What a handshake is in either role: a place in a table of states, and the transcript it is bound to.

The tables are `handshake.client.state` and `handshake.server.state`; what a message does is in the roles'
functions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

from handshake.connection import UNKNOWN_MESSAGE, Connection
from handshake.errors import Fault, PeerFault
from handshake.events import Phase
from handshake.renegotiation import FinishedPair
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def kebab(message_name: str) -> str:
    """A message's name as faults are named: server-hello-done, unknown-message for one without a name."""
    if message_name.startswith(UNKNOWN_MESSAGE):
        return "unknown-message"
    return _CAPITAL.sub("-", message_name).lower().replace("_", "-")


State = TypeVar("State", bound=Enum)


@dataclass(slots=True, kw_only=True)
class StateMachine(Generic[State]):
    """One handshake's state and its messages so far, headers included, as the transcript hash takes them.

    `connection` is a weak reference: the connection holds its handshake, and without a cycle all that it
    leaves is freed at once and not by the garbage collector.

    `previous` is what the handshake before on the same connection ended with, None in the first; `finished`
    what this one ended with.
    """

    # Any stands for the role's states: a class variable cannot use the class's own type variable (PEP 526).
    TRANSITIONS: ClassVar[Mapping[Any, Mapping[str, frozenset[Any]]]]
    PHASES: ClassVar[Mapping[Any, Phase]]

    connection: Connection
    state: State
    messages: bytearray = field(default_factory=bytearray)
    previous: FinishedPair | None = None
    finished: FinishedPair | None = None

    def successors(self, message_name: str) -> frozenset[State]:
        """Return the states `message_name` may lead to. Raises PeerFault when it has no business here."""
        successors = self.TRANSITIONS[self.state].get(message_name)
        if successors is None:
            raise PeerFault(
                Fault.UNEXPECTED_MESSAGE,
                f"{message_name} while in state {self.state.name}",
                f"{kebab(message_name)}-out-of-turn",
                "message-out-of-turn",
            )
        return successors

    def move(self, state: State, successors: frozenset[State]) -> None:
        """Enter `state`, which must be one of `successors`."""
        assert state in successors, f"{self.state} may not lead to {state}"
        self.state = state
        phase = self.PHASES[state]
        if self.previous is not None and phase is not Phase.APPLICATION_DATA:
            phase = Phase.RENEGOTIATION
        self.connection.phase = phase

    def add(self, message: HandshakeMessage) -> bytes:
        """Take a message into the transcript and give its wire form."""
        wire = push_handshake_message(message)
        self.messages += wire
        return wire
