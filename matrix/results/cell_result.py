"""What one cell gave, in the form that travels from a pytest worker to the process that writes the files.

Pure. A result is JSON (xdist carries plain values only) and holds the judgement made where the cell ran. The
evidence does not travel: the worker writes it. What travels is what finds the server's view of each
connection.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from msgspec import Struct, structs

from clients.observation import Observation
from handshake.events import Negotiated
from handshake.reason import Detail, parse_reason
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import group_name, version_name
from matrix.judgement.outcome import Judgement, Outcome, Verdict
from matrix.results.run_file import CertificateRecord

PROPERTY = "tls_matrix_cell"
ConnectionMade = tuple[int | None, str, float]
"""The client's port (None where nobody accepted), the beginning (ISO 8601) and the seconds it took."""


class Facts(Struct, frozen=True):
    """What was seen beside the outcome, as run.json has it; `notes` are sentences without a full stop."""

    http_status: int | None = None
    certificate_requested: bool = False
    certificate: CertificateRecord | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The value as JSON types; `from_json` reads it back."""
        certificate = self.certificate and self.certificate.model_dump(mode="json", by_alias=True)
        return {
            "http_status": self.http_status,
            "certificate_requested": self.certificate_requested,
            "certificate": certificate,
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Facts":
        """Read what `to_json` wrote."""
        certificate = value["certificate"]
        return cls(
            value["http_status"],
            value["certificate_requested"],
            None if certificate is None else CertificateRecord.model_validate(certificate),
            tuple(value["notes"]),
        )


class CellResult(Struct, frozen=True):
    """One judged cell. `attempts`, `negotiated` and `renegotiation` are as in run.json; `seconds` all
    connections together. `connections` are all that were made, in order. `evidence`: the worker has written
    it; `unwritten` says why it could not.
    """

    cell: str
    judgement: Judgement
    attempts: tuple[dict[str, Any], ...] = ()
    negotiated: dict[str, Any] | None = None
    renegotiation: dict[str, Any] | None = None
    seconds: float = 0.0
    facts: Facts = Facts()
    connections: tuple[ConnectionMade, ...] = ()
    evidence: bool = False
    unwritten: str = ""

    def to_json(self) -> str:
        """Write the result as one line."""
        content = structs.asdict(self)
        content |= {"judgement": judgement_to_json(self.judgement), "facts": self.facts.to_json()}
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "CellResult":
        """Read what `to_json` wrote."""
        content = json.loads(text)
        judgement = judgement_from_json(content.pop("judgement"))
        tuples = {
            "attempts": tuple(content["attempts"]),
            "facts": Facts.from_json(content["facts"]),
            "connections": tuple((port, started, took) for port, started, took in content["connections"]),
        }
        return cls(**{**content, **tuples}, judgement=judgement)


def judgement_to_json(judgement: Judgement) -> dict[str, Any]:
    """The judgement as JSON types; `judgement_from_json` reads it back."""
    reason = judgement.reason
    return {
        "verdict": judgement.verdict,
        "outcome": judgement.outcome,
        "reason": None if reason is None else [str(reason), reason.detail.to_json()],
        "note": judgement.note,
    }


def judgement_from_json(value: dict[str, Any]) -> Judgement:
    """Read what `judgement_to_json` wrote."""
    outcome, reason = value["outcome"], value["reason"]
    return Judgement(
        Verdict(value["verdict"]),
        None if outcome is None else Outcome(outcome),
        None if reason is None else replace(parse_reason(reason[0]), detail=Detail.from_json(reason[1])),
        value["note"],
    )


def cell_result(
    cell: str, observation: Observation, offered: Sequence[str], judgement: Judgement
) -> CellResult:
    """Put a judged observation into the form that travels; `offered` names what each attempt of the profile
    offers.
    """
    last = observation.later or (observation.attempts[-1] if observation.attempts else None)
    negotiated = last.negotiated if last is not None and last.failure is None else None
    connections = observation.connections
    return CellResult(
        cell,
        judgement,
        tuple(describe_attempts(observation, offered)),
        describe_negotiated(negotiated) if negotiated else None,
        None if observation.renegotiation is None else asdict(observation.renegotiation),
        sum(attempt.seconds for attempt in connections),
        connections=tuple(
            (attempt.client_port, attempt.started.isoformat(), round(attempt.seconds, 6))
            for attempt in connections
        ),
    )


def describe_negotiated(negotiated: Negotiated) -> dict[str, Any]:
    """Name what was agreed on, as run.json holds it."""
    group = negotiated.named_group
    return {
        "version": version_name(negotiated.version),
        "cipher_suite": cipher_suite_name(negotiated.cipher_suite),
        "group": None if group is None else group_name(group),
        "renegotiation_info": negotiated.renegotiation_info,
    }


def describe_attempts(observation: Observation, offered: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Describe each attempt as run.json does."""
    for attempt, version in zip(
        observation.attempts, offered, strict=False
    ):  # later hellos may not have been needed
        works = attempt.failure is None and attempt.negotiated is not None
        yield {
            "version": version,
            "outcome": (Outcome.WORKS if works else Outcome.FAILS).value,
            "reason": None if attempt.failure is None else str(attempt.failure),
        }
