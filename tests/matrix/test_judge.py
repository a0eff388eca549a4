from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake.events import Phase
from handshake.reason import Detail, parse_reason
from matrix.judgement.judge import judge, judge_outcome, outcome_of
from matrix.judgement.outcome import Expectation, Outcome, Verdict
from tests.matrix.runs import ALERT, failure, observation

WORKS = Expectation()
FAILS = Expectation(Outcome.FAILS, ALERT, "known")
FALLBACK = Expectation(Outcome.WORKS_AFTER_FALLBACK, ALERT, "known")
OTHER = failure("fin")


@pytest.mark.parametrize(
    ("failures", "outcome", "reason"),
    [
        ([None], Outcome.WORKS, None),
        ([failure(), None], Outcome.WORKS_AFTER_FALLBACK, ALERT),
        ([failure()], Outcome.FAILS, ALERT),
        ([failure(), OTHER], Outcome.FAILS, ALERT),
        ([failure(), OTHER, None], Outcome.WORKS_AFTER_FALLBACK, ALERT),
    ],
)
def test_the_reason_is_that_of_the_first_failed_attempt(failures, outcome, reason) -> None:  # type: ignore[no-untyped-def]
    assert outcome_of(observation(*failures)) == (outcome, reason)


@pytest.mark.parametrize(
    ("failures", "expectation", "verdict"),
    [
        ([None], WORKS, Verdict.PASSED),
        ([failure()], WORKS, Verdict.FAILED),
        ([failure(), None], WORKS, Verdict.FAILED),
        ([failure()], FAILS, Verdict.EXPECTED_FAILURE),
        ([OTHER], FAILS, Verdict.FAILED),
        ([failure(), None], FAILS, Verdict.UNEXPECTED_PASS),
        ([None], FAILS, Verdict.UNEXPECTED_PASS),
        ([failure(), None], FALLBACK, Verdict.EXPECTED_FAILURE),
        ([OTHER, None], FALLBACK, Verdict.FAILED),
        ([failure()], FALLBACK, Verdict.FAILED),
        ([None], FALLBACK, Verdict.UNEXPECTED_PASS),
    ],
)
def test_outcome_against_expectation(failures, expectation, verdict) -> None:  # type: ignore[no-untyped-def]
    assert judge(observation(*failures), expectation, frozenset()).verdict is verdict


@pytest.mark.parametrize("cause", ["fin", "timeout", "protocol-error-starttls-refused"])
def test_what_a_server_says_before_tls_is_its_failure_and_not_the_harnesss(cause: str) -> None:
    said = replace(parse_reason(f"connect:{cause}"), detail=Detail(said="554 no"))
    refused = replace(observation(said).attempts[0], client_port=50_000)
    judgement = judge(replace(observation(None), attempts=(refused,)), WORKS, frozenset())
    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, said)
    assert judgement.reason is not None
    assert judgement.reason.sentence.endswith('the server said "554 no"')
    never_opened = replace(refused, client_port=None)
    judgement = judge(replace(observation(None), attempts=(never_opened,)), WORKS, frozenset())
    assert judgement.verdict is Verdict.HARNESS_ERROR


def test_a_handshake_without_an_answer_fails() -> None:
    silent = observation(None)
    silent = type(silent)(silent.attempts, None, b"")
    judgement = judge(silent, WORKS, frozenset())
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILS,
        parse_reason("application-data:protocol-error-no-answer"),
    )


@pytest.mark.parametrize("name", ["TLS_KRB5_WITH_RC4_128_SHA", "X25519MLKEM768", "mldsa65", "DEFLATE"])
def test_what_we_cannot_complete_is_nobodys_failure(name: str) -> None:
    ours = failure(f"unsupported-{name}", Phase.KEY_EXCHANGE)
    resumed = replace(observation(None), later=observation(ours).attempts[0])
    for seen in (observation(ours), observation(failure(), ours), resumed):
        judgement = judge(seen, WORKS, frozenset())
        assert (judgement.verdict, judgement.outcome) == (Verdict.UNSUPPORTED, None)
        assert str(judgement.reason) == f"key-exchange:unsupported-{name}"
        said = f"the server chose {name}, which this program offers but cannot complete"
        assert judgement.note == said
    theirs = replace(observation(None), later=observation(OTHER).attempts[0])
    assert judge(theirs, WORKS, frozenset()).verdict is Verdict.FAILED


def test_a_certificate_that_is_not_the_servers_is_a_harness_error_even_if_all_works() -> None:
    strange = observation(None, certificate="bb")
    assert judge(strange, WORKS, frozenset({"aa"})).verdict is Verdict.HARNESS_ERROR
    assert judge(strange, WORKS, frozenset({"aa", "bb"})).verdict is Verdict.PASSED
    assert judge(strange, WORKS, frozenset()).verdict is Verdict.PASSED


def test_a_handshake_that_ended_before_a_certificate_came_is_judged() -> None:
    assert judge(observation(failure()), FAILS, frozenset({"aa"})).verdict is Verdict.EXPECTED_FAILURE


def test_nobody_listening_is_the_harness_but_a_server_gone_after_the_first_hello_is_not() -> None:
    refused = failure("refused", Phase.CONNECT)
    assert judge(observation(refused), WORKS, frozenset()).verdict is Verdict.HARNESS_ERROR
    assert judge(observation(failure(), refused), FAILS, frozenset()).verdict is Verdict.EXPECTED_FAILURE


OUTCOMES = st.sampled_from(
    [
        (Outcome.WORKS, None),
        (Outcome.WORKS_AFTER_FALLBACK, "a:fin"),
        (Outcome.WORKS_AFTER_FALLBACK, "a:reset"),
        (Outcome.FAILS, "a:fin"),
        (Outcome.FAILS, "a:reset"),
    ]
)


@given(OUTCOMES, OUTCOMES)
def test_only_the_very_outcome_expected_is_as_expected(
    seen: tuple[Outcome, str | None], expected: tuple[Outcome, str | None]
) -> None:
    assert judge_outcome(*seen, Expectation(*expected)).is_as_expected == (seen == expected)


@pytest.mark.parametrize("outcome", [Outcome.FAILS, Outcome.WORKS_AFTER_FALLBACK, Outcome.NOT_APPLICABLE])
def test_where_it_is_not_known_how_it_fails_any_reason_will_do_but_not_another_outcome(
    outcome: Outcome,
) -> None:
    expectation = Expectation(outcome, None, "predicted without a reason")
    assert judge_outcome(outcome, ALERT, expectation).is_as_expected
    assert judge_outcome(outcome, OTHER, expectation).is_as_expected
    for other in Outcome:
        if other is not outcome:
            reason = None if other is Outcome.WORKS else ALERT
            assert not judge_outcome(other, reason, expectation).is_as_expected
