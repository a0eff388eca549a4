"""Old keys and notations: still read, and named once with their new form.

A model lists them as `former`, a class variable. Before a document is validated, each old form in it is
replaced by what it says today, so that validators and the code behind them know the new form alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from definitions.document import Document
from definitions.fault import Fault, Place, key_of, quoted
from definitions.tables import Table, models_of, tables_of


class Former(Struct, frozen=True):
    """An old `key` of a table, or an old notation of its value.

    `now` gives the keys and values that say the same today, or None for a value that is no old notation (the
    key is then left alone); where it raises ValueError, that is what is wrong with the value.
    """

    key: str
    now: Callable[[Any], Mapping[str, Any] | None]


def renamed(key: str, new: str) -> Former:
    """The old name of a key whose values are the same."""
    return Former(key, lambda value: {new: value})


@dataclass
class Notes:
    """What is to be said once to the person who wrote the files that are read, although all of them are fit
    for use: iterate for the lines. Readers take one and add to it; whoever speaks to people prints them.
    """

    _lines: dict[tuple[str, Former], str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines.values())

    def add(self, source: str, former: Former, line: str) -> None:
        """Add a line about an old form, unless the same has been said of the file."""
        self._lines.setdefault((source, former), line)


@dataclass
class Spelling:
    """How the keys of a document were written, where that is not how they are read."""

    _written: dict[Place, str] = field(default_factory=dict)

    def write(self, place: Place, written: str) -> None:
        """Note that the key at a place was written otherwise."""
        self._written[place] = self._written.get((*place[:-1], written), written)

    def of(self, place: Place) -> Place:
        """The place as the file has it."""
        return tuple(self._written.get(place[: end + 1], part) for end, part in enumerate(place))


def bring_up_to_date(kind: Any, document: Document, spelling: Spelling, notes: Notes | None) -> list[Fault]:
    """Replace every old form in the document's content; gives the faults of those that cannot be."""
    faults: list[Fault] = []
    changed = frozenset(each for each in models_of(kind) if _former(each))
    if not changed:
        return faults
    for table in tables_of(kind, document.content, leading_to=changed):
        for former in _former(table.kind):
            if former.key in table.content:
                place = spelling.of((*table.place, former.key))
                try:
                    new = _replaced(table, former, spelling)
                except ValueError as error:
                    table.content.pop(former.key, None)
                    faults.append(Fault(place, str(error), document.line_of(place)))
                    continue
                if new is not None and notes is not None:
                    note = Fault(place, _note(new), document.line_of(place))
                    notes.add(document.source, former, note.said_of(document.source))
    return faults


def _former(kind: type) -> tuple[Former, ...]:
    return getattr(kind, "former", ())


def _replaced(table: Table, former: Former, spelling: Spelling) -> Mapping[str, Any] | None:
    """What an old form says today, put in its place. Raises ValueError that says what to correct."""
    value = table.content[former.key]
    new = former.now(value)
    if new is None:
        return None
    del table.content[former.key]
    taken = [key for key in new if key in table.content]
    if taken:
        raise ValueError(f"is the old form of {taken[0]}, which is there too: drop {former.key}")
    table.content.update(new)
    for key in new:
        spelling.write((*table.place, key), former.key)
    return new


def _note(new: Mapping[str, Any]) -> str:
    if not new:
        return "has no effect any more: drop it"
    return f"is the old form, which is still read: write {', '.join(map(_pair, new.items()))}"


def _pair(pair: tuple[str, Any]) -> str:
    return f"{key_of(pair[:1])} = {as_toml(pair[1])}"


def as_toml(value: Any) -> str:
    """A value as TOML writes it on one line."""
    match value:
        case dict():
            return f"{{ {', '.join(map(_pair, value.items()))} }}" if value else "{}"
        case list():
            return f"[{', '.join(map(as_toml, value))}]"
        case bool():
            return str(value).lower()
        case str():
            return quoted(value)
        case _:
            return str(value)
