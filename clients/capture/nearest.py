"""Which known profiles a hello is like, and in what it differs from them. Pure.

The distance is the number of features (`handshake.features`) that only one of two hellos has. To ask for the
features of hundreds of hellos takes a second, so a coarser distance, over code points and their neighbours,
first chooses a few. What a client makes anew for every connection is no difference: a profile is filled with
the hello's own server name, and where it permutes its extensions they are put in the hello's order.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from clients.capture.made_anew import still_flight
from clients.profile import Profile
from handshake.features import Feature, FirstFlight, differences, flight_of
from handshake.features.flight import NOMINAL_SERVER_NAME
from handshake.features.hello_length import KNOWN_TO_MATTER
from handshake.features.listed import LIST_TYPES, entries
from handshake.features.order import neighbours
from handshake.hello_template import ExtensionOrder, HelloTemplate
from handshake.wire.client_hello import Extension
from handshake.wire.registry import ExtensionType, is_grease

_CANDIDATES = 8
"""Hellos that are compared by their features; the nearest has been among the first three for every hello that
is known (tests/clients/capture/test_nearest.py).
"""
MAX_REMEMBERED = 2_048

_Tokens = frozenset[tuple[object, ...]]
_COUNTED_NOWHERE = frozenset({ExtensionType.SERVER_NAME, ExtensionType.PADDING})


class Near(Struct, frozen=True):
    """A profile's hello that is like another one: `attempt` is its number in the profile, from 1; `features`
    are those that only one of the two has, none where they are alike. `flight` is the profile's, as it was
    compared.
    """

    profile: Profile
    attempt: int
    features: tuple[Feature, ...]
    flight: FirstFlight


class Known:
    """The hellos of profiles, made ready once to be compared with many."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._hellos = [
            (profile, number, attempt.template, _tokens(flight_of(attempt.template)))
            for profile in profiles
            for number, attempt in enumerate(profile.attempts, start=1)
        ]
        self._remembered: dict[tuple[FirstFlight, tuple[bool, ...], int], tuple[Near, ...]] = {}

    def nearest(self, flight: FirstFlight, server_name: str | None, most: int = 3) -> tuple[Near, ...]:
        """The profiles whose hellos are nearest, each once, the nearest first; all that are alike where some
        are.
        """
        key = (_whoever_is_called(flight), _lengths(flight), most)
        if key not in self._remembered:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = self._nearest(flight, server_name, most)
        return self._remembered[key]

    def _nearest(self, flight: FirstFlight, server_name: str | None, most: int) -> tuple[Near, ...]:
        tokens = _tokens(flight)
        ranked = sorted(self._hellos, key=lambda hello: len(tokens ^ hello[3]))
        # What is as far as the last one counts too: a profile with the same hello is never cut off.
        last = len(tokens ^ ranked[min(_CANDIDATES, len(ranked)) - 1][3]) if ranked else 0
        found: dict[str, Near] = {}
        compared: dict[FirstFlight, tuple[Feature, ...]] = {}
        for profile, number, template, theirs in ranked:
            if len(tokens ^ theirs) > last:
                break
            other = comparable(template, flight, server_name)
            if other not in compared:
                compared[other] = tuple(differences(flight, other))
            near = Near(profile, number, compared[other], other)
            known = found.get(profile.id)
            if known is None or len(near.features) < len(known.features):
                found[profile.id] = near
        ordered = sorted(found.values(), key=lambda near: len(near.features))
        alike = sum(not near.features for near in ordered)
        return tuple(ordered[: alike or most])


def _whoever_is_called(flight: FirstFlight) -> FirstFlight:
    """The flight without what is made anew, and without the server's name and what its length decides."""
    still = still_flight(flight)
    extensions = None
    if still.hello.extensions is not None:
        extensions = tuple(
            Extension(each.extension_type) if each.extension_type in _COUNTED_NOWHERE else each
            for each in still.hello.extensions
        )
    records = tuple(replace(record, length=0) for record in still.records)
    hello = replace(still.hello, extensions=extensions)
    return replace(still, hello=hello, length=0, records=records, segments=())


def _lengths(flight: FirstFlight) -> tuple[bool, ...]:
    """Which of the lengths that are features the hello has; the server's name decides over it too."""
    return tuple(flight.length in lengths for lengths in KNOWN_TO_MATTER)


def comparable(template: HelloTemplate, flight: FirstFlight, server_name: str | None) -> FirstFlight:
    """The flight that a template is sent as, with the server name and, where it draws one, the order of
    another.
    """
    if ExtensionType.SERVER_NAME not in flight.extension_types:
        template = _without_server_name(template)
    other = flight_of(template, server_name or NOMINAL_SERVER_NAME)
    if template.order is not ExtensionOrder.PERMUTED:
        return other
    place = {code: number for number, code in enumerate(flight.extension_types)}
    extensions = other.hello.extensions or ()
    movable = [each for each in extensions if each.extension_type not in template.unmoved]
    moved = iter(sorted(movable, key=lambda each: place.get(each.extension_type, len(place))))
    ordered = tuple(each if each.extension_type in template.unmoved else next(moved) for each in extensions)
    return replace(other, hello=replace(other.hello, extensions=ordered))


def _without_server_name(template: HelloTemplate) -> HelloTemplate:
    if template.extensions is None:
        return template
    kept = tuple(each for each in template.extensions if each.extension_type != ExtensionType.SERVER_NAME)
    return replace(template, extensions=kept)


def _tokens(flight: FirstFlight) -> _Tokens:
    """The parts of a hello that are cheap to compare."""
    hello = flight.hello
    versions = {record.version for record in flight.records}
    found: set[tuple[object, ...]] = {
        ("version", hello.legacy_version),
        ("session id", len(hello.session_id)),
        ("compression", hello.compression_methods),
        ("sslv2", flight.sslv2 is None),
        ("block", hello.extensions is None),
        *(("record", version) for version in versions),
        *(("suite", code) for code in flight.cipher_suites if not is_grease(code)),
        *(("suites", *pair) for pair in neighbours(flight.cipher_suites)),
    }
    for extension in hello.extensions or ():
        found |= _extension_tokens(extension)
    return frozenset(found)


def _extension_tokens(extension: Extension) -> set[tuple[object, ...]]:
    code = extension.extension_type
    if is_grease(code):
        return {("grease",)}
    if code in _COUNTED_NOWHERE:
        return set()
    listed = (
        entries(code, extension.body) if code in (*LIST_TYPES, ExtensionType.SUPPORTED_VERSIONS) else None
    )
    return {("extension", code), *(("entry", code, name) for name in listed or ())}
