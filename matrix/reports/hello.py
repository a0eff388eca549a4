"""Client hellos for people: one decoded, or two side by side with what only one has and what stands
elsewhere, and then in words.

Pure. Suites stand under IANA's, OpenSSL's and JSSE's names, because each administrator knows only one of
them. What is made at connection time (random, server name, key shares) is shown as for the servers
of a run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clients.profile import Profile
from clients.profile_attempt import ProfileAttempt
from handshake.client.hello import fill_hello
from handshake.features import FirstFlight, differences, flight_of
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.wire.cipher_suites import CIPHER_SUITES, cipher_spec_name, cipher_suite_name
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import describe_extension
from handshake.wire.registry import CompressionMethod, extension_name, version_name
from matrix.prediction import offered_version_name
from servers.credentials import SUBJECT

_COMPRESSION = {int(method): method.name.lower() for method in CompressionMethod}
_ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Item:
    """One element of a list in a hello: a suite or an extension. `detail` is an extension's decoded body."""

    code: int
    names: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HelloView:
    """One hello, decoded: `facts` are single values by name; `extensions` None when there is no block at
    all; `flight` is what its features are read off.
    """

    title: str
    facts: dict[str, str]
    cipher_suites: tuple[Item, ...]
    extensions: tuple[Item, ...] | None
    flight: FirstFlight


@dataclass(frozen=True, slots=True)
class DiffRow:
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


def views(profile: Profile) -> list[HelloView]:
    """Decode every hello of a client, in the order it tries them."""
    return [_view(attempt, number) for number, attempt in enumerate(profile.attempts, start=1)]


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


def _view(attempt: ProfileAttempt, number: int) -> HelloView:
    template = attempt.template
    is_sslv2 = template.format is HelloFormat.SSLV2
    hello = fill_hello(template.as_written(), SUBJECT, bytes).hello
    extensions = None
    compression = _ABSENT
    if isinstance(hello, ClientHello):
        compression = ", ".join(_COMPRESSION.get(code, f"0x{code:02x}") for code in hello.compression_methods)
        if hello.extensions is not None:
            extensions = tuple(_extension(e.extension_type, e.body) for e in hello.extensions)
    after = f", after {', '.join(attempt.after)}" if attempt.after else ""
    facts = {
        "format": "SSLv2" if is_sslv2 else "TLS record",
        "record_version": _ABSENT if is_sslv2 else version_name(template.record_version),
        "client_version": version_name(template.client_version),
        "random begins with": _ABSENT if is_sslv2 else template.random_begins_with,
        "challenge begins with": template.challenge_begins_with if is_sslv2 else _ABSENT,
        "session_id": f"{template.session_id_length} bytes",
        "compression_methods": compression,
        "extension block": _block(extensions, is_sslv2),
        "delivery": _delivery(template),
    }
    title = f"attempt {number}: {offered_version_name(template)}{after}"
    suites = tuple(map(_suite, template.cipher_suites))
    return HelloView(title, facts, suites, extensions, flight_of(template, SUBJECT))


def _block(extensions: tuple[Item, ...] | None, is_sslv2: bool) -> str:
    if extensions is None:
        return "none (this format has none)" if is_sslv2 else "none"
    return f"{len(extensions)} extensions" if extensions else "empty"


def _delivery(template: HelloTemplate) -> str:
    """How the hello is cut into records and segments."""
    parts = [
        f"{what} of {', '.join(map(str, sizes))} bytes and the rest" if sizes else f"one {what[:-1]}"
        for what, sizes in (("records", template.records), ("segments", template.segments))
        if sizes or what == "records"
    ]
    if template.segments:
        parts.append(f"{template.pause_seconds:g} s between them")
    return ", ".join(parts)


def _suite(code: int) -> Item:
    names = CIPHER_SUITES.get(code)
    if names is None:
        name = cipher_spec_name(code) if code > 0xFFFF else cipher_suite_name(code)
        return Item(code, (name, _ABSENT, _ABSENT))
    return Item(code, (names.iana, names.openssl or _ABSENT, names.jsse or _ABSENT))


def _extension(code: int, body: bytes) -> Item:
    return Item(code, (extension_name(code),), describe_extension(code, body))


def show_lines(profile: Profile) -> Iterator[str]:
    """Write a client's hellos as lines."""
    source = profile.provenance
    yield f"{profile.id}: {profile.title} ({source.kind}, confidence {source.confidence})"
    for view in views(profile):
        yield ""
        yield view.title
        yield from (f"  {name:<22}{value}" for name, value in view.facts.items())
        yield f"  cipher_suites ({len(view.cipher_suites)}): IANA | OpenSSL | JSSE"
        yield from (f"    {_code(item)}  {' | '.join(item.names)}" for item in view.cipher_suites)
        if view.extensions:
            yield f"  extensions ({len(view.extensions)})"
            yield from (f"    {_code(item)}  {item.names[0]}: {item.detail}" for item in view.extensions)


def diff_lines(left: Profile, right: Profile) -> Iterator[str]:
    """Write two clients' hellos side by side, attempt by attempt."""
    yield f"<  {left.id}: {left.title}"
    yield f">  {right.id}: {right.title}"
    yield "marks: < only the first, > only the second, = both, ~ in another order, ! with different content"
    left_views, right_views = views(left), views(right)
    for a, b in zip(left_views, right_views, strict=False):
        yield ""
        yield f"{a.title}  |  {b.title}"
        yield from _fact_lines(a, b)
        yield from _list_lines("cipher_suites, IANA | OpenSSL | JSSE", a.cipher_suites, b.cipher_suites)
        yield from _list_lines("extensions", a.extensions or (), b.extensions or ())
        yield from _feature_lines(a.flight, b.flight)
    common = min(len(left_views), len(right_views))
    for view in left_views[common:]:
        yield from ("", f"< only {left.id}: {view.title}")
    for view in right_views[common:]:
        yield from ("", f"> only {right.id}: {view.title}")


def _feature_lines(left: FirstFlight, right: FirstFlight) -> Iterator[str]:
    """Say in words what only one of two hellos has, each with the name that a server's definition knows."""
    features = differences(left, right)
    yield (
        f"  features that only one of the two hellos has ({len(features)})"
        if features
        else "  features: no difference"
    )
    for feature in features:
        mark = "<" if feature.present(left) else ">"
        yield f"  {mark} {feature.describe()}  [{feature.name}]"


def _fact_lines(left: HelloView, right: HelloView) -> Iterator[str]:
    for name, value in left.facts.items():
        other = right.facts[name]
        yield f"  = {name:<22}{value}" if value == other else f"  ! {name:<22}{value}  |  {other}"


def _list_lines(title: str, left: Sequence[Item], right: Sequence[Item]) -> Iterator[str]:
    if not left and not right:
        return
    yield f"  {title} ({len(left)}  |  {len(right)})"
    for row in diff(left, right):
        places = f"{row.left or _ABSENT!s:>3} {row.right or _ABSENT!s:>3}"
        detail = f": {row.item.detail}" if row.item.detail else ""
        if row.mark == "!":
            detail += f"  |  {row.other_detail}"
        yield f"  {row.mark} {places}  {_code(row.item)}  {' | '.join(row.item.names)}{detail}"


def _code(item: Item) -> str:
    return f"0x{item.code:06x}" if item.code > 0xFFFF else f"0x{item.code:04x}"
