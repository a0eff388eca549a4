"""A draft as the text of a server.toml. Pure.

The text is TOML as people write it: plain keys first, then tables, then the lists of tables, one line for
each cipher suite. What could not be decided stands in `note`, which every listing of the server shows.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct

from matrix.twin.draft import Draft
from servers.certificate_toggle import ORDINARY

LEVEL = "live"
WRITTEN_BY = "Written by `tls-matrix twin`"
"""Stands in every definition that was made so."""
_SUM = "# As it was written, the lines below have the SHA-256 "
"""A line that tells a file which somebody has edited since."""
_WIDTH = 100
_DECIDED = "Everything that was asked could be decided."
_UNDECIDED = "Not decided: "


class Heading(Struct, frozen=True):
    """What stands at the top of the definition: the id, of what and when it is the twin, a client that gets
    through, and the protocol before TLS (None: none).
    """

    server_id: str
    source: str
    control: str
    starttls: str | None = None


def definition_text(draft: Draft, heading: Heading) -> str:
    """The text of the whole file."""
    note = _UNDECIDED + "; ".join(draft.notes) + "." if draft.notes else _DECIDED
    head: dict[str, Any] = {
        "id": heading.server_id,
        "title": f"{heading.server_id} (the twin of a live server)",
        "kind": "emulated",
        "default": False,
        "control": heading.control,
        "source": heading.source,
        "note": note,
    }
    if heading.starttls is not None:
        head["starttls"] = heading.starttls
    level = {"title": f"{heading.server_id} as it was when it was asked", "stack": "unknown, emulated"}
    lines = list(_table((), head))
    lines += _table(("declared",), draft.declared)
    lines += _table(("emulation",), draft.emulation)
    lines += _table(("levels", LEVEL), level)
    if draft.certificate_kind is not None:
        lines += _table(("toggles", "certificate"), _certificate_toggle(draft.certificate_kind))
    body = "\n".join(lines) + "\n"
    first = f"# {heading.source}. {WRITTEN_BY}; edit it like any other definition."
    return f"{first}\n{_SUM}{_digest(body)}\n{body}"


def is_as_written(text: str) -> bool:
    """Whether nobody has edited a definition since it was written."""
    _, _, rest = text.partition("\n")
    line, _, body = rest.partition("\n")
    return line == f"{_SUM}{_digest(body)}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _certificate_toggle(kind: str) -> Mapping[str, Any]:
    return {
        "title": "The kind of the server's one certificate",
        "certificates": True,
        "values": [kind, ORDINARY],
        "default": kind,
    }


def _table(place: tuple[str, ...], values: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in values.items() if not _is_table(value) and not _is_list(value)}
    if place and (plain or not values):
        yield ""
        yield f"[{'.'.join(map(_key, place))}]"
    for key, value in plain.items():
        yield from _assignment(key, value)
    for key, value in values.items():
        if _is_table(value):
            yield from _table((*place, key), value)
    for key, value in values.items():
        if _is_list(value):
            for item in value:
                yield ""
                yield f"[[{'.'.join(map(_key, (*place, key)))}]]"
                for name, inner in item.items():
                    yield from _assignment(name, inner)


def _assignment(key: str, value: Any) -> Iterator[str]:
    line = f"{_key(key)} = {_value(value)}"
    if len(line) <= _WIDTH or not isinstance(value, list | tuple):
        yield line
        return
    yield f"{_key(key)} = ["
    yield from (f"    {_value(item)}," for item in value)
    yield "]"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
        case _:
            return "[" + ", ".join(map(_value, value)) + "]"


def _key(key: str) -> str:
    is_bare = key.isascii() and all(character.isalnum() or character in "-_" for character in key)
    return key if is_bare and key else _value(key)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> bool:
    is_sequence = isinstance(value, Sequence) and not isinstance(value, str)
    return is_sequence and bool(value) and all(isinstance(item, Mapping) for item in value)
