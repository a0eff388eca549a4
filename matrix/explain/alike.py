"""Hypotheses that say the same of every hello that is known, and so count as one.

No hello tells "the extension" from "the extension with the only body that anybody sends". What is compared
are the hellos of all clients and those that were asked, but for those with a client_version that there is not
any more (RFC 8446 section 4.1.2).
"""

from collections.abc import Iterable, Sequence

from handshake.features import FirstFlight
from matrix.explain.hypotheses import Hypothesis


def merged(possible: Iterable[Hypothesis], flights: Sequence[FirstFlight]) -> list[list[Hypothesis]]:
    """The hypotheses in groups of those that are alike, everything in the order given."""
    groups: dict[tuple[bool, ...], list[Hypothesis]] = {}
    for each in possible:
        groups.setdefault(tuple(each.holds(flight) for flight in flights), []).append(each)
    return list(groups.values())
