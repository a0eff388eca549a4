"""On which line each key and each element of a text stands; the parsers of TOML and JSON that Python has do
not say it.

Both are walked as tokens and without values. Those parsers have found the texts to be right before; one that
is not is read as far as it goes, or is a ValueError. `definitions.document` bounds the nesting, so recursion
is safe.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator

from definitions.fault import Place

_TOML_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r]+ | \#[^\n]*)
    | (?P<string>
          \"{3}(?:[^"\\] | \\. | "{1,2}(?!"))*+"{3,5}
        | '{3}(?:[^'] | '{1,2}(?!'))*+'{3,5}
        | "(?:[^"\\\n] | \\.)*+"
        | '[^'\n]*+'
      )
    | (?P<mark>[][{}=,.\n])
    | (?P<word>[^][{}=,.\s\#"']++)
    """,
    re.VERBOSE | re.DOTALL,
)
_JSON_TOKEN = re.compile(
    r'(?P<space>[ \t\r\n]+)|(?P<string>"(?:[^"\\]|\\.)*+")|(?P<mark>[][{}:,])|(?P<word>[^][{}:,\s"]++)'
)


class _Tokens:
    """The tokens of a text, one at a time, with the line that the next one begins on."""

    def __init__(self, text: str, pattern: re.Pattern[str]) -> None:
        self.line = 1
        self.next = ""
        self._ended = 0
        self._text, self._pattern = text, pattern
        self.take()

    def take(self, expected: str | None = None) -> str:
        """Give the next token and go on; "" at the end. Raises ValueError where it is not the expected."""
        taken = self.next
        if expected is not None and taken != expected:
            raise ValueError(f"{taken!r} in place of {expected!r}")
        self.next = ""
        self.line += taken.count("\n")
        while self._ended < len(self._text):
            found = self._pattern.match(self._text, self._ended)
            if found is None:
                raise ValueError(f"no token at {self._ended}")
            self._ended = found.end()
            if found.lastgroup != "space":
                self.next = found.group()
                break
            self.line += found.group().count("\n")
        return taken

    def past_newlines(self) -> str:
        """Go on to the next token that is no end of a line, and give it without taking it."""
        while self.next == "\n":
            self.take()
        return self.next


def toml_places(text: str) -> Iterator[tuple[Place, int]]:
    """The place and line of every statement, table and element of a TOML text, in its order."""
    tokens = _Tokens(text, _TOML_TOKEN)
    elements: Counter[Place] = Counter()  # of each array of tables, those that were there
    table: Place = ()
    while tokens.past_newlines():
        line = tokens.line
        if tokens.next == "[":
            tokens.take()
            is_array = tokens.next == "["
            if is_array:
                tokens.take()
            *above, name = _key(tokens)
            table = ()
            for part in above:
                table = _last(elements, (*table, part))
            table = (*table, name)
            if is_array:
                tokens.take("]")
                elements[table] += 1
                table = _last(elements, table)
            tokens.take("]")
            yield table, line
        else:
            yield from _toml_pair(tokens, table)


def has_toml_key_of(parts: int, text: str) -> bool:
    """Whether a TOML text has a key of that many parts or more; tables are keys too. Read up to a fault."""
    if not any(line.count(".") >= parts - 1 for line in text.split("\n")):  # keys are within a line
        return False
    dots = 0
    try:
        tokens = _Tokens(text, _TOML_TOKEN)
        while token := tokens.take():
            if token == ".":
                dots += 1
            elif token in "[]{}=,\n":
                dots = 0
            if dots >= parts - 1:
                return True
    except ValueError:
        pass
    return False


def _last(elements: Counter[Place], place: Place) -> Place:
    return (*place, elements[place] - 1) if place in elements else place


def _key(tokens: _Tokens) -> Place:
    """A key, its parts divided by dots."""
    parts = [_name(tokens.take())]
    while tokens.next == ".":
        tokens.take()
        parts.append(_name(tokens.take()))
    return tuple(parts)


def _name(token: str) -> str:
    if not token or token in "[]{}=,\n":
        raise ValueError(f"{token!r} is no key")
    return str(tomllib.loads(f"key = {token}")["key"]) if token[0] in "\"'" else token


def _toml_pair(tokens: _Tokens, table: Place) -> Iterator[tuple[Place, int]]:
    line = tokens.line
    place = (*table, *_key(tokens))
    yield place, line
    tokens.take("=")
    yield from _toml_value(tokens, place)


def _toml_value(tokens: _Tokens, place: Place) -> Iterator[tuple[Place, int]]:
    opening = tokens.next
    if opening == "[":
        tokens.take()
        index = 0
        while tokens.past_newlines() != "]":
            yield (*place, index), tokens.line
            yield from _toml_value(tokens, (*place, index))
            index += 1
            if tokens.past_newlines() != "]":
                tokens.take(",")
        tokens.take()
    elif opening == "{":
        tokens.take()
        while tokens.next != "}":
            yield from _toml_pair(tokens, place)
            if tokens.next != "}":
                tokens.take(",")
        tokens.take()
    else:
        # A number or date may be several tokens: 1.5, 2012-02-03 07:32:00.
        while tokens.next and tokens.next not in ",]}\n":
            tokens.take()


def json_places(text: str) -> Iterator[tuple[Place, int]]:
    """The place and line of every key and element of a JSON text, in its order."""
    return _json_value(_Tokens(text, _JSON_TOKEN), ())


def _json_value(tokens: _Tokens, place: Place) -> Iterator[tuple[Place, int]]:
    opening = tokens.take()
    closing = {"[": "]", "{": "}"}.get(opening)
    index = 0
    while closing is not None and tokens.next != closing:
        line = tokens.line
        name: str | int = index
        if opening == "{":
            name = str(json.loads(tokens.take()))
            tokens.take(":")
        yield (*place, name), line
        yield from _json_value(tokens, (*place, name))
        index += 1
        if tokens.next != closing:
            tokens.take(",")
    if closing is not None:
        tokens.take()
