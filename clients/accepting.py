"""The `[accepts]` table of a profile: what its stack does about what a server does wrong.

    [accepts]
    like = "openssl-3"
    "record-version" = "closes"

`like` names a family of stacks (`clients.family`), whose limits and policy the profile has too. What is
written in the profile holds; what nobody says is as the RFCs have it (`handshake.accepts`). `confidence` says
how sure it is that the client does so, where that is less than what the file has.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from clients.family import CONFIDENCE, LIKE, FamilyConduct, TableOf, family_conduct, over, parse_answers
from definitions.fault import Mistakes, shown
from handshake.accepts import NOTATION, Accepts, Answer

_CONFIDENCES = ("high", "medium", "low")
ACCEPTS_SCHEMA = {
    "type": "object",
    "properties": {LIKE: {"type": "string"}, CONFIDENCE: {"enum": list(_CONFIDENCES)}},
    "additionalProperties": {
        "type": "string",
        "pattern": "^(" + re.sub(r"\?P<\w+>", "", NOTATION.pattern) + ")$",
    },
    "description": "what its stack does about what a server does wrong, by the names of such faults "
    '(tls-matrix list faults): goes-on, closes, alert:<name>; "like" names a family in clients/accepts',
}
"""JSON Schema of the table, for editors."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """What a client does about faults, by their names; `confidence` is None where nothing is known of it.
    `family` is what it has of the family it is like.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    confidence: str | None = None
    family: FamilyConduct | None = None

    def to_engine(self) -> Accepts:
        """Return it in the engine's words."""
        return Accepts(self.answers)


def conduct_of(table: Any, info: ValidationInfo) -> Conduct:
    """The conduct that an `[accepts]` table says, with that of its family. Raises ValueError."""
    if isinstance(table, Conduct):
        return table
    if not isinstance(table, dict):
        raise ValueError("is no table: write [accepts] and a line for each fault")
    own = parse_answers(table)
    confidence = table.get(CONFIDENCE)
    if confidence is not None and confidence not in _CONFIDENCES:
        raise Mistakes([((CONFIDENCE,), f"is {shown(confidence)}: write high, medium or low")])
    if LIKE not in table:
        return Conduct(own, confidence or ("high" if own else None))
    if not isinstance(table[LIKE], str):
        raise Mistakes([((LIKE,), f"is {shown(table[LIKE])}: write the name of a family in quotes")])
    family = family_conduct(table[LIKE], info.context if isinstance(info.context, Path) else None)
    return Conduct({**family.answers, **own}, confidence or family.confidence, family)


def _over_the_family(own: TableOf, info: ValidationInfo) -> TableOf:
    """A table of the profile, and where it says nothing, that of its family."""
    conduct = info.data.get("accepts")
    if not isinstance(conduct, Conduct) or conduct.family is None or info.field_name is None:
        return own
    family: TableOf = getattr(conduct.family, info.field_name)
    return over(own, family)


OverTheFamily = Annotated[TableOf, AfterValidator(_over_the_family)]
"""A table that families have too; in a model the field of `[accepts]` has to come before it."""
