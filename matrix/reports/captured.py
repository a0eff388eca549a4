"""The hellos of a capture for people: each with who said it, the known clients that it is like, in what it
differs from them, and what became of it. Pure.

Hellos that are alike, to the same server and with the same answer, are one entry: a capture of an hour has
ten clients and ten thousand hellos.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from msgspec import Struct

from clients.capture.captured_hello import CapturedHello, endpoint_text
from clients.capture.ladder import ladders, leads_on
from clients.capture.made_anew import still_flight
from clients.capture.nearest import Known, Near
from handshake.features import Feature
from handshake.wire.ja3 import ja3
from handshake.wire.ja4 import ja4
from matrix.reports.hello import dump_lines
from matrix.reports.hello_view import ABSENT, captured_view, offered_by
from matrix.wording import counted, joined

MAX_DIFFERENCES = 8
"""Lines of what differs from the nearest profile; `hello diff` has them all."""
MAX_DIFFERENCES_IN_LINE = 2
MAX_NAMED = 6
"""Profiles with the same hello that are named, and streams of one entry."""
_LABEL = 13


class Listed(Struct, frozen=True):
    """A hello with what is told of it: the `near` profiles, and the stream that it retries after its
    failure, if it does.
    """

    hello: CapturedHello
    near: tuple[Near, ...]
    retries: int | None = None
    after: str = ""


@dataclass(slots=True)
class _Entry:
    first: Listed
    more: list[int] = field(default_factory=list)


def listed(hellos: Sequence[CapturedHello], known: Known) -> list[Listed]:
    """Tell of each hello what is known, in order."""
    before: dict[int, CapturedHello] = {}
    for ladder in ladders(hellos):
        before |= {hello.stream: earlier for earlier, hello in pairwise(ladder)}
    return [told(hello, known, before.get(hello.stream)) for hello in hellos]


def told(hello: CapturedHello, known: Known, before: CapturedHello | None = None) -> Listed:
    """Tell of one hello what is known; `before` is the one that it retries."""
    near = () if hello.flight is None else known.nearest(hello.flight, hello.server_name)
    if before is None:
        return Listed(hello, near)
    return Listed(hello, near, before.stream, str(leads_on(before)))


def capture_lines(each: Sequence[Listed], source: str, *, with_bytes: bool = False) -> Iterator[str]:
    """The hellos of a capture as lines; `source` is what the file is called in advice."""
    entries = [_Entry(one) for one in each] if with_bytes else _folded(each)
    for entry in entries:
        yield from _entry_lines(entry, source)
        if with_bytes:
            yield f"  bytes ({len(entry.first.hello.wire)})"
            yield from (f"    {line}" for line in dump_lines(entry.first.hello.wire))
        yield ""
    count = f"{counted(len(each), 'hello')} in {counted(len(entries), 'entry').replace('entrys', 'entries')}"
    yield counted(len(each), "hello") if len(each) == len(entries) else count


def _folded(each: Sequence[Listed]) -> list[_Entry]:
    entries: dict[object, _Entry] = {}
    for one in each:
        key = _kind(one)
        if key in entries:
            entries[key].more.append(one.hello.stream)
        else:
            entries[key] = _Entry(one)
    return list(entries.values())


def _kind(one: Listed) -> object:
    """What hellos have in common that are told as one."""
    hello, answer = one.hello, one.hello.answer
    said = answer.sentence if answer.failure is None else str(answer.failure)
    client = None if hello.client is None else hello.client[0]
    shape = hello.stream if hello.flight is None else still_flight(hello.flight)
    if hello.time is None:
        return hello.stream
    return client, hello.server, hello.prelude, shape, said, one.retries is None, one.after


def _entry_lines(entry: _Entry, source: str) -> Iterator[str]:
    one = entry.first
    hello, flight = one.hello, one.hello.flight
    yield " ".join(part for part in (f"stream {hello.stream}", _when(hello), _ends(hello)) if part)
    if entry.more:
        rest = entry.more[:MAX_NAMED]
        others = f" and {len(entry.more) - len(rest)} more" if len(entry.more) > len(rest) else ""
        streams = "stream" if len(entry.more) == 1 else "streams"
        numbers = ", ".join(map(str, rest))
        yield _line("like it", f"{counted(len(entry.more), 'hello')}: {streams} {numbers}{others}")
    if one.retries is not None:
        yield _line("retry", f"of stream {one.retries}, after {one.after}")
    if hello.prelude:
        yield _line("before TLS", hello.prelude)
    if flight is None:
        yield _line("hello", f"cannot be read: {hello.problem}")
        yield _line("answer", hello.answer.sentence)
        return
    said = flight.sslv2 or flight.hello
    yield _line("server_name", hello.server_name or ABSENT)
    delivery = counted(len(flight.records), "record")
    delivery += f", {counted(len(hello.segments), 'segment')}" if hello.segments else ""
    yield _line("hello", f"{offered_by(flight)}, {flight.length} bytes in {delivery}")
    yield _line("JA3, JA4", f"{ja3(said) or ABSENT}, {ja4(said) or ABSENT}")
    yield from _near_lines(one, source)
    yield _line("answer", hello.answer.sentence)


def _near_lines(one: Listed, source: str) -> Iterator[str]:
    if not one.near:
        yield _line("nearest", "no client is known")
        return
    nearest = one.near[0]
    if not nearest.features:
        yield _line("client", f"as {_names(one.near)}")
        return
    yield _line("nearest", "; ".join(_distance(near) for near in one.near))
    for feature in nearest.features[:MAX_DIFFERENCES]:
        yield f"    {_difference(feature, one)}"
    if len(nearest.features) > MAX_DIFFERENCES:
        more = len(nearest.features) - MAX_DIFFERENCES
        yield (f"    and {more} more: tls-matrix hello diff {source}#{one.hello.stream} {nearest.profile.id}")


def _distance(near: Near) -> str:
    attempt = "" if near.attempt == 1 else f", attempt {near.attempt}"
    return f"{near.profile.id}{attempt} ({counted(len(near.features), 'difference')})"


def _difference(feature: Feature, one: Listed) -> str:
    """A difference in the words of `hello diff`: `<` for what only this hello has, `>` for the profile's."""
    flight = one.hello.flight
    assert flight is not None
    return f"{'<' if feature.present(flight) else '>'} {feature.describe()}"


