"""In which scenarios a departure of a server shows. Pure."""

from collections.abc import Mapping

from handshake.server.departures.departure import Departure, Scenario
from matrix.scenarios import CONNECT
from matrix.scenarios.renegotiate_client import SCENARIO as RENEGOTIATE_CLIENT
from matrix.scenarios.renegotiate_server import SCENARIO as RENEGOTIATE_SERVER
from matrix.scenarios.resume_session_id import SCENARIO as RESUME_SESSION_ID
from matrix.scenarios.resume_ticket import SCENARIO as RESUME_TICKET

_SHOWING: Mapping[Scenario, tuple[str, ...]] = {
    Scenario.HELLO_REQUEST: (RENEGOTIATE_SERVER.id,),
    Scenario.RENEGOTIATION: (RENEGOTIATE_CLIENT.id, RENEGOTIATE_SERVER.id),
    Scenario.RESUMPTION: (RESUME_SESSION_ID.id, RESUME_TICKET.id),
}
"""Where it takes more than a handshake. A server that departs in a CertificateRequest sends one, and one that
departs in a HelloRetryRequest sends one, in every scenario.
"""


def showing_scenarios(departure: Departure) -> tuple[str, ...]:
    """The ids of the scenarios in which it can show; `connect` alone stands for all, which begin so."""
    return _SHOWING.get(departure.scenario, (CONNECT.id,))


def can_show(departure: Departure, scenario: str) -> bool:
    """Whether it can show in the scenario of this id."""
    showing = showing_scenarios(departure)
    return scenario in showing or CONNECT.id in showing
