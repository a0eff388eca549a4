"""Which model each table of a document is read as: pydantic's errors do not say it, and both "did you mean"
and old keys (`definitions.former`) need it.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from definitions.fault import Place


@dataclasses.dataclass(frozen=True, slots=True)
class ReadLater:
    """Says of a field of plain values (`Annotated[dict[str, Any], ReadLater(Model)]`) that it is kept as it
    is written, and that somebody else reads it as the model. Its faults keep nobody from reading the file;
    they are told together with other faults of the file, and by `definitions.reading.check_toml`.
    """

    kind: type[BaseModel]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """A table of a document, where it stands, and what it is read as."""

    place: Place
    kind: type
    content: dict[str, Any]
    is_read_later: bool = False


def tables_of(
    kind: Any, content: Any, place: Place = (), leading_to: frozenset[type] | None = None
) -> Iterator[Table]:
    """Every table of `content`, which is to be read as `kind` (a model, a dataclass, or a type made of such).

    A table comes before those in it, and may be changed in between. With `leading_to`, tables that are of
    none of these types and have none in them are passed over.
    """
    is_read_later = isinstance(kind, ReadLater)
    kind = kind.kind if is_read_later else kind
    if _is_table(kind):
        if isinstance(content, dict):
            yield Table(place, kind, content, is_read_later)
            for key, inner in _kinds_leading(kind, leading_to).items():
                if key in content:
                    for each in inner:
                        yield from tables_of(each, content[key], (*place, key), leading_to)
        return
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType, Annotated):
        for each in arguments:
            yield from tables_of(each, content, place, leading_to)
    elif origin in (list, tuple) and isinstance(content, list):
        for index, element in enumerate(content):
            yield from tables_of(arguments[0], element, (*place, index), leading_to)
    elif origin in (dict, Mapping) and isinstance(content, dict):
        for name, value in content.items():
            yield from tables_of(arguments[1], value, (*place, name), leading_to)


@cache
def _kinds_leading(kind: type, to: frozenset[type] | None) -> Mapping[str, tuple[Any, ...]]:
    """The same as `_kinds`, without what leads to none of the types `to`."""
    kinds = _kinds(kind)
    if to is None:
        return kinds
    leading = {key: tuple(each for each in inner if _models_in(each) & to) for key, inner in kinds.items()}
    return {key: inner for key, inner in leading.items() if inner}


@cache
def models_of(kind: Any) -> frozenset[type]:
    """Every model and dataclass that a value of `kind` may have in it."""
    return _models_in(kind)


def _models_in(kind: Any) -> frozenset[type]:
    found: set[type] = set()
    waiting = [kind]
    while waiting:
        each = waiting.pop()
        each = each.kind if isinstance(each, ReadLater) else each
        if not _is_table(each):
            waiting += get_args(each)
        elif each not in found:
            found.add(each)
            waiting += (inner for kinds in _kinds(each).values() for inner in kinds)
    return frozenset(found)


def keys_of(kind: type) -> tuple[str, ...]:
    """The keys that a table may have, as they are written."""
    return tuple(_kinds(kind))


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind))


@cache
def _kinds(kind: type) -> Mapping[str, tuple[Any, ...]]:
    """By key what the key's value is read as, where that may be a table or have one in it."""
    if issubclass(kind, BaseModel):
        read_as = {
            field.alias or name: (field.annotation, *field.metadata)
            for name, field in kind.model_fields.items()
        }
    else:
        hints: Callable[[Any], Mapping[str, Any]] = get_type_hints
        read_as = {name: (hint,) for name, hint in hints(kind).items()}
    return {key: tuple(each for each in kinds if _holds_tables(each)) for key, kinds in read_as.items()}


def _holds_tables(kind: Any) -> bool:
    return isinstance(kind, ReadLater) or _is_table(kind) or any(map(_holds_tables, get_args(kind)))
