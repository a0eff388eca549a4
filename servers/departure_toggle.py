"""The toggle that lets an emulated server depart from the RFCs in one named way, made from the list of
departures.

A departure shows in some versions alone, so the server has no others then: a client that could do better
would never meet it. Where it takes a request for a certificate to show, the server asks for one; where it
takes a certificate of its own kind, the server has that one alone.
"""

from collections.abc import Mapping
from typing import Any

from handshake.server.departures.collection import departures
from handshake.server.departures.departure import Scenario
from handshake.wire.registry import version_name
from servers.credentials import KINDS

NONE = "none"


def departure_values() -> Mapping[str, Any]:
    """What a [toggles.NAME] table would say of the values: all there are, and the default."""
    return {"values": [NONE, *departures()], "default": NONE}


def departure_layer(value: str) -> dict[str, Any]:
    """What a value changes, as [toggles.NAME.when.VALUE] would say it."""
    if value == NONE:
        return {}
    departure = departures()[value]
    declared: dict[str, Any] = {"versions": [version_name(version) for version in departure.versions]}
    if departure.scenario is Scenario.CLIENT_CERTIFICATE:
        declared["client_certificate"] = "request"
    if departure.certificate:
        declared["certificates"] = [KINDS[departure.certificate].type.value]
    return {"declared": declared, "emulation": {"departures": [departure.name]}}


def certificate_of_departure(value: str) -> str | None:
    """The kind of certificate that a value takes to show; None where the ordinary ones do."""
    return None if value == NONE else departures()[value].certificate or None
