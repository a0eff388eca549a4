"""A draft as the text of a server.toml. Pure.

The text is TOML as people write it: plain keys first, then tables, then the lists of tables, one line for each
cipher suite. What could not be decided stands in `note`, which every listing of the server shows.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matrix.twin.draft import Draft

CONTROL = "openssl-3.0"
LEVEL = "live"
_WIDTH = 100
_DECIDED = "Everything that was asked could be decided."
_UNDECIDED = "Not decided: "


def definition_text(draft: Draft, server_id: str, source: str, control: str) -> str:
    """The definition of the twin `server_id`; `source` says of what and when, `control` is a client that gets
    through.
    """
    note = _UNDECIDED + "; ".join(draft.notes) + "." if draft.notes else _DECIDED
    head = {
        "id": server_id,
        "title": f"{server_id} (the twin of a live server)",
        "kind": "emulated",
        "default": False,
        "control": control,
        "source": source,
        "note": note,
    }
    level = {"title": f"{server_id} as it was when it was asked", "stack": "unknown, emulated"}
    lines = [f"# {source}. Written by `tls-matrix twin`; edit it like any other definition."]
    lines += _table((), head)
    lines += _table(("declared",), draft.declared)
    lines += _table(("emulation",), draft.emulation)
    lines += _table(("levels", LEVEL), level)
    return "\n".join(lines) + "\n"


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
