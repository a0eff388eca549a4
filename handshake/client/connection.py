"""The client's end of a connection: sends the profile's hello, then follows the table in `state`.

Records and alerts are the shared `Connection`'s; what each message does is in `server_hello`, `tls12` and
`tls13`.
"""

import dataclasses
from collections.abc import Mapping
from weakref import proxy

from msgspec import structs

from handshake.client import tls12, tls13
from handshake.client.accepting import AcceptingConnection, record_rules
from handshake.client.choices import check_message_length
from handshake.client.handshake import ClientHandshake, decode_names
from handshake.client.hello import FilledHello, fill_hello
from handshake.client.renegotiation import refusal_to_renegotiate, renegotiation_template, would_start
from handshake.client.resumption import offer_pre_shared_key
from handshake.client.server_hello import receive_server_hello
from handshake.client.state import TLS_1_3_STATES, State
from handshake.connection import Entropy, message_name
from handshake.crypto.credentials import Credential
from handshake.crypto.record_protection import Protection, Protection13
from handshake.errors import DecodeError, Fault, LocalError, PeerFault, PolicyRefusal
from handshake.events import (
    Negotiated,
    Phase,
    RenegotiationRefused,
    RenegotiationRequested,
    RenegotiationStarted,
)
from handshake.hello_random import Clock
from handshake.hello_template import ClientLimits, ClientPolicy, HelloFormat, HelloTemplate
from handshake.reason import Rule
from handshake.record_layer import RecordLayer
from handshake.session import Session
from handshake.state_machine import kebab
from handshake.wire.handshake_message import HandshakeMessage, MessageReader, push_handshake_message
from handshake.wire.record import FirstRecord, SSLv2Record
from handshake.wire.registry import (
    AlertDescription,
    AlertLevel,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    alert_in_words,
    alert_name,
)

_TLS_1_3 = ProtocolVersion.TLS_1_3
_AFTER_ENCRYPTED_EXTENSIONS = ("CertificateRequest", "Certificate", "CompressedCertificate")


