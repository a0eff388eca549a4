"""Asking a live server what the questions want to know: the one place of the twin where a socket is used to
learn.

Each inquiry is one connection (a resumption is two). The client that asks has no limits or policy of its own,
so that what it sees is the server. A budget bounds the connections; a silent server costs no more than
some of the time that the hellos which got through have taken. Silence and a reset may also be the network's
or a busy machine's, so they are believed when they come twice.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from clients import prelude
from clients.connect import connect, resume
from clients.destination import Destination
from clients.observation import Observation
from clients.pace import at_once
from clients.player import PlayedHello, Player
from clients.renegotiate import ClientRenegotiation
from clients.transport import Transport, TransportFailure
from handshake.client.hello import fill_hello
from handshake.hello_template import ClientPolicy
from handshake.reason import Cause, Kind, parse_cause
from handshake.renegotiation import Renegotiation
from handshake.transcript import Transcript
from matrix.twin.inquiry import Inquiry, Manner
from matrix.twin.reply import Reply, reply_of, reply_to_bytes

_PATIENCE = 10.0
"""A hello is given this many times as long as the slowest one that got through."""
_LEAST_SECONDS = 0.5
"""A machine under load may stop a process for so long."""
_MOST_RECEIVED = 1 << 16
_ACCIDENTS = (Kind.TIMEOUT, Kind.RESET)
_MOST_SILENT = 24
"""So many hellos are sent to a server that has answered none: it is not asked for all of its secrets."""
_NOT_TLS = parse_cause("protocol-error-not-tls")
_NOTHING_SAID = (Kind.TIMEOUT, Kind.RESET, Kind.FIN)
_CONNECTIONS = {Manner.RESUME_BY_ID: 2, Manner.RESUME_BY_TICKET: 2}


class BudgetSpent(Exception):
    """No more connections may be made."""


class Unreachable(Exception):
    """Nobody listens there any more, or nobody who says a word; the text says so."""


@dataclass
class Interviewer:
    """Asks `destination` at most `budget` times. `seconds` is the time of a connection; `pace` waits for the
    turn of one; `asked` counts those made.
    """

    destination: Destination
    budget: int
    seconds: float
    pace: Callable[[], None] = at_once
    asked: int = 0
    _causes: Counter[Cause | None] = field(default_factory=Counter)
    _slowest: float | None = None

    @property
    def left(self) -> int:
        """How many connections may still be made."""
        return self.budget - self.asked

    def ask(self, inquiry: Inquiry) -> Reply:
        """Ask one thing, and once more where the answer may be an accident. Raises BudgetSpent, and
        Unreachable where nobody accepts the connection.
        """
        reply = self.ask_once(inquiry)
        is_accident = reply.failure is not None and reply.failure.kind in _ACCIDENTS
        return self.ask_once(inquiry) if is_accident and self._has_answered else reply

    @property
    def _has_answered(self) -> bool:
        return any(cause is None or cause.kind is not Kind.TIMEOUT for cause in self._causes)

    def refusal(self) -> str:
        """What the server does with hellos where none gets through, to go behind its address."""
        if not self._has_answered:
            count = self._causes.total()
            return f"stays silent: none of {count} hellos was answered within {self.seconds:g} s"
        ((usual, _),) = self._causes.most_common(1)
        said = {cause for cause in self._causes if cause is None or cause.kind not in _NOTHING_SAID}
        if said == {_NOT_TLS}:
            return (
                "does not speak TLS; check the port, and name the protocol that comes before TLS, if there "
                "is one (HOST:PORT,starttls=PROTOCOL)"
            )
        return f"refuses every hello that was tried ({usual})"

    def ask_once(self, inquiry: Inquiry) -> Reply:
        """Ask one thing and take whatever comes of it. Raises as `ask` does."""
        needed = _CONNECTIONS.get(inquiry.manner, 1)
        if needed > self.left:
            raise BudgetSpent
        self.asked += needed
        began = time.monotonic()
        reply = self._reply_to_spoiled(inquiry) if inquiry.spoiled else reply_of(self._observe(inquiry))
        if reply.is_unreachable:
            raise Unreachable(f"{self.destination.address}: nobody accepts connections")
        self._causes[None if reply.failure is None else reply.failure.cause] += 1
        if not self._has_answered and self._causes.total() >= _MOST_SILENT:
            raise Unreachable(f"{self.destination.address}: {self.refusal()}")
        if reply.failure is None:
            self._slowest = max(time.monotonic() - began, self._slowest or 0.0)
        return reply

    def _reply_to_spoiled(self, inquiry: Inquiry) -> Reply:
        assert inquiry.spoiled is not None, "the caller has looked"
        self.pace()
        filled = fill_hello(inquiry.hello, self.destination.server_name, os.urandom)
        deadline, received = time.monotonic() + self._deadline(), b""
        try:
            with Transport(self.destination, deadline) as transport:
                if self.destination.starttls is not None:
                    failure = prelude.speak(self.destination.starttls, transport, deadline, Transcript())
                    if failure is not None:
                        return Reply(failure)
                transport.send(inquiry.spoiled(filled.wire), deadline)
                while len(received) < _MOST_RECEIVED:
                    data = transport.receive(deadline)
                    received += data
                    reply = reply_to_bytes(received, Kind.TIMEOUT if data else Kind.FIN)
                    if not data or not reply.is_silent:
                        return reply
        except TransportFailure as failure:
            return reply_to_bytes(received, failure.kind)
        return reply_to_bytes(received, Kind.TIMEOUT)

    def _observe(self, inquiry: Inquiry) -> Observation:
        player = Player((PlayedHello(inquiry.hello),), policy=_POLICY)
        match inquiry.manner:
            case Manner.RESUME_BY_ID:
                return resume(
                    player,
                    self.destination,
                    deadline_seconds=self._deadline(),
                    session_of=lambda exchange: exchange.connection.session_by_id,
                    pace=self.pace,
                )
            case Manner.RESUME_BY_TICKET:
                return resume(
                    player,
                    self.destination,
                    deadline_seconds=self._deadline(),
                    session_of=lambda exchange: exchange.connection.session_by_ticket,
                    pace=self.pace,
                )
            case Manner.RENEGOTIATE:
                return connect(
                    player,
                    self.destination,
                    deadline_seconds=self.seconds,
                    exchange_type=ClientRenegotiation,
                    pace=self.pace,
                )
            case _:
                return connect(player, self.destination, deadline_seconds=self._deadline(), pace=self.pace)

    def _deadline(self) -> float:
        if self._slowest is None:
            return self.seconds
        return min(self.seconds, max(_PATIENCE * self._slowest, _LEAST_SECONDS))


_POLICY = ClientPolicy(renegotiation=Renegotiation.LEGACY)
"""A client that renegotiates whenever the server does."""
