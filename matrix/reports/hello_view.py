"""One client hello, decoded, as the reports show it: a profile's, or one out of a capture.

Pure. Suites have IANA's, OpenSSL's and JSSE's names, because each administrator knows only one of them. What
is made at connection time (random, server name, key shares) is shown as for the servers of a run.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from clients.capture.captured_hello import CapturedHello, highest_version
from clients.capture.nearest import comparable
from clients.capture.profile_text import is_time
from clients.profile import Profile
from clients.profile_attempt import ProfileAttempt
from handshake.client.hello import fill_hello
from handshake.features import FirstFlight, flight_of
from handshake.hello_template import ExtensionOrder, HelloFormat, HelloTemplate
from handshake.wire.cipher_suites import CIPHER_SUITES, cipher_spec_name, cipher_suite_name
from handshake.wire.client_hello import ClientHello, SSLv2ClientHello
from handshake.wire.extension_text import describe_extension
from handshake.wire.hello_versions import version_text
from handshake.wire.ja3 import ja3
from handshake.wire.ja4 import ja4
from handshake.wire.registry import (
    CompressionMethod,
    extension_name,
    version_name,
)
from matrix.prediction import offered_version_name
from matrix.wording import counted
from servers.credentials import SUBJECT

ABSENT = "-"
_COMPRESSION = {int(method): method.name.lower() for method in CompressionMethod}


class Item(Struct, frozen=True):
    """One element of a list in a hello: a suite or an extension. `detail` is an extension's decoded body."""

    code: int
    names: tuple[str, ...]
    detail: str = ""


class HelloView(Struct, frozen=True):
    """One hello, decoded: `facts` are single values by name; `extensions` None when there is no block at
    all; `flight` is what its features are read off; `fill` makes its records.
    """

    title: str
    facts: Mapping[str, str]
    cipher_suites: tuple[Item, ...]
    extensions: tuple[Item, ...] | None
    flight: FirstFlight
    fill: Callable[[], bytes]

    @property
    def wire(self) -> bytes:
        """Its records, made when they are asked for."""
        return self.fill()

    def to_json(self) -> dict[str, Any]:
        """The hello as JSON types; codes are numbers, `wire` is hexadecimal."""
        flight, sslv2 = self.flight, self.flight.sslv2
        said = sslv2 or flight.hello
        extensions = None
        if self.extensions is not None:
            bodies = [each.body.hex() for each in flight.hello.extensions or ()]
            extensions = [
                {"code": item.code, "name": item.names[0], "says": item.detail, "body": body}
                for item, body in zip(self.extensions, bodies, strict=True)
            ]
        return {
            "title": self.title,
            "format": "record" if sslv2 is None else "sslv2",
            "record_versions": [version_name(each.version) for each in flight.records if each.version],
            "records": [record.length for record in flight.records],
            "version": version_name(highest_version(flight)),
            "client_version": version_name(_client_version(flight)),
            "length": flight.length,
            "session_id_length": len(flight.hello.session_id),
            "compression_methods": [] if sslv2 else _methods(flight),
            "ja3": ja3(said),
            "ja4": ja4(said),
            "cipher_suites": [
                {"code": item.code, **dict(zip(("iana", "openssl", "jsse"), item.names, strict=True))}
                for item in self.cipher_suites
            ],
            "extensions": extensions,
            "wire": self.wire.hex(),
        }


def views(profile: Profile, beside: Sequence[CapturedHello] = ()) -> list[HelloView]:
    """Decode every hello of a client, in the order it tries them. Where they are to be compared with captured
    ones, each has the server name, or none, of the hello `beside` it, and a drawn order is that one's.
    """
    found = []
    for number, attempt in enumerate(profile.attempts, start=1):
        other = beside[min(number, len(beside)) - 1] if beside else None
        found.append(_of_attempt(attempt, number, other))
    return found


def captured_view(hello: CapturedHello) -> HelloView:
    """Decode a captured hello. Raises ValueError for one that cannot be read."""
    if hello.flight is None:
        raise ValueError(hello.problem)
    random = hello.flight.hello.random if hello.flight.sslv2 is None else hello.flight.sslv2.challenge
    begins = None
    if hello.time is not None:
        begins = "gmt_unix_time" if is_time(random, hello.time) else "random-bytes"
    title = f"stream {hello.stream}: {offered_by(hello.flight)}"
    delivery = _in_pieces("records", [record.length for record in hello.flight.records])
    return _view(title, hello.flight, lambda: hello.wire, begins, delivery, lambda value: value)


def flight_view(flight: FirstFlight) -> HelloView:
    """Decode a hello as it came in a connection, without its bytes; how it was made is not known."""
    delivery = _in_pieces("records", [record.length for record in flight.records])
    return _view(offered_by(flight), flight, bytes, None, delivery, lambda value: value)


