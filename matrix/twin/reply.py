"""What a server answered to one hello, as far as a twin has to repeat it. Pure.

A reply is read from the observation of one connection: the messages are those of its transcript. What
cannot be read is left out, because nothing that a peer sends may end the questions.
"""

from msgspec import Struct

from clients.observation import Attempt, Observation, RenegotiationSeen
from handshake.crypto.dh_groups import DHGroup
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.errors import HandshakeError
from handshake.events import Phase
from handshake.hello_random import TIME_SIZE
from handshake.reason import Cause, Kind, Reason, cause_of_alert
from handshake.wire.buffer import Reader
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import pull_key_share, pull_selected_group
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE, MessageReader
from handshake.wire.hello_versions import selected_version
from handshake.wire.key_exchange import pull_dh_parameters, pull_digitally_signed, pull_ecdh_parameters
from handshake.wire.messages import (
    ServerHello,
    pull_certificate_verify,
    pull_encrypted_extensions,
    pull_server_hello,
)
from handshake.wire.record import Record, RecordReader, RecordRules
from handshake.wire.registry import (
    AlertLevel,
    ContentType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    alert_name,
)

_ECDHE = (KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON)
_WITHOUT_PARAMETERS = (KeyExchange.RSA, KeyExchange.RSA_EXPORT, KeyExchange.TLS13)
_ANY_RECORD = RecordRules(max_fragment=2**16 - 1, any_version=True)
_ALERT_SIZE = 2
_CLOCK_TOLERANCE_SECONDS = 60
_NEVER_CONNECTED = (Kind.REFUSED, Kind.UNREACHABLE, Kind.UNRESOLVED, Kind.TIMEOUT)


class Reply(Struct, frozen=True):
    """The answer to one hello. `failure` None: the handshake was completed and the request answered.

    `hello` is the ServerHello that chose, None where none came; `retry_group` what a HelloRetryRequest asked
    for; `encrypted` the EncryptedExtensions of TLS 1.3. `group` is the named group, `dh_group` the prime and
    generator of DHE, `scheme` that of the server's signature (None before TLS 1.2). `certificate` is the leaf
    (DER). `alert_record_version` is the version in the record of the first alert. `is_completed` says that
    the handshake came to its end, `is_resumed` that it took up a session, `has_ticket` that the server gave
    one. `first_record` are the messages in its first record, by name; `renegotiation` what became of one;
    `certificate_compression` the algorithm that its certificate came in. `random_is_time` and
    `session_id_is_time` say that these began with the time.
    """

    failure: Reason | None
    hello: ServerHello | None = None
    version: int = 0
    retry_group: int | None = None
    encrypted: tuple[Extension, ...] | None = None
    group: int | None = None
    dh_group: DHGroup | None = None
    scheme: int | None = None
    certificate: bytes | None = None
    certificate_requested: bool = False
    alert_record_version: int | None = None
    is_completed: bool = False
    is_resumed: bool = False
    has_ticket: bool = False
    first_record: tuple[str, ...] = ()
    renegotiation: RenegotiationSeen | None = None
    certificate_compression: int | None = None
    random_is_time: bool = False
    session_id_is_time: bool = False

    @property
    def suite(self) -> int | None:
        """The cipher suite that was chosen."""
        return None if self.hello is None else self.hello.cipher_suite

    @property
    def refusal(self) -> Cause | None:
        """What a client sees of a hello that is refused; None where a ServerHello came, and where the client
        itself ended the connection.
        """
        failure = self.failure
        if self.hello is not None or failure is None or not is_of_server(failure.cause):
            return None
        return failure.cause

    @property
    def broken_off(self) -> "BrokenOff | None":
        """Where the server ended a handshake that it had answered, before the client had to say anything."""
        failure = self.failure
        if self.hello is None or failure is None or not is_of_server(failure.cause):
            return None
        after = message_before(failure.phase)
        return None if after is None else BrokenOff(failure.cause, after)

    @property
    def is_silent(self) -> bool:
        """Whether nothing was said for as long as was waited."""
        return self.failure is not None and self.failure.kind is Kind.TIMEOUT

    @property
    def is_unreachable(self) -> bool:
        """Whether nobody listens there."""
        failure = self.failure
        return failure is not None and failure.phase is Phase.CONNECT and failure.kind in _NEVER_CONNECTED


class BrokenOff(Struct, frozen=True):
    """An answer that came to no end: what the client saw, and its last message as a definition names it."""

    cause: Cause
    after: str


_LAST_SENT = {Phase.CERTIFICATE: "server_hello", Phase.KEY_EXCHANGE: "certificate"}
"""What the server had sent last when the phase began."""


def message_before(phase: Phase) -> str | None:
    """The message of its answer that a server has sent last where a handshake ends in this phase; None where
    it has sent none.
    """
    return _LAST_SENT.get(phase)


def is_of_server(cause: Cause) -> bool:
    """Whether it was the server that ended the connection, or left it silent."""
    return cause.kind in (Kind.ALERT, Kind.CLOSE_NOTIFY, Kind.FIN, Kind.RESET, Kind.TIMEOUT)


