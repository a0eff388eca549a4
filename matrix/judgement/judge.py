"""From an observation to an outcome, and from outcome and expectation to a verdict.

Pure: it reads saved facts only, so verdicts can be computed again from a run file (`judge_outcome`).
"""

from collections.abc import Set as AbstractSet

from clients.observation import Attempt, Observation
from handshake.events import Phase
from handshake.reason import Breach, Kind, Reason
from matrix.judgement.outcome import NOTHING_TO_DO, Expectation, Judgement, Outcome, Verdict

NOBODY = "nobody accepts the connection"
NO_ANSWER = Reason(Phase.APPLICATION_DATA, Breach.NO_ANSWER.cause)


def outcome_of(observation: Observation) -> tuple[Outcome, Reason | None]:
    """Say how it went and why: the reason is that of the first attempt that failed, None when none did; where
    the scenario does not apply, it is why not, and where probes were made what they amount to.
    """
    if observation.conclusion is not None:
        is_applicable = observation.conclusion.cause not in NOTHING_TO_DO
        return Outcome.FAILS if is_applicable else Outcome.NOT_APPLICABLE, observation.conclusion
    last = observation.later or (observation.attempts[-1] if observation.attempts else None)
    if last is not None and last.failure is not None and last.failure.cause in NOTHING_TO_DO:
        return Outcome.NOT_APPLICABLE, last.failure
    reason = first_reason(observation)
    if not observation.is_answered or (observation.later is not None and observation.later.failure):
        return Outcome.FAILS, reason or NO_ANSWER
    return (Outcome.WORKS_AFTER_FALLBACK, reason) if reason else (Outcome.WORKS, None)


def first_reason(observation: Observation) -> Reason | None:
    """Give the reason of the first failed attempt, the connection that should resume coming last."""
    later = () if observation.later is None else (observation.later,)
    failures = (attempt.failure for attempt in (*observation.attempts, *later))
    return next((failure for failure in failures if failure is not None), None)


def judge(
    observation: Observation, expectation: Expectation | None, fingerprints: AbstractSet[str]
) -> Judgement:
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
        return Judgement(Verdict.HARNESS_ERROR, reason=first, note=first.sentence if first else NOBODY)
    unsupported = unsupported_choice(observation)
    if unsupported is not None:
        return Judgement(
            Verdict.UNSUPPORTED,
            reason=unsupported,
            note=f"the server chose {unsupported.what}, which this program offers but cannot complete",
        )
    outcome, reason = outcome_of(observation)
    return Judgement(judge_outcome(outcome, reason, expectation), outcome, reason)


def _was_never_connected(attempt: Attempt) -> bool:
    """Whether nobody accepted, which tells nothing of a server; what it says before TLS does."""
    failure = attempt.failure
    if failure is None or failure.phase is not Phase.CONNECT or failure.kind is Kind.RESET:
        return False
    return attempt.client_port is None


def unsupported_choice(observation: Observation) -> Reason | None:
    """Give the failure that is ours: what the server rightly chose and our engine cannot complete."""
    failures = (attempt.failure for attempt in observation.connections)
    return next((each for each in failures if each is not None and each.kind is Kind.UNSUPPORTED), None)


def judge_outcome(outcome: Outcome, reason: Reason | None, expectation: Expectation | None) -> Verdict:
    """Set an outcome against an expectation: an expected failure must fail in exactly the expected way, where
    that is known.

    Where there is nothing to expect, nothing is unexpected.
    """
    is_applicable = outcome is not Outcome.NOT_APPLICABLE
    if expectation is None:
        return Verdict.OBSERVED if is_applicable else Verdict.NOT_APPLICABLE
    is_expected = outcome is expectation.outcome and expectation.reason in (None, reason)
    if not is_applicable:
        return Verdict.NOT_APPLICABLE if is_expected else Verdict.FAILED
    if is_expected:
        return Verdict.PASSED if outcome is Outcome.WORKS else Verdict.EXPECTED_FAILURE
    if outcome.rank > expectation.outcome.rank:
        return Verdict.UNEXPECTED_PASS
    return Verdict.FAILED
