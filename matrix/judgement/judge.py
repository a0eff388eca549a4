"""From an observation to an outcome, and from outcome and expectation to a verdict.

Pure: it reads saved facts only, so verdicts can be computed again from a run file (`judge_outcome`).
"""

from collections.abc import Set as AbstractSet

from clients.observation import Attempt, Failure, Observation
from handshake.events import Phase
from matrix.judgement.outcome import Expectation, Judgement, Outcome, Verdict
from matrix.wording import said_note

UNSUPPORTED_PREFIX = "unsupported-"
NO_ANSWER = "application-data:protocol-error-no-answer"


def outcome_of(observation: Observation) -> tuple[Outcome, str | None]:
    """Say how it went and why: the reason is always that of the first attempt that failed, None when none
    did.
    """
    reason = first_reason(observation)
    if not observation.is_answered or (observation.later is not None and observation.later.failure):
        return Outcome.FAILS, reason or NO_ANSWER
    return (Outcome.WORKS_AFTER_FALLBACK, reason) if reason else (Outcome.WORKS, None)


def first_reason(observation: Observation) -> str | None:
    """Give the reason of the first failed attempt, the connection that should resume coming last."""
    failures = (attempt.failure for attempt in _connections(observation))
    return next((str(failure) for failure in failures if failure is not None), None)


def judge(observation: Observation, expectation: Expectation, fingerprints: AbstractSet[str]) -> Judgement:
    """Judge one cell. `fingerprints` are the SHA-256 of the server's certificates in hex; empty when
    unknown (a target).
    """
    answered_by = observation.certificate_sha256
    if fingerprints and answered_by is not None and answered_by not in fingerprints:
        return Judgement(
            Verdict.HARNESS_ERROR,
            note="another program answered on this server's port: its certificate is not the server's",
        )
    first = observation.attempts[0].failure if observation.attempts else None
    if not observation.attempts or _was_never_connected(observation.attempts[0]):
        return Judgement(
            Verdict.HARNESS_ERROR, reason=str(first) if first else None, note="nobody accepted the connection"
        )
    unsupported = unsupported_choice(observation)
    if unsupported is not None:
        name = unsupported.cause.removeprefix(UNSUPPORTED_PREFIX)
        return Judgement(
            Verdict.UNSUPPORTED,
            reason=str(unsupported),
            note=f"the server chose {name}, which this program offers but cannot complete",
        )
    outcome, reason = outcome_of(observation)
    said = next((attempt.failure.said for attempt in observation.attempts if attempt.failure is not None), "")
    return Judgement(judge_outcome(outcome, reason, expectation), outcome, reason, said_note(said))


def _was_never_connected(attempt: Attempt) -> bool:
    """Whether nobody accepted, which tells nothing of a server; what it says before TLS does."""
    failure = attempt.failure
    return failure is not None and failure.phase is Phase.CONNECT and attempt.client_port is None


def unsupported_choice(observation: Observation) -> Failure | None:
    """Give the failure that is ours: what the server rightly chose and our engine cannot complete."""
    failures = (attempt.failure for attempt in _connections(observation))
    return next((f for f in failures if f is not None and f.cause.startswith(UNSUPPORTED_PREFIX)), None)


def _connections(observation: Observation) -> tuple[Attempt, ...]:
    """Every connection in order, that which should resume coming last."""
    later = () if observation.later is None else (observation.later,)
    return (*observation.attempts, *later)


def judge_outcome(outcome: Outcome, reason: str | None, expectation: Expectation) -> Verdict:
    """Set an outcome against an expectation: an expected failure must fail in exactly the expected way."""
    if (outcome, reason) == (expectation.outcome, expectation.reason):
        return Verdict.PASSED if outcome is Outcome.WORKS else Verdict.EXPECTED_FAILURE
    if outcome.rank > expectation.outcome.rank:
        return Verdict.UNEXPECTED_PASS
    return Verdict.FAILED
