"""The words of an [emulation] table, and the values they stand for."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, ConfigDict

from definitions.fault import shown, unknown_value
from handshake.crypto.dh_groups import FFDHE_GROUPS, JSSE_DH_GROUPS, DHGroup, ffdhe_group, modp_group
from handshake.crypto.key_exchange import supported_groups
from handshake.errors import Fault, LocalError
from handshake.server import Ending, Reaction
from handshake.server.features import has_feature
from handshake.wire.client_hello import ClientHello
from handshake.wire.registry import (
    AlertDescription,
    NamedGroup,
    SignatureScheme,
    alert_name,
    group_name,
    parse_extension_type,
    parse_version,
    signature_scheme_name,
    unknown_name,
)

ALERT_PREFIX = "alert:"
FAULT_PREFIX = "fault:"
REACTIONS = (f"{ALERT_PREFIX}<name of an alert>", f"{FAULT_PREFIX}<name of a fault>", *Ending)

_ALERTS = {alert_name(alert): int(alert) for alert in AlertDescription}
_GROUPS = {group_name(group): int(group) for group in NamedGroup}
_SIGNATURE_SCHEMES = {signature_scheme_name(scheme): int(scheme) for scheme in SignatureScheme}
_EMPTY_HELLO = ClientHello(0x0301, bytes(32), b"", ())

Word = TypeVar("Word", bound=StrEnum)


def one_of(words: type[Word]) -> Callable[[object], Word]:
    """A reader of one of the words of an enumeration."""

    def read(value: object) -> Word:
        if value not in list(words):
            raise unknown_value(value, words)
        return words(str(value))

    return read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {shown(value)}: write text in quotes")
    return value


def fault_word(value: object) -> Fault:
    """A fault by its word. Raises ValueError."""
    words = [fault.value for fault in Fault]
    if value not in words:
        raise unknown_value(value, words, "fault")
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
    bits = int(size) if re.fullmatch("[0-9]{1,5}", size) else 0
    if family == "jsse" and bits in JSSE_DH_GROUPS:
        return JSSE_DH_GROUPS[bits]
    try:
        if family == "modp" and bits:
            return modp_group(bits)
        return ffdhe_group(_GROUPS.get(text, 0))
    except LocalError as error:
        names = [*(f"jsse-{bits}" for bits in JSSE_DH_GROUPS), "modp-1024 ...", "ffdhe2048 ..."]
        raise unknown_value(text, names, "DH group") from error


def _version(value: object) -> int:
    return parse_version(_text(value))


def _hexadecimal(value: object) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError as error:
        raise ValueError(f"is {shown(value)}: write bytes in hexadecimal, like '80 03 00 00 01'") from error


def _feature(value: object) -> str:
    has_feature(_EMPTY_HELLO, _text(value))  # raises ValueError for a word that is none
    return _text(value)


def _extension_type(value: object) -> int:
    return parse_extension_type(_text(value))


def _ffdhe_group(value: object) -> int:
    text = _text(value)
    if _GROUPS.get(text) not in FFDHE_GROUPS:
        raise unknown_name("finite-field group", text, [group_name(group) for group in sorted(FFDHE_GROUPS)])
    return _GROUPS[text]


def _alert_or_ending(value: object) -> int | Ending:
    return Ending(str(value)) if value in list(Ending) else _alert(value)


def reaction_word(value: object) -> Reaction:
    """A reaction by its word: "alert:<name>", "fault:<name>" or an ending. Raises ValueError."""
    text = _text(value)
    if text.startswith(ALERT_PREFIX):
        return Reaction(_alert(text.removeprefix(ALERT_PREFIX)))
    if text.startswith(FAULT_PREFIX):
        return Reaction(fault=fault_word(text.removeprefix(FAULT_PREFIX)))
    if text not in list(Ending):
        raise unknown_value(text, REACTIONS, "reaction")
    return Reaction(ending=Ending(text))


FaultWord = Annotated[Fault, BeforeValidator(fault_word)]
AlertName = Annotated[int, BeforeValidator(_alert)]
GroupName = Annotated[int, BeforeValidator(_named_group)]
SignatureSchemeName = Annotated[int, BeforeValidator(_signature_scheme)]
DHGroupName = Annotated[DHGroup, BeforeValidator(_dh_group)]
VersionName = Annotated[int, BeforeValidator(_version)]
ExtensionName = Annotated[int, BeforeValidator(_extension_type)]
FiniteFieldGroupName = Annotated[int, BeforeValidator(_ffdhe_group)]
AlertOrEnding = Annotated[int | Ending, BeforeValidator(_alert_or_ending)]
Feature = Annotated[str, BeforeValidator(_feature)]
ReactionWord = Annotated[Reaction, BeforeValidator(reaction_word)]
HexadecimalBytes = Annotated[bytes, BeforeValidator(_hexadecimal)]


STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)
"""How tables are read: every key must be known, every value be of its type."""
