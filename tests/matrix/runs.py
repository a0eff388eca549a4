"""Run files and observations for tests: small, valid, what a test does not care about filled in."""

from dataclasses import replace
from datetime import UTC, datetime

from clients.observation import Attempt, Observation
from handshake.events import Negotiated, Phase
from handshake.reason import Reason, parse_cause, parse_reason, saved_reason
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.evidence import Evidence, evidence_of
from matrix.results.run_file import (
    AttemptRecord,
    CellRecord,
    ClientRecord,
    NegotiatedRecord,
    RunFile,
    RunRecord,
    ServerRecord,
)

ALERT = parse_reason("server-hello:alert-unexpected_message")
STARTED = datetime(2012, 2, 29, tzinfo=UTC)
NEGOTIATED = Negotiated(version=0x0301, cipher_suite=0x002F)


def attempt(failure: Reason | None = None) -> Attempt:
    return Attempt(0x0301, False, failure, None if failure else NEGOTIATED, (), STARTED, 0.01)


def observation(*failures: Reason | None, certificate: str | None = None) -> Observation:
    """One attempt for each failure; None is an attempt that works."""
    answered = bool(failures) and failures[-1] is None
    return Observation(
        tuple(map(attempt, failures)), certificate, b"HTTP/1.0 200 OK\r\n" if answered else b""
    )


def failure(cause: str = "alert-unexpected_message", phase: Phase = Phase.SERVER_HELLO) -> Reason:
    return Reason(phase, parse_cause(cause))


def cell(
    server: str,
    client: str,
    outcome: Outcome | None = Outcome.WORKS,
    reason: Reason | str | None = None,
    verdict: Verdict | None = None,
    **more: object,
) -> CellRecord:
    if reason is None and outcome in (Outcome.FAILS, Outcome.WORKS_AFTER_FALLBACK):
        reason = ALERT
    if verdict is None:
        verdict = Verdict.PASSED if outcome is Outcome.WORKS else Verdict.FAILED
    if isinstance(reason, str):
        reason = saved_reason(reason)
    attempts = [AttemptRecord(version="TLSv1.0", outcome=Outcome.FAILS, reason=reason)] if reason else []
    negotiated = None
    if outcome in (Outcome.WORKS, Outcome.WORKS_AFTER_FALLBACK):
        attempts.append(AttemptRecord(version="SSLv3", outcome=Outcome.WORKS, reason=None))
        negotiated = NegotiatedRecord(
            version="SSLv3", cipher_suite="TLS_RSA_WITH_RC4_128_MD5", group=None, renegotiation_info=False
        )
    content: dict[str, object] = {
        "id": f"{server}/{client}/connect",
        "server": server,
        "client": client,
        "scenario": "connect",
        "outcome": outcome,
        "reason": reason,
        "verdict": verdict,
        "expected": Outcome.WORKS,
        "expected_why": "",
        "prediction": Outcome.WORKS,
        "negotiated": negotiated,
        "attempts": attempts,
    }
    return CellRecord.model_validate(content | more)


def run(*cells: CellRecord, partial: bool = False, note: str = "", title: str = "A server") -> RunFile:
    server = ServerRecord(
        title=title, level="1", kind="emulated", backend="process", stack="own engine", toggles={}, note=note
    )
    client = ClientRecord(title="A client", confidence="high", ja3=None)
    return RunFile(
        run=RunRecord(
            profiles_digest="00", tool_version="0.1.0", partial=partial, environment={"python": "3.11"}
        ),
        servers={cell.server: server for cell in cells},
        clients={cell.client: client for cell in cells},
        cells=sorted(cells, key=lambda cell: cell.id),
    )


def evidence(cell_id: str, *failures: Reason | None) -> Evidence:
    """The evidence of a cell with these attempts (one that works where none is given)."""
    seen = observation(*(failures or (None,)))
    return replace(evidence_of(seen, ["TLSv1.0"] * len(seen.attempts)), cell=cell_id, verdict="failed")
