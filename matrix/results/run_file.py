"""run.json: what a run found, in a form fit for git. Schema `tls-matrix/run/2`.

Nothing in it differs between two runs of the same thing: no time, port, fingerprint or name of the run (those
are in timings.json). Keys and cells are sorted, so a change shows as the lines that changed. New keys are
optional and unknown ones are kept, so that a file of another version of this program can be read; one of
schema 1 is read as what it means in schema 2.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    Field,
    model_validator,
)

from clients.observation import NOT_TRIED
from definitions.fault import Mistakes, Place, shown, unknown_value
from definitions.former import Notes
from definitions.reading import read_json
from handshake.reason import Detail, Reason
from matrix.errors import UnreadableRun
from matrix.judgement.outcome import NOTHING_TO_DO, Expectation, Outcome, Verdict
from matrix.results.evidence_wanted import EvidenceWanted
from matrix.results.explained import ExplanationRecord
from matrix.results.files import to_json as to_json  # for whoever writes beside it, too
from matrix.results.record import Record, SavedReason

SCHEMA: Literal["tls-matrix/run/2"] = "tls-matrix/run/2"
EARLIER_SCHEMA = "tls-matrix/run/1"
RUN_FILE_NAME = "run.json"
EXTERNAL = "external"
"""The kind, level and backend of a target: it was running already."""
UNFINISHED = ".unfinished"
"""How the name of a folder ends in which a run is written, or was when something ended it."""
SCHEMA_FILE = Path(__file__).parents[1] / "schema" / "run-2.json"
GIVE_A_RUN = f"give a run's folder or its {RUN_FILE_NAME}"


class TargetRecord(Record):
    """A target as it was asked for; `starttls` names the protocol that is spoken before TLS."""

    name: str
    address: str
    server_name: str | None
    starttls: str | None


class AskedRecord(Record):
    """What the run was asked for; `timeout` is the seconds that each connection attempt had, `evidence` for
    which cells it was kept.
    """

    servers: list[str] = Field(default=[])
    clients: list[str] = Field(default=[])
    scenarios: list[str] = Field(default=[])
    targets: list[TargetRecord] = Field(default=[])
    timeout: float | None = None
    evidence: EvidenceWanted | None = None


class CertificateRecord(Record):
    """The leaf certificate that a target showed, as it reads; moments are ISO 8601 in UTC."""

    subject: str
    names: list[str] = Field(description="subjectAltName: DNS names and addresses")
    issuer: str
    not_before: str = Field(alias="notBefore")
    not_after: str = Field(alias="notAfter")
    key: str = Field(description="its kind and size, e.g. RSA 2048 or P-256")
    signature: str = Field(description="its signature algorithm, e.g. RSA_WITH_SHA256")


class RunRecord(Record):
    """What was run with what. `partial`: some planned cell has no result (the run was interrupted or
    narrowed); `planned` says of how many.
    """

    profiles_digest: str = Field(description="SHA-256 over the client profiles used, in hex")
    tool_version: str
    partial: bool
    environment: dict[str, str] = Field(description="versions of what took part, stable on one machine")
    asked: AskedRecord | None = Field(default=None, description="null in a file of schema 1")
    planned: int | None = Field(
        default=None,
        description="how many cells a partial run was to have",
        exclude_if=lambda planned: planned is None,
    )
    shard: str | None = Field(
        default=None,
        pattern=r"^[1-9]\d*/[1-9]\d*$",
        description="which part of a run this is, as 2/8; what was asked is that of the whole run",
        exclude_if=lambda shard: shard is None,
    )
    lost_evidence: bool = Field(
        default=False,
        description="the disk was full, and evidence made room for the results",
        exclude_if=lambda lost: not lost,
    )

    def measured(self, cells: int, planned: int) -> Self:
        """The same of a run in which so many of the planned cells have a result."""
        is_partial = cells < planned
        return self.model_copy(update={"partial": is_partial, "planned": planned if is_partial else None})


class ServerRecord(Record):
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
    problem: str = Field(default="", description="why nothing, or no more, could be asked of it")
    position: int | None = Field(
        default=None, ge=0, description="where its level stands among those of its definition; the first is 0"
    )
    definition: str | None = Field(
        default=None,
        exclude_if=lambda definition: definition is None,
        description="SHA-256 over what its definition says, in hex; missing for a target",
    )


class ClientRecord(Record):
    """A client profile, or a genuine program, whose confidence is `genuine`. `ja3` and `ja4` are those of a
    profile's first hello; null for an SSLv2-format hello, which has none. `plays` is the genuine program that
    a profile is compared with, `sets` are those that it belongs to.
    """

    title: str
    confidence: str
    ja3: str | None
    ja4: str | None = Field(default=None, exclude_if=lambda ja4: ja4 is None)
    plays: str | None = Field(default=None, exclude_if=lambda plays: plays is None)
    sets: list[str] = Field(
        default=[], exclude_if=lambda sets: not sets, description="as --client set:NAME chooses it by"
    )


class NegotiatedRecord(Record):
    """What the connection that worked agreed on."""

    version: str
    cipher_suite: str
    group: str | None
    renegotiation_info: bool


class RenegotiationRecord(Record):
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


class AttemptRecord(Record):
    """One connection of the client's fallback ladder."""

    version: str
    outcome: Literal[Outcome.WORKS, Outcome.FAILS]
    reason: SavedReason | None


