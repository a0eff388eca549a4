"""The toggle that gives a server one certificate of a named kind in the place of its ordinary ones, made from
the list of kinds (`servers.credentials.KINDS`).
"""

from collections.abc import Mapping
from typing import Any

from servers.credentials import KINDS

ORDINARY = "ordinary"


def certificate_values() -> Mapping[str, Any]:
    """What a [toggles.NAME] table would say of the values: all there are, and the default."""
    return {"values": [ORDINARY, *KINDS], "default": ORDINARY}


def certificate_layer(value: str) -> dict[str, Any]:
    """What a value changes, as [toggles.NAME.when.VALUE] would say it."""
    return {} if value == ORDINARY else {"declared": {"certificates": [KINDS[value].type.value]}}
