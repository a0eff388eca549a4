"""Connect as a client really does: hello, handshake, one HTTP request and its answer, fallback included.

Each attempt is one TCP connection driven by one loop: bytes from the transport go into the engine, its events
decide whether the attempt is over, and what it wants to send goes out. Nothing a peer does raises: it ends up
in the `Observation`. All input is bounded, in time by the deadline and in size by the two constants below.
"""

import hashlib
import os
import re
import time
from collections.abc import Callable

from clients.fallback import next_attempt
from clients.observation import Attempt, Failure, Observation
from clients.profile import Profile, ProfileAttempt
from clients.transport import Transport, TransportFailure
from handshake.client import ClientConnection
from handshake.events import (
    AlertReceived,
    ApplicationData,
    CertificateReceived,
    Event,
    HandshakeCompleted,
    Negotiated,
    PeerClosed,
    PeerFaulted,
    Phase,
    PolicyRefused,
    SuiteUnsupported,
)
from handshake.hello_template import HelloFormat
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import AlertDescription, AlertLevel, alert_name

MAX_RESPONSE_BYTES = 65_536
MAX_RECEIVED_BYTES = 262_144  # of one attempt: an endless handshake ends here, not in our memory

_HTTP = b"HTTP/"
_CONTENT_LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def connect(
    profile: Profile,
    host: str,
    port: int,
    *,
    server_name: str | None,
    deadline_seconds: float,
    request: bytes | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> Observation:
    """Walk `profile`'s ladder against `host`:`port` until an attempt succeeds or no further one follows.

    `server_name` goes into server_name extensions and the Host header; None (an address) leaves the extension
    out. `deadline_seconds` is for each attempt, since a silent server must not take the time of the retry it
    provokes. `request` None sends `GET / HTTP/1.0`; empty ends the attempt after the handshake.
    """
    if request is None:
        request = f"GET / HTTP/1.0\r\nHost: {server_name or host}\r\n\r\n".encode("ascii")
    attempts: list[Attempt] = []
    index: int | None = 0
    while index is not None:
        exchange = Exchange(profile, profile.attempts[index], server_name, request, entropy)
        attempts.append(exchange.run(host, port, deadline_seconds))
        failure = attempts[-1].failure
        index = None if failure is None else next_attempt(profile, index, failure)
    return Observation(tuple(attempts), exchange.certificate_sha256, bytes(exchange.response))


class Exchange:
    """One attempt in progress; `run` does all of it, and its outcome is in the attributes."""

    def __init__(
        self,
        profile: Profile,
        attempt: ProfileAttempt,
        server_name: str | None,
        request: bytes,
        entropy: Callable[[int], bytes],
    ) -> None:
        self.template = attempt.template
        self.connection = ClientConnection(
            attempt.template,
            server_name=server_name,
            limits=profile.client_limits,
            policy=profile.client_policy,
            entropy=entropy,
        )
        self.request = request
        self.failure: Failure | None = None
        self.negotiated: Negotiated | None = None
        self.certificate_sha256: str | None = None
        self.response = bytearray()
        self.is_over = False

    def run(self, host: str, port: int, deadline_seconds: float) -> Attempt:
        """Do the whole attempt."""
        started = time.monotonic()
        try:
            transport = Transport(host, port, started + deadline_seconds)
        except TransportFailure as failure:
            self._fail(failure.cause, Phase.CONNECT)
        else:
            with transport:
                try:
                    self._converse(transport)
                except TransportFailure as failure:
                    self._fail(failure.cause)
        return Attempt(
            hello_version=self.template.client_version,
            sslv2_format=self.template.format is HelloFormat.SSLV2,
            failure=self.failure,
            negotiated=self.negotiated,
            transcript=tuple(self.connection.transcript),
            seconds=time.monotonic() - started,
        )

    def _converse(self, transport: Transport) -> None:
        received = 0
        self.connection.start(time.monotonic())
        self.flush(transport)
        while not self.is_over:
            data = transport.receive()
            received += len(data)
            self._take(data)
            if received > MAX_RECEIVED_BYTES:
                self._fail("protocol-error-excess-data")
            self.flush(transport)
        self.connection.close(time.monotonic())
        self.flush(transport)

    def _take(self, data: bytes) -> None:
        """Give the engine what came (empty is the end of the stream) and react to its events."""
        if data:
            self.connection.receive_data(data, time.monotonic())
        else:
            self.connection.receive_end_of_stream(time.monotonic())
        while not self.is_over and (event := self.connection.next_event()) is not None:
            self._react(event)
        if not data:
            self._end_of_answer()

    def flush(self, transport: Transport) -> None:
        """Send what the engine wants sent. Raises TransportFailure unless what came before explains it."""
        data = self.connection.data_to_send()
        if not data:
            return
        try:
            transport.send(data)
        except TransportFailure:
            if not self.is_over:
                self._drain(transport)
            if not self.is_over:
                raise

    def _drain(self, transport: Transport) -> None:
        """Read what came before the connection broke: an alert in it is the cause, the break its effect."""
        try:
            while not self.is_over and (data := transport.receive()):
                self._take(data)
        except TransportFailure:
            return

    def _react(self, event: Event) -> None:
        match event:
            case CertificateReceived(chain=(leaf, *_)):
                self.certificate_sha256 = hashlib.sha256(leaf).hexdigest()
            case HandshakeCompleted(negotiated=negotiated):
                self._send_request(negotiated)
            case ApplicationData(data=data):
                self._take_answer(data)
            case AlertReceived(level=level, description=description):
                closes = description == AlertDescription.CLOSE_NOTIFY and self.negotiated is None
                if level == AlertLevel.FATAL or closes:
                    self._fail(f"alert-{alert_name(description)}")
            case PeerFaulted(what=what):
                self._fail(f"protocol-error-{what}")
            case PolicyRefused(what=what):
                self._fail(f"policy-{what}")
            case SuiteUnsupported(cipher_suite=cipher_suite):
                self._fail(f"unsupported-{cipher_suite_name(cipher_suite)}")
            case PeerClosed():
                self._end_of_answer()

    def _send_request(self, negotiated: Negotiated) -> None:
        self.negotiated = negotiated
        if not self.request:
            self.is_over = True
        elif not self.connection.is_ended:
            self.connection.send_application_data(self.request, time.monotonic())

    def _take_answer(self, data: bytes) -> None:
        self.response += data[: MAX_RESPONSE_BYTES - len(self.response)]
        is_whole = not _may_be_http(self.response) or _missing_bytes(self.response) == 0
        self.is_over = is_whole or len(self.response) == MAX_RESPONSE_BYTES

    def _end_of_answer(self) -> None:
        """The peer has closed: fine after the headers of an answer without Content-Length, else a failure."""
        if (
            self.negotiated is not None
            and _has_headers(self.response)
            and _missing_bytes(self.response) is None
        ):
            self.is_over = True
        else:
            self._fail("fin")

    def _fail(self, cause: str, phase: Phase | None = None) -> None:
        if not self.is_over:
            self.failure = Failure(phase or self.connection.phase, cause)
            self.is_over = True


def _may_be_http(response: bytearray) -> bool:
    """Whether this is, or can still become, an HTTP answer; of anything else (a mail server's greeting) the
    first bytes are answer enough.
    """
    return response.startswith(_HTTP[: len(response)])


def _has_headers(response: bytearray) -> bool:
    return b"\r\n\r\n" in response


def _missing_bytes(response: bytearray) -> int | None:
    """Return how much of the announced body is still to come; None if nothing announced it (yet)."""
    head, separator, body = response.partition(b"\r\n\r\n")
    announced = _CONTENT_LENGTH.search(head) if separator else None
    return None if announced is None else max(int(announced[1]) - len(body), 0)
