"""What an explanation amounts to: how it ended, what is to blame, and the two hellos that prove it."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from handshake.features import Feature
from matrix.explain.control import Disturbance
from matrix.explain.hypotheses import Hypothesis
from matrix.explain.proof import Proof
from matrix.explain.trial import Answer, Trials

MOST_TOLD = 4
"""Of more causes that nothing tells apart no more are named, and behind another cause none."""


class Kind(StrEnum):
    """How an explanation ended."""

    ONE = "one"
    SEVERAL = "several"
    CHOICE = "choice"
    SCENARIO = "scenario"
    OWN_RULE = "own-rule"
    NONE = "none"
    ALL_FAIL = "all-fail"
    NOT_TLS = "not-tls"
    PASSES = "passes"
    UNREACHABLE = "unreachable"
    FLAKY = Disturbance.FLAKY.value
    DOWN = Disturbance.DOWN.value
    BANNED = Disturbance.BANNED.value
    RATE_LIMITED = Disturbance.RATE_LIMITED.value
    CHANGED = Disturbance.CHANGED.value
    SPENT = "spent"


class Explanation(Struct, frozen=True):
    """What was found.

    `answer` is that of the failing hello, `probes` the connections made, `probes_here` those of them before
    what comes `then`. `causes` are groups of hypotheses:
    those of a group say the same of every known hello, nothing that could be asked tells the groups apart.
    `proof` are the two hellos; where no cause is left, the two most alike that were asked. `nearest` is the
    client whose hello got through. `companions` are what every failing hello had besides the first cause.
    `mends` shows the smallest change that makes the failing hello get through, `breaks` the one that makes
    the nearest hello that gets through fail. `rate` is the share of failures of a flaky server, `disturbed`
    the hello that showed it. `rule` is true where the client itself refuses what the server chooses, and the
    hello gets through without its rule. `then` explains what the server minds next, in a hello without the
    cause. `trials` are all that was asked; `is_cut` is whether more would have been.
    """

    kind: Kind
    answer: Answer
    probes: int
    causes: tuple[tuple[Hypothesis, ...], ...] = ()
    proof: Proof | None = None
    mends: Proof | None = None
    breaks: Proof | None = None
    nearest: str | None = None
    companions: tuple[Feature, ...] = ()
    rate: float | None = None
    rule: bool = False
    then: "Explanation | None" = None
    trials: Trials | None = None
    is_cut: bool = False
    probes_here: int = 0

    def in_turn(self) -> Iterator["Explanation"]:
        """It, and those of what the server minds next."""
        each: Explanation | None = self
        while each is not None:
            yield each
            each = each.then