class ClientConnection(AcceptingConnection):
    """A client that says exactly what `template` says.

    `server_name` goes into the server_name extension; None (an address) leaves it out. `entropy(n)` gives n
    random bytes, `clock()` the time for a hello that says it. `session` of an earlier connection is offered
    to be resumed; `credentials` by certificate type ("rsa", "dsa", "ecdsa") are shown when the server asks.
    """

    def __init__(
        self,
        template: HelloTemplate,
        *,
        server_name: str | None,
        limits: ClientLimits,
        policy: ClientPolicy,
        entropy: Entropy,
        session: Session | None = None,
        credentials: Mapping[str, Credential] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if session is not None:
            template = template.in_record_format()
        sslv2_format = template.format is HelloFormat.SSLV2
        record_version = template.client_version if sslv2_format else template.record_version
        rules = record_rules(policy.accepts)
        records = RecordLayer(rules, FirstRecord.TLS, record_version, policy.record_splitting)
        super().__init__(records=records, entropy=entropy, phase=Phase.CLIENT_HELLO, clock=clock)
        hello = fill_hello(template, server_name, entropy, session, clock)
        self.handshake = ClientHandshake(
            connection=proxy(self),
            template=template,
            limits=limits,
            policy=policy,
            hello=hello,
            credentials=credentials or {},
            offered_session=session,
        )
        self._first_template = template
        self._server_name = server_name
        self._interrupted: ClientHandshake | None = None
        self.messages = MessageReader()
        self._is_asked = False

    @property
    def negotiated(self) -> Negotiated | None:
        """What was agreed on, once the handshake is complete."""
        return self.handshake.negotiated

    @property
    def session_by_id(self) -> Session | None:
        """The session the server can find by its id; None without one (SSLv3 to TLS 1.2)."""
        session_id = self.handshake.session_id
        if self.handshake.finished is None or not session_id:
            return None
        return dataclasses.replace(self._session(), session_id=session_id)

    @property
    def session_by_ticket(self) -> Session | None:
        """The session the server has given a ticket for; None without one."""
        if self.handshake.session is not None:
            return self.handshake.session()
        if self.handshake.finished is None or not self.handshake.ticket:
            return None
        return dataclasses.replace(self._session(), ticket=self.handshake.ticket)

    @property
    def is_renegotiating(self) -> bool:
        """Whether a hello inside the connection has been sent and its handshake is not complete."""
        return self._interrupted is not None

    @property
    def is_tls13(self) -> bool:
        """Whether the server has chosen TLS 1.3, by a HelloRetryRequest too."""
        return self.handshake.version >= _TLS_1_3

    @property
    def accepts_application_data(self) -> bool:
        """Not between the server's change of keys and its Finished."""
        return self.is_connected and self.handshake.state is not State.WAIT_FINISHED

    def start(self, now: float) -> None:
        """Queue the hello. Raises LocalError when it was sent before."""
        handshake = self.handshake
        if handshake.state is not State.START:
            raise LocalError("this connection has sent its hello already")
        self.now = now
        session = handshake.offered_session
        if session is not None and session.is_expired(now):
            session = handshake.offered_session = None
        if session is not None and session.version >= ProtocolVersion.TLS_1_3:  # the ticket's age is in it
            handshake.hello = offer_pre_shared_key(handshake.hello, handshake.template, session, now)
        self.note_message("sent", HandshakeType.CLIENT_HELLO, handshake.hello.message)
        self.write_hello(handshake.hello)
        handshake.messages += handshake.hello.message
        handshake.move(State.WAIT_SERVER_HELLO, handshake.successors("start"))

    def write_hello(self, hello: FilledHello) -> None:
        """Write a hello in its records."""
        for record in hello.records:
            if isinstance(record, SSLv2Record):
                self.records.write_unframed(hello.wire, "ClientHello", self.now)
            else:
                self.records.write(record.content_type, record.fragment, self.now)

    def renegotiate(self, now: float) -> None:
        """Start a handshake inside the connection, unless the client being played refuses to (an event then
        says so).

        Raises LocalError where there is nothing to renegotiate: before the first handshake is complete,
        during another, in TLS 1.3 (RFC 8446 section 4.1.2).
        """
        if self.handshake.state is not State.CONNECTED or self.is_ended:
            raise LocalError("there is no connection of SSLv3 to TLS 1.2 to renegotiate")
        self.now = now
        try:
            self._start_renegotiation(is_asked=False)
        except PolicyRefusal as refusal:
            self._end_with_refusal(refusal)

    def renegotiate_with(self, template: HelloTemplate, now: float, session: Session | None = None) -> None:
        """Start a handshake inside the connection with this very hello, whatever the client being played
        would do; `session` is offered. Raises LocalError as `renegotiate` does.
        """
        if self.handshake.state is not State.CONNECTED or self.is_ended:
            raise LocalError("there is no connection of SSLv3 to TLS 1.2 to renegotiate")
        self.now = now
        self._begin_inside(template, session)

    def receive_handshake(self, fragment: bytes) -> None:
        """Reassemble messages and let the table decide."""
        if not fragment:
            self.mind_empty_record()
        self.messages.feed(fragment)
        while not self.is_ended and (message := self.messages.next()) is not None:
            self._receive_message(message)
        if self.messages.is_under_way and not self.is_ended:
            self.mind_fragment()

    def change_read_keys(self, protection: Protection | Protection13 | None) -> None:
        """Read what follows with other keys. Raises PeerFault when more than the last message is in its
        record: none may span a change of keys (RFC 8446 section 5.1; before TLS 1.3 OpenSSL 3.0.19 holds to
        it too, measured).
        """
        if self.messages.is_under_way:
            detail = "a handshake message goes on behind a change of keys"
            name = "message-across-the-change-of-keys"
            if self.handshake.state is State.WAIT_FINISHED_13:
                name = "bytes-behind-the-finished"
            self.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, detail, name))
        super().change_read_keys(protection)

    def receive_change_cipher_spec(self, fragment: bytes) -> None:
        """Switch the reading keys; in TLS 1.3 the record is only there for middleboxes (RFC 8446 appendix
        D.4).
        """
        handshake = self.handshake
        if fragment != b"\x01":
            fault = Fault.UNEXPECTED_MESSAGE if self.is_tls13 else Fault.DECODE  # RFC 8446 section 5
            raise PeerFault(fault, "ChangeCipherSpec is not the single byte 1", "change-cipher-spec-body")
        is_for_middleboxes = handshake.state in TLS_1_3_STATES or handshake.hello_retried
        if is_for_middleboxes and not self.is_connected:
            if handshake.has_received_change_cipher_spec and handshake.state in TLS_1_3_STATES:
                name = "change-cipher-spec-twice"
                handshake.mind(PeerFault(Fault.UNEXPECTED_MESSAGE, "a second ChangeCipherSpec", name))
            handshake.has_received_change_cipher_spec = handshake.state in TLS_1_3_STATES
            return
        try:
            successors = handshake.successors("ChangeCipherSpec")
        except PeerFault as fault:
            self.judge(fault)
            return
        handshake.move(tls12.receive_change_cipher_spec(handshake), successors)

    def receive_sslv2_record(self, record: SSLv2Record) -> None:
        """Refuse: no server answers a client in SSLv2 format after a TLS hello."""
        raise PeerFault(Fault.NOT_TLS, "an SSLv2 record instead of a TLS record")

    def receive_warning(self, description: int) -> None:
        """Do with a warning what the client being played does."""
        policy = self.handshake.policy
        before = self._interrupted if description == AlertDescription.NO_RENEGOTIATION else None
        if before is None and self.passes_over_warning(description):
            return
        if before is not None:
            self.add_event(RenegotiationRefused())
        is_under_way = self.handshake.state not in (State.CONNECTED, State.CONNECTED_13)
        is_final = before is not None and policy.no_renegotiation == "abort"
        if is_under_way and policy.warning_alert == "abort" and not is_final:
            name = alert_name(description)
            raise PolicyRefusal(
                f"{Rule.WARNING}-{name}",
                f"this client takes the warning {alert_in_words(name)} during the handshake for an error",
                policy.warning_answer,
            )
        if before is None:
            return
        if is_final:
            raise PolicyRefusal(
                Rule.NO_RENEGOTIATION,
                "this client ends the connection when its renegotiation is refused",
                AlertDescription.HANDSHAKE_FAILURE,
            )
        self.handshake, self._interrupted = before, None
        self.phase = Phase.APPLICATION_DATA

    def send_alert(self, level: int, description: int) -> None:
        """Queue an alert record; a protected one has the ChangeCipherSpec of a second flight before it."""
        handshake = self.handshake
        if handshake.state in TLS_1_3_STATES and not self.is_connected:
            tls13.change_cipher_spec_for_middleboxes(handshake)
        super().send_alert(level, description)

    def _receive_message(self, message: HandshakeMessage) -> None:
        name = message_name(message.handshake_type)
        wire = push_handshake_message(message)
        self.records.note("received", "message", name, self.now, wire, wire)
        try:
            self._take_message(message, name)
        except PeerFault as fault:
            flaw = fault.flaw if isinstance(fault, DecodeError) else ""
            names = decode_names(kebab(name), flaw) if fault.fault is Fault.DECODE else ()
            fault.names += names or (f"{kebab(name)}-{fault.fault.value}",)
            raise

    def _take_message(self, message: HandshakeMessage, name: str) -> None:
        handshake = self.handshake
        check_message_length(handshake, message)
        if name == "HelloRequest" and handshake.state not in TLS_1_3_STATES:
            if message.body:
                self.judge(DecodeError("HelloRequest is not empty", 0, "hello-request-with-a-body"))
            self._receive_hello_request()
            return
        if handshake.state is State.WAIT_ENCRYPTED_EXTENSIONS and name in _AFTER_ENCRYPTED_EXTENSIONS:
            tls13.do_without_encrypted_extensions(handshake, name)
        try:
            successors = handshake.successors(name)
        except PeerFault as fault:
            self.judge(fault)
            if not self.is_connected:  # a stack hashes what it passes over (SunJSSE 7, measured)
                handshake.add(message)
            return
        if name == "ServerHello":
            state = receive_server_hello(handshake, message)
        else:
            handlers = tls13.HANDLERS if handshake.state in TLS_1_3_STATES else tls12.HANDLERS
            state = handlers[name](handshake, message)
        handshake.move(state, successors)
        if state is State.CONNECTED:
            self._interrupted = None

    def _receive_hello_request(self) -> None:
        """Take a HelloRequest, which is ignored during a handshake (RFC 5246 section 7.4.1.1)."""
        handshake = self.handshake
        if handshake.state is not State.CONNECTED:
            is_first = handshake.state is State.WAIT_SERVER_HELLO
            where = ("hello-request-before-server-hello",) if is_first else ()
            detail = "HelloRequest during a handshake"
            fault = PeerFault(Fault.UNEXPECTED_MESSAGE, detail, *where, "hello-request-in-handshake")
            handshake.mind(fault)
            return
        names = ("hello-request-again", "hello-request") if self._is_asked else ("hello-request",)
        self._is_asked = True
        handshake.mind(PeerFault(Fault.UNEXPECTED_MESSAGE, "HelloRequest", *names))
        self._answer_hello_request()

    def _answer_hello_request(self) -> None:
        """Do with a HelloRequest what the client being played does."""
        policy, finished = self.handshake.policy, self.handshake.finished
        assert finished is not None, "the state is CONNECTED"
        self.add_event(RenegotiationRequested())
        if policy.hello_request == "ignore":
            return
        if policy.hello_request == "abort":
            raise PolicyRefusal(
                Rule.HELLO_REQUEST,
                "this client ends the connection when the server asks for a renegotiation",
                AlertDescription.NO_RENEGOTIATION,
            )
        if would_start(policy, finished):
            self._start_renegotiation(is_asked=True)
        elif self.handshake.version > ProtocolVersion.SSL_3_0 and policy.refused_hello_request == "warning":
            self.send_alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION)
            if policy.hello_request == "abort-after-warning":
                raise PolicyRefusal(
                    Rule.HELLO_REQUEST,
                    "this client ends the connection after saying that it does not renegotiate",
                    AlertDescription.UNEXPECTED_MESSAGE,
                )
        else:
            raise refusal_to_renegotiate(policy.renegotiation)

    def _start_renegotiation(self, *, is_asked: bool) -> None:
        before, template = self.handshake, self._first_template
        finished, policy = before.finished, before.policy
        assert finished is not None, "the state is CONNECTED"
        if not would_start(policy, finished):
            raise refusal_to_renegotiate(policy.renegotiation)
        info = finished.client_info if finished.is_secure else None
        always = (
            policy.refuses_legacy_at == "server-hello" or policy.renegotiation_hello.verify_data == "always"
        )
        if info is None and always and template.extensions:
            info = finished.client_verify_data
        hello = renegotiation_template(template, info, policy.renegotiation_info, policy.renegotiation_hello)
        resumes = policy.renegotiation_session == "resume" or (
            is_asked and policy.renegotiation_session == "resume-when-asked"
        )
        session = self.session_by_id if resumes else None
        if session is not None:
            hello = structs.replace(hello, client_version=session.version)
        self._begin_inside(hello, session)

    def _begin_inside(self, template: HelloTemplate, session: Session | None) -> None:
        before = self.handshake
        handshake = ClientHandshake(
            connection=proxy(self),
            template=template,
            limits=before.limits,
            policy=before.policy,
            hello=fill_hello(template, self._server_name, self.entropy, session, self.clock),
            credentials=before.credentials,
            offered_session=session,
            previous=before.finished,
        )
        self._interrupted, self.handshake = before, handshake
        self.add_event(RenegotiationStarted())
        self.start(self.now)

    def _session(self) -> Session:
        handshake = self.handshake
        return Session(
            handshake.version,
            handshake.suite.cipher_suite,
            handshake.master_secret,
            extended_master_secret=ExtensionType.EXTENDED_MASTER_SECRET in handshake.server_extensions,
        )