def reply_of(observation: Observation) -> Reply:
    """Read the reply of the last connection of an observation."""
    attempt = observation.later or observation.attempts[-1]
    negotiated, messages = attempt.negotiated, _messages(attempt)
    hellos = [hello for hello in map(_server_hello, messages.get("ServerHello", ())) if hello is not None]
    chosen = next((each for each in hellos if not each.is_hello_retry_request), None)
    retry = next((each for each in hellos if each.is_hello_retry_request), None)
    version = 0 if chosen is None else selected_version(chosen)
    group, dh_group, scheme = _key_exchange(chosen, version, messages)
    return Reply(
        failure=attempt.failure,
        hello=chosen,
        version=version,
        retry_group=None if retry is None else _selected_group(retry),
        encrypted=_encrypted_extensions(messages),
        group=group,
        dh_group=dh_group,
        scheme=scheme,
        certificate=observation.certificate,
        certificate_requested=observation.certificate_requested,
        alert_record_version=_alert_record_version(attempt),
        is_completed=negotiated is not None,
        is_resumed=negotiated is not None and negotiated.is_resumed,
        has_ticket="NewSessionTicket" in messages,
        first_record=_first_record(attempt),
        renegotiation=observation.renegotiation,
        certificate_compression=_compression(messages),
        random_is_time=chosen is not None and _is_time(chosen.random, attempt),
        session_id_is_time=chosen is not None and _is_time(chosen.session_id, attempt),
    )


def reply_to_bytes(received: bytes, end: Kind) -> Reply:
    """Read the reply to a flight that no client would send: what came in the clear, and how it ended."""
    records, messages = RecordReader(rules=_ANY_RECORD), MessageReader()
    records.feed(received)
    try:
        while isinstance(record := records.next(), Record):
            if record.content_type == ContentType.ALERT and len(record.fragment) == _ALERT_SIZE:
                level, description = record.fragment
                if level == AlertLevel.FATAL:
                    return Reply(Reason(Phase.SERVER_HELLO, cause_of_alert(alert_name(description))))
            if record.content_type == ContentType.HANDSHAKE:
                messages.feed(record.fragment)
                message = messages.next()
                if message is not None and message.handshake_type == HandshakeType.SERVER_HELLO:
                    hello = pull_server_hello(message.body)
                    return Reply(None, hello, selected_version(hello))
    except HandshakeError:
        return Reply(Reason(Phase.SERVER_HELLO, Cause(Kind.PROTOCOL_ERROR, "decode")))
    return Reply(Reason(Phase.SERVER_HELLO, Cause(end)))


def _compression(messages: dict[str, list[bytes]]) -> int | None:
    bodies = messages.get("CompressedCertificate")
    return int.from_bytes(bodies[0][:2], "big") if bodies else None


def _is_time(fresh: bytes, attempt: Attempt) -> bool:
    """Random bytes pass for the time once in 36 million."""
    seconds = int.from_bytes(fresh[:TIME_SIZE], "big")
    return len(fresh) >= TIME_SIZE and abs(seconds - attempt.started.timestamp()) <= _CLOCK_TOLERANCE_SECONDS


def _messages(attempt: Attempt) -> dict[str, list[bytes]]:
    """The bodies of the messages that came, by name, in order."""
    found: dict[str, list[bytes]] = {}
    for entry in attempt.transcript:
        if entry.kind == "message" and entry.direction == "received":
            found.setdefault(entry.name, []).append(entry.decrypted[MESSAGE_HEADER_SIZE:])
    return found


def _server_hello(body: bytes) -> ServerHello | None:
    try:
        return pull_server_hello(body)
    except HandshakeError:
        return None


def _selected_group(retry: ServerHello) -> int | None:
    body = retry.extension(ExtensionType.KEY_SHARE)
    try:
        return None if body is None else pull_selected_group(body)
    except HandshakeError:
        return None


def _encrypted_extensions(messages: dict[str, list[bytes]]) -> tuple[Extension, ...] | None:
    try:
        bodies = messages.get("EncryptedExtensions", ())
        return next((pull_encrypted_extensions(body).extensions for body in bodies), None)
    except HandshakeError:
        return None


def _key_exchange(
    hello: ServerHello | None, version: int, messages: dict[str, list[bytes]]
) -> tuple[int | None, DHGroup | None, int | None]:
    """Named group, finite-field group and scheme of the signature."""
    if hello is None:
        return None, None, None
    try:
        if version >= ProtocolVersion.TLS_1_3:
            share = hello.extension(ExtensionType.KEY_SHARE)
            group = None if share is None else pull_key_share(share)[0]
            signed = [
                pull_certificate_verify(body, version) for body in messages.get("CertificateVerify", ())
            ]
            return group, None, signed[0].signature_scheme if signed else None
        bodies = messages.get("ServerKeyExchange", ())
        return _parameters(hello.cipher_suite, version, bodies[0]) if bodies else (None, None, None)
    except HandshakeError:
        return None, None, None


def _parameters(suite: int, version: int, body: bytes) -> tuple[int | None, DHGroup | None, int | None]:
    parameters = suite_parameters(suite)
    if parameters.key_exchange in _WITHOUT_PARAMETERS:
        return None, None, None
    reader = Reader(body)
    group, dh_group = None, None
    if parameters.key_exchange in _ECDHE:
        group = pull_ecdh_parameters(reader).named_group
    else:
        values = pull_dh_parameters(reader)
        dh_group = DHGroup(values.p, values.g)
    if parameters.is_anonymous:
        return group, dh_group, None
    return group, dh_group, pull_digitally_signed(reader, version).signature_scheme


def _alert_record_version(attempt: Attempt) -> int | None:
    for entry in attempt.transcript:
        if entry.kind == "record" and entry.direction == "received" and entry.name == "alert":
            return int.from_bytes(entry.wire[1:3], "big")
    return None


def _first_record(attempt: Attempt) -> tuple[str, ...]:
    """The messages that end in the first record of the server's, by name."""
    names: list[str] = []
    records = 0
    for entry in attempt.transcript:
        if entry.direction != "received":
            continue
        if entry.kind == "record":
            records += 1
        elif entry.kind == "message" and records == 1:
            names.append(entry.name)
    return tuple(names)
