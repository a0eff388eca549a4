"""What is wrong with a file that somebody wrote, said in one voice: one line a fault,

    FILE: KEY (line N): what is wrong: what to do

Whoever reads a file finds all of its faults (`definitions.reading`) and raises them as one `UnusableFile`;
whoever reads several files reads them `Together`. Only the standard library is imported here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from types import TracebackType

Place = tuple[str | int, ...]
"""Where something stands in a document: keys of tables and positions in lists, from the outermost in."""

MAX_TOLD = 100
"""How many faults of one file are told; a file of another kind altogether has thousands."""

MAX_NAMED = 12
"""How many words of a list are named to somebody who wrote none of them."""

_MOST_NEAR = 5
_LEAST_PART = 3
_SHOWN_CHARACTERS = 60
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")  # what TOML writes without quotes
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class UnusableFile(Exception):
    """A file that cannot be used. Its arguments are `lines`, one a fault; its text is these lines."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)


class Mistakes(ValueError):
    """What the validator of a table found, several at once: places below that table, each with a text that
    says what is wrong and what to do. Pydantic takes it for any other ValueError.
    """

    def __init__(self, found: Iterable[tuple[Place, str]]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(f"{key_of(place)}: {text}" for place, text in self.found))


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `place` is empty for the whole file, `line` (from 1) None where it is not known."""

    place: Place
    text: str
    line: int | None = None

    def said_of(self, source: str) -> str:
        """The line a person reads."""
        key = key_of(self.place)
        where = f" (line {self.line})" if self.line is not None else ""
        return printable(f"{source}: {key}{where}: {self.text}" if key else f"{source}: {self.text}")


def lines_of(source: str, faults: Iterable[Fault]) -> tuple[str, ...]:
    """The faults of one file in its order, each once, and how many are left out where there are too many."""
    ordered = sorted(faults, key=lambda fault: fault.line or 0)
    said = tuple(dict.fromkeys(fault.said_of(source) for fault in ordered))
    if len(said) <= MAX_TOLD:
        return said
    rest = Fault((), f"{len(said) - MAX_TOLD} more errors: correct these first")
    return (*said[:MAX_TOLD], rest.said_of(source))


class Together:
    """Lets several files be read although some are unusable, and then tells the faults of all of them.

    Use it as a context around the reading of each, then call `end`.
    """

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, UnusableFile):
            return False
        self._lines |= dict.fromkeys(error.lines)
        return True

    def end(self, error: type[UnusableFile] = UnusableFile) -> None:
        """Raise what was found, each line once, as an `error`; nothing when all could be read."""
        if self._lines:
            raise error(*self._lines)


def key_of(place: Place) -> str:
    """The key as a person finds it: `attempt[2].extensions[0].type`, `levels."1.0".title`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in place)
    return "".join(parts).removeprefix(".")


def _key(name: str) -> str:
    if len(name) > _SHOWN_CHARACTERS:
        name = f"{name[: _SHOWN_CHARACTERS - 3]}..."
    return name if _BARE_KEY.fullmatch(name) else quoted(name)


def quoted(text: str) -> str:
    """The text as TOML writes it, on one line and in printable characters."""
    return f'"{"".join(_ESCAPES.get(char) or _escaped(char) for char in text)}"'


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def nearest(text: str, words: Iterable[str]) -> str | None:
    """The word that was probably meant; None when none is like it."""
    by_lower = {word.lower(): word for word in words}
    close = get_close_matches(text[:_SHOWN_CHARACTERS].strip().lower(), by_lower, n=1)
    return by_lower[close[0]] if close else None


def unknown_value(value: object, words: Iterable[str], kind: str = "value") -> ValueError:
    """The error for a value that is none of a fixed list of words; `kind` says what they are words for."""
    words = list(words)
    near = nearest(value, words) if isinstance(value, str) else None
    advice = f"did you mean {near}?" if near is not None else f"write {either(words)}" if words else "drop it"
    return ValueError(f"unknown {kind} {shown(value)}: {advice}")


def near_words(text: str, words: Iterable[str]) -> list[str]:
    """Words that look like the text: by its letters first, then those that contain its longest part."""
    plain = text[:_SHOWN_CHARACTERS].strip().lower()
    if not plain:
        return []
    by_lower = {word.lower(): word for word in words}
    close = [by_lower[match] for match in get_close_matches(plain, by_lower, n=_MOST_NEAR, cutoff=0.5)]
    part = max(re.split(r"[^0-9a-z.]+", plain), key=len)
    containing = [word for low, word in by_lower.items() if len(part) >= _LEAST_PART and part in low]
    return list(dict.fromkeys(close + containing))[:_MOST_NEAR]


def named(words: Iterable[str]) -> str:
    """The words for somebody who wrote none of them; of a long list the first, and how many more."""
    words = list(words)
    if len(words) <= MAX_NAMED:
        return ", ".join(words) or "none"
    return f"{', '.join(words[:_MOST_NEAR])} and {len(words) - _MOST_NEAR} more"


def either(words: Iterable[str]) -> str:
    """The words as a choice: "a, b or c"; of a long list the first of them."""
    *others, last = words
    if len(others) >= MAX_NAMED:
        return f"{', '.join(others[:_MOST_NEAR])} or another of {len(others) + 1}"
    return f"{', '.join(others)} or {last}" if others else last


def shown(value: object) -> str:
    """A value of a document as it is shown to a person: short, and only named where it is long."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return repr(value if len(value) < _SHOWN_CHARACTERS else f"{value[: _SHOWN_CHARACTERS - 3]}...")
        case int():
            return str(value) if value.bit_length() <= 128 else "a very large number"
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case None:
            return "null"
        case _:
            return str(value)


def printable(text: str) -> str:
    """Escape everything a terminal or a page could take as more than text (control and bidirectional
    characters), and what is no text: a byte that is not UTF-8, as in a path, is said as `\\xff`.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _harmless(char) for char in text)


def _harmless(char: str) -> str:
    # A byte that is not UTF-8 stands for itself as a lone surrogate (PEP 383, os.fsdecode).
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")
