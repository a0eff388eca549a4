"""What `tls-matrix history` says as JSON: one schema, `tls-matrix/history/1`, with a form for each question.

A text that is not known is null. Its file lies beside that of run.json.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from matrix.history.over_time import CellOverTime, Course, Span
from matrix.history.store import StoredRun
from matrix.results.files import to_json
from matrix.results.run_file import SCHEMA_FILE as RUN_SCHEMA_FILE

SCHEMA: Literal["tls-matrix/history/1"] = "tls-matrix/history/1"
SCHEMA_FILE = RUN_SCHEMA_FILE.with_name("history-1.json")


class _Answer(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, populate_by_name=True)


class RunAnswer(_Answer):
    """A run; `folder` is where it was then, `started` ISO 8601 in UTC."""

    name: str
    folder: str
    started: str | None
    tool_version: str
    partial: bool


class CountedRun(RunAnswer):
    """A run with its counts of cells: by outcome, without one (`unmeasured`), and otherwise than expected."""

    cells: int
    works: int
    works_after_fallback: int
    fails: int
    not_applicable: int
    unmeasured: int
    unexpected: int


class SpanAnswer(_Answer):
    """Runs one after the other with the same result. `course` says what it is that the result is another than
    that before: changed, flaky, or steady for the first.
    """

    first: RunAnswer
    last: RunAnswer
    runs: int
    outcome: str
    reason: str | None
    version: str | None
    cipher_suite: str | None
    verdict: str = Field(description="in the first of these runs")
    course: Course


class CellAnswer(_Answer):
    """A cell over time; `unmeasured` counts the runs that found nothing out."""

    id: str
    course: Course
    changed_in: RunAnswer | None = Field(description="the first run that gave the present result")
    spans: list[SpanAnswer]
    unmeasured: int


class Runs(_Answer):
    """The last runs, the latest last; `kept` counts all there are."""

    schema_name: Literal["tls-matrix/history/1"] = Field(default=SCHEMA, alias="schema")
    about: Literal["runs"] = "runs"
    file: str
    kept: int
    runs: list[CountedRun]


class Cells(_Answer):
    """Cells over time."""

    schema_name: Literal["tls-matrix/history/1"] = Field(default=SCHEMA, alias="schema")
    about: Literal["cells"] = "cells"
    file: str
    cells: list[CellAnswer]


class Imported(_Answer):
    """What became of the runs that were to be imported, in their order."""

    schema_name: Literal["tls-matrix/history/1"] = Field(default=SCHEMA, alias="schema")
    about: Literal["import"] = "import"
    file: str
    added: list[str]
    there_already: list[str]


class Pruned(_Answer):
    """Which runs were removed, and how many are left."""

    schema_name: Literal["tls-matrix/history/1"] = Field(default=SCHEMA, alias="schema")
    about: Literal["prune"] = "prune"
    file: str
    removed: list[RunAnswer]
    kept: int


Answer = Runs | Cells | Imported | Pruned


class _AnyAnswer(RootModel[Annotated[Answer, Field(discriminator="about")]]):
    """One of the answers."""


def encode(answer: Answer) -> str:
    """Write an answer as text."""
    return to_json(answer.model_dump(mode="json", by_alias=True))


def json_schema() -> str:
    """Give the JSON Schema of all answers, as shipped in `schema/history-1.json`."""
    schema = _AnyAnswer.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return to_json(schema)


def run_answer(run: StoredRun) -> RunAnswer:
    """A run."""
    return RunAnswer(
        name=run.name,
        folder=run.folder,
        started=run.started or None,
        tool_version=run.tool_version,
        partial=run.partial,
    )


def cell_answer(cell: CellOverTime) -> CellAnswer:
    """A cell over time."""
    return CellAnswer(
        id=cell.cell,
        course=cell.course,
        changed_in=run_answer(cell.changed_in) if cell.changed_in else None,
        spans=[_span(span) for span in cell.spans],
        unmeasured=cell.unmeasured,
    )


def _span(span: Span) -> SpanAnswer:
    state = span.state
    return SpanAnswer(
        first=run_answer(span.first),
        last=run_answer(span.last),
        runs=span.runs,
        outcome=state.outcome,
        reason=state.reason or None,
        version=state.version or None,
        cipher_suite=state.cipher_suite or None,
        verdict=state.verdict,
        course=span.course,
    )
