"""A TOML or JSON file as a document: plain values, and the line on which each of them stands.

Whatever keeps a file from being one is an `UnusableFile` of one line: no such file, not UTF-8, no TOML, a key
twice, brackets without end, megabytes of it. Only the standard library is imported here, because server
programs read with it too and must start quickly.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from definitions.fault import Fault, Place, UnusableFile, key_of, printable
from definitions.lines import has_toml_key_of, json_places, toml_places

MAX_TOML_BYTES = 16 << 20
MAX_JSON_BYTES = 256 << 20
MAX_DEPTH = 64
"""How deep tables and lists may lie in each other: ten times what any file here needs, and well below what
any code that walks them can do."""

CHECK_THE_NAME = "check its name and its permissions"

_TOML_POSITION = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_END_OF_JSON = re.compile(r"\s*[\w.+-]*\s*")
"""What may be left where a text breaks off: nothing, or part of a number or a word."""
_WRITE_ANEW = "copy it again, or have it written anew"
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Document:
    """What a file holds. `source` is the file's name, for messages; `places` gives the place of every key and
    element of `text` with its line.
    """

    source: str
    content: Any
    text: str = ""
    places: Callable[[str], Iterator[tuple[Place, int]]] | None = None

    @cached_property
    def _lines(self) -> dict[Place, int]:
        lines: dict[Place, int] = {}
        for place, line in self.places(self.text) if self.places is not None else ():
            for end in range(1, len(place) + 1):
                lines.setdefault(place[:end], line)
        return lines

    def line_of(self, place: Place) -> int | None:
        """The line of a place, or of the table around it where the file does not have it."""
        found = (self._lines.get(place[:end]) for end in range(len(place), 0, -1))
        return next((line for line in found if line is not None), None)

    def unusable(self, text: str) -> UnusableFile:
        """The error for what is the whole file's fault."""
        return UnusableFile(Fault((), text).said_of(self.source))


def toml_document(path: Path, advice: str = CHECK_THE_NAME) -> Document:
    """Read a TOML file; `advice` is what to do when there is none. Raises UnusableFile."""
    text = _text(path, MAX_TOML_BYTES, advice)
    source = Document(str(path), None, text, toml_places)
    try:
        content = toml_content(text)
    except tomllib.TOMLDecodeError as error:
        raise source.unusable(_toml_fault(text, str(error))) from error
    except RecursionError:
        raise source.unusable(_too_deep()) from None
    except ValueError as error:
        raise source.unusable(_unreadable_value(error)) from error
    return bounded(Document(str(path), content, text, toml_places))


def toml_content(text: str) -> dict[str, Any]:
    """What a TOML text says. Raises ValueError, and RecursionError where brackets or keys nest too deep.

    Python's parser keeps every beginning of a dotted key, which for one of 100 kB is gigabytes.
    """
    if has_toml_key_of(MAX_DEPTH + 1, text):
        raise RecursionError
    return tomllib.loads(text)


def json_document(path: Path, advice: str = CHECK_THE_NAME) -> Document:
    """Read a JSON file; `advice` is what to do when there is none. Raises UnusableFile."""
    text = _text(path, MAX_JSON_BYTES, advice)
    source = Document(str(path), None, text, json_places)
    twice: list[str] = []

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            twice.extend(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return made

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is no number of JSON: write null or a number")

    try:
        content = json.loads(text, object_pairs_hook=table, parse_constant=refuse)
        if _ESCAPED_SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise source.unusable(_json_fault(text, error)) from error
    except RecursionError:
        raise source.unusable(_too_deep()) from None
    except UnicodeEncodeError as error:
        raise source.unusable("has half of a surrogate pair (\\ud800 to \\udfff): write both") from error
    except ValueError as error:
        raise source.unusable(_unreadable_value(error)) from error
    document = bounded(Document(str(path), content, text, json_places))
    if twice:
        place, line = next(_repeated(json_places(text)))
        raise UnusableFile(Fault(place, "stands twice: keep one", line).said_of(document.source))
    return document


def _json_fault(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return f"is empty: {_WRITE_ANEW}"
    is_at_end = error.pos > 0 and _END_OF_JSON.fullmatch(text, error.pos) is not None
    if is_at_end or error.msg.startswith("Unterminated string"):
        return f"breaks off in line {text.rstrip().count(chr(10)) + 1}, the rest is missing: {_WRITE_ANEW}"
    return f"line {error.lineno}, column {error.colno}: is not JSON: {error.msg}; correct it there"


def _text(path: Path, limit: int, advice: str) -> str:
    """The file's text without a byte order mark, which some editors put in front."""
    source = printable(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise UnusableFile(f"{source}: cannot be read ({error.strerror}): {advice}") from error
    except ValueError as error:  # a name with a null character in it
        raise UnusableFile(f"{source}: is no name of a file: {advice}") from error
    if len(content) > limit:
        raise UnusableFile(f"{source}: is larger than {limit >> 20} MiB: {advice}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnusableFile(
            f"{source}: line {line}: is not UTF-8 (byte {error.start} of the file): save it as UTF-8"
        ) from error


def bounded(document: Document) -> Document:
    """The same document. Raises UnusableFile where it is nested too deep."""
    level = [document.content]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return document
    raise document.unusable(_too_deep())


def _too_deep() -> str:
    return f"is nested more than {MAX_DEPTH} levels deep: close its brackets, or drop some of them"


def _unreadable_value(error: ValueError) -> str:
    if "digits" in str(error):  # Python's bound on the digits of an integer
        return "has a number of thousands of digits: write a smaller one"
    return str(error)


def _toml_fault(text: str, said: str) -> str:
    """What the library says of the syntax, with a key that stands twice by its name."""
    if said.startswith(("Cannot ", "Duplicate ")):
        for place, line in _repeated(toml_places(text)):
            return f"{key_of(place)} (line {line}): stands twice: keep one"
    position = _TOML_POSITION.search(said)
    where = "at its end"
    if position is not None and position["line"]:
        where = f"line {position['line']}, column {position['column']}"
    return f"{where}: is not TOML: {_TOML_POSITION.sub('', said)}; correct it there"


def _repeated(places: Iterator[tuple[Place, int]]) -> Iterator[tuple[Place, int]]:
    """Each place that was there before, as far as the text can be read."""
    seen: set[Place] = set()
    try:
        for place, line in places:
            if place in seen:
                yield place, line
            seen.add(place)
    except ValueError:
        return
