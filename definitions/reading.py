"""Reads what somebody wrote (a TOML or JSON file, a table of one) into a model, or tells all that is wrong.

    profile = read_toml(path, Profile, ProfileError, notes)

Validators get the file's path as pydantic's context, for what depends on the file's name and neighbours.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from msgspec import Struct, field
from pydantic import TypeAdapter, ValidationError

from definitions.document import CHECK_THE_NAME, Document, bounded, json_document, toml_document
from definitions.fault import Fault, Place, UnusableFile, lines_of
from definitions.former import Notes, Spelling, bring_up_to_date
from definitions.tables import tables_of
from definitions.validation import Found, UnknownKey, errors_by_place, faults_of, unknown_keys

Value = TypeVar("Value")


def read_toml(
    path: Path,
    kind: type[Value],
    error: type[UnusableFile] = UnusableFile,
    notes: Notes | None = None,
    advice: str = CHECK_THE_NAME,
) -> Value:
    """Read a TOML file. Raises `error` with a line for each fault; `advice` is for when there is no file."""
    with _raised_as(error):
        return _read(toml_document(path, advice), kind, notes, path)


def read_document(
    document: Document,
    path: Path,
    kind: type[Value],
    error: type[UnusableFile] = UnusableFile,
    notes: Notes | None = None,
) -> Value:
    """Read the document of a file; its content may be changed. Raises `error` with a line for each fault."""
    with _raised_as(error):
        return _read(document, kind, notes, path)


def read_json(
    path: Path,
    kind: type[Value],
    error: type[UnusableFile] = UnusableFile,
    notes: Notes | None = None,
    advice: str = CHECK_THE_NAME,
) -> Value:
    """Read a JSON file. Raises `error` with a line for each fault; `advice` is for when there is no file."""
    with _raised_as(error):
        return _read(json_document(path, advice), kind, notes, path)


def read_table(
    content: Any,
    source: str,
    kind: type[Value],
    error: type[UnusableFile] = UnusableFile,
    notes: Notes | None = None,
    place: Place = (),
) -> Value:
    """Read plain values; `source` is the file they come from, and `place` where they stand in it. Raises
    `error` with a line for each fault.
    """
    with _raised_as(error):
        document = bounded(Document(source, content))
        return _read(dataclasses.replace(document, content=deepcopy(content)), kind, notes, place=place)


def check_toml(path: Path, kind: type[Value], error: type[UnusableFile] = UnusableFile) -> None:
    """Raise an `error` with all faults of a TOML file, those included of what is read later (`ReadLater`)."""
    with _raised_as(error):
        _read(toml_document(path), kind, None, path, also_what_is_read_later=True)


@contextmanager
def _raised_as(error: type[UnusableFile]) -> Iterator[None]:
    """Raise the faults of a file as the error its reader asked for."""
    try:
        yield
    except UnusableFile as unusable:
        raise error(*unusable.lines) from unusable


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class _Reading(Struct, frozen=True):
    """What is needed all the way down one document; `context` is for validators."""

    document: Document
    context: Path | None
    spelling: Spelling = field(default_factory=Spelling)

    def validated(self, kind: Any, content: Any, place: Place = ()) -> tuple[Any, list[Fault]]:
        """The value, None where there are faults; `place` is where `content` stands."""
        value: Any = None
        found: Found = {}
        faults: list[Fault] = []
        while True:
            try:
                value = _adapter(kind).validate_python(content, context=self.context)
                found = {}
            except ValidationError as error:
                found = errors_by_place(error, content)
            unknown = unknown_keys(kind, content, found)
            if not unknown:
                faults += [self._as_written(fault, place) for fault in faults_of(found)]
                return value, faults
            for each in unknown:  # what is advised is done, to see what else there is to say
                faults.append(self._as_written(each.fault, place))
                self._mend(content, each, place)

    def _as_written(self, fault: Fault, place: Place) -> Fault:
        """The same where the file has it, with the line."""
        written = self.spelling.of((*place, *fault.place))
        return Fault(written, fault.text, self.document.line_of(written))

    def _mend(self, content: Any, unknown: UnknownKey, place: Place) -> None:
        """Rename a key to what was surely meant, or drop it."""
        *above, key = unknown.fault.place
        table = content
        for part in above:
            table = table[part]
        value = table.pop(key)
        if unknown.is_sure and unknown.meant not in table:
            table[unknown.meant] = value
            self.spelling.write((*place, *above, str(unknown.meant)), str(key))


def _read(
    document: Document,
    kind: type[Value],
    notes: Notes | None,
    context: Path | None = None,
    place: Place = (),
    *,
    also_what_is_read_later: bool = False,
) -> Value:
    """The document's content as `kind`; `place` is where it stands in the file. Raises UnusableFile."""
    reading = _Reading(document, context)
    faults = bring_up_to_date(kind, document, reading.spelling, notes)
    try:
        value, found = reading.validated(kind, document.content)
        faults += found
        if faults or also_what_is_read_later:
            for table in list(tables_of(kind, document.content)):
                if table.is_read_later:
                    faults += reading.validated(table.kind, table.content, table.place)[1]
    except RecursionError:
        raise document.unusable("has a value that is nested too deep: write it flatter") from None
    if faults:
        placed = (dataclasses.replace(fault, place=(*place, *fault.place)) for fault in faults)
        raise UnusableFile(*lines_of(document.source, placed))
    return cast(Value, value)
