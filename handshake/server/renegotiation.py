"""A server's part of renegotiation: a hello's signals of RFC 5746, whether a hello inside a connection is
answered (rules, as configured), and the two handshakes of a connection that is being renegotiated.

Measured on SunJSSE 6 and 7 (research note on JSSE, section 5), on JDK 17 and OpenSSL 3.0 (research note on
servers, sections 2 and 5).
"""

from abc import ABC, abstractmethod
from weakref import proxy

from handshake.connection import Entropy
from handshake.errors import Fault, LocalError, PeerFault
from handshake.events import Negotiated, Phase
from handshake.features import FirstFlight
from handshake.hello_random import Clock
from handshake.record_layer import RecordLayer
from handshake.renegotiation import FinishedPair, Renegotiation
from handshake.server.configuration import ServerConfiguration
from handshake.server.handshake import ServerHandshake
from handshake.server.lenient_hello import LenientClientHello, renegotiated_connection
from handshake.server.reacting import ReactingConnection
from handshake.server.state import State
from handshake.server.steps import Flight, Sent
from handshake.session import SessionCache
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import pull_renegotiation_info
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import Alert
from handshake.wire.registry import AlertLevel, ExtensionType, HandshakeType, ProtocolVersion


class RefusedRenegotiation(Exception):
    """The server does not renegotiate; how it says so is in its configuration."""


def check_first_hello(hello: ClientHello, configuration: ServerConfiguration) -> bool:
    """Return whether a first hello signals RFC 5746 (section 3.6) to a server that knows it.

    Raises PeerFault for a renegotiation_info that is not empty, and for a hello without the signal where that
    is not accepted.
    """
    if not configuration.renegotiation_info:
        return False
    info, has_scsv = _signals(hello)
    if info:
        raise PeerFault(Fault.RENEGOTIATION_INFO, "renegotiation_info of a first handshake is not empty")
    if info is None and not has_scsv and not configuration.renegotiation.legacy_hello:
        raise PeerFault(Fault.RENEGOTIATION_SIGNAL, "the hello does not signal RFC 5746, which is required")
    return info is not None or has_scsv


def is_refused_outright(
    previous: FinishedPair, configuration: ServerConfiguration, *, is_requested: bool
) -> bool:
    """Whether a hello inside a connection is refused whatever it says; `is_requested`: it was asked for."""
    rules = configuration.renegotiation
    if rules.allowed is Renegotiation.OFF or not (rules.client_initiated or is_requested):
        return True
    return not rules.signals_first and not rules.allowed.allows(is_secure=previous.is_secure)


def check_renegotiation(
    hello: ClientHello, previous: FinishedPair, configuration: ServerConfiguration, *, is_requested: bool
) -> bool:
    """Check what a hello inside a connection signals (RFC 5746 section 3.7); return whether the answer has
    renegotiation_info.

    Raises PeerFault for a signal that is wrong, missing or out of place, and RefusedRenegotiation where it is
    in order but renegotiations of this kind are refused.
    """
    rules, is_secure = configuration.renegotiation, previous.is_secure
    if is_refused_outright(previous, configuration, is_requested=is_requested):
        raise RefusedRenegotiation
    if configuration.renegotiation_info:
        info, has_scsv = _signals(hello)
        if has_scsv and not rules.ignores_scsv:
            detail = "the signalling suite has no place in a renegotiation"
            raise PeerFault(Fault.RENEGOTIATION_SIGNAL, detail)
        if info is None:
            if is_secure and not rules.tolerates_missing_info:
                detail = "the renegotiation's hello has no renegotiation_info"
                raise PeerFault(Fault.RENEGOTIATION_SIGNAL, detail)
            is_secure = False
        elif not is_secure and not rules.takes_late_info:
            detail = "renegotiation_info, but not in the hello the connection began with"
            raise PeerFault(Fault.RENEGOTIATION_SIGNAL, detail)
        elif info != previous.client_verify_data:
            detail = "renegotiation_info does not repeat the client's Finished"
            raise PeerFault(Fault.RENEGOTIATION_INFO, detail)
        else:
            is_secure = True
    if not rules.allowed.allows(is_secure=previous.is_secure):
        raise RefusedRenegotiation
    return is_secure


def _signals(hello: ClientHello) -> tuple[bytes | None, bool]:
    """The renegotiated_connection, None without the extension, and whether the signalling suite is there."""
    body = hello.extension(ExtensionType.RENEGOTIATION_INFO)
    pull = renegotiated_connection if isinstance(hello, LenientClientHello) else pull_renegotiation_info
    info = None if body is None else pull(body)
    return info, TLS_EMPTY_RENEGOTIATION_INFO_SCSV in hello.cipher_suites


