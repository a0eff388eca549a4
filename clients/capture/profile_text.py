"""Writes the profile of a captured client: the TOML that `clients.profile` reads.

What a hello shows is written as it is. What is made anew for every connection becomes a fill; that GREASE
values are drawn is inferred from their being there. Nothing is known of what the client accepts, so no cell
of the profile is surer than `assumed`. What had to be inferred or left out stands in the profile's note.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from msgspec import Struct

from clients.capture.captured_hello import CapturedHello, endpoint_text
from clients.capture.ladder import PATIENCE_SECONDS, leads_on
from clients.capture.made_anew import OF_ONE_SESSION, still_flight
from clients.profile_attempt import ECH_FIXED_BYTES
from definitions.fault import quoted
from handshake.client.hello import PADDED_SIZE
from handshake.features import FirstFlight
from handshake.reason import Kind
from handshake.wire.cipher_suites import cipher_spec_name, cipher_suite_name
from handshake.wire.client_hello import Extension
from handshake.wire.registry import (
    CompressionMethod,
    ExtensionType,
    extension_name,
    is_grease,
    version_name,
)

_GREASE = 0x0A0A
_X25519_KEY_BYTES = 32
_ECH_PAYLOAD = ECH_FIXED_BYTES + 1 + 2 + _X25519_KEY_BYTES  # config_id, the length of enc, enc
SHORTEST_FULL_SEGMENT = 536
"""Bytes of a segment that the path may have cut (RFC 9293 section 3.7.1: what every host takes)."""
_DAY_SECONDS = 86_400
_COMPRESSION = {int(method): method.name.lower() for method in CompressionMethod}
_WIDTH = 100


class NoProfile(ValueError):
    """A hello of which no profile can be made; the text says why."""


class Origin(Struct, frozen=True):
    """Where hellos come from: what a person calls it (a file's name), the day (ISO 8601) and what they are
    like, a sentence or "".
    """

    source: str
    day: str
    likeness: str = ""


def profile_text(identity: str, ladder: Sequence[CapturedHello], origin: Origin) -> str:
    """The profile of the client that said these hellos, one attempt each. Raises NoProfile."""
    flights = [_flight(hello) for hello in ladder]
    first = ladder[0]
    when = "" if first.time is None else f" at {_utc(first.time)}"
    whence = "" if first.client is None else f", from {endpoint_text(first.client)}"
    where = f"{origin.source}, stream {first.stream}{when}{whence}"
    lines = [
        f"id = {quoted(identity)}",
        f"title = {quoted(f'Captured client {identity}')}",
        'stack = "unknown"',
        'os = "unknown"',
        f"released = {quoted(origin.day)} # the day of the capture",
        "",
        "[provenance]",
        'kind = "captured"',
        f"source = {quoted(where)}",
        'confidence = "high"',
        f"note = {quoted(' '.join(_notes(ladder, flights, origin)))}",
    ]
    for number, (hello, flight) in enumerate(zip(ladder, flights, strict=True)):
        before = flights[number - 1] if number else None
        lines += ["", "[[attempt]]", f"evidence = {quoted(f'{origin.source}, stream {hello.stream}')}"]
        if number:
            lines.append(f"after = [{quoted(_trigger(ladder[number - 1]))}]")
        less = None if before is None else _left_out(before, flight)
        if less:
            lines.append(f"without = [{', '.join(quoted(_extension_name(code)) for code in less)}]")
        else:
            lines += _hello_lines(hello, flight, is_permuted=_is_permuted(flights))
    return "\n".join(lines) + "\n"


def _flight(hello: CapturedHello) -> FirstFlight:
    if hello.flight is None:
        raise NoProfile(f"the hello of stream {hello.stream} cannot be read: {hello.problem}")
    types = hello.flight.extension_types
    if len(set(types)) != len(types):
        raise NoProfile(
            f"the hello of stream {hello.stream} has an extension twice (RFC 8446 section 4.2), which no "
            "profile has"
        )
    if not hello.flight.cipher_suites:
        raise NoProfile(f"the hello of stream {hello.stream} has no cipher suites, which no profile lacks")
    return hello.flight


def _trigger(before: CapturedHello) -> str:
    cause = leads_on(before)
    assert cause is not None, "a ladder goes on where a failure leads on"
    return (
        f"{cause.kind}:{cause.what}" if cause.kind in (Kind.ALERT, Kind.PROTOCOL_ERROR) else cause.kind.value
    )


def _left_out(before: FirstFlight, flight: FirstFlight) -> list[int]:
    """The extensions that a hello lacks of the one before it, where that is the only difference."""
    missing = [code for code in before.extension_types if code not in flight.extension_types]
    first, second = still_flight(before).hello, still_flight(flight).hello
    kept = tuple(each for each in first.extensions or () if each.extension_type not in missing)
    is_alike = before.sslv2 is flight.sslv2 is None and _frame(before) == _frame(flight)
    bare = second.extensions == kept
    is_alike &= len(flight.records) == 1
    return missing if is_alike and bare and _without_block(before) == _without_block(flight) else []


def _frame(flight: FirstFlight) -> tuple[int | None, ...]:
    return tuple(record.version for record in flight.records)


def _without_block(flight: FirstFlight) -> tuple[Any, ...]:
    hello = flight.hello
    return hello.legacy_version, len(hello.session_id), hello.cipher_suites, hello.compression_methods


def _is_permuted(flights: Sequence[FirstFlight]) -> bool:
    """Whether two hellos of one client have the same extensions in another order."""
    orders = [[_GREASE if is_grease(code) else code for code in each.extension_types] for each in flights]
    return any(sorted(one) == sorted(other) and one != other for one, other in pairwise(orders))


def _hello_lines(hello: CapturedHello, flight: FirstFlight, *, is_permuted: bool) -> Iterator[str]:
    if flight.sslv2 is not None:
        yield 'format = "sslv2"'
        yield f"client_version = {_version(flight.sslv2.version)}"
        yield f"session_id_length = {len(flight.sslv2.session_id)}"
        yield f"challenge_length = {len(flight.sslv2.challenge)}"
        if is_time(flight.sslv2.challenge, hello.time):
            yield 'challenge_begins_with = "gmt_unix_time"'
        yield from _listed("cipher_suites", map(_suite_name, flight.sslv2.cipher_specs))
        return
    said = flight.hello
    if _has_grease(flight):
        yield 'grease = "drawn"'
    if is_permuted:
        yield 'order = "permuted"'
        unmoved = [code for code in flight.extension_types if is_grease(code)]
        if unmoved:
            yield f"unmoved = [{', '.join(quoted(_extension_name(code)) for code in unmoved)}]"
    yield from _delivery_lines(hello, flight)
    yield f"record_version = {_version(flight.records[0].version or 0)}"
    yield f"client_version = {_version(said.legacy_version)}"
    yield f"session_id_length = {len(said.session_id)}"
    if is_time(said.random, hello.time):
        yield 'random_begins_with = "gmt_unix_time"'
    yield from _listed("cipher_suites", map(_suite_name, said.cipher_suites))
    methods = (quoted(_COMPRESSION.get(code, f"0x{code:02x}")) for code in said.compression_methods)
    yield f"compression_methods = [{', '.join(methods)}]"
    if said.extensions is None:
        return
    yield "extensions = ["
    for extension in said.extensions:
        if extension.extension_type not in OF_ONE_SESSION:
            yield from _extension_lines(extension, flight)
    yield "]"


def _delivery_lines(hello: CapturedHello, flight: FirstFlight) -> Iterator[str]:
    """How the hello came, where that is the client's doing: its records, and segments shorter than any path
    has them.
    """
    if len(flight.records) > 1:
        yield f"records = {[record.length for record in flight.records[:-1]]}"
    if any(size < SHORTEST_FULL_SEGMENT for size in hello.segments[:-1]):
        yield f"segments = {list(hello.segments[:-1])}"


def _extension_lines(extension: Extension, flight: FirstFlight) -> Iterator[str]:
    keys = {"type": quoted(_extension_name(extension.extension_type)), **_made(extension, flight)}
    digits = keys.pop("body", "")
    head = ", ".join(f"{key} = {value}" for key, value in keys.items())
    if not digits:
        yield f"    {{ {head} }},"
        return
    grouped = " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
    if len(grouped) <= _WIDTH // 2:
        yield f"    {{ {head}, body = {quoted(grouped)} }},"
        return
    yield f'    {{ {head}, body = """'
    lines = textwrap.wrap(grouped, _WIDTH)
    yield from (f"        {line}" for line in lines[:-1])
    yield f'        {lines[-1]}""" }},'


def _made(extension: Extension, flight: FirstFlight) -> Mapping[str, str]:
    """The keys of an extension beside its type; `body` is hexadecimal."""
    body, code = extension.body, extension.extension_type
    match code:
        case ExtensionType.SERVER_NAME if body:
            return {"fill": '"server_name"'}
        case ExtensionType.SESSION_TICKET:
            return {}
        case ExtensionType.KEY_SHARE if body:
            return {"fill": '"key_share"', "body": body.hex()}
        case ExtensionType.PADDING if not body.strip(b"\0") and flight.length == PADDED_SIZE:
            return {"fill": '"padding"'}
        case ExtensionType.ENCRYPTED_CLIENT_HELLO if _is_ech(body):
            size = len(body) - _ECH_PAYLOAD - 2
            return {
                "fill": '"ech_grease"',
                "payload_sizes": f"[{size}]",
                "body": body[:ECH_FIXED_BYTES].hex(),
            }
    return {"body": body.hex()}


def _is_ech(body: bytes) -> bool:
    """Whether an encrypted_client_hello is an outer one with a key of X25519 and a payload."""
    enc = int.from_bytes(body[ECH_FIXED_BYTES + 1 : ECH_FIXED_BYTES + 3], "big")
    return body[:1] == b"\0" and enc == _X25519_KEY_BYTES and len(body) > _ECH_PAYLOAD + 2


def _notes(ladder: Sequence[CapturedHello], flights: Sequence[FirstFlight], origin: Origin) -> Iterator[str]:
    """What a reader of the profile must know of how it was made, a sentence each."""
    if origin.likeness:
        yield origin.likeness
    if len(ladder) > 1:
        yield (
            "That the later hellos are retries of the same client is inferred: they came from the same "
            f"address to the same server within {PATIENCE_SECONDS:g} s of a failure."
        )
    if any(map(_has_grease, flights)):
        yield "That the GREASE values are drawn for every connection is inferred."
    if _is_permuted(flights):
        yield "That only the extensions of GREASE keep their places is inferred."
    left = {code for flight in flights for code in flight.extension_types if code in OF_ONE_SESSION}
    if left:
        names = ", ".join(sorted(map(extension_name, left)))
        yield f"The captured hello belongs to an earlier session; what is of that is left out: {names}."
    if any(ExtensionType.ENCRYPTED_CLIENT_HELLO in flight.extension_types for flight in flights):
        yield "The encrypted_client_hello is sent without meaning."


def _listed(name: str, values: Iterator[str]) -> Iterator[str]:
    yield f"{name} = ["
    yield from (f"    {quoted(value)}," for value in values)
    yield "]"


def _suite_name(code: int) -> str:
    if is_grease(code):
        return f"0x{code:04x}"
    return cipher_spec_name(code) if code > 0xFFFF else cipher_suite_name(code)


def _extension_name(code: int) -> str:
    return f"0x{code:04x}" if is_grease(code) else extension_name(code)


def _version(version: int) -> str:
    return quoted(version_name(version))


def _has_grease(flight: FirstFlight) -> bool:
    return any(map(is_grease, (*flight.cipher_suites, *flight.extension_types)))


def is_time(random: bytes, now: float | None) -> bool:
    """Whether four bytes are the capture's time, to a day: clocks are wrong, and chance is 1 in 25,000."""
    return now is not None and abs(int.from_bytes(random[:4], "big") - now) < _DAY_SECONDS


def _utc(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