def offered_by(flight: FirstFlight) -> str:
    """The highest version that a hello offers, and an unusual framing: `TLSv1.0 in SSLv2 format`."""
    highest = highest_version(flight)
    return f"{version_name(highest)} in SSLv2 format" if flight.sslv2 is not None else version_name(highest)


def _of_attempt(attempt: ProfileAttempt, number: int, beside: CapturedHello | None) -> HelloView:
    template = attempt.template
    after = f", after {', '.join(attempt.after)}" if attempt.after else ""
    title = f"attempt {number}: {offered_version_name(template)}{after}"
    is_sslv2 = template.format is HelloFormat.SSLV2
    begins = template.challenge_begins_with if is_sslv2 else template.random_begins_with
    # Beside a captured hello the order is that hello's, and so is the fingerprint of it.
    is_one_of_many = template.order is ExtensionOrder.PERMUTED and beside is None
    server_name: str | None = SUBJECT
    flight = flight_of(template, SUBJECT)
    if beside is not None and beside.flight is not None:
        server_name = beside.server_name
        flight = comparable(template, beside.flight, server_name)
    return _view(
        title,
        flight,
        lambda: fill_hello(template.as_written(), server_name, bytes).wire,
        begins.value,
        _delivery(template),
        (lambda value: f"{value} (in this order of extensions; it is drawn)") if is_one_of_many else str,
    )


def _view(
    title: str,
    flight: FirstFlight,
    fill: Callable[[], bytes],
    begins: str | None,
    delivery: str,
    of_order: Callable[[str], str],
) -> HelloView:
    hello, sslv2 = flight.hello, flight.sslv2
    extensions = None
    if sslv2 is None and hello.extensions is not None:
        extensions = tuple(_extension(each.extension_type, each.body) for each in hello.extensions)
    facts = _facts(flight, extensions)
    if begins is None:  # nothing is known of it, and so nothing is compared
        del facts["random begins with"], facts["challenge begins with"]
    else:
        facts["challenge begins with" if sslv2 is not None else "random begins with"] = begins
    said: ClientHello | SSLv2ClientHello = sslv2 or hello
    fingerprints = ja3(said), ja4(said)
    facts["JA3"] = ABSENT if fingerprints[0] is None else of_order(fingerprints[0])
    facts["JA4"] = fingerprints[1] or ABSENT
    facts["delivery"] = delivery
    return HelloView(title, facts, tuple(map(_suite, flight.cipher_suites)), extensions, flight, fill)


def _facts(flight: FirstFlight, extensions: tuple[Item, ...] | None) -> dict[str, str]:
    is_sslv2 = flight.sslv2 is not None
    versions = dict.fromkeys(version_name(record.version or 0) for record in flight.records)
    return {
        "format": "SSLv2" if is_sslv2 else "TLS record",
        "record_version": ABSENT if is_sslv2 else ", ".join(versions),
        "version": version_text(highest_version(flight), _client_version(flight)),
        "length": f"{flight.length} bytes in {counted(len(flight.records), 'record')}",
        "random begins with": ABSENT,
        "challenge begins with": ABSENT,
        "session_id": counted(len(flight.hello.session_id), "byte"),
        "compression_methods": ABSENT if is_sslv2 else ", ".join(_methods(flight)),
        "extension block": _block(extensions, is_sslv2),
    }


def _delivery(template: HelloTemplate) -> str:
    """How the hello is cut into records and segments."""
    parts = [_in_pieces("records", [*template.records, 0] if template.records else [0])]
    if template.segments:
        parts += [
            _in_pieces("segments", [*template.segments, 0]),
            f"{template.pause_seconds:g} s between them",
        ]
    return ", ".join(parts)


def _in_pieces(what: str, sizes: Sequence[int]) -> str:
    """The sizes of records or segments in bytes; the last one has the rest."""
    if len(sizes) == 1:
        return f"one {what[:-1]}"
    return f"{what} of {', '.join(map(str, sizes[:-1]))} bytes and the rest"


def _client_version(flight: FirstFlight) -> int:
    return flight.hello.legacy_version if flight.sslv2 is None else flight.sslv2.version


def _methods(flight: FirstFlight) -> list[str]:
    return [_COMPRESSION.get(code, f"0x{code:02x}") for code in flight.hello.compression_methods]


def _block(extensions: tuple[Item, ...] | None, is_sslv2: bool) -> str:
    if extensions is None:
        return "none (this format has none)" if is_sslv2 else "none"
    return counted(len(extensions), "extension") if extensions else "empty"


def _suite(code: int) -> Item:
    names = CIPHER_SUITES.get(code)
    if names is None:
        name = cipher_spec_name(code) if code > 0xFFFF else cipher_suite_name(code)
        return Item(code, (name, ABSENT, ABSENT))
    return Item(code, (names.iana, names.openssl or ABSENT, names.jsse or ABSENT))


def _extension(code: int, body: bytes) -> Item:
    return Item(code, (extension_name(code),), describe_extension(code, body))
