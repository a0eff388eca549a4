"""[emulation] of a server.toml: how a server behaves, read strictly and turned into a ServerConfiguration.

What the server supports (versions, cipher suites, whether it reads SSLv2-format hellos, its certificates) is
in [declared] and not repeated here. A key that is left out keeps what an RFC-abiding server does, so a
definition lists departures only. The keys are described at `Emulation`; README.md in the folder above shows
them in use.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from definitions.fault import UnusableFile
from definitions.reading import read_table
from handshake.alerts import with_departures
from handshake.crypto.credentials import Credential
from handshake.errors import Fault
from handshake.record_layer import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server import (
    ClientCertificate,
    Ending,
    FlightLayout,
    MessageOrder,
    Preference,
    RenegotiationRules,
    ServerConfiguration,
    StreamParsing,
)
from handshake.server.strictness import VersionOf
from servers.declared import Declared, DeclaredRenegotiation
from servers.emulated.strictness import (
    AnsweredExtensionTable,
    IntoleranceTable,
    ReadingTable,
    ReceivedAlertTable,
    RecordsTable,
    SuiteGroupTable,
    alerting,
)
from servers.emulated.words import (
    STRICT,
    AlertName,
    AlertOrEnding,
    DHGroupName,
    FaultWord,
    Feature,
    FiniteFieldGroupName,
    GroupName,
    HexadecimalBytes,
    SignatureSchemeName,
    VersionName,
    one_of,
)
from servers.refusal import parse_refusal


class EmulationError(UnusableFile, ValueError):
    """[emulation] data that cannot be used: one line a fault, with the file, the key and what to do."""


class _Table(BaseModel):
    model_config = STRICT


class ParsingTable(_Table):
    """[emulation.parsing]: hellos are read as SunJSSE 6 and 7 do; the keys are those of `StreamParsing`."""

    renegotiation_info: bool = True
    signature_algorithms: bool = False
    empty_read_of_unknown_extension: bool = False
    partial_header_fails: bool = False
    list_length_per_server_name: bool = False
    implicit_public_value_fails: bool = False
    long_secret_fails: bool = False


class RenegotiationTable(_Table):
    """[emulation.renegotiation]: the keys are those of `RenegotiationRules` that [declared] does not have."""

    signals_first: bool = False
    reads_before_refusal: bool = False
    takes_late_info: bool = False
    tolerates_missing_info: bool = False
    ignores_scsv: bool = False
    answers_at_once: bool = False


class Emulation(_Table):
    """The whole of [emulation]; every key may be left out.

    `preference` "client" or "server": whose order of suites and groups decides. `named_groups` for ECDHE by
    name, in order; `default_named_group` where the client names none. `dh_group`, `export_dh_group`:
    "jsse-768", "modp-1024", "ffdhe2048"; without them no DHE suite is chosen. `sslv2_refusal`: bytes in hex,
    sent raw before the alert to a hello that offers SSLv2 alone. `signature_schemes` known in TLS 1.2 by
    name; left out, all that a key can sign with. `session_id_length` in bytes.
    `renegotiation_info`, `fallback_scsv`, `extended_master_secret`, `encrypt_then_mac`: whether these are
    known (RFC 5746, 7507, 7627, 7366). `flight_layout` "one-record" or "record-per-message". `alerts`: a
    fault (values of `handshake.errors.Fault`) and the alert that answers it. `alert_version`: record version
    of alerts before one is negotiated, else the highest. `message_order`, `ignores_warnings`: as in
    `ServerConfiguration`. `renegotiation`: as in `RenegotiationRules`. `record_splitting` "none", "0/n",
    "1/n-1" or "1/n-1-not-first". `intolerance`:
    features of a hello ("extension:<name>" or a word of `handshake.server.features`) and the reaction:
    "alert:<name>", "fin", "reset" or "hang".
    """

    preference: Annotated[Preference, BeforeValidator(one_of(Preference))] = Preference.SERVER
    named_groups: list[GroupName] = []
    default_named_group: GroupName | None = None
    dh_group: DHGroupName | None = None
    export_dh_group: DHGroupName | None = None
    sslv2_refusal: HexadecimalBytes = b""
    signature_schemes: Annotated[list[SignatureSchemeName], Field(min_length=1)] | None = None
    session_id_length: Annotated[int, Field(ge=0, le=32)] = 32
    renegotiation_info: bool = True
    fallback_scsv: bool = True
    extended_master_secret: bool = True
    encrypt_then_mac: bool = True
    flight_layout: Annotated[FlightLayout, BeforeValidator(one_of(FlightLayout))] = (
        FlightLayout.RECORD_PER_MESSAGE
    )
    records: RecordsTable = RecordsTable()
    alerts: dict[FaultWord, AlertOrEnding] = {}
    alert_version: VersionName | None = None
    parsing: ParsingTable | None = None
    message_order: Annotated[MessageOrder, BeforeValidator(one_of(MessageOrder))] = MessageOrder.RFC
    ignores_warnings: bool = True
    renegotiation: RenegotiationTable = RenegotiationTable()
    record_splitting: Annotated[RecordSplitting, BeforeValidator(one_of(RecordSplitting))] = (
        RecordSplitting.NONE
    )
    intolerance: list[IntoleranceTable] = []
    reading: ReadingTable | None = None
    alert_record_version: dict[FaultWord, Annotated[VersionOf, BeforeValidator(one_of(VersionOf))]] = {}
    sslv3_alerts: dict[AlertName, AlertName] = {}
    received_alert: list[ReceivedAlertTable] = []
    alerts_span_records: bool = False
    answered_extension: list[AnsweredExtensionTable] | None = None
    no_session_id_for: list[Feature] = []
    group_preference: Annotated[Preference | None, BeforeValidator(one_of(Preference))] = None
    known_named_groups: list[Annotated[int, Field(ge=0, lt=1 << 16)]] = []
    dh_groups: list[SuiteGroupTable] = []
    ffdhe_groups: list[FiniteFieldGroupName] = []
    ffdhe_required: bool = False
    supported_versions: bool | None = None


def read_emulation(table: Mapping[str, Any], source: str) -> Emulation:
    """Read an [emulation] table; `source` is the file, for the message. Raises EmulationError."""
    return read_table(dict(table), source, Emulation, EmulationError, place=("emulation",))


def server_configuration(
    declared: Declared,
    emulation: Emulation,
    credentials: Mapping[str, Credential],
    trusted_certificates: tuple[bytes, ...] = (),
) -> ServerConfiguration:
    """The server that `declared` and `emulation` describe; of the credentials, those it declares are used.

    `trusted_certificates` are those (DER) that a client may show.
    """
    alerts = with_departures(
        {fault: alert for fault, alert in emulation.alerts.items() if not isinstance(alert, Ending)}
    )
    if not emulation.fallback_scsv:
        del alerts[Fault.INAPPROPRIATE_FALLBACK]  # what has no alert is not looked for
    parsing = emulation.parsing
    configuration = ServerConfiguration(
        versions=declared.versions,
        cipher_suites=declared.cipher_suites,
        credentials={kind: credentials[kind] for kind in declared.certificates if kind in credentials},
        preference=emulation.preference,
        named_groups=tuple(emulation.named_groups),
        default_named_group=emulation.default_named_group,
        dh_group=emulation.dh_group,
        export_dh_group=emulation.export_dh_group,
        sslv2_hello=declared.sslv2_hello,
        sslv2_refusal=emulation.sslv2_refusal,
        signature_schemes=None if emulation.signature_schemes is None else tuple(emulation.signature_schemes),
        session_id_length=emulation.session_id_length,
        answers_renegotiation_info=emulation.renegotiation_info,
        extended_master_secret=emulation.extended_master_secret,
        encrypt_then_mac=emulation.encrypt_then_mac,
        flight_layout=emulation.flight_layout,
        record_rules=emulation.records.to_rules(reads_sslv2_version_first=bool(emulation.sslv2_refusal)),
        alerts=alerts,
        alert_version=emulation.alert_version,
        parsing=None if parsing is None else StreamParsing(**parsing.model_dump()),
        message_order=emulation.message_order,
        ignores_warnings=emulation.ignores_warnings,
        renegotiation=_renegotiation(declared.renegotiation, emulation.renegotiation),
        tickets="ticket" in declared.resumption,
        client_certificate=ClientCertificate(declared.client_certificate),
        trusted_certificates=trusted_certificates,
        record_splitting=emulation.record_splitting,
        intolerances=tuple(each.to_intolerance() for each in emulation.intolerance),
    )
    return _with_strictness(configuration, emulation)


def _with_strictness(configuration: ServerConfiguration, emulation: Emulation) -> ServerConfiguration:
    """The same with how strictly it reads, and with the finer points of its choices."""
    reading, answered = emulation.reading, emulation.answered_extension
    return replace(
        configuration,
        fixes_record_version=emulation.records.fixes_version,
        reading=None if reading is None else reading.to_reading(),
        alerting=alerting(
            emulation.alerts,
            emulation.alert_record_version,
            emulation.sslv3_alerts,
            emulation.received_alert,
            span_records=emulation.alerts_span_records,
        ),
        answered_extensions=(
            None if answered is None else tuple(each.to_answered_extension() for each in answered)
        ),
        no_session_id_for=tuple(emulation.no_session_id_for),
        group_preference=emulation.group_preference,
        known_named_groups=frozenset(emulation.known_named_groups),
        dh_groups=tuple((each.cipher_suites, each.group) for each in emulation.dh_groups),
        ffdhe_groups=tuple(emulation.ffdhe_groups),
        ffdhe_required=emulation.ffdhe_required,
        reads_supported_versions=emulation.supported_versions,
    )


def _renegotiation(declared: DeclaredRenegotiation, quirks: RenegotiationTable) -> RenegotiationRules:
    return RenegotiationRules(
        allowed=Renegotiation(declared.allowed),
        client_initiated=declared.client_initiated,
        legacy_hello=declared.legacy_hello,
        refusal=parse_refusal(declared.refusal),
        refusal_in_sslv3=parse_refusal(declared.refusal_in_sslv3),
        request_refusal=parse_refusal(declared.request_refusal),
        asks_anyway=declared.asks_anyway,
        **dict(quirks),
    )