def _names(near: Sequence[Near]) -> str:
    names = [
        each.profile.id if each.attempt == 1 else f"{each.profile.id} (attempt {each.attempt})"
        for each in near
    ]
    if len(names) > MAX_NAMED:
        return f"{', '.join(names[:MAX_NAMED])} and {len(names) - MAX_NAMED} more"
    return joined(names)


def likeness(near: Sequence[Near]) -> str:
    """What a hello is like, as a sentence; "" where no client is known."""
    if not near:
        return ""
    if not near[0].features:
        return f"The first hello is that of {_names(near)}."
    return f"The known client with the nearest first hello is {_distance(near[0])}."


def caller_line(one: Listed) -> str:
    """A hello as one line, as it comes."""
    hello, flight = one.hello, one.hello.flight
    who = "" if hello.client is None else f" {endpoint_text(hello.client)}"
    start = f"stream {hello.stream}{who}"
    if one.retries is not None:
        start += f", again after {one.after} (stream {one.retries})"
    if flight is None:
        return f"{start}: no hello that can be read: {hello.problem}"
    name = f", server_name {hello.server_name}" if hello.server_name else ""
    fingerprint = ja4(flight.sslv2 or flight.hello)
    offer = offered_by(flight) + ("" if fingerprint is None else f", JA4 {fingerprint}")
    if not one.near:
        like = "no client is known"
    elif not one.near[0].features:
        like = f"as {_names(one.near)}"
    else:
        nearest = one.near[0]
        words = "; ".join(_difference(each, one) for each in nearest.features[:MAX_DIFFERENCES_IN_LINE])
        more = "; ..." if len(nearest.features) > MAX_DIFFERENCES_IN_LINE else ""
        like = f"nearest {_distance(nearest)}: {words}{more}"
    return f"{start}{name}: {offer}: {like}"


def listed_json(one: Listed) -> Mapping[str, Any]:
    """A hello as JSON types; times are ISO 8601 in UTC, sizes bytes."""
    hello = one.hello
    view = None if hello.flight is None else captured_view(hello).to_json()
    return {
        "stream": hello.stream,
        "time": None if hello.time is None else datetime.fromtimestamp(hello.time, UTC).isoformat(),
        "client": None if hello.client is None else endpoint_text(hello.client),
        "server": None if hello.server is None else endpoint_text(hello.server),
        "before_tls": hello.prelude or None,
        "server_name": hello.server_name,
        "problem": hello.problem or None,
        "records": [] if hello.flight is None else [record.length for record in hello.flight.records],
        "segments": list(hello.segments),
        "retries": one.retries,
        "after": one.after or None,
        "nearest": [_near_json(near, one) for near in one.near],
        "answer": hello.answer.to_json(),
        "hello": view,
        "wire": hello.wire.hex(),
    }


def capture_json(each: Sequence[Listed], head: Mapping[str, Any]) -> Iterator[str]:
    """The hellos of a capture as the pieces of one JSON object, a line each; `head` has its other members."""
    yield '{"hellos": ['
    for number, one in enumerate(each):
        yield f"{',' if number else ''}\n {json.dumps(listed_json(one), sort_keys=True)}"
    members = (f" {json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(head.items()))
    yield ",\n".join(("\n]", *members)) + "\n}\n"


def _near_json(near: Near, one: Listed) -> Mapping[str, Any]:
    flight = one.hello.flight
    assert flight is not None
    return {
        "client": near.profile.id,
        "attempt": near.attempt,
        "differences": [
            {
                "feature": each.name,
                "says": each.describe(),
                "only": "capture" if each.present(flight) else "client",
            }
            for each in near.features
        ],
    }


def _when(hello: CapturedHello) -> str:
    if hello.time is None:
        return ""
    return datetime.fromtimestamp(hello.time, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC"


def _ends(hello: CapturedHello) -> str:
    if hello.client is None or hello.server is None:
        return ""
    return f"{endpoint_text(hello.client)} -> {endpoint_text(hello.server)}"


def _line(label: str, text: str) -> str:
    return f"  {label:<{_LABEL}}{text}"
