"""One server handshake: what it knows so far, and how it sends its flights."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handshake.crypto.key_exchange import DHKeyPair, ECDHKeyPair
from handshake.crypto.record_protection import Protection
from handshake.crypto.signatures import PublicKey
from handshake.crypto.suite_parameters import SuiteParameters
from handshake.events import Negotiated
from handshake.features import FirstFlight
from handshake.schedule_13 import KeySchedule
from handshake.server.configuration import FlightLayout, ServerConfiguration
from handshake.server.state import PHASES, TRANSITIONS, State
from handshake.session import Session, SessionCache
from handshake.state_machine import StateMachine
from handshake.wire.client_hello import ClientHello
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.registry import ContentType


@dataclass(slots=True, kw_only=True)
class ServerHandshake(StateMachine[State]):
    """The state of one handshake; secrets never leave this object.

    `sessions` are those the server can resume; `resumed` is the one this handshake takes up; `client_key` the
    key of the certificate the client has shown; `first_flight` the hello being answered; `is_restarted` says
    that a hello behind a ClientKeyExchange began it (`handshake.server.message_order`).
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
    flight: list[bytes] = field(default_factory=list)

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

    def send(self, handshake_type: int, body: bytes) -> None:
        """Put a handshake message into the present flight and into the transcript."""
        wire = self.add(HandshakeMessage(handshake_type, body))
        self.connection.note_message("sent", handshake_type, wire)
        self.flight.append(wire)

    def flush(self) -> None:
        """Write the flight, spread over records as the configuration says."""
        one_record = self.configuration.flight_layout is FlightLayout.ONE_RECORD
        fragments = [b"".join(self.flight)] if one_record and self.flight else self.flight
        for fragment in fragments:
            self.connection.records.write(ContentType.HANDSHAKE, fragment, self.connection.now)
        self.flight = []
