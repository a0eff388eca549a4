"""The file of observations: who connected, and what became of it, as people have seen it.

    [[observation]]
    client = "biztalk-ws2008"
    outcome = "fails"
    reason = "alert-unexpected_message"

A client is a profile, or `hello` names a file that holds its hello, as `hello import` takes it. Outcomes and
reasons are written as reports write them. What somebody is not sure of says `sure = false`.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)

from clients.fields import Listed
from definitions.document import toml_document
from definitions.fault import Mistakes, Place, UnusableFile, shown
from definitions.former import Notes
from definitions.reading import read_toml
from handshake.events import Phase
from handshake.reason import Cause, parse_cause, parse_reason
from matrix.errors import MatrixError
from matrix.judgement.outcome import Outcome

SCHEMA_FILE = Path(__file__).parent / "observations.schema.json"  # for editors; made by `json_schema`
MOST_OBSERVATIONS = 500
"""More than people write down; each costs a look at every feature of its hello."""
_PHASES = frozenset(phase.value for phase in Phase)


class ObservationError(UnusableFile, MatrixError):
    """A file of observations that cannot be used: one line a fault."""


class CalledBy(StrEnum):
    """How the client was told where to connect: a host name stands in its hello, an address does not."""

    NAME = "name"
    ADDRESS = "address"


def _cause(value: Any) -> Cause:
    if isinstance(value, Cause):
        return value
    if not isinstance(value, str):
        raise ValueError(f"is {shown(value)}: write text in quotes, such as alert-handshake_failure")
    phase, colon, _ = value.partition(":")
    return parse_reason(value).cause if colon and phase in _PHASES else parse_cause(value)


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


_REASON = WithJsonSchema(
    {
        "type": "string",
        "minLength": 1,
        "description": "how it failed, as reports say it: alert-<name>, fin, reset, timeout, policy-<what> "
        "...; a phase may stand before it (server-hello:alert-unexpected_message)",
    }
)


class Entry(BaseModel):
    """One `[[observation]]`."""

    model_config = ConfigDict(defer_build=True, strict=True, frozen=True, extra="forbid")

    client: str | None = Field(default=None, description="the id of a profile (tls-matrix list clients)")
    hello: str | None = Field(
        default=None, description="a file that holds its hello; FILE#N is hello number N of several"
    )
    outcome: Annotated[
        Outcome,
        BeforeValidator(lambda value: _outcome(value)),
        WithJsonSchema({"enum": ["works", "works-after-fallback", "fails"]}),
    ] = Field(description="works-after-fallback: the first hello failed, and the client tried again")
    attempt: int | None = Field(
        default=None,
        ge=1,
        description="which of the client's hellos it was, from 1; a client may try several",
    )
    reason: Annotated[Cause, BeforeValidator(_cause), _REASON] | None = None
    called_by: Annotated[
        CalledBy,
        BeforeValidator(lambda value: _called_by(value)),
        WithJsonSchema({"enum": ["name", "address"], "default": "name"}),
    ] = Field(default=CalledBy.NAME, description="whether a host name stands in its hello")
    settings: Annotated[tuple[str, ...], Listed] = Field(
        default=(), description="what the client was told, by the ids of tls-matrix list settings"
    )
    sure: bool = Field(default=True, description="false where it may have had another cause")
    note: Annotated[str, BeforeValidator(_one_line)] = ""

    @model_validator(mode="after")
    def _fits(self) -> "Entry":
        wrong: list[tuple[Place, str]] = []
        if (self.client is None) == (self.hello is None):
            which = (
                "is missing: name a profile, or a file with hello"
                if self.client is None
                else ("stands beside hello: leave one of the two")
            )
            wrong.append((("client",), which))
        if self.outcome is Outcome.WORKS and self.reason is not None:
            wrong.append((("reason",), "what works has no reason: drop it, or write fails"))
        if self.outcome is Outcome.WORKS_AFTER_FALLBACK and (self.attempt or 2) < 2:
            wrong.append(
                (("attempt",), "is 1: what works after a fallback is the second hello or a later one")
            )
        if self.hello is not None:
            wrong += [
                ((key,), "is about a client's profile: drop it, since the file holds the hello itself")
                for key in ("attempt", "called_by", "settings")
                if key in self.model_fields_set
            ]
            if self.outcome is Outcome.WORKS_AFTER_FALLBACK:
                advice = "is about several hellos: write one observation for each, fails and works"
                wrong.append((("outcome",), advice))
        if wrong:
            raise Mistakes(wrong)
        return self


def _outcome(value: Any) -> Outcome:
    known = (Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK, Outcome.FAILS)
    if value not in known:
        raise ValueError(f"is {shown(value)}: write {', '.join(known[:-1])} or {known[-1]}")
    return Outcome(value)


def _called_by(value: Any) -> CalledBy:
    if value not in list(CalledBy):
        raise ValueError(f"is {shown(value)}: write name or address")
    return CalledBy(value)


class Observations(BaseModel):
    """A whole file. `server` says which server it was, for people."""

    model_config = ConfigDict(defer_build=True, strict=True, frozen=True, extra="forbid")

    server: Annotated[str, BeforeValidator(_one_line)] = ""
    observations: Annotated[
        tuple[Entry, ...],
        Field(min_length=1, max_length=MOST_OBSERVATIONS, alias="observation"),
        Listed,
    ]
    _lines: tuple[int | None, ...] = PrivateAttr(default=())

    @model_validator(mode="before")
    @classmethod
    def _has_some(cls, content: Any) -> Any:
        found = content.get("observation", []) if isinstance(content, Mapping) else None
        if isinstance(found, list) and not found and {"server", "observation"}.issuperset(content):
            advice = (
                "has none: write a table [[observation]] with client and outcome for each client that was "
                "seen; examples/incident-2012.toml is an example"
            )
            raise Mistakes([(("observation",), advice)])
        if isinstance(found, list) and len(found) > MOST_OBSERVATIONS:
            advice = (
                f"has {len(found)}, more than {MOST_OBSERVATIONS}: write each client once for each thing "
                "that came of it, and leave the repetitions out"
            )
            raise Mistakes([(("observation",), advice)])
        return content

    def line_of(self, index: int) -> int | None:
        """The line on which an observation begins."""
        return self._lines[index] if index < len(self._lines) else None


def read_observations(path: Path, notes: Notes | None = None) -> Observations:
    """Read a file of observations. Raises ObservationError."""
    advice = "check its name and its permissions; examples/incident-2012.toml is an example"
    found = read_toml(path, Observations, ObservationError, notes, advice)
    document = toml_document(path)
    count = len(found.observations)
    found._lines = tuple(document.line_of(("observation", index)) for index in range(count))
    return found


def json_schema() -> Mapping[str, Any]:
    """The JSON Schema (draft 2020-12) of a file of observations, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Observations.model_json_schema(by_alias=True),
        "title": "Observations of TLS clients at one server",
    }
