"""Runs one cell: the one place where a client meets a server. The result is judged here and judged again by
nobody.
"""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from msgspec import Struct, field, structs

from clients.genuine.program import Endless, Program
from clients.http_answer import http_status
from clients.observation import Observation
from clients.pace import at_once
from clients.profile import Profile
from handshake.crypto.credentials import Credential
from matrix.cell import Cell
from matrix.grid.endpoint import Endpoint
from matrix.judgement.judge import judge
from matrix.judgement.outcome import ENDLESS, Expectation, Judgement, Outcome, Verdict
from matrix.prediction import offered_version_name
from matrix.results.cell_result import CellResult, Facts, cell_result
from matrix.results.certificate_facts import certificate_notes, read_certificate
from matrix.results.evidence import Evidence, evidence_of
from matrix.results.evidence_wanted import EvidenceWanted
from matrix.results.key_log_file import add_to_key_log_file
from matrix.results.strength import REFUSING_STATUS
from matrix.scenarios import CONNECT, SCENARIOS, Meeting


class Terms(Struct, frozen=True):
    """How cells are run. `deadline_seconds` is for each connection attempt, `wanted` says of which cells
    evidence is kept, `credentials` by certificate type are those the servers trust, `pace` waits for the turn
    of a connection.
    """

    deadline_seconds: float
    wanted: EvidenceWanted = EvidenceWanted.NONE
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    pace: Callable[[], None] = at_once


def run_cell(
    cell: Cell,
    client: Profile | Program,
    endpoint: Endpoint,
    expectation: Expectation | None,
    terms: Terms,
) -> tuple[CellResult, Evidence | None]:
    """Let the client do the scenario with the server and judge what happened; whatever the peer does is a
    result. The evidence comes along where it is wanted.
    """
    if endpoint.problem is not None:
        return CellResult(cell.id, endpoint.problem.judgement), None
    if isinstance(client, Profile):
        observation = SCENARIOS[cell.scenario].carry_out(_meeting(client, endpoint, terms))
        offered = [offered_version_name(attempt.template) for attempt in client.attempts]
    else:
        problem = _cannot(client, cell)
        if problem is not None:
            return CellResult(cell.id, problem), None
        try:
            observation = _visit(client, endpoint, terms)
        except Endless as endless:
            return CellResult(cell.id, Judgement(Verdict.HARNESS_ERROR, note=f"{ENDLESS}: {endless}")), None
        offered = [attempt.offered_version_name for attempt in observation.attempts]
    unwritten = add_to_key_log_file(line for each in observation.connections for line in each.key_log)
    judgement = judge(observation, expectation, endpoint.fingerprints)
    result = cell_result(cell.id, observation, offered, judgement)
    result = structs.replace(result, facts=_facts(observation, endpoint, judgement), unwritten=unwritten)
    if not terms.wanted.includes(judgement.verdict, judgement.outcome):
        return result, None
    seen = dataclasses.replace(
        evidence_of(observation, offered),
        cell=cell.id,
        verdict=judgement.verdict.value,
        reason=None if judgement.reason is None else str(judgement.reason),
        fingerprints=sorted(endpoint.fingerprints),
    )
    return result, seen


def _meeting(profile: Profile, endpoint: Endpoint, terms: Terms) -> Meeting:
    assert endpoint.destination is not None, "a server without a problem listens"
    return Meeting(
        profile.player,
        endpoint.destination,
        terms.deadline_seconds,
        terms.credentials,
        own_credentials(endpoint),
        terms.pace,
        is_ours=bool(endpoint.fingerprints),
    )


def _cannot(program: Program, cell: Cell) -> Judgement | None:
    """Why a genuine program cannot do this cell; None if it can."""
    if program.missing is not None:
        return Judgement(Verdict.NOT_INSTALLED, note=program.missing)
    if SCENARIOS[cell.scenario] is not CONNECT:
        note = f"genuine programs are asked for {CONNECT.id} alone, not for {cell.scenario}"
        return Judgement(Verdict.UNSUPPORTED, note=note)
    return None


def _visit(program: Program, endpoint: Endpoint, terms: Terms) -> Observation:
    from clients.genuine.visit import visit  # takes a while, and most runs have no genuine program

    assert endpoint.destination is not None, "a server without a problem listens"
    return visit(
        program,
        endpoint.destination,
        deadline_seconds=terms.deadline_seconds,
        trusted=endpoint.certificates,
        pace=terms.pace,
    )


def own_credentials(endpoint: Endpoint) -> Mapping[str, Credential]:
    """What the user wants shown; a certificate of one kind is for every kind that a server may ask for."""
    if endpoint.own is None:
        return {}
    credential = Credential.from_pem(*endpoint.own)
    return {credential.certificate_type: credential}


def _facts(observation: Observation, endpoint: Endpoint, judgement: Judgement) -> Facts:
    """What was seen beside the outcome; the certificate is told of servers that are not ours."""
    status = http_status(observation.response)
    is_ours = bool(endpoint.fingerprints)
    leaf = None if is_ours else observation.certificate
    certificate = None if leaf is None else read_certificate(leaf)
    notes: list[str] = []
    if judgement.outcome is not None and judgement.outcome is not Outcome.FAILS:
        if status is not None and status >= REFUSING_STATUS:
            notes.append(f"the server answers with HTTP status {status}")
        if observation.certificate_requested and not is_ours and endpoint.own is None:
            notes.append("the server asks for a client certificate, and the client has none")
        if certificate is not None and endpoint.destination is not None:
            host = endpoint.destination.server_name or endpoint.destination.host
            notes += certificate_notes(certificate, host, datetime.now(UTC))
    return Facts(status, observation.certificate_requested, certificate, tuple(notes))