ASSUMED = "assumed"
"""The confidence of a cell that works where it is not known what the client refuses."""
LOW = "low"
"""The same where documents or related programs alone say what the client refuses."""
_HOW_SURE = (
    "where it works, how sure it is that the client itself would, by what is known of what it refuses: "
    "genuine, the program itself was run; high, measured on it; medium, read in its source, or measured on "
    "its library or another release; low, from documents or related programs alone; assumed, not known, and "
    "the RFCs are followed"
)


class CellRecord(Record):
    """One cell. `outcome` is null when nothing was found out; `note` then says why."""

    id: str
    server: str
    client: str
    scenario: str
    outcome: Outcome | None
    reason: SavedReason | None = Field(
        description="that of the first failed attempt; of a scenario that asks with changed hellos what they "
        "amount to; null when it works"
    )
    reason_detail: dict[str, Any] = Field(
        default_factory=dict, description="what was met and wanted, how long was waited, what was said"
    )
    verdict: Verdict
    expected: Outcome | None = Field(description="null where there was nothing to expect")
    expected_reason: SavedReason | None = None
    expected_why: str
    prediction: Outcome | None = Field(
        description="what the two definitions alone say; null when they do not decide it"
    )
    prediction_why: str = ""
    cause: str | None = Field(
        default=None,
        exclude_if=lambda cause: cause is None,
        description="what in the hello is to blame, a sentence; of a run with --explain",
    )
    explanation: ExplanationRecord | None = Field(
        default=None,
        exclude_if=lambda explanation: explanation is None,
        description="how sure the cause is, what proves it and what helps; of a run with --explain",
    )
    note: str = ""
    notes: list[str] = Field(default=[], description="what to look at although it works, a sentence each")
    http_status: int | None = Field(default=None, description="of the answer; null where it was not HTTP")
    certificate_requested: bool = Field(default=False, description="the server asked for one of the client")
    certificate: CertificateRecord | None = Field(default=None, description="of a target")
    negotiated: NegotiatedRecord | None
    renegotiation: RenegotiationRecord | None = None
    confidence: str | None = Field(
        default=None,
        exclude_if=lambda confidence: confidence is None,
        description=_HOW_SURE,
    )
    attempts: list[AttemptRecord]

    @property
    def detailed_reason(self) -> Reason | None:
        """The reason with its details."""
        return self.reason and replace(self.reason, detail=Detail.from_json(self.reason_detail))

    @property
    def expectation(self) -> Expectation | None:
        """What was expected of it."""
        if self.expected is None:
            return None
        return Expectation(self.expected, self.expected_reason, self.expected_why)

    @property
    def finding(self) -> bool:
        """True when observation and prediction contradict each other, and nothing that was expected explains
        it.
        """
        if self.outcome is None or self.prediction is None or self.verdict.is_as_expected:
            return False
        return self.outcome is not self.prediction or self._differs_from_predicted_reason

    @property
    def _differs_from_predicted_reason(self) -> bool:
        """Where the prediction is what was expected, its reason was expected, too."""
        is_predicted = (self.expected, self.expected_why) == (self.prediction, self.prediction_why)
        return is_predicted and self.expected_reason is not None and self.reason != self.expected_reason


