"""What `run --explain` keeps of an explanation in run.json, beside the sentence of the cause: how sure it is,
what proves it and what helps, each bounded. All of it `explain CELL --json` gives.
"""

from typing import Literal

from pydantic import Field

from matrix.results.record import Record


class RemedyRecord(Record):
    """What takes the cause away."""

    side: Literal["client", "server"] = Field(description="where it is done")
    how: str
    source: str


class ExplanationRecord(Record):
    """An explanation of a failure, which several cells may share."""

    result: str = Field(description="how it ended, as in `explain --json`")
    client: str = Field(description="the client whose hello was asked about")
    confidence: str
    proof: str = Field(description="two hellos that differ in the cause, in a sentence; empty without any")
    connections: int = Field(description="how many were made")
    remedies: list[RemedyRecord] = Field(default=[], description="some of those that are known")
