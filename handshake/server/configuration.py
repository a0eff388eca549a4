"""What a server is, as data: what it supports, how it answers, and every way in which it departs from the
RFCs.

An emulated stack is one value of `ServerConfiguration`; a quirk is a field of it, never a subclass. The
defaults are an RFC-abiding server that prefers its own cipher suite order and has no ephemeral groups.

A field's text stands under it, with its source. It is all that is written about the key of that name in the
[emulation] table of a server.toml: `tls-matrix list emulation` prints it, and the key is read as the field's
type says. A number is annotated with its registry (`Annotated[int, NamedGroup]`), and written by name then,
or with the range it must be in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from handshake.crypto.credentials import Credential
from handshake.crypto.dh_groups import DHGroup, FiniteFieldGroup
from handshake.errors import Fault
from handshake.features import Feature
from handshake.hello_random import Beginning
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server.authorities import AuthorityList
from handshake.server.departures.departure import Departure
from handshake.server.reactions import AT_LEAST_ONE, Ending, Intolerance, Reaction
from handshake.server.strictness import (
    AnsweredExtension,
    HelloReading,
    ReceivedAlert,
    StreamParsing,
    VersionOf,
)
from handshake.wire.messages import Alert
from handshake.wire.record import RecordRules
from handshake.wire.registry import (
    AlertDescription,
    AlertLevel,
    CertificateCompressionAlgorithm,
    ExtensionType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
)

__all__ = [
    "Asking",
    "ClientCertificate",
    "Ending",
    "FlightLayout",
    "Intolerance",
    "Preference",
    "Reaction",
    "RenegotiationRules",
    "ServerConfiguration",
    "StreamParsing",
    "SuiteGroup",
]

NO_RENEGOTIATION = Alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION)
HANDSHAKE_FAILURE = Alert(AlertLevel.FATAL, AlertDescription.HANDSHAKE_FAILURE)
MAX_SESSION_ID_LENGTH = 32
"""RFC 5246 section 7.4.1.2."""


class Preference(StrEnum):
    """Whose order decides, the client's or the server's."""

    CLIENT = "client"
    SERVER = "server"


class Unmatched(StrEnum):
    """What becomes of a hello that lists none of what the server has, where it need not list anything.

    "refused": its connection ends. "ignored": it is answered as if it had listed nothing.
    """

    REFUSED = "refused"
    IGNORED = "ignored"


class FlightLayout(StrEnum):
    """How many messages of a flight are in a record, all or one."""

    ONE_RECORD = "one-record"
    RECORD_PER_MESSAGE = "record-per-message"


class MessageOrder(StrEnum):
    """Who sees to the order of handshake messages.

    "rfc": the table of states of the RFCs. "not-decreasing": the number of a message's type may not be lower
    than the one before (SunJSSE). "increasing": nor the same (from 7192393 on). "increasing-with-keys": also,
    ChangeCipherSpec comes only once there are keys, and Finished only behind it (from 8037066 on).
    """

    RFC = "rfc"
    NOT_DECREASING = "not-decreasing"
    INCREASING = "increasing"
    KEYS = "increasing-with-keys"


class ClientCertificate(StrEnum):
    """Whether a client is asked for a certificate, and whether it must have one."""

    NO = "no"
    REQUEST = "request"
    REQUIRE = "require"


class Asking(StrEnum):
    """When a client is asked for a certificate: in which handshake, or after one.

    "handshake": in the first of a connection. "renegotiation": in every later one (SSLv3 to TLS 1.2).
    "post-handshake": after it, where the hello has post_handshake_auth (RFC 8446 section 4.6.2).
    """

    HANDSHAKE = "handshake"
    RENEGOTIATION = "renegotiation"
    POST_HANDSHAKE = "post-handshake"


@dataclass(frozen=True, slots=True)
class RenegotiationRules:
    """What a hello inside a connection of SSLv3 to TLS 1.2 comes to, and the server's own wish for one."""

    allowed: Renegotiation = Renegotiation.SECURE
    """Which renegotiations take place, whoever starts them (RFC 5746)."""
    client_initiated: bool = True
    """Whether a renegotiation takes place that the server has not asked for."""
    refusal: Alert | None = NO_RENEGOTIATION
    """The alert that refuses a renegotiation; None sends nothing (RFC 5246 section 7.2.2)."""
    refusal_in_sslv3: Alert | None = HANDSHAKE_FAILURE
    """The same in SSLv3, where no_renegotiation does not exist (RFC 6101 section 5.4.2)."""
    request_refusal: Alert | None = None
    """What the server sends when its application asks for a renegotiation that is not allowed; None is
    nothing."""
    signals_first: bool = False
    """What a hello signals of RFC 5746 is checked before a renegotiation is refused for want of it (SunJSSE
    from 6u22 on; research note on JSSE, section 5)."""
    reads_before_refusal: bool = False
    """A malformed hello is refused for that, before a renegotiation is refused outright (JDK 17;
    measured)."""
    asks_anyway: bool = False
    """A HelloRequest is sent also where the answer to it will be refused (JDK 17; measured)."""
    takes_late_info: bool = False
    """A hello whose renegotiation_info is right renegotiates a connection that began without it (OpenSSL
    3.0 with -legacy_renegotiation; measured)."""
    tolerates_missing_info: bool = False
    """A hello without renegotiation_info renegotiates a connection that began with it (OpenSSL 3.0 with
    -legacy_renegotiation; research note on servers, section 5)."""
    ignores_scsv: bool = False
    """The signalling suite in a renegotiation is passed over, where RFC 5746 section 3.7 has it refused (JDK
    17; measured)."""
    legacy_hello: bool = True
    """Whether a first hello without RFC 5746 is accepted (section 4.3 there)."""
    answers_at_once: bool = False
    """A HelloRequest does not keep the application's answer waiting (SunJSSE; research note on JSSE, section
    6)."""


