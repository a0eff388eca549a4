"""[emulation] of a server.toml: how a server behaves, read strictly and turned into a ServerConfiguration.

What the server supports (versions, cipher suites, whether it reads SSLv2-format hellos, its certificates) is
in [declared] and not repeated here. A key that is left out keeps what an RFC-abiding server does, so a
definition lists departures only. The keys are described at `Emulation`; README.md in the folder above shows
them in use.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from handshake.alerts import RFC_ALERTS
from handshake.crypto.credentials import Credential
from handshake.crypto.dh_groups import JSSE_DH_GROUPS, DHGroup, ffdhe_group, modp_group
from handshake.crypto.key_exchange import supported_groups
from handshake.errors import Fault, LocalError
from handshake.record_layer import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server import (
    ClientCertificate,
    Ending,
    FlightLayout,
    Intolerance,
    MessageOrder,
    Preference,
    Reaction,
    RenegotiationRules,
    ServerConfiguration,
    StreamParsing,
)
from handshake.server.features import has_feature
from handshake.wire.client_hello import ClientHello
from handshake.wire.record import MAX_CIPHERTEXT_LENGTH, RecordRules
from handshake.wire.registry import (
    AlertDescription,
    NamedGroup,
    SignatureScheme,
    alert_name,
    group_name,
    parse_version,
    signature_scheme_name,
    unknown_name,
)
from servers.declared import Declared, DeclaredRenegotiation
from servers.refusal import parse_refusal

ALERT_PREFIX = "alert:"
MAX_TLS_CIPHERTEXT = 2**16 - 1

_ALERTS = {alert_name(alert): int(alert) for alert in AlertDescription}
_GROUPS = {group_name(group): int(group) for group in NamedGroup}
_SIGNATURE_SCHEMES = {signature_scheme_name(scheme): int(scheme) for scheme in SignatureScheme}
_EMPTY_HELLO = ClientHello(0x0301, bytes(32), b"", ())

Word = TypeVar("Word", bound=StrEnum)


class EmulationError(ValueError):
    """[emulation] data that cannot be used: one line that names the file and the key, and says what to do."""


def _one_of(words: type[Word]) -> Callable[[object], Word]:
    def read(value: object) -> Word:
        if value not in list(words):
            raise ValueError(f"is {value!r}; there is {', '.join(words)}")
        return words(str(value))

    return read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {value!r}, not a string; put it in quotes")
    return value


def _fault(value: object) -> Fault:
    words = [fault.value for fault in Fault]
    if value not in words:
        raise ValueError(f"there is no fault {value!r}; there is {', '.join(words)}")
    return Fault(value)


def _alert(value: object) -> int:
    text = _text(value)
    if text not in _ALERTS:
        raise unknown_name("alert", text, list(_ALERTS))
    return _ALERTS[text]


def _named_group(value: object) -> int:
    text = _text(value)
    if text not in _GROUPS:
        raise unknown_name("named group", text, list(_GROUPS))
    if _GROUPS[text] not in supported_groups():
        raise ValueError(f"no key exchange can be completed in {text}; leave it out")
    return _GROUPS[text]


def _signature_scheme(value: object) -> int:
    text = _text(value)
    if text not in _SIGNATURE_SCHEMES:
        raise unknown_name("signature scheme", text, list(_SIGNATURE_SCHEMES))
    return _SIGNATURE_SCHEMES[text]


def _dh_group(value: object) -> DHGroup:
    text = _text(value)
    family, _, size = text.partition("-")
    if family == "jsse" and size.isdigit() and int(size) in JSSE_DH_GROUPS:
        return JSSE_DH_GROUPS[int(size)]
    try:
        if family == "modp" and size.isdigit():
            return modp_group(int(size))
        return ffdhe_group(_GROUPS.get(text, 0))
    except LocalError as error:
        sizes = ", ".join(f"jsse-{bits}" for bits in JSSE_DH_GROUPS)
        raise ValueError(
            f"there is no DH group {text!r}; there is {sizes}, modp-1024 ..., ffdhe2048 ..."
        ) from error


def _version(value: object) -> int:
    return parse_version(_text(value))


def _hexadecimal(value: object) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError as error:
        raise ValueError(f'is {value!r}; write bytes in hexadecimal, like "80 03 00 00 01"') from error


def _feature(value: object) -> str:
    has_feature(_EMPTY_HELLO, _text(value))  # raises ValueError for a word that is none
    return _text(value)


def _reaction(value: object) -> Reaction:
    text = _text(value)
    if text.startswith(ALERT_PREFIX):
        return Reaction(_alert(text.removeprefix(ALERT_PREFIX)))
    if text not in list(Ending):
        raise ValueError(f"is {text!r}; there is {ALERT_PREFIX}<name of an alert>, {', '.join(Ending)}")
    return Reaction(ending=Ending(text))


FaultWord = Annotated[Fault, BeforeValidator(_fault)]
AlertName = Annotated[int, BeforeValidator(_alert)]
GroupName = Annotated[int, BeforeValidator(_named_group)]
SignatureSchemeName = Annotated[int, BeforeValidator(_signature_scheme)]
DHGroupName = Annotated[DHGroup, BeforeValidator(_dh_group)]
VersionName = Annotated[int, BeforeValidator(_version)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class RecordsTable(_Table):
    """[emulation.records]: the largest fragment accepted, in bytes; whether any record version is, or any
    whose major version is a negative number; whether records of unknown content types are ignored; whether
    the first must be of a handshake or an alert.
    """

    max_fragment: Annotated[int, Field(ge=1, le=MAX_TLS_CIPHERTEXT)] = MAX_CIPHERTEXT_LENGTH
    any_version: bool = False
    ignores_unknown_types: bool = False
    signed_major: bool = False
    strict_start: bool = False


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
    tolerates_missing_info: bool = False
    ignores_scsv: bool = False
    answers_at_once: bool = False


class IntoleranceTable(_Table):
    """[[emulation.intolerance]]: a hello with any of `features` gets `reaction` instead of an answer."""

    features: Annotated[list[Annotated[str, BeforeValidator(_feature)]], Field(min_length=1)]
    reaction: Annotated[Reaction, BeforeValidator(_reaction)]


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

    preference: Annotated[Preference, BeforeValidator(_one_of(Preference))] = Preference.SERVER
    named_groups: list[GroupName] = []
    default_named_group: GroupName | None = None
    dh_group: DHGroupName | None = None
    export_dh_group: DHGroupName | None = None
    sslv2_refusal: Annotated[bytes, BeforeValidator(_hexadecimal)] = b""
    signature_schemes: Annotated[list[SignatureSchemeName], Field(min_length=1)] | None = None
    session_id_length: Annotated[int, Field(ge=0, le=32)] = 32
    renegotiation_info: bool = True
    fallback_scsv: bool = True
    extended_master_secret: bool = True
    encrypt_then_mac: bool = True
    flight_layout: Annotated[FlightLayout, BeforeValidator(_one_of(FlightLayout))] = (
        FlightLayout.RECORD_PER_MESSAGE
    )
    records: RecordsTable = RecordsTable()
    alerts: dict[FaultWord, AlertName] = {}
    alert_version: VersionName | None = None
    parsing: ParsingTable | None = None
    message_order: Annotated[MessageOrder, BeforeValidator(_one_of(MessageOrder))] = MessageOrder.RFC
    ignores_warnings: bool = True
    renegotiation: RenegotiationTable = RenegotiationTable()
    record_splitting: Annotated[RecordSplitting, BeforeValidator(_one_of(RecordSplitting))] = (
        RecordSplitting.NONE
    )
    intolerance: list[IntoleranceTable] = []


def read_emulation(table: Mapping[str, Any], source: str) -> Emulation:
    """Read an [emulation] table; `source` is the file, for the message. Raises EmulationError."""
    try:
        return Emulation.model_validate(dict(table))
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in ("emulation", *details["loc"]) if part != "[key]")
        if details["type"] == "extra_forbidden":
            message = f"unknown key; known are {', '.join(_known_keys(details['loc']))}"
        elif details["type"] == "value_error":
            message = str(details["ctx"]["error"])
        else:
            message = f"{details['msg']}, but it is {details['input']!r:.60}"
        raise EmulationError(f"{source}: {key}: {message}") from error


def server_configuration(
    declared: Declared,
    emulation: Emulation,
    credentials: Mapping[str, Credential],
    trusted_certificates: tuple[bytes, ...] = (),
) -> ServerConfiguration:
    """The server that `declared` and `emulation` describe; of the credentials, those it declares are used.

    `trusted_certificates` are those (DER) that a client may show.
    """
    alerts = {**RFC_ALERTS, **emulation.alerts}
    if not emulation.fallback_scsv:
        del alerts[Fault.INAPPROPRIATE_FALLBACK]  # what has no alert is not looked for
    parsing, records = emulation.parsing, emulation.records
    return ServerConfiguration(
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
        record_rules=RecordRules(
            records.max_fragment,
            None if records.any_version else 3,
            records.ignores_unknown_types,
            records.signed_major,
            records.strict_start,
        ),
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
        intolerances=tuple(
            Intolerance(tuple(each.features), each.reaction) for each in emulation.intolerance
        ),
    )


def _renegotiation(declared: DeclaredRenegotiation, quirks: RenegotiationTable) -> RenegotiationRules:
    return RenegotiationRules(
        allowed=Renegotiation(declared.allowed),
        client_initiated=declared.client_initiated,
        legacy_hello=declared.legacy_hello,
        refusal=parse_refusal(declared.refusal),
        refusal_in_sslv3=parse_refusal(declared.refusal_in_sslv3),
        request_refusal=parse_refusal(declared.request_refusal),
        **dict(quirks),
    )


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys of the table that the last part of the location was found in."""
    tables: dict[str, type[_Table]] = {
        "records": RecordsTable,
        "parsing": ParsingTable,
        "intolerance": IntoleranceTable,
        "renegotiation": RenegotiationTable,
    }
    return sorted(
        tables.get(str(location[0]), Emulation).model_fields if len(location) > 1 else Emulation.model_fields
    )
