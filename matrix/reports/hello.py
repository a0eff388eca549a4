"""Client hellos for people: one decoded, or two side by side with what only one has and what stands
elsewhere, and then in words. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from handshake.features import FirstFlight, differences, features_of
from matrix.reports.hello_view import ABSENT, HelloView, Item

BYTES_IN_LINE = 16
_LABEL = 22


class Sender(Struct, frozen=True):
    """Whose hellos are shown: `name` is an id, or a file; `title` says more about it, for a person."""

    name: str
    title: str
    views: tuple[HelloView, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types."""
        hellos = [
            {**view.to_json(), "features": [feature.name for feature in features_of(view.flight)]}
            for view in self.views
        ]
        return {"name": self.name, "title": self.title, "hellos": hellos}


class DiffRow(Struct, frozen=True):
    """One element of two lists: `left` and `right` are its places, counted from 1, None where it is
    missing.

    `mark`: `<` only left, `>` only right, `=` in both at the same place among what both have, `~` at
    another, `!` in both with different content.
    """

    mark: str
    left: int | None
    right: int | None
    item: Item
    other_detail: str = ""


def diff(left: Sequence[Item], right: Sequence[Item]) -> list[DiffRow]:
    """Put two lists side by side, in the left one's order, what only the right one has at the end."""
    left_codes, right_codes = [item.code for item in left], [item.code for item in right]
    left_order = [code for code in left_codes if code in right_codes]
    right_order = [code for code in right_codes if code in left_codes]
    rows = []
    for place, item in enumerate(left, start=1):
        if item.code not in right_codes:
            rows.append(DiffRow("<", place, None, item))
            continue
        other = right[right_codes.index(item.code)]
        moved = left_order.index(item.code) != right_order.index(item.code)
        mark = "!" if item.detail != other.detail else "~" if moved else "="
        rows.append(DiffRow(mark, place, right_codes.index(item.code) + 1, item, other.detail))
    rows += [
        DiffRow(">", None, p, item) for p, item in enumerate(right, start=1) if item.code not in left_codes
    ]
    return rows


def show_lines(sender: Sender, *, with_bytes: bool = False) -> Iterator[str]:
    """Write a client's hellos as lines; `with_bytes` adds the bytes of each, as `hello import` reads them."""
    yield f"{sender.name}: {sender.title}"
    for view in sender.views:
        yield ""
        yield view.title
        yield from (f"  {name:<{_LABEL}}{value}" for name, value in view.facts.items())
        yield f"  cipher_suites ({len(view.cipher_suites)}): IANA | OpenSSL | JSSE"
        yield from (f"    {_code(item)}  {' | '.join(item.names)}" for item in view.cipher_suites)
        if view.extensions:
            yield f"  extensions ({len(view.extensions)})"
            yield from (f"    {_code(item)}  {item.names[0]}: {item.detail}" for item in view.extensions)
        if with_bytes:
            yield f"  bytes ({len(view.wire)})"
            yield from (f"    {line}" for line in dump_lines(view.wire))


def dump_lines(data: bytes) -> Iterator[str]:
    """Bytes as `xxd` prints them, without the characters."""
    for start in range(0, len(data), BYTES_IN_LINE):
        yield f"{start:08x}: {data[start : start + BYTES_IN_LINE].hex(' ', -2)}"


def diff_lines(left: Sender, right: Sender, *, with_bytes: bool = False) -> Iterator[str]:
    """Write two clients' hellos side by side, attempt by attempt."""
    yield f"<  {left.name}: {left.title}"
    yield f">  {right.name}: {right.title}"
    yield (
        "marks: < only the first, > only the second, = both, ~ in another order, ! with different content, "
        f"{ABSENT} none"
    )
    for a, b in zip(left.views, right.views, strict=False):
        yield ""
        yield f"{a.title}  |  {b.title}"
        yield from _fact_lines(a, b)
        yield from _list_lines("cipher_suites, IANA | OpenSSL | JSSE", a.cipher_suites, b.cipher_suites)
        yield from _list_lines("extensions", a.extensions or (), b.extensions or ())
        yield from _feature_lines(a.flight, b.flight)
        if with_bytes:
            for mark, view in (("<", a), (">", b)):
                yield f"  {mark} bytes ({len(view.wire)})"
                yield from (f"    {line}" for line in dump_lines(view.wire))
    common = min(len(left.views), len(right.views))
    for view in left.views[common:]:
        yield from ("", f"< only {left.name}: {view.title}")
    for view in right.views[common:]:
        yield from ("", f"> only {right.name}: {view.title}")


def diff_json(left: Sender, right: Sender) -> Mapping[str, Any]:
    """Two clients' hellos and, attempt by attempt, the features that only one of them has."""
    return {
        "left": left.to_json(),
        "right": right.to_json(),
        "pairs": [
            {"left": a.title, "right": b.title, "differences": feature_rows(a.flight, b.flight)}
            for a, b in zip(left.views, right.views, strict=False)
        ],
    }


def feature_rows(left: FirstFlight, right: FirstFlight) -> list[dict[str, str]]:
    """What only one of two hellos has, as JSON types: the feature's name, what it is, and whose it is."""
    return [
        {
            "feature": feature.name,
            "says": feature.describe(),
            "only": "left" if feature.present(left) else "right",
        }
        for feature in differences(left, right)
    ]


def feature_lines(left: FirstFlight, right: FirstFlight) -> Iterator[str]:
    """Say in words what only one of two hellos has, each with the name that a server's definition knows."""
    for feature in differences(left, right):
        mark = "<" if feature.present(left) else ">"
        yield f"{mark} {feature.describe()}  [{feature.name}]"


def _feature_lines(left: FirstFlight, right: FirstFlight) -> Iterator[str]:
    lines = list(feature_lines(left, right))
    yield (
        f"  features that only one of the two hellos has ({len(lines)})"
        if lines
        else "  features: no difference"
    )
    yield from (f"  {line}" for line in lines)


def _fact_lines(left: HelloView, right: HelloView) -> Iterator[str]:
    for name, value in left.facts.items():
        other = right.facts.get(name)
        if other is None:
            continue
        same = value == other
        yield f"  = {name:<{_LABEL}}{value}" if same else f"  ! {name:<{_LABEL}}{value}  |  {other}"


def _list_lines(title: str, left: Sequence[Item], right: Sequence[Item]) -> Iterator[str]:
    if not left and not right:
        return
    yield f"  {title} ({len(left)}  |  {len(right)})"
    for row in diff(left, right):
        places = f"{row.left or ABSENT!s:>3} {row.right or ABSENT!s:>3}"
        detail = f": {row.item.detail}" if row.item.detail else ""
        if row.mark == "!":
            detail += f"  |  {row.other_detail}"
        yield f"  {row.mark} {places}  {_code(row.item)}  {' | '.join(row.item.names)}{detail}"


def _code(item: Item) -> str:
    return f"0x{item.code:06x}" if item.code > 0xFFFF else f"0x{item.code:04x}"
