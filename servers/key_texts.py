"""What the keys of a server.toml mean, for people: for each what may stand there, what holds without it, and
the docstring of the field it sets.

Python keeps no docstrings of fields, so they are read from the source. A key whose values are words of an
enumeration has what is behind the first paragraph of that one's docstring too, which says what each means.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, is_dataclass
from enum import Enum
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from handshake.errors import Fault
from handshake.server import ServerConfiguration
from servers.declared import Cause, CipherSuite, Declared, FeatureName, SentAlert
from servers.definition_tables import DeclaredTable
from servers.emulated.notation import NOTATIONS
from servers.emulated.tables import keys_of

REQUIRED = "required"
TABLE = "table"
MAX_INTEGER = (1 << 63) - 1
"""Of TOML."""

_WRITTEN: Mapping[Any, str] = {
    **{kind: notation.written for kind, notation in NOTATIONS.items()},
    CipherSuite: 'a cipher suite ("TLS_RSA_WITH_AES_128_CBC_SHA")',
    SentAlert: '"warning:<name>", "alert:<name>", "none"',
    Fault: 'a fault ("decode"; servers/README.md)',
    FeatureName: 'a feature of a hello ("hello-length:16389.."; tls-matrix list features)',
    Cause: '"alert-<name>", "fin", "reset", "timeout"',
    bool: "true, false",
    int: "a number",
    str: "a string",
}


@dataclass(frozen=True, slots=True)
class KeyText:
    """One key, its name with those of the tables it is in; `values` says what may stand there, `default` is
    what holds without it, "required" where it must be there, empty where `text` says so.
    """

    key: str
    values: str
    default: str
    text: str


def emulation_key_texts() -> list[KeyText]:
    """The keys of [emulation]."""
    return list(key_texts(ServerConfiguration))


def declared_key_texts() -> list[KeyText]:
    """The keys of [declared]: those of the facts, and those that only a layer has."""
    facts = list(key_texts(Declared))
    names = {fact.key for fact in facts}
    texts = field_texts(DeclaredTable)
    more = [KeyText(key, "list: a pattern", "", texts[key]) for key in texts if key not in names]
    return facts + more


def field_texts(kind: type) -> dict[str, str]:
    """The docstring under each field of a class that has one, as one line."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    texts = {}
    for field, below in pairwise(definition.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = " ".join(text.split())
    return texts


def key_texts(kind: type, prefix: str = "") -> Iterator[KeyText]:
    """The keys of the table for a dataclass, each followed by those of the table it may hold."""
    texts = field_texts(kind)
    for key in keys_of(kind):
        text = " ".join((texts.get(key.field, ""), *_words(key.type)))
        yield KeyText(f"{prefix}{key.name}", _values(key.type), _default(key.default), text)
        if key.table is not None:
            yield from key_texts(key.table, f"{prefix}{key.name}.")


def _values(kind: Any) -> str:
    """What may be written for a type."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind in _WRITTEN:
        return _WRITTEN[kind]
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        words = parts or [word.value for word in kind]
        return ", ".join(f'"{word}"' for word in words)
    if origin is Annotated and parts[0] is not int:
        return _values(parts[0])
    if origin is Annotated:
        first, last = parts[1].start, parts[1].stop - 1
        return f"{first} to {last}" if last < MAX_INTEGER else f"{first} or more"
    if origin in (tuple, frozenset):
        item = _values(parts[0])
        return "list of tables" if item == TABLE else f"list: {item}"
    if origin is Mapping:
        return f"table: {_values(parts[0])} = {_values(parts[1])}"
    if origin in (Union, UnionType):
        return "; or ".join(_values(part) for part in parts if part is not NoneType)
    return TABLE


def _words(kind: Any) -> Iterator[str]:
    """What the words of the enumerations in a type mean."""
    if kind in _WRITTEN:
        return
    if isinstance(kind, type) and issubclass(kind, Enum):
        _, *paragraphs = (inspect.getdoc(kind) or "").split("\n\n")
        yield from (" ".join(paragraph.split()) for paragraph in paragraphs)
    for part in get_args(kind):
        yield from _words(part)


def _default(value: Any) -> str:
    if value is MISSING:
        return REQUIRED
    if isinstance(value, Enum):
        return f'"{value.value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple) and value:
        return ", ".join(_default(each) for each in value)
    if is_dataclass(value) or not (value or isinstance(value, int)):
        return ""
    return f'"{value}"' if isinstance(value, str) else str(value)
