"""How the values of an [emulation] table are written: for each type of a field what stands in the file, and
what reads it.

A number of one of TLS's registries is written by its name there; a field's type says which registry that is
(`Annotated[int, NamedGroup]`). What is not in `NOTATIONS` is written as TOML writes it, an enumeration by its
values, and a dataclass as a table (`servers.emulated.tables`).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, IntEnum
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from msgspec import Struct

from definitions.fault import either, shown, unknown_value
from handshake.crypto.dh_groups import (
    FFDHE_GROUPS,
    JSSE_DH_GROUPS,
    DHGroup,
    FiniteFieldGroup,
    ffdhe_group,
    modp_group,
)
from handshake.crypto.key_shares import KEY_SHARE_GROUPS
from handshake.errors import Fault, LocalError
from handshake.features import Feature, parse_feature
from handshake.server.authorities import AuthorityList, parse_authority_list
from handshake.server.departures.collection import departures
from handshake.server.departures.departure import Departure
from handshake.server.reactions import Ending, Reaction
from handshake.wire.registry import (
    AlertDescription,
    AlertLevel,
    CertificateCompressionAlgorithm,
    ContentType,
    ExtensionType,
    HandshakeType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
    alert_name,
    group_name,
    parse_extension_type,
    parse_version,
    signature_scheme_name,
)

ALERT_PREFIX = "alert:"
FAULT_PREFIX = "fault:"
_LEAST_REFUSING = HTTPStatus.BAD_REQUEST.value
WARNING_PREFIX = "warning:"
STATUS_PREFIX = "http:"
_REACTIONS = {
    ALERT_PREFIX: "name of an alert",
    FAULT_PREFIX: "name of a fault",
    WARNING_PREFIX: "name of an alert",
    STATUS_PREFIX: "status",
}

Word = TypeVar("Word", bound=Enum)


class Notation(Struct, frozen=True):
    """`read` takes what stands in the file and raises ValueError for what is none; `written` says for people
    what may stand there.
    """

    read: Callable[[object], Any]
    written: str


def one_of(words: type[Word], kind: str = "value") -> Callable[[object], Word]:
    """A reader of one of the values of an enumeration; `kind` says what they are words for."""
    values = [word.value for word in words]

    def read(value: object) -> Word:
        if value not in values:
            raise unknown_value(value, values, kind)
        return words(value)

    return read


def one_of_or(words: type[Enum], otherwise: Callable[[object], Any]) -> Callable[[object], Any]:
    """A reader of one of the values of an enumeration, or of something else."""
    values = [word.value for word in words]

    def read(value: object) -> Any:
        if value in values:
            return words(value)
        try:
            return otherwise(value)
        except ValueError as error:
            raise ValueError(f"{error}; or write {either(values)}") from error

    return read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {shown(value)}: write text in quotes")
    return value


def _by_name(kind: str, names: Mapping[str, int]) -> Callable[[object], int]:
    def read(value: object) -> int:
        text = _text(value)
        if text not in names:
            raise unknown_value(text, names, kind)
        return names[text]

    return read


def _names(registry: Iterable[IntEnum], name: Callable[[int], str]) -> dict[str, int]:
    return {name(member): int(member) for member in registry}


_ALERTS = _by_name("alert", _names(AlertDescription, alert_name))
_GROUPS = _by_name("named group", _names(NamedGroup, group_name))
_LEVELS = {level.name.lower(): int(level) for level in AlertLevel}
_COMPRESSION = {each.name.lower(): int(each) for each in CertificateCompressionAlgorithm}
_CONTENT_TYPES = {content_type.name.lower(): int(content_type) for content_type in ContentType}
_MESSAGES = {message.name.lower(): int(message) for message in HandshakeType}
_FAULT = one_of(Fault, "fault")


def _named_group(value: object) -> int:
    group = _GROUPS(value)
    if group not in KEY_SHARE_GROUPS:
        raise ValueError(f"no key exchange can be completed in {value}: leave it out")
    return group


def _dh_group(value: object) -> DHGroup:
    text = _text(value)
    family, _, size = text.partition("-")
    bits = int(size) if re.fullmatch("[0-9]{1,5}", size) else 0
    if family == "jsse" and bits in JSSE_DH_GROUPS:
        return JSSE_DH_GROUPS[bits]
    try:
        if family == "modp" and bits:
            return modp_group(bits)
        return ffdhe_group(_GROUPS(text))
    except (LocalError, ValueError) as error:
        names = [*(f"jsse-{bits}" for bits in JSSE_DH_GROUPS), "modp-1024 ...", "ffdhe2048 ..."]
        raise unknown_value(text, names, "DH group") from error


def _level(value: object) -> int:
    if isinstance(value, str) and value in _LEVELS:
        return _LEVELS[value]
    if type(value) is int and value in range(256):
        return value
    raise ValueError(f"is {shown(value)}: write {', '.join(_LEVELS)} or a number from 0 to 255")


def _version(value: object) -> int:
    return parse_version(_text(value))


def _extension_type(value: object) -> int:
    return parse_extension_type(_text(value))


def _hexadecimal(value: object) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError as error:
        raise ValueError(f"is {shown(value)}: write bytes in hexadecimal, like '80 03 00 00 01'") from error


def _feature(value: object) -> Feature:
    return parse_feature(_text(value))


def _departure(value: object) -> Departure:
    text = _text(value)
    if text not in departures():
        raise unknown_value(text, departures(), "departure")
    return departures()[text]


def _refusing_status(text: str) -> int:
    statuses = {str(status.value): status.value for status in HTTPStatus if status.value >= _LEAST_REFUSING}
    if text not in statuses:
        raise ValueError(f"{text!r} is no HTTP status that refuses a request: write one like 400")
    return statuses[text]


def _reaction(value: object) -> Reaction:
    text = _text(value)
    if text.startswith(ALERT_PREFIX):
        return Reaction(_ALERTS(text.removeprefix(ALERT_PREFIX)))
    if text.startswith(FAULT_PREFIX):
        return Reaction(fault=_FAULT(text.removeprefix(FAULT_PREFIX)))
    if text.startswith(WARNING_PREFIX):
        return Reaction(warning=_ALERTS(text.removeprefix(WARNING_PREFIX)))
    if text.startswith(STATUS_PREFIX):
        return Reaction(status=_refusing_status(text.removeprefix(STATUS_PREFIX)))
    if text not in list(Ending):
        reactions = (*(f"{prefix}<{what}>" for prefix, what in _REACTIONS.items()), *Ending)
        raise unknown_value(text, reactions, "reaction")
    return Reaction(ending=Ending(text))


def _authority_list(value: object) -> AuthorityList:
    return parse_authority_list(_text(value))


NOTATIONS: Mapping[Any, Notation] = {
    Annotated[int, AlertDescription]: Notation(_ALERTS, 'an alert ("decode_error")'),
    Annotated[int, AlertLevel]: Notation(_level, '"warning", "fatal" or a number'),
    Annotated[int, CertificateCompressionAlgorithm]: Notation(
        _by_name("certificate compression algorithm", _COMPRESSION),
        ", ".join(f'"{name}"' for name in _COMPRESSION),
    ),
    Annotated[int, ContentType]: Notation(
        _by_name("content type", _CONTENT_TYPES), ", ".join(f'"{name}"' for name in _CONTENT_TYPES)
    ),
    Annotated[int, ExtensionType]: Notation(_extension_type, 'an extension ("server_name", "0x0000")'),
    Annotated[int, HandshakeType]: Notation(
        _by_name("handshake message", _MESSAGES), 'a handshake message ("server_hello")'
    ),
    Annotated[int, NamedGroup]: Notation(_named_group, 'a named group ("secp256r1")'),
    FiniteFieldGroup: Notation(
        _by_name("finite-field group", {group_name(group): group for group in sorted(FFDHE_GROUPS)}),
        'a finite-field group ("ffdhe2048")',
    ),
    Annotated[int, ProtocolVersion]: Notation(_version, 'a version ("TLSv1.0")'),
    Annotated[int, SignatureScheme]: Notation(
        _by_name("signature scheme", _names(SignatureScheme, signature_scheme_name)),
        'a signature scheme ("rsa_pkcs1_sha256")',
    ),
    AuthorityList: Notation(_authority_list, 'how many names or bytes ("100 names", "60000 bytes")'),
    DHGroup: Notation(_dh_group, '"jsse-768", "modp-1024", "ffdhe2048" and other sizes'),
    bytes: Notation(_hexadecimal, 'bytes in hexadecimal ("80 03")'),
    Departure: Notation(_departure, "a departure (tls-matrix list departures)"),
    Feature: Notation(_feature, 'a feature of a hello ("extension:server_name"; tls-matrix list features)'),
    Reaction: Notation(
        _reaction, '"alert:<name>", "fault:<name>", "fin", "reset", "hang", "warning:<name>", "http:<status>"'
    ),
}
"""For each type of a field that is not written as TOML writes it."""
