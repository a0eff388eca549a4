"""What an observation amounts to, and what is thought of it.

Pure values; the rules are in `matrix.judgement.judge`.

An outcome is a fact about client and server; a verdict sets it against what was expected. "No answer" (an
outcome) and "the harness broke" (a verdict without outcome) are different things and never mixed.
"""

from enum import StrEnum

from msgspec import Struct

from handshake.reason import Reason, Rule


class Outcome(StrEnum):
    """How it went; fallback means that the client's first hello failed and it quietly tried again.

    NOT_APPLICABLE: TLS and the request went well, and the scenario asks for what this pair cannot have.
    """

    WORKS = "works"
    WORKS_AFTER_FALLBACK = "works-after-fallback"
    NOT_APPLICABLE = "not-applicable"
    FAILS = "fails"

    @property
    def rank(self) -> int:
        """Order from worst (0) to best (3)."""
        return _RANKS[self]


_RANKS = {
    Outcome.FAILS: 0,
    Outcome.NOT_APPLICABLE: 1,
    Outcome.WORKS_AFTER_FALLBACK: 2,
    Outcome.WORKS: 3,
}


NOTHING_TO_DO = frozenset(
    rule.cause
    for rule in (
        Rule.TLS_1_3,
        Rule.NOT_REQUESTED,
        Rule.NO_SESSION,
        Rule.NO_EXTENDED_MASTER_SECRET,
        Rule.NO_EXTENSION_BLOCK,
    )
)
"""The causes for which a scenario does not apply."""


LOST = "the process that ran the cell has ended"
"""How the note of a harness error begins where that is why."""


ENDLESS = "a pattern of the program takes too long"
"""How the note begins where what a genuine program said could not be read for that."""


class Verdict(StrEnum):
    """What is thought of a cell; never rewritten, only computed again from the observation."""

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED_FAILURE = "expected_failure"
    UNEXPECTED_PASS = "unexpected_pass"
    OBSERVED = "observed"  # there was nothing to expect
    NOT_APPLICABLE = "not_applicable"
    UNSUPPORTED = "unsupported"
    NOT_INSTALLED = "not_installed"
    HARNESS_ERROR = "harness_error"

    @property
    def is_as_expected(self) -> bool:
        """True where nobody has to look: as expected, or not to be had on this machine."""
        return self not in (Verdict.FAILED, Verdict.UNEXPECTED_PASS, Verdict.HARNESS_ERROR)


class Expectation(Struct, frozen=True):
    """What a cell should do. `reason` is None for works, and where it is known that it fails but not how;
    `why` is a sentence with its source.
    """

    outcome: Outcome = Outcome.WORKS
    reason: Reason | None = None
    why: str = ""


class Judgement(Struct, frozen=True):
    """The verdict on a cell. `outcome` is None when nothing was found out; `note` then says why, in a
    sentence.
    """

    verdict: Verdict
    outcome: Outcome | None = None
    reason: Reason | None = None
    note: str = ""
