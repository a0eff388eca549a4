"""The ways in which an emulated server can depart from the RFCs."""

from definitions.former import Notes
from handshake.server.departures.collection import departures
from handshake.wire.registry import version_name
from matrix.commands.listings import Row
from matrix.plan.departing import showing_scenarios
from matrix.plan.options import RunOptions


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    return [
        {
            "id": departure.name,
            "versions": ", ".join(version_name(version) for version in departure.versions),
            "scenario": ", ".join(showing_scenarios(departure)),
            "demand": str(departure.demand),
            "section": departure.demand.section,
            "hello": departure.hello,
            "otherwise": "" if departure.otherwise is None else str(departure.otherwise),
            "title": f"The server {departure.title}",
        }
        for departure in departures().values()
    ]
