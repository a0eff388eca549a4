"""One attempt of a client: one TCP connection, one hello, and what is said once connected.

It is driven by one loop: bytes from the transport go into the engine, its events decide whether the attempt
is over, and what it wants to send goes out. Nothing a peer does raises: it ends up in the `Attempt`. All
input is bounded, in time by the deadline and in size by MAX_RECEIVED_BYTES. What `Exchange` does once
connected is one request and its answer; the other conversations are its subclasses.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clients import prelude
from clients.http_answer import Answer
from clients.observation import Attempt, Failure, RenegotiationSeen
from clients.profile import Profile, ProfileAttempt
from clients.starttls import PROTOCOLS, Protocol, StartTls
from clients.transport import Transport, TransportFailure
from handshake.clear_text import Framing
from handshake.client import ClientConnection
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
    SuiteUnsupported,
    TranscriptEntry,
)
from handshake.hello_random import Clock
from handshake.hello_template import HelloFormat
from handshake.session import Session
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import AlertDescription, alert_name

MAX_RECEIVED_BYTES = 262_144  # of one attempt: an endless handshake ends here, not in our memory


@dataclass(frozen=True, slots=True)
class Setting:
    """What every attempt of a client shares.

    `server_name` goes into server_name extensions; None (an address) leaves the extension out. `request` is
    sent once connected; empty ends the attempt there. `session` is offered to be resumed, `credentials` are
    shown when the server asks. `starttls` says what is spoken before TLS; None is TLS from the first byte.
    `clock` gives the time to the hellos that say it.
    """

    server_name: str | None
    request: bytes
    entropy: Callable[[int], bytes]
    session: Session | None = None
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    starttls: StartTls | None = None
    clock: Clock = time.time

    @property
    def protocol(self) -> Protocol | None:
        """The protocol that is spoken before TLS."""
        return None if self.starttls is None else PROTOCOLS[self.starttls.protocol]


class Exchange:
    """One attempt in progress; `run` does all of it, and its outcome is in the attributes."""

    def __init__(self, profile: Profile, attempt: ProfileAttempt, setting: Setting) -> None:
        self.template = attempt.template
        self.setting = setting
        self.connection = ClientConnection(
            attempt.template,
            server_name=setting.server_name,
            limits=profile.client_limits,
            policy=profile.client_policy,
            entropy=setting.entropy,
            session=setting.session,
            credentials=setting.credentials,
            clock=setting.clock,
        )
        self.failure: Failure | None = None
        self.negotiated: Negotiated | None = None
        self.certificate_sha256: str | None = None
        self.certificate_requested = False
        self.renegotiation: RenegotiationSeen | None = None
        self.answer = Answer()
        self.is_over = False
        self.deadline = 0.0
        self._silence_ends_at: float | None = None
        self._said_before: list[TranscriptEntry] = []
        self._framing = Framing() if setting.protocol is None else setting.protocol.framing()
        self._outgoing = b""

    def run(self, host: str, port: int, deadline_seconds: float) -> Attempt:
        """Do the whole attempt."""
        started_at = datetime.now(UTC)
        started = time.monotonic()
        client_port = None
        self.deadline = started + deadline_seconds
        try:
            transport = Transport(host, port, self.deadline)
        except TransportFailure as failure:
            self.fail(failure.cause, Phase.CONNECT)
        else:
            with transport:
                client_port = transport.local_port
                try:
                    self._begin_tls(transport, started, deadline_seconds)
                    if not self.is_over:
                        self._converse(transport)
                except TransportFailure as failure:
                    self.fail(failure.cause)
        return Attempt(
            hello_version=self.template.client_version,
            sslv2_format=self.template.format is HelloFormat.SSLV2,
            failure=self.failure,
            negotiated=self.negotiated,
            transcript=(*self._said_before, *self.connection.transcript),
            started=started_at,
            seconds=time.monotonic() - started,
            client_port=client_port,
        )

    def _begin_tls(self, transport: Transport, started: float, deadline_seconds: float) -> None:
        """Say what comes before TLS, which then has its whole time."""
        starttls = self.setting.starttls
        if starttls is None:
            return
        until = started + deadline_seconds * prelude.DEADLINES
        failure = prelude.speak(starttls, transport, until, self._said_before)
        if failure is not None:
            self.fail(failure.cause, failure.phase, failure.said)
        self.deadline = time.monotonic() + deadline_seconds

    def _converse(self, transport: Transport) -> None:
        received = 0
        self.connection.start(time.monotonic())
        self.flush(transport)
        while not self.is_over:
            try:
                data = transport.receive(self._silence_ends_at or self.deadline)
            except TransportFailure as failure:
                if failure.cause != "timeout" or self._silence_ends_at is None:
                    raise
                self._silence_ends_at = None
                self.end_silence()
                self.flush(transport)
                continue
            received += len(data)
            self._receive(data)
            if received > MAX_RECEIVED_BYTES:
                self.fail("protocol-error-excess-data")
            self.flush(transport)
        self.connection.close(time.monotonic())
        self.flush(transport)

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
            self._end_of_stream("fin")

    def flush(self, transport: Transport) -> None:
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

    def _drain(self, transport: Transport) -> None:
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
            case AlertReceived(description=AlertDescription.CLOSE_NOTIFY, is_fatal=True):
                self._end_of_stream("close_notify")
            case AlertReceived(description=description, is_fatal=True):
                self.fail(f"alert-{alert_name(description)}")
            case PeerFaulted(what=what):
                self.fail(f"protocol-error-{what}")
            case PolicyRefused(what=what):
                self.fail(f"policy-{what}")
            case SuiteUnsupported(cipher_suite=cipher_suite):
                self.fail(f"unsupported-{cipher_suite_name(cipher_suite)}")
            case PeerClosed(close_notify=close_notify):
                self._end_of_stream("close_notify" if close_notify else "fin")

    def begin(self) -> None:
        """A handshake is complete: send the request."""
        if not self.setting.request:
            self.is_over = True
        else:
            self.send(self.setting.request)

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

    def fail(self, cause: str, phase: Phase | None = None, said: str = "") -> None:
        """End the attempt; the first cause counts. `said` is as in `Failure`."""
        if not self.is_over:
            self.failure = Failure(phase or self.connection.phase, cause, said)
            self.is_over = True

    def _end_of_stream(self, cause: str) -> None:
        """The peer has closed: fine after the headers of an answer without Content-Length, else a failure."""
        if self.is_over:
            return
        if self.negotiated is not None and self.answer.ends_with_the_stream:
            self.end_of_answer()
        self.fail(cause)