class RenegotiatingConnection(ReactingConnection, ABC):
    """A server's connection with its handshake, and during a renegotiation with the one before it, whose keys
    are in use until the new one is complete. `shown` are the departures that have shown in either.
    """

    def __init__(
        self,
        configuration: ServerConfiguration,
        *,
        records: RecordLayer,
        entropy: Entropy,
        sessions: SessionCache,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(configuration, records=records, entropy=entropy, clock=clock)
        self._sessions = sessions
        self.shown: set[str] = set()
        self.handshake = self.new_handshake(None)
        self._interrupted: ServerHandshake | None = None
        self._is_requested = False

    @property
    def negotiated(self) -> Negotiated | None:
        """What was agreed on, once the handshake is complete; during a renegotiation, before it."""
        return self.established.negotiated

    @property
    def established(self) -> ServerHandshake:
        """The handshake whose keys are in use: during a renegotiation the one before it."""
        return self._interrupted or self.handshake

    @property
    def is_renegotiating(self) -> bool:
        """Whether a HelloRequest was sent or a hello inside the connection is being answered."""
        return self._interrupted is not None

    def new_handshake(self, previous: FinishedPair | None) -> ServerHandshake:
        """A handshake that begins; `previous` is what the one before it on this connection ended with."""
        return ServerHandshake(
            connection=proxy(self),
            configuration=self.configuration,
            sessions=self._sessions,
            previous=previous,
            shown=self.shown,
        )

    def request_renegotiation(self, now: float) -> None:
        """Send a HelloRequest, or do what a server does that may not ask for a renegotiation here.

        Raises LocalError where there is nothing to renegotiate: before the first handshake is complete,
        during another, in TLS 1.3.
        """
        self.now = now
        handshake, rules = self.handshake, self.configuration.renegotiation
        if handshake.state is not State.CONNECTED or self.is_ended:
            raise LocalError("there is no connection of SSLv3 to TLS 1.2 to renegotiate")
        assert handshake.finished is not None, "the state is CONNECTED"
        if rules.asks_anyway or rules.allowed.allows(is_secure=handshake.finished.is_secure):
            wire = push_handshake_message(HandshakeMessage(HandshakeType.HELLO_REQUEST, b""))
            self.note_message("sent", HandshakeType.HELLO_REQUEST, wire)
            handshake.flight.append(Sent(HandshakeType.HELLO_REQUEST, wire))
            handshake.flush(Flight.HELLO_REQUEST)
            self._interrupted, self.handshake = handshake, self.new_handshake(handshake.finished)
            self.phase = Phase.RENEGOTIATION
        elif rules.request_refusal is not None:
            self._refuse_with(rules.request_refusal)

    @property
    @abstractmethod
    def refuses_leftovers(self) -> bool:
        """Whether bytes have come behind a hello that make its refusal a fault."""

    @abstractmethod
    def passes_checks(self, flight: FirstFlight) -> bool:
        """Judge a first hello; False when the connection has ended. Raises RefusedRenegotiation."""

    def begins_renegotiation(self, flight: FirstFlight) -> bool:
        """Begin a renegotiation, or refuse it as configured."""
        before, is_requested = self.established, self.is_renegotiating
        assert before.finished is not None, "a hello inside a connection has a handshake before it"
        reads_first = self.configuration.renegotiation.reads_before_refusal
        if not reads_first and is_refused_outright(
            before.finished, self.configuration, is_requested=is_requested
        ):
            self._refuse_renegotiation()
            return False
        if self.handshake is before:
            self._interrupted, self.handshake = before, self.new_handshake(before.finished)
        self._is_requested = is_requested
        try:
            return self.passes_checks(flight)
        except RefusedRenegotiation:
            self._refuse_renegotiation()
            return False

    def signals_rfc5746(self, hello: ClientHello) -> bool:
        """Whether the answer to a hello has renegotiation_info. Raises PeerFault and RefusedRenegotiation, as
        `check_first_hello` and `check_renegotiation` do.
        """
        previous = self.handshake.previous
        if previous is None:
            return check_first_hello(hello, self.configuration)
        return check_renegotiation(hello, previous, self.configuration, is_requested=self._is_requested)

    def take_no_renegotiation(self) -> None:
        """The client refuses what a HelloRequest has asked for: go on with the connection as it was."""
        if self._interrupted is not None and self.handshake.state is State.WAIT_CLIENT_HELLO:
            self.handshake, self._interrupted = self._interrupted, None
            self.phase = Phase.APPLICATION_DATA

    def end_renegotiation(self) -> None:
        """The handshake is complete: its keys are in use, and the one before it is gone."""
        self._interrupted = None

    def _refuse_renegotiation(self) -> None:
        """Say no, and go on with the connection as it was."""
        rules, before = self.configuration.renegotiation, self.established
        is_ssl3 = before.version == ProtocolVersion.SSL_3_0
        self._refuse_with(rules.refusal_in_sslv3 if is_ssl3 else rules.refusal)
        self.handshake, self._interrupted = before, None
        if not self.is_ended and self.refuses_leftovers:
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, "more handshake bytes after a refused hello")

    def _refuse_with(self, refusal: Alert | None) -> None:
        """Send the alert that says no, or nothing."""
        if refusal is not None:
            self.send_alert(refusal.level, refusal.description)
            self.is_ended = refusal.level == AlertLevel.FATAL
