"""Renegotiating once connected, begun by the client or asked for by the server, on one connection each.

A refusal is recognised when it arrives. What silence means is decided by one further request on the same
connection: answered, the server goes on with the old keys; else it hangs.
"""

import time
from abc import ABC, abstractmethod
from dataclasses import replace

from clients.exchange import Exchange, Visit
from clients.http_answer import Answer
from clients.observation import COMPLETED, RenegotiationSeen
from clients.player import Player
from handshake.client.renegotiation import refusal_to_renegotiate, signals_rfc5746
from handshake.events import (
    AlertSent,
    Event,
    Phase,
    RenegotiationRefused,
    RenegotiationRequested,
    RenegotiationStarted,
)
from handshake.hello_template import HelloTemplate
from handshake.reason import NO_DETAIL, Cause, Detail, Kind, Rule, cause_of_alert
from handshake.wire.registry import AlertDescription, AlertLevel, ProtocolVersion, alert_name

RENEGOTIATION_PATH = "/reneg"
"""A request for it makes OpenSSL's s_server, and every server under test here, ask for a renegotiation."""

SILENCE_SHARE = 0.5
"""Of the time left until the deadline, for what a server does not say."""


class Renegotiation(Exchange, ABC):
    """What both have in common: whether it was tried, what became of it, and what the connection is good for
    afterwards.
    """

    INITIATOR: str

    def __init__(self, player: Player, hello: HelloTemplate, visit: Visit) -> None:
        super().__init__(player, hello, visit)
        self._policy = player.policy
        self._is_tried = False
        self._refusal: Cause | None = None

    @property
    def is_completed(self) -> bool:
        """Whether the second handshake is complete."""
        seen = self.renegotiation
        return seen is not None and COMPLETED in (seen.secure, seen.legacy)

    @property
    def _is_tls13(self) -> bool:
        """Whether there is no renegotiation at all (RFC 8446 section 4.1.2)."""
        return self.negotiated is not None and self.negotiated.version >= ProtocolVersion.TLS_1_3

    def begin(self) -> None:
        """The first handshake is complete, or the second."""
        assert self.negotiated is not None, "set with the event"
        if self._is_tried:
            self._note(None)
            self.go_on()
            return
        self.renegotiation = RenegotiationSeen(
            self.INITIATOR, signals_rfc5746(self.template), self.negotiated.renegotiation_info
        )
        if self._is_tls13:
            self.send(self.visit.request)  # there is nothing to try, but the connection should carry data
            return
        if self.connection.is_ended:  # by what came in the same segment; its event says how
            return
        self._is_tried = True
        self.try_it()

    @abstractmethod
    def try_it(self) -> None:
        """Begin the renegotiation, or have the server begin it."""

    @abstractmethod
    def go_on(self) -> None:
        """The second handshake is complete."""

    def refuse(self, cause: Cause) -> None:
        """Note a refusal that leaves the connection open, and see whether it still is."""
        self._refusal = cause
        self._note(cause)
        self.answer = Answer()
        self.send(self.visit.request)

    def end_silence(self) -> None:
        """Ask once more, on the keys there are."""
        self.refuse(Cause(Kind.TIMEOUT))

    def end_of_answer(self) -> None:
        """A request after a refusal was answered, one on a connection that cannot be renegotiated, or on the
        new keys. What comes before is no answer: a server may speak first, as mail servers do.
        """
        if self._is_tls13:
            super().fail(Rule.TLS_1_3.cause, Phase.RENEGOTIATION)
        elif self._refusal is not None:
            self._note_connection("open")
            super().fail(self._refusal, Phase.RENEGOTIATION)
        elif self.is_completed:
            super().end_of_answer()
        else:
            self.answer = Answer()

    def fail(self, cause: Cause, phase: Phase | None = None, detail: Detail = NO_DETAIL) -> None:
        """What ends the connection after a refusal is the refusal's consequence."""
        if self.is_over:
            return
        if self._refusal is not None:
            self._note_connection("closed")
            cause, phase = self._refusal, Phase.RENEGOTIATION
        elif self._is_tried and not self.is_completed:
            self._note(cause)
            self._note_connection("closed")
            phase = Phase.RENEGOTIATION
        super().fail(cause, phase, detail)

    def _note(self, refusal: Cause | None) -> None:
        """Note what became of it: it was completed, or refused in this way."""
        answer = COMPLETED if refusal is None else str(refusal)
        self.expect_no_silence()
        seen = self.renegotiation
        assert seen is not None, "noted after the first handshake only"
        if seen.offered and seen.answered:
            self.renegotiation = replace(seen, secure=answer)
        else:
            self.renegotiation = replace(seen, legacy=answer)

    def _note_connection(self, after: str) -> None:
        assert self.renegotiation is not None, "noted after the first handshake only"
        self.renegotiation = replace(self.renegotiation, connection_after=after)


