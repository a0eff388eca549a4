"""Pydantic's errors as faults: the key as the file has it, what is wrong with it, and what to do.

Errors about the same value (a union has one for each of its kinds) are one fault, and so are a required key
that is missing and an unknown one that is spelt like it. `definitions.reading` then does what is advised
about unknown keys, so that what is wrong inside a table with a misspelt name is found as well.
"""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from definitions.fault import Fault, Mistakes, Place, either, key_of, nearest, shown, unknown_value
from definitions.tables import Table, keys_of, tables_of

MISSING = ("missing", "missing_argument")
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
MAX_LISTED = 12  # keys that are named to somebody whose key is none of them
SURELY_MEANT = 0.8  # as difflib measures likeness, from 0 to 1

_QUOTED_WORD = re.compile(r"'([^']*)'")
_TABLE, _LIST = "write a table of keys and values", "write a list in square brackets"
_WHOLE_NUMBER, _NUMBER = "write a whole number", "write a number"
_MENDS = {
    "string_type": "write text in quotes",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "dataclass_type": _TABLE,
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write {ge} or more",
    "less_than": "write a number below {lt}",
    "less_than_equal": "write {le} or less",
    "string_too_short": "write at least {min_length} character(s)",
    "string_too_long": "write at most {max_length} characters",
    "string_pattern_mismatch": "write it as the pattern {pattern} says",
}


class UnknownKey(Struct, frozen=True):
    """A key that its table cannot have: `meant` is what was probably meant, `is_sure` whether its value may
    be judged as if that had been written.
    """

    fault: Fault
    meant: str | None = None
    is_sure: bool = False

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.fault.place


Found = dict[Place, list[ErrorDetails]]


def errors_by_place(error: ValidationError, content: Any) -> Found:
    """Pydantic's errors by what they are about in `content`, in its order."""
    found: Found = {}
    for details in error.errors(include_url=False):
        found.setdefault(_place(details, content), []).append(details)
    return found


def _place(details: ErrorDetails, content: Any) -> Place:
    """Pydantic's location without the names it gives to the kinds of a union, which no document has."""
    place: list[str | int] = []
    *parts, last = details["loc"] or ("",)
    for part in parts:
        if _has(content, part):
            place.append(part)
            content = content[part]
    if details["loc"] and (_has(content, last) or details["type"] in MISSING):
        place.append(last)
    return tuple(place)


def _has(content: Any, part: str | int) -> bool:
    if isinstance(content, dict):
        return part in content
    return isinstance(content, list) and isinstance(part, int) and part < len(content)


def faults_of(found: Found) -> list[Fault]:
    """What is wrong with values and which keys are missing; of unknown keys see `unknown_keys`."""
    faults: list[Fault] = []
    for place, errors in found.items():
        several = [
            Fault((*place, *below), text)
            for details in errors
            if not _is_unknown(place, details)
            for below, text in _mistakes(details)
        ]
        if len(errors) > 1 and all(fault.place == place for fault in several):
            texts = dict.fromkeys(fault.text for fault in several)
            several = [Fault(place, "; or ".join(texts))] if texts else []
        faults += several
    return faults


def unknown_keys(kind: Any, content: Any, found: Found) -> list[UnknownKey]:
    """The unknown keys of `content`, which was read as `kind`."""
    unknown: dict[Place, list[str]] = {}
    missing: dict[Place, list[str]] = {}
    for place, errors in found.items():
        if any(_is_unknown(place, details) for details in errors):
            unknown.setdefault(place[:-1], []).append(str(place[-1]))
        elif errors[0]["type"] in MISSING:
            missing.setdefault(place[:-1], []).append(str(place[-1]))
    keys: list[UnknownKey] = []
    for table in tables_of(kind, content) if unknown else ():
        keys += _unknown_in(table, unknown.pop(table.place, []), missing.get(table.place, []))
    for place, others in unknown.items():  # of tables that nobody knows the model of
        keys += [UnknownKey(Fault((*place, key), "no such key: drop it")) for key in others]
    return keys


def _is_unknown(place: Place, details: ErrorDetails) -> bool:
    return details["type"] in UNKNOWN and place[-1:] == details["loc"][-1:]


def _unknown_in(table: Table, unknown: list[str], missing: list[str]) -> list[UnknownKey]:
    required: dict[str, str] = {}
    for name in missing:
        meant_by = nearest(name, [key for key in unknown if key not in required])
        if meant_by is not None:
            required[meant_by] = name
    known = [key for key in keys_of(table.kind) if key not in required.values()]
    there = [key for key in known if key in table.content]
    free = [key for key in known if key not in table.content]
    return [_unknown(table, key, required.get(key), free, there) for key in unknown]


def _unknown(table: Table, key: str, required: str | None, free: list[str], there: list[str]) -> UnknownKey:
    def fault(advice: str) -> Fault:
        return Fault((*table.place, key), f"no such key: {advice}")

    if required is not None:
        return UnknownKey(fault(f"did you mean {key_of((required,))}? (it is required)"), required, True)
    meant, given = nearest(key, free), nearest(key, there)
    if meant is not None:
        is_like_it = SequenceMatcher(None, key.lower(), meant.lower()).ratio() >= SURELY_MEANT
        is_sure = is_like_it and isinstance(table.content[key], (dict, list))
        return UnknownKey(fault(f"did you mean {key_of((meant,))}?"), meant, is_sure)
    if given is not None:
        return UnknownKey(fault(f"did you mean {key_of((given,))}? (it is there already)"))
    others = [key_of((each,)) for each in free]
    can_be_listed = 0 < len(others) <= MAX_LISTED
    return UnknownKey(fault(f"drop it, or write {either(others)}" if can_be_listed else "drop it"))


def _mistakes(details: ErrorDetails) -> Iterable[tuple[Place, str]]:
    """What an error says, with places below its own."""
    context = details.get("ctx", {})
    error = context.get("error")
    if isinstance(error, Mistakes):
        return error.found
    if details["type"] == "too_short" and len(details["input"]) >= context["min_length"]:
        return []  # pydantic counts without the elements that are at fault, and those are told
    return [((), _text(details["type"], details, context, error))]


def _text(kind: str, details: ErrorDetails, context: dict[str, Any], error: object) -> str:
    given = details["input"]
    if kind in MISSING:
        return "is missing: add it"
    if isinstance(error, Exception):
        return str(error)
    if kind in ("literal_error", "enum"):
        return str(unknown_value(given, _QUOTED_WORD.findall(context["expected"])))
    if kind == "too_short":
        return f"has {len(given)} elements: write at least {context['min_length']}"
    if kind == "too_long":
        return f"has {len(given)} elements: write at most {context['max_length']}"
    if kind in _MENDS:
        return f"is {shown(given)}: {_MENDS[kind].format(**context)}"
    said = details["msg"].removeprefix("Input ")
    return f"is {shown(given)}: it {said}" if said != details["msg"] else said
