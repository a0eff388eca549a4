"""What a hello is known by: JA3, JA4, and a value that is equal for hellos with the same bytes.

Of a hello whose client draws GREASE values or an order, the value is that of all it may draw.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from clients.canonical import canonical
from clients.profile import Profile
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from handshake.wire.ja3 import ja3
from handshake.wire.ja4 import ja4


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """JA3 and JA4, None of an SSLv2-format hello; `same` is equal for two templates that send the same."""

    ja3: str | None
    ja4: str | None
    same: tuple[object, ...]


def fingerprints(template: HelloTemplate) -> Fingerprints:
    """Those of the hello that a template makes for a server with a name."""
    flight = flight_of(template)
    if flight.sslv2 is not None:
        return Fingerprints(None, None, (flight.sslv2,))
    same = (template.record_version, template.records, canonical(flight.hello, template))
    return Fingerprints(ja3(flight.hello), ja4(flight.hello), same)


def same_hellos(found: Mapping[str, Fingerprints]) -> dict[str, tuple[str, ...]]:
    """For each id the other ids with the same hello."""
    groups: defaultdict[object, list[str]] = defaultdict(list)
    for identity, each in found.items():
        groups[each.same].append(identity)
    return {
        identity: tuple(other for other in groups[each.same] if other != identity)
        for identity, each in found.items()
    }


def fingerprints_of(profiles: Mapping[str, Profile]) -> dict[str, Fingerprints]:
    """Those of the first hello of each profile, by its id."""
    return {identity: fingerprints(each.attempts[0].template) for identity, each in profiles.items()}
