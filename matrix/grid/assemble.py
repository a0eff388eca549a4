"""From the results of the cells to the run file. Pure but for the versions of what is installed."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from clients.destination import Target
from clients.fingerprints import fingerprints
from matrix.grid.endpoint import Problem
from matrix.judgement.outcome import Outcome
from matrix.plan.plan import Plan, PlannedCell
from matrix.results.cell_result import CellResult
from matrix.results.environment import environment, profiles_digest, tool_version
from matrix.results.run_file import (
    ASSUMED,
    EXTERNAL,
    AskedRecord,
    AttemptRecord,
    CellRecord,
    ClientRecord,
    NegotiatedRecord,
    RenegotiationRecord,
    RunFile,
    RunRecord,
    ServerRecord,
    TargetRecord,
)
from servers.definition import ServerDefinition
from servers.variant import ServerVariant

_WORKING = (Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK)
GENUINE = "genuine"
"""The confidence of a client that is not played, and its set."""


def frame_of(plan: Plan) -> RunFile:
    """Everything of a run that is known before its servers and cells are: stacks are those declared."""
    whole, clients = plan.whole or plan, _clients(plan)
    definitions = {variant.definition.id: variant.definition for variant in plan.variants}
    digests = {name: _definition_digest(definition) for name, definition in definitions.items()}
    servers = {
        variant.id: _server(variant, plan.options.backend, digests[variant.definition.id])
        for variant in plan.variants
    }
    return RunFile(
        run=RunRecord(
            profiles_digest=profiles_digest(
                plan.profiles[client] for client in _clients(whole) if client in plan.profiles
            ),
            tool_version=tool_version(),
            partial=True,
            environment=environment(),
            asked=_asked(whole),
            shard=plan.options.shard,
        ),
        servers=servers | {target.name: _target(target) for target in plan.targets},
        clients={client: _client(plan, client) for client in clients},
        cells=[],
    )


def with_stacks(frame: RunFile, stacks: Mapping[str, str | None]) -> RunFile:
    """The frame with what servers say they are, by server; None where one has not said it."""
    servers = {
        server: record
        if (stack := stacks.get(server)) is None
        else record.model_copy(update={"stack": stack})
        for server, record in frame.servers.items()
    }
    return frame.model_copy(update={"servers": servers})


def whole(
    frame: RunFile, cells: Iterable[CellRecord], planned: int, problems: Mapping[str, Problem]
) -> RunFile:
    """Put the cells into the frame, and to each server its problem; partial where cells are missing."""
    ordered = sorted(cells, key=lambda cell: cell.id)
    servers = {
        server: record.model_copy(update={"problem": problems[server].note}) if server in problems else record
        for server, record in frame.servers.items()
    }
    run = frame.run.measured(len(ordered), planned)
    return frame.model_copy(update={"run": run, "servers": servers, "cells": ordered})


def confidences(plan: Plan) -> dict[str, str]:
    """How sure it is, by client, that the client itself takes what its cells show."""
    asked = {planned.cell.client for planned in plan.cells}
    played = {
        name: plan.profiles[name].accepts.confidence or ASSUMED for name in asked & plan.profiles.keys()
    }
    return played | dict.fromkeys(plan.programs, GENUINE)


def cell_record(planned: PlannedCell, result: CellResult, confidence: str) -> CellRecord:
    """Put down what one cell gave beside what was expected of it; `confidence` is that of its client, which
    counts where it works.
    """
    cell, judgement, prediction = planned.cell, result.judgement, planned.prediction
    expectation = planned.expectation
    return CellRecord(
        id=cell.id,
        server=cell.server,
        client=cell.client,
        scenario=cell.scenario,
        outcome=judgement.outcome,
        reason=judgement.reason,
        reason_detail=judgement.reason.detail.to_json() if judgement.reason else {},
        verdict=judgement.verdict,
        expected=expectation.outcome if expectation else None,
        expected_reason=expectation.reason if expectation else None,
        expected_why=expectation.why if expectation else "",
        prediction=prediction.outcome if prediction else None,
        prediction_why=prediction.why if prediction else "",
        note=judgement.note,
        notes=list(result.facts.notes),
        http_status=result.facts.http_status,
        certificate_requested=result.facts.certificate_requested,
        certificate=result.facts.certificate,
        negotiated=NegotiatedRecord.model_validate(result.negotiated) if result.negotiated else None,
        renegotiation=RenegotiationRecord.model_validate(result.renegotiation)
        if result.renegotiation
        else None,
        confidence=confidence if judgement.outcome in _WORKING else None,
        attempts=[AttemptRecord.model_validate(attempt) for attempt in result.attempts],
    )


def _clients(plan: Plan) -> list[str]:
    return sorted({planned.cell.client for planned in plan.cells})


def _asked(plan: Plan) -> AskedRecord:
    """What the run was asked for; how to get at a target, and not what is shown to it."""
    return AskedRecord(
        servers=sorted(variant.id for variant in plan.variants),
        clients=_clients(plan),
        scenarios=sorted(scenario.id for scenario in plan.scenarios),
        targets=[_asked_target(target) for target in plan.targets],
        timeout=plan.options.timeout,
        evidence=plan.options.evidence,
    )


def _asked_target(target: Target) -> TargetRecord:
    where = target.destination
    return TargetRecord(
        name=target.name,
        address=where.address,
        server_name=where.server_name,
        starttls=None if where.starttls is None else where.starttls.protocol,
    )


def _definition_digest(definition: ServerDefinition) -> str:
    """A SHA-256 over what a server.toml says; comments and layout do not count."""
    content = json.dumps(definition.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()


def _server(variant: ServerVariant, backend: str, digest: str) -> ServerRecord:
    definition, level = variant.definition, variant.definition.levels[variant.level]
    return ServerRecord(
        title=variant.title,
        level=variant.level,
        kind=definition.kind,
        backend=backend,
        stack=level.stack,
        toggles=dict(variant.toggles),
        note=" ".join(note for note in (definition.note, level.note) if note),
        hypothesis=definition.hypothesis,
        position=list(definition.levels).index(variant.level),
        definition=digest,
    )


def _target(target: Target) -> ServerRecord:
    starttls = target.destination.starttls
    return ServerRecord(
        title=target.name,
        level=EXTERNAL,
        kind=EXTERNAL,
        backend=EXTERNAL,
        stack="not known",
        toggles={} if starttls is None else {"starttls": starttls.protocol},
    )


def _client(plan: Plan, client: str) -> ClientRecord:
    program = plan.programs.get(client)
    if program is not None:
        return ClientRecord(title=program.title, confidence=GENUINE, ja3=None, sets=[GENUINE])
    profile = plan.profiles[client]
    known_by = fingerprints(profile.attempts[0].template)
    return ClientRecord(
        title=profile.title,
        confidence=profile.provenance.confidence,
        ja3=known_by.ja3,
        ja4=known_by.ja4,
        plays=profile.plays,
        sets=list(profile.sets or ()),
    )
