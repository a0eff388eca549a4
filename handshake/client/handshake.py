"""One client handshake: what it knows so far, and how it sends.

A connection owns the record layer; a handshake owns everything that a renegotiation would start anew: hello,
transcript, secrets, state. The functions that move it are in `server_hello`, `tls12` and `tls13`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from handshake.accepts import Answer
from handshake.client.hello import FilledHello
from handshake.client.state import PHASES, TRANSITIONS, State
from handshake.crypto.credentials import Credential
from handshake.crypto.record_protection import Protection
from handshake.crypto.signatures import PublicKey
from handshake.crypto.suite_parameters import SuiteParameters
from handshake.errors import TRAILING_BYTE, DecodeError, PeerFault
from handshake.events import Negotiated
from handshake.hello_template import ClientLimits, ClientPolicy, HelloTemplate
from handshake.schedule_13 import KeySchedule
from handshake.session import Session
from handshake.state_machine import StateMachine
from handshake.wire.client_hello import ClientHello
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.key_exchange import DHParameters, ECDHParameters, RSAParameters
from handshake.wire.messages import CertificateRequest, CertificateRequest13
from handshake.wire.registry import AlertLevel, ContentType

Message = TypeVar("Message")


def decode_names(name: str, flaw: str) -> tuple[str, ...]:
    """What it is called that a message, or another part, of that name cannot be read."""
    return (*((f"{name}-{flaw}",) if flaw else ()), f"{name}-decode", *((flaw,) if flaw else ()), "decode")


@dataclass(slots=True, kw_only=True)
class ClientHandshake(StateMachine[State]):
    """The state of one handshake. Lengths and code points are as on the wire; secrets never leave this
    object.

    `session` makes what the last ticket of TLS 1.3 stands for: its key is only derived for who resumes it.
    `offered_session` is what the hello offers to resume, `is_resumed` whether the server took it;
    `delegated_scheme` is that of `server_key` where it is a delegated one (RFC 9345);
    `credentials` by certificate type are what the client can show when asked; `client_verify_data` is its
    Finished; `handshake_context` the messages of a completed handshake of TLS 1.3.
    """

    TRANSITIONS = TRANSITIONS
    PHASES = PHASES

    state: State = State.START
    template: HelloTemplate
    limits: ClientLimits
    policy: ClientPolicy
    hello: FilledHello
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    offered_session: Session | None = None
    is_resumed: bool = False
    version: int = 0
    server_random: bytes = b""
    server_extensions: Mapping[int, bytes] = field(default_factory=dict)
    encrypted_extensions: Mapping[int, bytes] = field(default_factory=dict)
    parameters: SuiteParameters | None = None
    server_key: PublicKey | None = None
    server_certificate: bytes = b""
    delegated_scheme: int | None = None
    server_parameters: DHParameters | ECDHParameters | RSAParameters | None = None
    certificate_request: CertificateRequest | CertificateRequest13 | None = None
    master_secret: bytes = b""
    session_id: bytes = b""
    session: Callable[[], Session] | None = None
    ticket: bytes = b""
    has_ticket: bool = False
    client_verify_data: bytes = b""
    pending_read: Protection | None = None
    pending_write: Protection | None = None
    schedule: KeySchedule | None = None
    handshake_context: bytes = b""
    hello_retried: bool = False
    has_changed_cipher_spec: bool = False
    has_received_change_cipher_spec: bool = False
    negotiated: Negotiated | None = None

    @property
    def sent(self) -> ClientHello:
        """The hello that the server answers, an SSLv2-format one as the same offer."""
        return self.hello.offer

    @property
    def suite(self) -> SuiteParameters:
        """The chosen suite's parameters; only asked for once a ServerHello has come."""
        assert self.parameters is not None, "no ServerHello yet"
        return self.parameters

    @property
    def offered_bodies(self) -> Mapping[int, bytes]:
        """The bodies of the hello's extensions, by type."""
        return {each.extension_type: each.body for each in self.sent.extensions or ()}

    def answer(self, fault: PeerFault) -> Answer | None:
        """What the client being played does about a fault; None where it does what the RFCs ask for.

        A name may have `tls13-` before it and `-after-handshake` behind it, where that is when it is met.
        """
        before = ("tls13-", "") if self.connection.is_tls13 else ("",)
        behind = ("-after-handshake", "") if self.connection.is_connected else ("",)
        return self.policy.accepts.answer(
            f"{start}{name}{end}" for name in fault.names for end in behind for start in before
        )

    def judge(self, fault: PeerFault) -> None:
        """Raise what the RFCs oblige a client to refuse, unless the client being played goes on."""
        answer = self.answer(fault)
        if answer is None or not answer.goes_on:
            raise fault
        self._warn(answer)

    def mind(self, fault: PeerFault) -> None:
        """Raise what the RFCs let a client take, where the client being played does not."""
        answer = self.answer(fault)
        if answer is not None and not answer.goes_on:
            raise fault
        self._warn(answer)

    def _warn(self, answer: Answer | None) -> None:
        """Send the warning with which the client being played goes on."""
        if answer is not None and answer.warning is not None:
            self.connection.send_alert(AlertLevel.WARNING, answer.warning)

    def read(self, pull: Callable[[bytes], Message], body: bytes, name: str) -> Message:
        """Read the body of the message of that name; with bytes left over too, where they are passed over."""
        try:
            return pull(body)
        except DecodeError as error:
            error.names += decode_names(name, error.flaw)
            self.judge(error)
            if error.flaw != TRAILING_BYTE:
                raise
            return pull(body[: error.offset])

    def send(self, handshake_type: int, body: bytes) -> None:
        """Send a handshake message in a record of its own and take it into the transcript."""
        self._write(handshake_type, self.add(HandshakeMessage(handshake_type, body)))

    def send_aside(self, handshake_type: int, body: bytes) -> None:
        """Send a handshake message that no transcript has: KeyUpdate (RFC 8446 section 4.4.1)."""
        self._write(handshake_type, push_handshake_message(HandshakeMessage(handshake_type, body)))

    def _write(self, handshake_type: int, wire: bytes) -> None:
        self.connection.note_message("sent", handshake_type, wire)
        self.connection.records.write(ContentType.HANDSHAKE, wire, self.connection.now)
