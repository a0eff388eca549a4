"""One attempt of a client: one TCP connection, one hello, and what is said once connected.

It is driven by one loop: bytes from the transport go into the engine, its events decide whether the attempt
is over, and what it wants to send goes out. Nothing a peer does raises: it ends up in the `Attempt`. All
input is bounded, in time by the deadline and in size by MAX_RECEIVED_BYTES. What `Exchange` does once
connected is one request and its answer; the other conversations are its subclasses.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from msgspec import Struct, field

from clients import prelude
from clients.destination import Destination
from clients.http_answer import Answer
from clients.observation import Attempt, RenegotiationSeen, with_alert_named
from clients.pace import at_once
from clients.player import Player
from clients.starttls import PROTOCOLS, Protocol
from clients.transport import Stream, Transport, TransportFailure
from handshake.clear_text import Framing
from handshake.client.connection import ClientConnection
from handshake.crypto.credentials import Credential
from handshake.events import (
    AlertReceived,
    ApplicationData,
    CertificateReceived,
    CertificateRequested,
    Event,
    HandshakeCompleted,
    Negotiated,
    PeerClosed,
    PeerFaulted,
    Phase,
    PolicyRefused,
    Unsupported,
)
from handshake.hello_random import Clock
from handshake.hello_template import HelloFormat, HelloTemplate, pieces
from handshake.reason import NO_DETAIL, Breach, Cause, Detail, Kind, Reason, cause_of_alert
from handshake.session import Session
from handshake.wire.registry import AlertDescription, alert_name

_OF_THE_SERVER = frozenset({Kind.ALERT, Kind.CLOSE_NOTIFY, Kind.FIN, Kind.RESET, Kind.TIMEOUT})
_OF_TRANSPORT = frozenset({Kind.FIN, Kind.RESET, Kind.TIMEOUT})
A_RECORD, A_MESSAGE, AN_ANSWER = "a record", "a handshake message", "its answer"
"""What a server may have begun when a connection ends."""
UNFINISHED = "unfinished"
"""A transcript entry's kind: the beginning of a record whose end never came."""
MAX_RECEIVED_BYTES = 262_144  # of one attempt: an endless handshake ends here, not in our memory


class Visit(Struct, frozen=True):
    """What every attempt of a client at a destination shares.

    `deadline_seconds` is for each attempt, since a silent server must not take the time of the retry it
    provokes; what comes before TLS takes part of it. `request` is sent once connected; empty ends the attempt
    there. `session` is offered to be resumed, `credentials` by certificate type are shown when the server
    asks. `pace` waits for the turn of a connection, `clock` gives the time to the hellos that say it.
    """

    destination: Destination
    deadline_seconds: float
    request: bytes
    entropy: Callable[[int], bytes] = os.urandom
    session: Session | None = None
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    pace: Callable[[], None] = at_once
    clock: Clock = time.time

    @property
    def protocol(self) -> Protocol | None:
        """The protocol that is spoken before TLS."""
        starttls = self.destination.starttls
        return None if starttls is None else PROTOCOLS[starttls.protocol]


