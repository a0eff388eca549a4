"""How an extension's body must be laid out, as one line of text: what a stack's parser accepts, as data.

    layout      = alternative *( "|" alternative )
    alternative = *item
    item        = ( number | "(" layout ")" ) [ "*" | "+" | "?" ]
    number      = ( "u8" | "u16" | "u24" | "u32" ) [ "=" values ] [ "[" layout "]" ]
    values      = value *( "," value ), a value being a number or a range, 1-4

A number followed by a layout in brackets is a length, and the layout is that of exactly so many bytes.
`u16[u16+]` is a list of at least one 16-bit number behind its length in bytes, `u8[] u8*` an empty vector and
then anything, `u16[u8=0 u16[u8+]]` a server_name with one host name. Items are read as a parser reads them,
from left to right and as many as there are, never tried again in another way; of alternatives the first that
fits the whole counts.
"""

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from handshake.errors import LocalError

_TOKEN = re.compile(r"\s*(?:(u8|u16|u24|u32)|([()\[\]|*+?=,-])|(0x[0-9a-fA-F]+|\d+))")


class _Item(Struct, frozen=True):
    """One number, or a group (`size` 0) with its layout in `content`; how often, at most and at least."""

    size: int
    values: tuple[tuple[int, int], ...]
    content: "Layout | None"
    least: int
    most: int | None


class Layout(Struct, frozen=True):
    """A layout that was read from its text."""

    alternatives: tuple[tuple[_Item, ...], ...]

    def fits(self, body: bytes) -> bool:
        """Whether the whole body is laid out like this."""
        return any(_read_items(items, body, 0) == len(body) for items in self.alternatives)

    def example(self) -> bytes:
        """A body that is laid out like this, with as little in it as there can be.

        Raises LocalError where the least does not fit, as with a length that has values of its own.
        """
        for items in self.alternatives:
            body = b"".join(_example(item) * item.least for item in items)
            if self.fits(body):
                return body
        raise LocalError("no body that is laid out like this could be made")


def _example(item: _Item) -> bytes:
    content = b"" if item.content is None else item.content.example()
    if not item.size:
        return content
    number = len(content) if item.content is not None else min((low for low, _ in item.values), default=0)
    return number.to_bytes(item.size, "big") + content


def _read_items(items: tuple[_Item, ...], body: bytes, position: int) -> int | None:
    """Read the items one after the other; the position after them, None when one does not fit."""
    for item in items:
        count = 0
        while item.most is None or count < item.most:
            end = _read_item(item, body, position)
            if end is None or end == position:
                break
            position, count = end, count + 1
        if count < item.least:
            return None
    return position


def _read_item(item: _Item, body: bytes, position: int) -> int | None:
    if not item.size:
        assert item.content is not None
        ends = (_read_items(items, body, position) for items in item.content.alternatives)
        return next((end for end in ends if end is not None), None)
    end = position + item.size
    if end > len(body):
        return None
    number = int.from_bytes(body[position:end], "big")
    if item.values and not any(low <= number <= high for low, high in item.values):
        return None
    if item.content is None:
        return end
    if end + number > len(body) or not item.content.fits(body[end : end + number]):
        return None
    return end + number


@cache
def parse_layout(text: str) -> Layout:
    """Read a layout's text. Raises ValueError that names what is wrong."""
    tokens = _Tokens(text)
    layout = _parse_layout(tokens)
    if tokens.next is not None:
        raise ValueError(f"{text!r} is no layout: {tokens.next!r} is out of place")
    return layout


class _Tokens:
    """The tokens of a layout with one to look ahead, `next`, which is None at the end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self.next: str | None = next(self._tokens, None)

    def _split(self) -> Iterator[str]:
        position = 0
        while self._text[position:].strip():
            found = _TOKEN.match(self._text, position)
            if found is None:
                raise ValueError(f"{self._text!r} is no layout: it stops making sense at {position}")
            position = found.end()
            yield found[0].strip()

    def take(self) -> str:
        """Give the next token."""
        token = self.next
        if token is None:
            raise ValueError(f"{self._text!r} is no layout: something is missing at its end")
        self.next = next(self._tokens, None)
        return token

    def skip(self, token: str) -> bool:
        """Take the next token if it is this one."""
        if self.next != token:
            return False
        self.next = next(self._tokens, None)
        return True

    def expect(self, token: str) -> None:
        """Take this token, which must be there."""
        if not self.skip(token):
            raise ValueError(f"{self._text!r} is no layout: {token!r} is missing before {self.next!r}")

    def number(self) -> int:
        """Take a number."""
        token = self.take()
        try:
            return int(token, 0)
        except ValueError:
            raise ValueError(f"{self._text!r} is no layout: {token!r} is no number") from None


def _parse_layout(tokens: _Tokens) -> Layout:
    alternatives = [_parse_items(tokens)]
    while tokens.skip("|"):
        alternatives.append(_parse_items(tokens))
    return Layout(tuple(alternatives))


def _parse_items(tokens: _Tokens) -> tuple[_Item, ...]:
    items = []
    while tokens.next is not None and tokens.next not in (")", "]", "|"):
        items.append(_parse_item(tokens))
    return tuple(items)


def _parse_item(tokens: _Tokens) -> _Item:
    size, values, content = 0, [], None
    if tokens.skip("("):
        content = _parse_layout(tokens)
        tokens.expect(")")
    else:
        token = tokens.take()
        if token not in ("u8", "u16", "u24", "u32"):
            raise ValueError(f"{token!r} in a layout where u8, u16, u24, u32 or ( can stand")
        size = int(token[1:]) // 8
        if tokens.skip("="):
            values.append(_parse_range(tokens))
            while tokens.skip(","):
                values.append(_parse_range(tokens))
        if tokens.skip("["):
            content = _parse_layout(tokens)
            tokens.expect("]")
    least, most = 1, 1
    if tokens.next in ("*", "+", "?"):
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[tokens.take()]  # type: ignore[assignment]
    return _Item(size, tuple(values), content, least, most)


def _parse_range(tokens: _Tokens) -> tuple[int, int]:
    low = tokens.number()
    return (low, tokens.number()) if tokens.skip("-") else (low, low)
