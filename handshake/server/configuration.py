"""What a server is, as data: what it supports, how it answers, and every way in which it departs from the
RFCs.

An emulated stack is one value of `ServerConfiguration`; a quirk is a field of it, never a subclass. The
defaults are an RFC-abiding server that prefers its own cipher suite order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handshake.alerts import RFC_ALERTS
from handshake.crypto.credentials import Credential
from handshake.crypto.dh_groups import DHGroup
from handshake.errors import Fault
from handshake.hello_random import Beginning
from handshake.record_layer import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server.reactions import Ending, Intolerance, Reaction
from handshake.server.strictness import Alerting, AnsweredExtension, HelloReading
from handshake.wire.messages import Alert
from handshake.wire.record import RecordRules
from handshake.wire.registry import AlertDescription, AlertLevel, NamedGroup, ProtocolVersion

__all__ = [
    "ClientCertificate",
    "Ending",
    "FlightLayout",
    "Intolerance",
    "Preference",
    "Reaction",
    "RenegotiationRules",
    "ServerConfiguration",
    "StreamParsing",
]

NO_RENEGOTIATION = Alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION)
HANDSHAKE_FAILURE = Alert(AlertLevel.FATAL, AlertDescription.HANDSHAKE_FAILURE)


class Preference(StrEnum):
    """Whose order of cipher suites and groups decides."""

    CLIENT = "client"
    SERVER = "server"


class FlightLayout(StrEnum):
    """How the messages of a flight are spread over records (SunJSSE: one for all, research note on JSSE
    section 3).
    """

    ONE_RECORD = "one-record"
    RECORD_PER_MESSAGE = "record-per-message"


class MessageOrder(StrEnum):
    """Who sees to the order.

    RFC: the table of states. NOT_DECREASING: a number may not be lower than the one before (SunJSSE).
    INCREASING: nor the same (from 7192393 on). KEYS: also, ChangeCipherSpec only once there are keys and
    Finished only behind it (from 8037066 on).
    """

    RFC = "rfc"
    NOT_DECREASING = "not-decreasing"
    INCREASING = "increasing"
    KEYS = "increasing-with-keys"


@dataclass(frozen=True, slots=True)
class StreamParsing:
    """SunJSSE's way of reading: from one stream of handshake bytes, not from the message that was announced.

    A field's length is trusted, bytes left over are taken for the next message, and a read of no bytes at the
    end of the data fails like a read of too many (bug 6728126 and its relatives; research note on JSSE,
    sections 3 and 4).

    `renegotiation_info`: the extension is known and checked (from 6u22 on). `signature_algorithms`: likewise
    (Java 7, whatever the version).
    `empty_read_of_unknown_extension`: an unknown extension without a body is read, and so fails in last place
    (before 6728126 was fixed).
    `partial_header_fails`: fewer than 4 bytes of a message's header are a fault rather than a reason to wait
    (before 6u19).
    `list_length_per_server_name`: the length of the whole server_name list is expected before each name (Java
    6), so that of several names all but the first are left over.
    `implicit_public_value_fails`: a ClientKeyExchange without a DH value is refused for that and not for its
    length (from 7192392 on). `long_secret_fails`: a premaster secret longer than the RSA key is refused and
    not taken for a wrong one (7u85).
    """

    renegotiation_info: bool = True
    signature_algorithms: bool = False
    empty_read_of_unknown_extension: bool = False
    partial_header_fails: bool = False
    list_length_per_server_name: bool = False
    implicit_public_value_fails: bool = False
    long_secret_fails: bool = False


class ClientCertificate(StrEnum):
    """Whether a client is asked for a certificate, and whether it must have one."""

    NO = "no"
    REQUEST = "request"
    REQUIRE = "require"


@dataclass(frozen=True, slots=True)
class RenegotiationRules:
    """How a hello inside a connection of SSLv3 to TLS 1.2 is dealt with, and the server's own wish for one.

    `allowed`: which renegotiations take place, whoever starts them; `client_initiated` False refuses those
    that the server has not asked for. `refusal` is the alert that says so, None says nothing;
    `refusal_in_sslv3` the same in SSLv3, where no_renegotiation does not exist. `request_refusal` is what the
    server sends when its application asks for a renegotiation that is not allowed, None for nothing.
    `signals_first`: what a hello signals of RFC 5746 is checked before a refusal for want of it.
    `reads_before_refusal`: a hello is read, and a malformed one refused for that, before a renegotiation is.
    `asks_anyway`: a HelloRequest is sent also where the answer to it will be refused.
    `takes_late_info`: a hello whose renegotiation_info is right renegotiates a connection that began without.
    `tolerates_missing_info`: a hello without renegotiation_info renegotiates a connection that has it.
    `ignores_scsv`: the signalling suite in a renegotiation is no signal. `legacy_hello`: a first hello
    without RFC 5746 is accepted. `answers_at_once`: a HelloRequest does not keep the application waiting.
    """

    allowed: Renegotiation = Renegotiation.SECURE
    client_initiated: bool = True
    refusal: Alert | None = NO_RENEGOTIATION
    refusal_in_sslv3: Alert | None = HANDSHAKE_FAILURE
    request_refusal: Alert | None = None
    signals_first: bool = False
    reads_before_refusal: bool = False
    asks_anyway: bool = False
    takes_late_info: bool = False
    tolerates_missing_info: bool = False
    ignores_scsv: bool = False
    legacy_hello: bool = True
    answers_at_once: bool = False


@dataclass(frozen=True, slots=True)
class ServerConfiguration:
    """One server. Versions, suites and groups are code points in order of preference.

    `credentials` by certificate type ("rsa", "dsa", "ecdsa"). `default_named_group` is used for ECDHE
    when the client names no groups; None refuses ECDHE then. `dh_group` and `export_dh_group` None switch
    the DHE suites off. `signature_schemes` are those known in TLS 1.2; None is all a key can sign with.
    `session_id_length` is the length of the session id given out in bytes. `answers_renegotiation_info`:
    RFC 5746 is known. `alert_version` is the record version of alerts before a version is negotiated;
    None is the highest supported. `parsing` None reads as the RFCs say. `message_order`: who sees to the
    order of handshake messages (`handshake.server.message_order`). `ignores_warnings` False takes any
    warning during the handshake, close_notify too, for an unexpected message (SunJSSE, research note on
    servers section 1.4). `sslv2_refusal` is sent, raw, before the alert to a hello that offers SSLv2
    alone. `tickets`: session tickets are given out and taken (RFC 5077, RFC 8446 section 4.6.1).
    `trusted_certificates` are the leaf certificates (DER) a client may show.

    `reading` takes the place of `parsing` and of the RFCs' way of reading; None leaves it to them.
    `group_preference` None follows `preference`. `known_named_groups`: a client that names none of these is
    taken for one that names no groups; none for no such rule. `dh_groups` are patterns of suite names with
    the group for each, before `dh_group`. `ffdhe_groups` are used where the client names them (RFC 7919);
    `ffdhe_required` refuses DHE to one that names others. `reads_supported_versions` None reads the extension
    if TLS 1.3 is supported. `no_session_id_for` are features of hellos that get an empty session id.
    `answered_extensions` None sends what is negotiated, in the engine's order. `random_begins_with` is for
    ServerHello.random up to TLS 1.2, `session_id_begins_with` for the session ids given out.
    """

    versions: tuple[int, ...]
    cipher_suites: tuple[int, ...]
    credentials: Mapping[str, Credential]
    preference: Preference = Preference.SERVER
    named_groups: tuple[int, ...] = (NamedGroup.X25519, NamedGroup.SECP256R1, NamedGroup.SECP384R1)
    default_named_group: int | None = NamedGroup.SECP256R1
    dh_group: DHGroup | None = None
    export_dh_group: DHGroup | None = None
    sslv2_hello: bool = True
    sslv2_refusal: bytes = b""
    signature_schemes: tuple[int, ...] | None = None
    session_id_length: int = 32
    answers_renegotiation_info: bool = True
    extended_master_secret: bool = True
    encrypt_then_mac: bool = True
    flight_layout: FlightLayout = FlightLayout.RECORD_PER_MESSAGE
    record_rules: RecordRules = field(default_factory=RecordRules)
    alerts: Mapping[Fault, int] = field(default_factory=lambda: RFC_ALERTS)
    alert_version: int | None = None
    parsing: StreamParsing | None = None
    message_order: MessageOrder = MessageOrder.RFC
    ignores_warnings: bool = True
    record_splitting: RecordSplitting = RecordSplitting.NONE
    intolerances: tuple[Intolerance, ...] = ()
    renegotiation: RenegotiationRules = field(default_factory=RenegotiationRules)
    tickets: bool = False
    client_certificate: ClientCertificate = ClientCertificate.NO
    trusted_certificates: tuple[bytes, ...] = ()
    reading: HelloReading | None = None
    alerting: Alerting = field(default_factory=Alerting)
    answered_extensions: tuple[AnsweredExtension, ...] | None = None
    no_session_id_for: tuple[str, ...] = ()
    group_preference: Preference | None = None
    known_named_groups: frozenset[int] = frozenset()
    dh_groups: tuple[tuple[str, DHGroup], ...] = ()
    ffdhe_groups: tuple[int, ...] = ()
    ffdhe_required: bool = False
    reads_supported_versions: bool | None = None
    fixes_record_version: bool = False
    random_begins_with: Beginning = Beginning.RANDOM_BYTES
    session_id_begins_with: Beginning = Beginning.RANDOM_BYTES

    @property
    def highest_version(self) -> int:
        """The highest protocol version supported."""
        return max(self.versions)

    @property
    def initial_record_version(self) -> int:
        """The record version used before anything is negotiated."""
        return self.alert_version or min(self.highest_version, ProtocolVersion.TLS_1_2)
