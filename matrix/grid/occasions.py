"""Whether a server that departs from the RFCs had occasion to in a cell. Pure.

A departure shows in some scenarios alone, and in answer to some hellos alone; the server's own report of a
connection says whether it has. Where it has not, the cell shows a server without the departure, whatever came
of it, and a note says so.
"""

from collections.abc import Iterable, Iterator, Sequence

from handshake.features import parse_feature
from handshake.server.departures.collection import departures
from handshake.server.departures.departure import Departure, Scenario
from matrix.plan.departing import can_show, showing_scenarios
from matrix.wording import joined
from servers.contract import Connection
from servers.emulated.served import departed
from servers.variant import ServerVariant

_NEEDED = {
    Scenario.HELLO_REQUEST: "a server that asks for a renegotiation",
    Scenario.RENEGOTIATION: "a renegotiation",
    Scenario.RESUMPTION: "a session that is resumed",
}


def departures_of(variant: ServerVariant) -> tuple[Departure, ...]:
    """The departures of a server, by whatever it has them."""
    known = departures()
    return tuple(known[name] for name in variant.emulation().get("departures", ()) if name in known)


def occasion_notes(
    expected: Iterable[Departure], scenario: str, told: Sequence[Connection | None]
) -> Iterator[str]:
    """Say which of a server's departures have not shown in a cell, and why; nothing where the server has not
    told of all of the cell's connections.
    """
    shown = [None if each is None else departed(each.log) for each in told]
    if None in shown:
        return
    names = {name for each in shown for name in each or ()}
    for departure in expected:
        if departure.name not in names:
            yield (
                f"the server had no occasion to depart: {_why(departure, scenario)}; this cell says nothing "
                f"about {departure.name}"
            )


def _why(departure: Departure, scenario: str) -> str:
    if not can_show(departure, scenario):
        return f"it shows in {joined(list(showing_scenarios(departure)))}"
    needed = [_NEEDED[departure.scenario]] if departure.scenario in _NEEDED else []
    if departure.hello:
        needed.append(f"a hello with {parse_feature(departure.hello).describe()}")
    return f"it takes {joined(needed)}" if needed else "the handshake did not come to that"