class ClientRenegotiation(Renegotiation):
    """The client begins as soon as it is connected; then comes the one request."""

    INITIATOR = "client"

    def try_it(self) -> None:
        """Send the hello inside the connection, unless a HelloRequest has made the client do so already."""
        if not self.connection.is_renegotiating:
            self.connection.renegotiate(time.monotonic())
        self.expect_silence(SILENCE_SHARE)

    def go_on(self) -> None:
        """See that the new keys carry data."""
        self.send(self.visit.request)

    def react(self, event: Event) -> None:
        """A warning no_renegotiation is the refusal; all else as ever."""
        super().react(event)
        match event:
            case RenegotiationRefused() if self._is_tried and self._refusal is None:
                self.refuse(cause_of_alert(alert_name(AlertDescription.NO_RENEGOTIATION)))


class ServerRenegotiation(Renegotiation):
    """The client asks the server, by a request, to ask for a renegotiation, and does with that what it does.

    The server may answer the request before the renegotiation, on the old keys (SunJSSE, research note on
    JSSE section 6), or after it (OpenSSL); before it, a second request follows.
    """

    INITIATOR = "server"

    def __init__(self, player: Player, hello: HelloTemplate, visit: Visit) -> None:
        super().__init__(player, hello, visit)
        self._is_requested = False
        self._is_answered = False

    def try_it(self) -> None:
        """Ask for it. Only HTTP has a way to, so of another server it is seen whether it asks anyway."""
        protocol = self.visit.protocol
        if protocol is not None and protocol.request is not None:
            self.send(self.visit.request)
            return
        host = self.visit.destination.server_name or "localhost"
        self.send(
            f"GET {RENEGOTIATION_PATH} HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n".encode()
        )

    def go_on(self) -> None:
        """See that the new keys carry data, if the answer has not to come on them anyway."""
        if self._is_answered:
            self.answer = Answer()
            self.send(self.visit.request)

    def react(self, event: Event) -> None:
        """Note the HelloRequest and what the client being played does with it."""
        super().react(event)
        match event:
            case RenegotiationRequested():
                self._is_requested = self._is_tried = True
                if self._policy.hello_request == "ignore":
                    self._refusal = Rule.HELLO_REQUEST.cause
                    self._note(self._refusal)
            case RenegotiationStarted():
                self.expect_silence(SILENCE_SHARE)
            case AlertSent(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION):
                rule = refusal_to_renegotiate(self._policy.renegotiation).what
                self._refusal = Cause(Kind.POLICY, rule)
                self._note(self._refusal)

    def end_of_answer(self) -> None:
        """The answer to the first request, or to the one after it."""
        if not self._is_tried:
            super().end_of_answer()
            return
        is_first, self._is_answered = not self._is_answered, True
        if is_first and not self.is_completed:
            self.answer = Answer()
            if not self._is_requested:
                self.fail(Rule.NOT_REQUESTED.cause)
            elif self._refusal is not None:
                self.send(self.visit.request)
            return
        super().end_of_answer()


class AwaitedRenegotiation(ServerRenegotiation):
    """The client asks for what it always asks for, and sees whether the server asks for a renegotiation.

    For servers of somebody else's, which have no path that makes them ask.
    """

    def try_it(self) -> None:
        """Send the one request there is."""
        self.send(self.visit.request)