def _of_another_schema(schema: object) -> str:
    name, _, number = str(schema).rpartition("/")
    known, _, newest = SCHEMA.rpartition("/")
    if name == known and number.isdecimal() and int(number) > int(newest):
        return f"is of a newer version of this program ({schema}; this one knows {SCHEMA}): use that version"
    return f"is {shown(schema)} and not {SCHEMA}: {GIVE_A_RUN} of this schema"


class RunFile(Record):
    """The whole file."""

    schema_name: Literal["tls-matrix/run/2"] = Field(default=SCHEMA, alias="schema")
    run: RunRecord
    servers: dict[str, ServerRecord]
    clients: dict[str, ClientRecord]
    cells: list[CellRecord]

    @model_validator(mode="before")
    @classmethod
    def _is_a_run(cls, content: Any) -> Any:
        """Read schema 1, where a scenario that does not apply was a failure, expected or not. What is
        something else altogether has one fault, and not those of all its keys.
        """
        if not isinstance(content, dict) or not content.keys() & {"schema", "cells"}:
            raise ValueError(f"is no run ({SCHEMA}): {GIVE_A_RUN}")
        schema = content.get("schema", SCHEMA)
        if schema not in (SCHEMA, EARLIER_SCHEMA):
            raise Mistakes([(("schema",), _of_another_schema(schema))])
        cells = content.get("cells")
        if schema != EARLIER_SCHEMA or not isinstance(cells, list):
            return {**content, "schema": SCHEMA}
        cells = [_as_not_applicable(cell) if isinstance(cell, dict) else cell for cell in cells]
        return {**content, "schema": SCHEMA, "cells": cells}

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


def _as_not_applicable(cell: dict[str, Any]) -> dict[str, Any]:
    causes = {str(cause) for cause in NOTHING_TO_DO}
    changed = dict(cell)
    if str(cell.get("reason")).partition(":")[2] in causes and cell.get("outcome") == Outcome.FAILS:
        is_expected = cell.get("verdict") == Verdict.EXPECTED_FAILURE
        changed |= {"outcome": Outcome.NOT_APPLICABLE.value}
        changed |= {"verdict": Verdict.NOT_APPLICABLE.value} if is_expected else {}
    if str(cell.get("expected_reason")).partition(":")[2] in causes:
        changed |= {"expected": Outcome.NOT_APPLICABLE.value}
        changed |= {"prediction": Outcome.NOT_APPLICABLE.value} if cell.get("prediction") == "fails" else {}
    return changed


def encode(run: RunFile) -> str:
    """Write a run as text, byte for byte the same for the same content."""
    return "".join(encoded_run(run))


def encoded_run(run: RunFile) -> Iterator[str]:
    """The same in pieces, cell after cell, since the text of all of them takes as much room as the run."""
    content = to_json(run.model_copy(update={"cells": []}).model_dump(mode="json", by_alias=True))
    if not run.cells:
        yield content
        return
    before, key, after = content.partition('\n  "cells": [')
    yield before + key
    for number, cell in enumerate(sorted(run.cells, key=lambda cell: cell.id)):
        text = to_json(cell.model_dump(mode="json", by_alias=True)).rstrip("\n").replace("\n", "\n    ")
        yield f"{',' if number else ''}\n    {text}"
    yield f"\n  {after}"


def json_schema() -> str:
    """Give the JSON Schema of run.json, as shipped in `schema/run-2.json`."""
    schema = RunFile.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return to_json(schema)


def load_whole_run(path: Path, notes: Notes | None = None) -> RunFile:
    """Read a run that is to be compared with another. Raises UnreadableRun, also for a shard."""
    run = load_run(path, notes)
    if run.run.shard is not None:
        raise UnreadableRun(
            f"{path}: is shard {run.run.shard} of a run; make one run of all with `tls-matrix report merge`"
        )
    return run


def load_run(path: Path, notes: Notes | None = None) -> RunFile:
    """Read a run from its folder or its run.json; old keys and notations go into `notes`. Raises
    UnreadableRun with a line for each fault.
    """
    file = path / RUN_FILE_NAME if path.is_dir() else path
    if path.name.endswith(UNFINISHED) and path.is_dir() and not file.exists():
        advice = f"the run did not end; `tls-matrix report {path}` makes its files"
        raise UnreadableRun(f"{file}: cannot be read (there is none); {advice}")
    return read_json(file, RunFile, UnreadableRun, notes, advice=GIVE_A_RUN)