class Exchange:
    """One attempt in progress; `run` does all of it, and its outcome is in the attributes."""

    def __init__(self, player: Player, hello: HelloTemplate, visit: Visit) -> None:
        self.template = hello
        self.visit = visit
        self.connection = ClientConnection(
            hello,
            server_name=visit.destination.server_name,
            limits=player.limits,
            policy=player.policy,
            entropy=visit.entropy,
            session=visit.session,
            credentials=visit.credentials,
            clock=visit.clock,
        )
        self.failure: Reason | None = None
        self.negotiated: Negotiated | None = None
        self.certificate_sha256: str | None = None
        self.certificate: bytes | None = None
        self.certificate_requested = False
        self.renegotiation: RenegotiationSeen | None = None
        self.answer = Answer() if visit.protocol is None else visit.protocol.answer()
        self.is_over = False
        self._is_asked = False
        self.deadline = 0.0
        self._silence_ends_at: float | None = None
        self._framing = Framing() if visit.protocol is None else visit.protocol.framing()
        self._outgoing = b""

    def run(self) -> Attempt:
        """Do the whole attempt."""
        self.visit.pace()
        started_at = datetime.now(UTC)
        started = time.monotonic()
        client_port = segment_size = ends = None
        self.deadline = started + self.visit.deadline_seconds
        try:
            transport = self.open()
        except TransportFailure as failure:
            self.fail(Cause(failure.kind), Phase.CONNECT)
        else:
            with closing(transport):
                client_port, segment_size = transport.local_port, transport.segment_size
                ends = transport.ends
                try:
                    self._begin_tls(transport)
                    if not self.is_over:
                        self._converse(transport)
                except TransportFailure as failure:
                    self.fail(Cause(failure.kind))
        self._note_begun_record()
        transcript = tuple(self.connection.transcript)
        attempt = Attempt(
            hello_version=self.template.client_version,
            sslv2_format=self.template.format is HelloFormat.SSLV2,
            failure=self.failure,
            negotiated=self.negotiated,
            transcript=transcript,
            left_out=self.connection.transcript.left_out,
            key_log=tuple(self.connection.key_log),
            started=started_at,
            seconds=time.monotonic() - started,
            client_port=client_port,
            segment_size=segment_size,
            ends=ends,
            first_entry_after=transcript[0].time - started if transcript else None,
        )
        return with_alert_named(attempt)

    def open(self) -> Stream:
        """Open the connection. Raises TransportFailure."""
        return Transport(self.visit.destination, self.deadline)

    def _begin_tls(self, transport: Stream) -> None:
        """Say what comes before TLS."""
        starttls = self.visit.destination.starttls
        if starttls is None:
            return
        failure = prelude.speak(starttls, transport, self.deadline, self.connection.transcript)
        if failure is not None:
            self.fail(failure.cause, failure.phase, failure.detail)

    def _converse(self, transport: Stream) -> None:
        received = 0
        self.connection.start(time.monotonic())
        self._send_first_flight(transport)
        while not self.is_over:
            try:
                data = transport.receive(self._silence_ends_at or self.deadline)
            except TransportFailure as failure:
                if failure.kind is not Kind.TIMEOUT:
                    raise
                if self._silence_ends_at is not None:
                    self._silence_ends_at = None
                    self.end_silence()
                    self.flush(transport)
                    continue
                if not self.answer.ends_with_the_stream:
                    raise
                self.end_of_answer()  # it goes on and on, and TLS with it
                continue
            received += len(data)
            self._receive(data)
            if received > MAX_RECEIVED_BYTES:
                self.fail(Breach.EXCESS_DATA.cause)
            self.flush(transport)
        self.connection.close(time.monotonic())
        self.flush(transport)

    def _send_first_flight(self, transport: Stream) -> None:
        """Send the hello, in the segments that its template wants. An answer that comes before all of them
        are out is taken at once; the time that the pauses take is the client's own, and not the server's.
        """
        self._frame()
        segments = list(pieces(self._outgoing, self.template.segments))
        if len(segments) < 2:
            self.flush(transport)
            return
        self._outgoing = b""
        for number, segment in enumerate(segments, start=1):
            if number > 1:
                self._pause(transport)
            if self.is_over:
                return
            name = f"{number} of {len(segments)}"
            self.connection.records.note("sent", "segment", name, time.monotonic(), segment, b"")
            self._outgoing += segment
            self.flush(transport)

    def _pause(self, transport: Stream) -> None:
        """Let a segment arrive, and take what is answered to it already."""
        began = time.monotonic()
        if transport.pause(self.template.pause_seconds, self.deadline):
            self._receive(transport.receive(self.deadline))
        self.deadline += min(time.monotonic() - began, self.template.pause_seconds)

    def _receive(self, data: bytes) -> None:
        """Give the engine what came (empty is the end of the stream) and react to its events.

        The engine reads all of it first. So it may be further than an event says: a connection whose
        handshake is complete, as the event has it, may have ended in the same segment.
        """
        if not data:
            self.connection.receive_end_of_stream(time.monotonic())
        elif tls := self._framing.unwrap(data):  # half a frame says nothing yet
            self.connection.receive_data(tls, time.monotonic())
        while not self.is_over and (event := self.connection.next_event()) is not None:
            self.react(event)
        if not data:
            self._end_of_stream(Kind.FIN)

    def flush(self, transport: Stream) -> None:
        """Send what the engine wants sent. Raises TransportFailure unless what came before explains it."""
        self._frame()
        if not self._outgoing:
            return
        data, self._outgoing = self._outgoing, b""
        try:
            transport.send(data, self.deadline)
        except TransportFailure:
            if not self.is_over:
                self._drain(transport)
            if not self.is_over:
                raise

    def _frame(self) -> None:
        self._outgoing += self._framing.wrap(self.connection.data_to_send())

    def _drain(self, transport: Stream) -> None:
        """Read what came before the connection broke: an alert or FIN is the cause, the break its effect."""
        try:
            while not self.is_over:
                self._receive(transport.receive(self.deadline))
        except TransportFailure:
            return

    def react(self, event: Event) -> None:
        """Do what an event asks for."""
        match event:
            case CertificateReceived(chain=(leaf, *_)):
                self.certificate = leaf
                self.certificate_sha256 = hashlib.sha256(leaf).hexdigest()
            case CertificateRequested():
                self.certificate_requested = True
            case HandshakeCompleted(negotiated=negotiated):
                self.negotiated = negotiated
                self._frame()  # what there is to send is the last of the handshake
                self._framing.end()
                self.begin()
            case ApplicationData(data=data):
                self.answer.take(data)
                if self.answer.is_whole:
                    self.end_of_answer()
                elif self.answer.is_unreadable:
                    self.fail(Breach.STARTTLS_UNREADABLE.cause)
            case AlertReceived(description=AlertDescription.CLOSE_NOTIFY, is_fatal=True):
                self._end_of_stream(Kind.CLOSE_NOTIFY)
            case AlertReceived(description=description, is_fatal=True):
                self.fail(cause_of_alert(alert_name(description)))
            case PeerFaulted(what=what):
                self.fail(Cause(Kind.PROTOCOL_ERROR, what))
            case PolicyRefused(what=what, met=met, wanted=wanted):
                self.fail(Cause(Kind.POLICY, what), detail=Detail(met, wanted))
            case Unsupported(name=name):
                self.fail(Cause(Kind.UNSUPPORTED, name))
            case PeerClosed(close_notify=close_notify):
                self._end_of_stream(Kind.CLOSE_NOTIFY if close_notify else Kind.FIN)

    def begin(self) -> None:
        """A handshake is complete: send the request, once however many handshakes there are."""
        if not self.visit.request:
            self.is_over = True
        elif not self._is_asked:
            self._is_asked = True
            self.send(self.visit.request)

    def send(self, request: bytes) -> None:
        """Send a request, unless the engine has ended the connection (an event says why)."""
        if not self.connection.is_ended:
            self.connection.send_application_data(request, time.monotonic())

    def end_of_answer(self) -> None:
        """A whole answer has come: nothing more is wanted."""
        self.is_over = True

    def expect_silence(self, share: float) -> None:
        """Call `end_silence` when nothing has come for that share of the time left; fail at its end only."""
        now = time.monotonic()
        self._silence_ends_at = now + (self.deadline - now) * share

    def expect_no_silence(self) -> None:
        """What was waited for has come."""
        self._silence_ends_at = None

    def end_silence(self) -> None:
        """Nothing has come for as long as was said."""

    def fail(self, cause: Cause, phase: Phase | None = None, detail: Detail = NO_DETAIL) -> None:
        """End the attempt; the first cause counts."""
        if not self.is_over:
            self.failure = Reason(phase or self.connection.phase, cause, self._detailed(cause, phase, detail))
            self.is_over = True

    def _detailed(self, cause: Cause, phase: Phase | None, detail: Detail) -> Detail:
        """Add what a person wants to know: how long was waited, and what the server had asked for before."""
        # A renegotiation waits for its answer for a share of the time alone (`expect_silence`).
        is_whole_wait = cause.kind is Kind.TIMEOUT and phase is not Phase.RENEGOTIATION
        seconds = self.visit.deadline_seconds if is_whole_wait else None
        is_asked = self.certificate_requested and cause.kind in _OF_THE_SERVER
        if cause.kind in _OF_TRANSPORT and phase is None:
            unfinished, received = self._unfinished()
            detail = replace(detail, unfinished=unfinished, received=received)
        return replace(detail, seconds=seconds, certificate_requested=is_asked)

    def _unfinished(self) -> tuple[str, int]:
        """What the server has begun and not ended, and how many bytes of it have come."""
        is_answering = self.connection.phase is Phase.APPLICATION_DATA and not self.answer.is_whole
        begun = {
            A_RECORD: len(self._framing.begun) + self.connection.records.waiting,
            A_MESSAGE: len(self.connection.messages.buffered),
            AN_ANSWER: len(self.answer.data) if is_answering else 0,
        }
        return next(((what, received) for what, received in begun.items() if received), ("", 0))

    def _note_begun_record(self) -> None:
        """Write into the transcript what has come of a record at whose middle the connection ended."""
        if self.failure is not None and self.failure.detail.unfinished == A_RECORD:
            begun = self._framing.begun or self.connection.records.buffered
            self.connection.records.note("received", UNFINISHED, "record", self.connection.now, begun, begun)

    def _end_of_stream(self, kind: Kind) -> None:
        """The peer has closed: fine after the headers of an answer without Content-Length, else a failure."""
        if self.is_over:
            return
        if self.negotiated is not None and self.answer.ends_with_the_stream:
            self.end_of_answer()
        self.fail(Cause(kind))
