"""One server handshake: what it knows so far, and how it sends its flights."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handshake.crypto.key_exchange import DHKeyPair, ECDHKeyPair
from handshake.crypto.key_schedule import Role
from handshake.crypto.record_protection import Protection, Protection13
from handshake.crypto.signatures import PublicKey
from handshake.crypto.suite_parameters import SuiteParameters
from handshake.events import Negotiated
from handshake.features import FirstFlight
from handshake.schedule_13 import KeySchedule
from handshake.server.configuration import Asking, FlightLayout, Intolerance, ServerConfiguration
from handshake.server.departures.departing import Departing
from handshake.server.departures.departure import Situation
from handshake.server.state import PHASES, TRANSITIONS, State
from handshake.server.steps import (
    CHANGE_CIPHER_SPEC,
    ChangeKeys,
    Flight,
    Fragment,
    Sent,
    Step,
    Steps,
    up_to,
    write_steps,
)
from handshake.session import Session, SessionCache
from handshake.state_machine import StateMachine
from handshake.wire.client_hello import ClientHello
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import Alert, push_alert
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType


@dataclass(slots=True, kw_only=True)
class ServerHandshake(StateMachine[State]):
    """The state of one handshake; secrets never leave this object.

    `sessions` are those the server can resume; `resumed` is the one this handshake takes up; `client_key` the
    key of the certificate the client has shown; `first_flight` the hello being answered; `is_restarted` says
    that a hello behind a ClientKeyExchange began it (`handshake.server.message_order`); `retries` how many
    HelloRetryRequests it has sent; `handshake_context` the messages of a completed one of TLS 1.3, on which
    post-handshake authentication builds; `application_protocol` the one selected by ALPN, `client_settings`
    what the client has sent as application_settings; `flight` is what is written next; `shown` takes the
    departures that have shown.
    """

    TRANSITIONS = TRANSITIONS
    PHASES = PHASES

    state: State = State.WAIT_CLIENT_HELLO
    configuration: ServerConfiguration
    sessions: SessionCache = field(default_factory=SessionCache)
    is_restarted: bool = False
    first_flight: FirstFlight | None = None
    resumed: Session | None = None
    session_id: bytes = b""
    client_key: PublicKey | None = None
    client_certificate: bytes = b""
    certificate_request_context: bytes = b""
    handshake_context: bytes = b""
    server_verify_data: bytes = b""
    version: int = 0
    parameters: SuiteParameters | None = None
    named_group: int | None = None
    server_random: bytes = b""
    key_pair: DHKeyPair | ECDHKeyPair | RSAPrivateKey | None = None
    extended_master_secret: bool = False
    encrypt_then_mac: bool = False
    renegotiation_info: bool = False
    master_secret: bytes = b""
    pending_read: Protection | None = None
    pending_write: Protection | None = None
    schedule: KeySchedule | None = None
    negotiated: Negotiated | None = None
    application_protocol: bytes = b""
    client_settings: bytes | None = None
    retries: int = 0
    broken_off: Intolerance | None = None
    shown: set[str] = field(default_factory=set)
    flight: list[Step] = field(default_factory=list)

    @property
    def suite(self) -> SuiteParameters:
        """The chosen suite's parameters; only asked for once a hello was answered."""
        assert self.parameters is not None, "no ClientHello yet"
        return self.parameters

    @property
    def client_hello(self) -> ClientHello:
        """The hello being answered."""
        return self.client_flight.hello

    @property
    def client_flight(self) -> FirstFlight:
        """The hello being answered, and how it came."""
        assert self.first_flight is not None, "no ClientHello yet"
        return self.first_flight

    @property
    def asks_for_certificate(self) -> bool:
        """Whether the client is asked for a certificate in this handshake of TLS 1.3."""
        return self.configuration.asks(Asking.HANDSHAKE) and self.resumed is None

    @property
    def departs(self) -> bool:
        """Whether the configuration's departures have a say in this handshake."""
        return bool(self.configuration.departures) and self.first_flight is not None

    @property
    def departing(self) -> Departing:
        """What the configuration's departures make of this handshake."""
        return Departing(self.configuration.departures, self._situation, self.shown.add)

    def send(self, handshake_type: int, body: bytes) -> None:
        """Put a handshake message into the present flight and into the transcript."""
        for message in self.departing.messages(HandshakeMessage(handshake_type, body)):
            self._send(message)

    def send_aside(self, handshake_type: int, body: bytes) -> None:
        """Put a message of TLS 1.3 into the present flight that no transcript has: NewSessionTicket and
        KeyUpdate (RFC 8446 section 4.4.1).
        """
        for message in self.departing.messages(HandshakeMessage(handshake_type, body)):
            self._put(message.handshake_type, push_handshake_message(message))

    def lead_in(self, handshake_type: int) -> None:
        """Send what a departure has before a message that is computed from the transcript."""
        for message in self.departing.before(handshake_type):
            self._send(message)

    def change_cipher_spec(self) -> None:
        """Put a ChangeCipherSpec into the present flight."""
        self.flight.append(CHANGE_CIPHER_SPEC)

    def change_write_keys(self, protection: Protection | Protection13 | None) -> None:
        """Write what follows in the present flight with other keys."""
        self.flight.append(ChangeKeys(protection))

    def flush(self, flight: Flight) -> None:
        """Write the flight, spread over records as the configuration says. An answer ends behind the message
        after which an intolerance fires.
        """
        steps, self.flight = self.departing.flight(flight, tuple(self.flight)), []
        one_record = self.configuration.flight_layout is FlightLayout.ONE_RECORD
        if flight is Flight.ANSWER and self.configuration.intolerances:
            steps = self._broken_off(steps)
        write_steps(self.connection.records, steps, self.connection.now, one_record=one_record)

    def _broken_off(self, steps: Steps) -> Steps:
        """The answer, as far as the message after which the first intolerance fires that fires within it."""
        sent = {step.handshake_type for step in steps if isinstance(step, Sent)}
        within = (each for each in self.configuration.intolerances if each.after in sent)
        self.broken_off = next(
            (each for each in within if each.trigger_within(self.client_flight) is not None), None
        )
        return steps if self.broken_off is None else up_to(steps, self.broken_off.after)

    def send_close_notify(self) -> None:
        """End the connection as a flight of its own."""
        alert = push_alert(Alert(AlertLevel.WARNING, AlertDescription.CLOSE_NOTIFY))
        self.flight.append(Fragment(ContentType.ALERT, alert))
        self.flush(Flight.CLOSE)

    def _send(self, message: HandshakeMessage) -> None:
        self._put(message.handshake_type, self.add(message))

    def _put(self, handshake_type: int, wire: bytes) -> None:
        self.connection.note_message("sent", handshake_type, wire)
        self.flight.append(Sent(handshake_type, wire))

    def _situation(self) -> Situation:
        return Situation(
            self.version,
            self.client_hello,
            self.parameters,
            self.configuration,
            is_renegotiation=self.previous is not None,
            is_resumed=self.resumed is not None,
            entropy=self.connection.entropy,
            next_keys=self._next_keys,
        )

    def _next_keys(self) -> ChangeKeys:
        assert self.schedule is not None, "asked in TLS 1.3 alone"
        return ChangeKeys(self.schedule.update(Role.SERVER))
