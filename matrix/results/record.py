"""What the tables of a run have in common: how a reason is written, and how long a text may be, since a file
can be edited by hand and its texts are those of peers.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema, model_validator

from definitions.fault import shown
from handshake.reason import Reason, saved_reason


def _as_reason(value: object) -> Reason:
    if isinstance(value, Reason):
        return value
    if not isinstance(value, str):
        raise ValueError(f"is {shown(value)}: write text in quotes")
    return saved_reason(value)


SavedReason = Annotated[
    Reason,
    BeforeValidator(_as_reason),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z-]+:\S+$", "description": "<phase>:<cause>"}),
]


MAX_TEXT = 10_000
"""Characters of one text in a run; what is longer nobody reads, and it would be in every report."""


def _bounded(value: Any) -> Any:
    """Cut a text that is too long, saying how much is missing; and those in a list or a table."""
    if isinstance(value, str):
        more = len(value) - MAX_TEXT
        return value if more <= 0 else f"{value[:MAX_TEXT]}... ({more} more characters)"
    if type(value) is list:
        return [_bounded(each) if isinstance(each, str) else each for each in value]
    if type(value) is dict:
        return {key: _bounded(each) if isinstance(each, str) else each for key, each in value.items()}
    return value


class Record(BaseModel):
    """A table of a run. Unknown keys are kept, for those of other versions of this program."""

    model_config = ConfigDict(
        defer_build=True, extra="allow", frozen=True, arbitrary_types_allowed=True, populate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def _is_readable(cls, content: Any) -> Any:
        """Bound all texts at once: a call for each field would take longer."""
        if isinstance(content, dict):
            return {key: _bounded(value) for key, value in content.items()}
        return content
