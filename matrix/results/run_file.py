"""run.json: what a run found, in a form fit for git. Schema `tls-matrix/run/1`.

Nothing in it differs between two runs of the same thing: no time, port, fingerprint or name of the run
(those are in timings.json). Keys and cells are sorted, so a change shows as the lines that changed. Unknown
keys are refused on reading: a file of a later schema says so instead of being half understood.
"""

import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from clients.observation import NOT_TRIED
from definitions.fault import Mistakes, Place, shown, unknown_value
from definitions.former import Notes
from definitions.reading import read_json
from matrix.errors import UnreadableRun
from matrix.judgement.outcome import Outcome, Verdict

SCHEMA: Literal["tls-matrix/run/1"] = "tls-matrix/run/1"
RUN_FILE_NAME = "run.json"
SCHEMA_FILE = Path(__file__).parent / "schema" / "run-1.json"
GIVE_A_RUN = f"give a run's folder or its {RUN_FILE_NAME}"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RunRecord(_Record):
    """What was run with what. `partial`: some planned cell has no result (the run was interrupted or
    narrowed).
    """

    profiles_digest: str = Field(description="SHA-256 over the client profiles used, in hex")
    tool_version: str
    partial: bool
    environment: dict[str, str] = Field(description="versions of what took part, stable on one machine")


class ServerRecord(_Record):
    """A server under test. `level` is `external` for a target; `note` is what its definition says of
    itself. `position` is null for a target and in files of before it was written.
    """

    title: str
    level: str
    kind: str
    backend: str
    stack: str
    toggles: dict[str, str]
    note: str = ""
    hypothesis: bool = Field(default=False, description="its behaviour is assumed, not known")
    position: int | None = Field(
        default=None, ge=0, description="where its level stands among those of its definition; the first is 0"
    )


class ClientRecord(_Record):
    """A client profile. `ja3` is that of its first hello; null for an SSLv2-format hello, which has none."""

    title: str
    confidence: str
    ja3: str | None


class NegotiatedRecord(_Record):
    """What the connection that worked agreed on."""

    version: str
    cipher_suite: str
    group: str | None
    renegotiation_info: bool


class RenegotiationRecord(_Record):
    """What became of a renegotiation: with RFC 5746 on both sides (`secure`) and without (`legacy`)."""

    initiator: Literal["client", "server"]
    offered: bool = Field(description="the client's first hello signals RFC 5746")
    answered: bool = Field(description="the server's does")
    secure: str = Field(description="completed, not-tried, or the cause of its refusal")
    legacy: str = Field(description="completed, not-tried, or the cause of its refusal")
    connection_after: Literal["open", "closed"] | None = Field(
        description="whether a further request was answered; null where it was not tried"
    )

    @property
    def kind(self) -> Literal["secure", "legacy"] | None:
        """Which of the two was tried; None where neither was."""
        if self.secure != NOT_TRIED:
            return "secure"
        return "legacy" if self.legacy != NOT_TRIED else None


class AttemptRecord(_Record):
    """One connection of the client's fallback ladder."""

    version: str
    outcome: Literal[Outcome.WORKS, Outcome.FAILS]
    reason: str | None


class CellRecord(_Record):
    """One cell. `outcome` is null when nothing was found out; `note` then says why."""

    id: str
    server: str
    client: str
    scenario: str
    outcome: Outcome | None
    reason: str | None = Field(description="<phase>:<cause> of the first failed attempt; null when it works")
    verdict: Verdict
    expected: Outcome
    expected_reason: str | None = None
    expected_why: str
    prediction: Outcome | None = Field(
        description="what the two definitions alone say; null when they do not decide it"
    )
    prediction_why: str = ""
    note: str = ""
    negotiated: NegotiatedRecord | None
    renegotiation: RenegotiationRecord | None = None
    attempts: list[AttemptRecord]

    @property
    def finding(self) -> bool:
        """True when observation and prediction contradict each other."""
        return (
            self.outcome is not None and self.prediction is not None and self.outcome is not self.prediction
        )


class RunFile(_Record):
    """The whole file."""

    schema_name: Literal["tls-matrix/run/1"] = Field(default=SCHEMA, alias="schema")
    run: RunRecord
    servers: dict[str, ServerRecord]
    clients: dict[str, ClientRecord]
    cells: list[CellRecord]

    @model_validator(mode="before")
    @classmethod
    def _is_a_run(cls, content: object) -> object:
        """What is something else altogether has one fault, and not those of all its keys."""
        if not isinstance(content, dict) or not content.keys() & {"schema", "cells"}:
            raise ValueError(f"is no run ({SCHEMA}): {GIVE_A_RUN}")
        if content.get("schema", SCHEMA) != SCHEMA:
            advice = f"is {shown(content['schema'])} and not {SCHEMA}: {GIVE_A_RUN} of this schema"
            raise Mistakes([(("schema",), advice)])
        return content

    @model_validator(mode="after")
    def _cells_are_of_this_run(self) -> Self:
        wrong: list[tuple[Place, str]] = []
        seen: set[str] = set()
        for index, cell in enumerate(self.cells):
            if cell.id in seen:
                wrong.append((("cells", index, "id"), f"{cell.id!r} is there twice: keep one"))
            seen.add(cell.id)
            expected = f"{cell.server}/{cell.client}/{cell.scenario}"
            if cell.id != expected:
                advice = f"{cell.id!r} is not the id of its server, client and scenario: write {expected!r}"
                wrong.append((("cells", index, "id"), advice))
            if cell.server not in self.servers:
                place = ("cells", index, "server")
                wrong.append((place, str(unknown_value(cell.server, self.servers, "server"))))
            if cell.client not in self.clients:
                place = ("cells", index, "client")
                wrong.append((place, str(unknown_value(cell.client, self.clients, "client"))))
        if wrong:
            raise Mistakes(wrong)
        return self

    def by_id(self) -> dict[str, CellRecord]:
        """Give the cells by their id."""
        return {cell.id: cell for cell in self.cells}


def encode(run: RunFile) -> str:
    """Write a run as text, byte for byte the same for the same content."""
    content = run.model_dump(mode="json", by_alias=True)
    content["cells"].sort(key=lambda cell: cell["id"])
    return to_json(content)


def to_json(content: Any) -> str:
    """Write JSON as every file of a run is written: sorted keys, two spaces, a line feed at the end."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def json_schema() -> str:
    """Give the JSON Schema of run.json, as shipped in `schema/run-1.json`."""
    schema = RunFile.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return to_json(schema)


def load_run(path: Path, notes: Notes | None = None) -> RunFile:
    """Read a run from its folder or its run.json; old keys and notations go into `notes`. Raises
    UnreadableRun with a line for each fault.
    """
    file = path / RUN_FILE_NAME if path.is_dir() else path
    return read_json(file, RunFile, UnreadableRun, notes, advice=GIVE_A_RUN)