@dataclass(frozen=True, slots=True)
class SuiteGroup:
    """The group for the DHE suites that fit a pattern."""

    cipher_suites: str
    """A pattern of IANA names ("TLS_DH_anon_*") for the suites that use the group."""
    group: DHGroup
    """The finite-field group of these suites."""


@dataclass(frozen=True, slots=True)
class ServerConfiguration:
    """One server. Versions, suites and groups are code points in order of preference."""

    versions: tuple[int, ...]
    """The protocol versions supported."""
    cipher_suites: tuple[int, ...]
    """The cipher suites supported, in the server's order."""
    credentials: Mapping[str, Credential]
    """The server's certificates with their keys, by type ("rsa", "dsa", "ecdsa")."""
    preference: Preference = Preference.SERVER
    """Whose order of cipher suites and groups decides (RFC 5246 section 7.4.1.3 leaves it to the server)."""
    preference_in_tls13: Preference | None = None
    """Whose order of cipher suites decides in TLS 1.3, where that is not as `preference` says (BoringSSL in
    bun 1.4.4; measured)."""
    named_groups: tuple[Annotated[int, NamedGroup], ...] = ()
    """The groups for ECDHE and TLS 1.3, in order of preference; without them there is no ECDHE."""
    default_named_group: Annotated[int, NamedGroup] | None = None
    """The group for ECDHE when the client names none (RFC 8422 section 4 lets the server choose); left out,
    there is no ECDHE then."""
    dh_group: DHGroup | None = None
    """The group for DHE; without it no DHE suite is chosen."""
    export_dh_group: DHGroup | None = None
    """The group for the export suites with DHE; without it none of them is chosen."""
    sslv2_hello: bool = True
    """Whether a hello in SSLv2 format is read (RFC 5246 appendix E.2)."""
    sslv2_refusal: bytes = b""
    """Bytes sent as they are before the alert to a hello that offers SSLv2 alone (SunJSSE's "80 03 00 00 01";
    research note on JSSE, section 4). Of such a hello no more than the version is read then."""
    signature_schemes: Annotated[tuple[Annotated[int, SignatureScheme], ...], AT_LEAST_ONE] | None = None
    """The schemes known in TLS 1.2; left out, all that a key can sign with. A hello that has nothing of a
    list is refused, whatever its suites (SunJSSE 7; source ServerHandshaker)."""
    signs_unasked: bool = False
    """A hello of TLS 1.2 without signature_algorithms is answered in the schemes that there are, where the
    server has none of SHA-1, for which it stands (RFC 5246 section 7.4.1.4.1)."""
    session_id_length: Annotated[int, range(MAX_SESSION_ID_LENGTH + 1)] = MAX_SESSION_ID_LENGTH
    """The length of the session id given out, in bytes (RFC 5246 section 7.4.1.3)."""
    checks_certificate_curve: bool | None = None
    """Whether a client that names groups must name that of an ECDSA certificate for it to be used (RFC 8422
    section 5.1); left out, it is so where the server has no way of reading of its own."""
    renegotiation_info: bool = True
    """Whether RFC 5746 is known: renegotiation_info and the signalling suite are checked and answered."""
    fallback_scsv: bool = True
    """Whether TLS_FALLBACK_SCSV is known (RFC 7507): servers from before 2015 take it for any unknown
    suite."""
    extended_master_secret: bool = True
    """Whether extended_master_secret is known (RFC 7627)."""
    encrypt_then_mac: bool = True
    """Whether encrypt_then_mac is known (RFC 7366)."""
    flight_layout: FlightLayout = FlightLayout.RECORD_PER_MESSAGE
    """How the messages of a flight are spread over records (RFC 5246 section 6.2.1 allows any way; SunJSSE
    has one record for all, research note on JSSE, section 3)."""
    records: RecordRules = field(default_factory=RecordRules)
    """What is accepted of records before they are decrypted."""
    alerts: Mapping[Fault, Annotated[int, AlertDescription] | Ending] = field(default_factory=dict)
    """What answers a fault of the client, where that is not the RFC's alert (RFC 5246 section 7.2.2, RFC 8446
    section 6.2): another alert, or an end without one. A finer fault that is not named follows its
    coarser one (servers/README.md)."""
    alert_version: Annotated[int, ProtocolVersion] | None = None
    """The version in the records of alerts before one is negotiated; left out, the highest the server
    has."""
    parsing: StreamParsing | None = None
    """Hellos are read as SunJSSE 6 and 7 read them; left out, as the RFCs say."""
    message_order: MessageOrder = MessageOrder.RFC
    """Who sees to the order of handshake messages (SunJSSE compares the numbers of their types; research note
    on JSSE, section 3)."""
    ignores_warnings: bool = True
    """Whether warnings during the handshake are ignored. If not, any is an unexpected message, close_notify
    too (SunJSSE; research note on servers, section 1.4)."""
    record_splitting: RecordSplitting = RecordSplitting.NONE
    """How application data of CBC suites up to TLS 1.0 is split against the attack on implicit IVs
    (CVE-2011-3389)."""
    intolerances: tuple[Intolerance, ...] = ()
    """Hellos that get a reaction instead of an answer."""
    renegotiation: RenegotiationRules = field(default_factory=RenegotiationRules)
    """What a hello inside a connection comes to (RFC 5746)."""
    tickets: bool = False
    """Whether session tickets are given out and taken (RFC 5077, RFC 8446 section 4.6.1)."""
    keeps_sessions: bool = True
    """Whether the sessions are kept whose ids are given out (node 25 without listeners keeps none)."""
    tickets_below_tls13: bool = True
    """Whether that is so below TLS 1.3 too."""
    client_certificate: ClientCertificate = ClientCertificate.NO
    """Whether a client is asked for a certificate (RFC 5246 section 7.4.4)."""
    client_certificate_asked: tuple[Asking, ...] = (Asking.HANDSHAKE, Asking.RENEGOTIATION)
    """When it is asked for. IIS and Apache have settings for single paths, so that a client is asked in a
    renegotiation alone, and in TLS 1.3 after the handshake."""
    requested_signature_schemes: tuple[Annotated[int, SignatureScheme], ...] | None = None
    """The signature schemes that a CertificateRequest lists; left out, those of `signature_schemes` in TLS
    1.2, and six common ones without them (RFC 5246 section 7.4.4)."""
    certificate_authorities: AuthorityList | None = None
    """The length of the list of authorities in a CertificateRequest, whose names are made up; left out, it
    has the subjects of the certificates that are trusted, and in TLS 1.3 there is none (RFC 5246 section
    7.4.4, RFC 8446 section 4.2.4)."""
    trusted_certificates: tuple[bytes, ...] = ()
    """The leaf certificates (DER) that a client may show."""
    reading: HelloReading | None = None
    """Hellos are read as far as they go, and refused by checks in an order of the stack's own; this takes the
    place of `parsing` and of the RFCs' way of reading."""
    alert_record_version: Mapping[Fault, VersionOf] = field(default_factory=dict)
    """Whose version stands in the record of the alert that answers a fault; left out, it is the one in use
    (OpenSSL 3.0 has others; measured)."""
    sslv3_alerts: Mapping[Annotated[int, AlertDescription], Annotated[int, AlertDescription]] = field(
        default_factory=dict
    )
    """Alerts that are replaced by others in records of SSLv3, which has fewer (RFC 6101 section 5.4; OpenSSL
    3.0, source ssl3_send_alert)."""
    received_alerts: tuple[ReceivedAlert, ...] = ()
    """How alerts that come during a handshake are taken: the first rule that fits counts; without one it is
    as RFC 5246 section 7.2 says."""
    alerts_span_records: bool = False
    """Two bytes of alert records are an alert, however the records are cut (tlslite-ng 0.8.2, source
    Defragmenter); if not, a record is an alert."""
    answered_extensions: tuple[AnsweredExtension, ...] | None = None
    """The extensions of the ServerHello in their order; left out, what is negotiated is sent, in the engine's
    order."""
    no_session_id_for: tuple[Feature, ...] = ()
    """Features of hellos that get an empty session id (OpenSSL 3.0 where a ticket is on its way, source
    ssl_generate_session_id; RFC 5077 section 3.4)."""
    group_preference: Preference | None = None
    """Whose order of groups decides, where that is not as `preference` says (tlslite-ng 0.8.2)."""
    group_preference_in_tls13: Preference | None = None
    """Whose order of groups decides in TLS 1.3, where that is not as in other versions (OpenSSL 3.0 in nginx;
    measured)."""
    known_named_groups: frozenset[Annotated[int, range(1 << 16)]] = frozenset()
    """Code points of groups: a client that names none of these is treated like one that names no groups.
    Left out, there is no such rule."""
    dh_groups: tuple[SuiteGroup, ...] = ()
    """Groups for the DHE suites that fit a pattern, before `dh_group` (OpenSSL 3.0 goes by the strength of
    the suite; source ssl_get_auto_dh)."""
    ffdhe_groups: tuple[FiniteFieldGroup, ...] = ()
    """Finite-field groups that are used where the client names them (RFC 7919)."""
    ffdhe_required: bool = False
    """DHE is refused to a client that names finite-field groups, but none of `ffdhe_groups` (RFC 7919 section
    4)."""
    supported_versions: bool | None = None
    """Whether the extension supported_versions is read; left out, it is where TLS 1.3 is supported (RFC 8446
    section 4.2.1)."""
    random_begins_with: Beginning = Beginning.RANDOM_BYTES
    """What ServerHello.random begins with up to TLS 1.2: "gmt_unix_time" is the time in four bytes (RFC 5246
    section 7.4.1.2; SunJSSE 6 and 7, measured)."""
    session_id_begins_with: Beginning = Beginning.RANDOM_BYTES
    """What the session ids given out begin with: "gmt_unix_time" is the time in four bytes (SunJSSE 6 and 7,
    measured)."""
    record_size_limit: Annotated[int, range(64, 2**14 + 2)] | None = None
    """How many bytes the server takes in a record, said to a client that says the same, and the client's
    limit is obeyed (RFC 8449); left out, the extension is not known."""
    certificate_compression: tuple[Annotated[int, CertificateCompressionAlgorithm], ...] = ()
    """The algorithms by which certificates are compressed in TLS 1.3, and may be by a client that is asked
    for one: the first that the client has too is used (RFC 8879)."""
    application_protocols: tuple[bytes, ...] = ()
    """The protocols of which the first that the client lists too is selected; a client that lists others
    alone is refused (RFC 7301 section 3.2). Without them ALPN is not known."""
    no_common_application_protocol: Unmatched = Unmatched.REFUSED
    """What becomes of a hello that lists application protocols, but none of the server's."""
    application_settings: bytes | None = None
    """The settings that the server sends in EncryptedExtensions to a client that has application_settings
    for the protocol selected, and then awaits the client's (draft-vvv-tls-alps-01, as BoringSSL has it);
    left out, the extension is not known."""
    application_settings_type: Annotated[int, ExtensionType] = ExtensionType.APPLICATION_SETTINGS_NEW
    """Which of the two code points application_settings has (BoringSSL,
    SSL_set_alps_use_new_codepoint)."""
    delegated_credential: Annotated[int, SignatureScheme] | None = None
    """The scheme of the key that the server signs with in TLS 1.3 in the place of its certificate's, where
    the client lists it in delegated_credential. The certificate has to allow it by DelegationUsage (RFC
    9345)."""
    ocsp_response: bytes = b""
    """What is sent as the OCSP response with the certificate, to a client that asks for one by
    status_request (RFC 6066 section 8, RFC 8446 section 4.4.2.1); left out, none is."""
    ech_retry_configs: Annotated[int, range(17)] = 0
    """How many ECHConfigs the server sends as retry_configs to a client whose hello has
    encrypted_client_hello, which it never decrypts (RFC 9849 section 7.1); with 0 the extension is not
    known. Their keys are drawn for each connection."""
    departures: tuple[Departure, ...] = ()
    """Ways in which the server departs from the RFCs, by name, to try clients with
    (handshake/server/departures/)."""

    def asks(self, when: Asking) -> bool:
        """Whether a client is asked for a certificate then."""
        is_ever = self.client_certificate is not ClientCertificate.NO
        return is_ever and when in self.client_certificate_asked

    def has_tickets(self, version: int) -> bool:
        """Whether session tickets are given out and taken in a version."""
        return self.tickets and (self.tickets_below_tls13 or version >= ProtocolVersion.TLS_1_3)

    def whose_suites(self, version: int) -> Preference:
        """Whose order of cipher suites decides in a version."""
        is_1_3 = version >= ProtocolVersion.TLS_1_3
        return (self.preference_in_tls13 if is_1_3 else None) or self.preference

    def whose_groups(self, version: int) -> Preference:
        """Whose order of groups decides in a version."""
        is_1_3 = version >= ProtocolVersion.TLS_1_3
        of_1_3 = self.group_preference_in_tls13 if is_1_3 else None
        return of_1_3 or self.group_preference or self.preference

    @property
    def highest_version(self) -> int:
        """The highest protocol version supported."""
        return max(self.versions)

    @property
    def initial_record_version(self) -> int:
        """The record version used before anything is negotiated."""
        return self.alert_version or min(self.highest_version, ProtocolVersion.TLS_1_2)
