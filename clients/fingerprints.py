"""What a hello is known by: JA3 and JA4, and which clients send the same bytes.

Where a client draws GREASE values or an order, all it may draw is compared.
"""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from clients.canonical import canonical
from clients.profile import Profile
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from handshake.wire.ja3 import ja3
from handshake.wire.ja4 import ja4


class Fingerprints(Struct, frozen=True):
    """JA3 and JA4, None of an SSLv2-format hello."""

    ja3: str | None
    ja4: str | None


def fingerprints(template: HelloTemplate) -> Fingerprints:
    """Those of the hello that a template makes for a server with a name."""
    flight = flight_of(template)
    if flight.sslv2 is not None:
        return Fingerprints(None, None)
    return Fingerprints(ja3(flight.hello), ja4(flight.hello))


def fingerprints_of(profiles: Mapping[str, Profile]) -> dict[str, Fingerprints]:
    """Those of the first hello of each profile, by its id."""
    return {identity: fingerprints(each.attempts[0].template) for identity, each in profiles.items()}


def same_hellos(profiles: Mapping[str, Profile]) -> dict[str, tuple[str, ...]]:
    """For each id the other ids whose first hello is the same."""
    groups: defaultdict[object, list[str]] = defaultdict(list)
    sent = {identity: _sent(each.attempts[0].template) for identity, each in profiles.items()}
    for identity, what in sent.items():
        groups[what].append(identity)
    return {
        identity: tuple(other for other in groups[what] if other != identity)
        for identity, what in sent.items()
    }


def _sent(template: HelloTemplate) -> tuple[object, ...]:
    """Equal for two templates that send the same."""
    flight = flight_of(template)
    if flight.sslv2 is not None:
        return (flight.sslv2,)
    return template.record_version, template.records, canonical(flight.hello, template)
