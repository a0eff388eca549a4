"""The tables that a server.toml has for dataclasses: their keys, and the pydantic models that read them.

Every field is a key of its own name unless it stands in `RENAMED` or `ELSEWHERE`. The field's type says how
its value is written (`servers.emulated.notation`), its default what holds where the key is left out, and its
docstring what the key means (`servers.key_texts`). So a key is added by adding a field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, create_model

from handshake.server import RenegotiationRules, ServerConfiguration
from handshake.wire.record import RecordRules
from servers.emulated.notation import NOTATIONS, one_of, one_of_or

STRICT = ConfigDict(defer_build=True, extra="forbid", strict=True)
"""How tables are read: every key must be known, every value be of its type."""

RENAMED: Mapping[type, Mapping[str, str]] = {
    ServerConfiguration: {  # a list whose items are tables of their own has the name of one, as TOML has it
        "intolerances": "intolerance",
        "received_alerts": "received_alert",
        "answered_extensions": "answered_extension",
    },
}
"""Fields whose keys have other names."""

DECLARED = "it is stated in [declared]"
ELSEWHERE: Mapping[type, Mapping[str, str]] = {
    ServerConfiguration: {
        **dict.fromkeys(
            (
                "versions",
                "cipher_suites",
                "application_protocols",
                "sslv2_hello",
                "client_certificate",
                "client_certificate_asked",
            ),
            DECLARED,
        ),
        "credentials": "it is made for a run; [declared] has the kinds",
        "tickets": "it follows from resumption in [declared]",
        "keeps_sessions": "it follows from forgets_sessions in [declared]",
        "tickets_below_tls13": "it follows from resumption in [declared]",
        "trusted_certificates": "it is made for a run",
    },
    RenegotiationRules: dict.fromkeys(
        (
            "allowed",
            "client_initiated",
            "legacy_hello",
            "refusal",
            "refusal_in_sslv3",
            "request_refusal",
            "asks_anyway",
        ),
        DECLARED,
    ),
    RecordRules: {
        "exact_version": "it is the connection's state, where fixes_version is set",
        "reads_sslv2_version_first": "it follows from sslv2_refusal",
    },
}
"""Fields that have no key, each with the reason."""


class Key(Struct, frozen=True):
    """One key of a table: its name, the field it sets, the field's type, and its default (dataclasses'
    MISSING where the key must be there).
    """

    name: str
    field: str
    type: Any
    default: Any

    @property
    def table(self) -> type | None:
        """The dataclass that the value, or each of its items, is a table of; None for anything else."""
        return next(_tables_in(self.type), None)


def keys_of(kind: type) -> Iterator[Key]:
    """The keys of the table for a dataclass, in the order of its fields."""
    types = get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        if each.name not in ELSEWHERE.get(kind, {}):
            name = RENAMED.get(kind, {}).get(each.name, each.name)
            default = each.default if each.default_factory is MISSING else each.default_factory()
            yield Key(name, each.name, types[each.name], default)


@cache
def model_of(kind: type) -> type[BaseModel]:
    """The model of the table for a dataclass. What it reads has the dataclass's fields, without those that
    have no key.
    """
    members: dict[str, Any] = {}
    for key in keys_of(kind):
        default = ... if key.default is MISSING else key.default
        members[key.field] = (_as_written(key.type), Field(default, alias=key.name))
    return create_model(kind.__name__, __config__=STRICT, **members)


def _tables_in(kind: Any) -> Iterator[type]:
    if _is_table(kind):
        yield kind
    for part in get_args(kind):
        yield from _tables_in(part)


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind) and kind not in NOTATIONS


def _as_written(kind: Any) -> Any:
    """The type that pydantic reads: what is written, and what makes the field's value of it."""
    if kind in NOTATIONS:
        return Annotated[Any, PlainValidator(NOTATIONS[kind].read)]
    if _is_table(kind):
        return Annotated[model_of(kind), AfterValidator(lambda table: kind(**dict(table)))]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Annotated[Any, PlainValidator(one_of(kind))]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated and parts[0] is int:
        return Annotated[int, Field(ge=parts[1].start, le=parts[1].stop - 1)]
    if origin is Annotated:
        return _list_as_written(parts[0], Field(min_length=parts[1].start))
    if origin in (tuple, frozenset):
        return _list_as_written(kind, Field())
    if origin is Mapping:
        return GenericAlias(dict, tuple(_as_written(part) for part in parts))
    if origin in (Union, UnionType):
        return _union_as_written(parts)
    return kind


def _list_as_written(kind: Any, bounds: Any) -> Any:
    made, written = get_origin(kind), GenericAlias(list, (_as_written(get_args(kind)[0]),))
    # pydantic looks at the function's signature, and takes milliseconds for that of a built-in one
    return Annotated[written, bounds, AfterValidator(lambda items: made(items))]


def _union_as_written(parts: tuple[Any, ...]) -> Any:
    """A value or nothing; or a word of an enumeration, or what has a notation."""
    others = [part for part in parts if part is not NoneType]
    if len(others) == 1:
        written = _as_written(others[0])
    else:
        words = next(part for part in others if isinstance(part, type) and issubclass(part, Enum))
        other = next(part for part in others if part is not words)
        written = Annotated[Any, PlainValidator(one_of_or(words, NOTATIONS[other].read))]
    return written | None if NoneType in parts else written
