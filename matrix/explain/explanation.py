"""One explanation from the first question to the proof.

The failing hello is asked several times, since a server that answers the same bytes in different ways cannot be
explained. Then a hello is looked for that gets through, among the profiles, from which the search starts. What
the search finds is proved with two hellos that differ in that one thing. A control between the questions tells
a server that changes, or has begun to refuse everybody, from one that minds a hello.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clients.player import Player
from handshake.errors import LocalError
from handshake.features import Feature, features_of
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from matrix.explain.alike import merged
from matrix.explain.asking import Asker, is_unreachable
from matrix.explain.candidates import with_, without
from matrix.explain.hypotheses import Hypothesis, Joint
from matrix.explain.search import Found, Search
from matrix.explain.trial import Answer, Trials

REFUSING_STATUS = 400
"""RFC 9110 section 15.5."""
REPEATS = 3
"""How often the hello to be explained, and each hello of the proof, is asked."""
FLAKY_REPEATS = 10
"""How often a server that answers differently is asked for its rate."""
CONTROL_AFTER = 10
"""A hello that got through is asked again after so many others."""
_PASSING_TRIED = 20
"""Profiles that are asked at most to find one that gets through."""


class Kind(StrEnum):
    """How an explanation ended."""

    ONE = "one"
    SEVERAL = "several"
    NONE = "none"
    ALL_FAIL = "all-fail"
    FLAKY = "flaky"
    PASSES = "passes"
    CHANGED = "changed"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Proof:
    """Two hellos that differ in the cause alone: `failing` has it and fails, `passing` has not and gets
    through, each `repeats` times.
    """

    failing: HelloTemplate
    passing: HelloTemplate
    repeats: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was found. `causes` are those that nothing tells apart, the most likely first; `answer` is that of
    the failing hello; `nearest` the client whose hello got through; `probes` the connections made; `rate` the
    share of failures of a flaky server.
    """

    kind: Kind
    answer: Answer
    probes: int
    causes: tuple[Hypothesis, ...] = ()
    proof: Proof | None = None
    nearest: str | None = None
    rate: float | None = None


def explain(
    client: Player, clients: Mapping[str, Player], asker: Asker, most_probes: int
) -> Explanation:
    """Find what of `client`'s first hello the server minds; `clients` are those that may get through."""
    failing = client.hellos[0].template
    first = asker.ask(failing)
    if is_unreachable(first):
        return Explanation(Kind.UNREACHABLE, first, asker.asked)
    if first.status is not None:
        asker.usual_status = first.status
    if any(not asker.ask(failing).is_like(first) for _ in range(REPEATS - 1)):
        return _flaky(asker, failing, first)
    refused_by_status = first.passes and first.status is not None and first.status >= REFUSING_STATUS
    if first.passes and not refused_by_status:
        return Explanation(Kind.PASSES, first, asker.asked)
    nearest = _nearest(client, clients, asker, first)
    if first.passes and nearest is None:
        return Explanation(Kind.PASSES, first, asker.asked)
    if nearest is None:
        return Explanation(Kind.ALL_FAIL, first, asker.asked)
    name, passing, answer = nearest
    if first.passes:  # HTTP
        asker.usual_status = answer.status
        first = asker.ask(failing)
    trials = Trials(first)
    trials.add(failing, first)
    trials.add(passing, answer)
    search = Search(failing, passing, trials, most_probes - asker.asked - 2 * REPEATS)
    found = _asked(search, asker, passing)
    if found is None:
        return Explanation(Kind.CHANGED, first, asker.asked, nearest=name)
    causes = tuple(merged(found.hypotheses))
    if not causes:
        return Explanation(Kind.NONE, first, asker.asked, nearest=name)
    proof = _prove(causes[0], failing, passing, asker, first)
    kind = Kind.ONE if len(causes) == 1 and proof is not None else Kind.SEVERAL
    return Explanation(kind, first, asker.asked, causes, proof, name)


def _flaky(asker: Asker, failing: HelloTemplate, first: Answer) -> Explanation:
    answers = [asker.ask(failing) for _ in range(FLAKY_REPEATS)]
    rate = sum(not each.passes for each in answers) / len(answers)
    return Explanation(Kind.FLAKY, first, asker.asked, rate=rate)


def _nearest(
    client: Player, clients: Mapping[str, Player], asker: Asker, first: Answer
) -> tuple[str, HelloTemplate, Answer] | None:
    """A hello of another client that gets through, played with `client`'s own rules; the likeliest first."""
    mine = set(features_of(client.hellos[0].template))
    suspects: set[Feature] = mine
    hellos = {name: player.hellos[0].template for name, player in clients.items()}
    features = {name: set(features_of(template)) for name, template in hellos.items()}
    for _ in range(min(_PASSING_TRIED, len(hellos))):
        # What it lacks of the suspects makes it likely to get through, what else differs makes it far away.
        name = max(hellos, key=lambda each: (_worth(features[each], suspects, mine), each))
        template, has = hellos.pop(name), features.pop(name)
        answer = asker.ask(template)
        if answer.passes and (not first.passes or answer.status != first.status):
            return name, template, answer
        if answer.is_like(first):
            suspects = suspects & has or suspects
    return None


def _worth(features: set[Feature], suspects: set[Feature], mine: set[Feature]) -> float:
    return len(suspects - features) - 0.5 * len(features - mine)


def _asked(search: Search, asker: Asker, control: HelloTemplate) -> Found | None:
    """Do the search; None where the control no longer gets through."""
    asking = search.run()
    questions = next(asking, None)
    count = 0
    try:
        while questions is not None:
            answers = [asker.ask(question) for question in questions]
            count += len(answers)
            if count % CONTROL_AFTER == 0 and not _holds(asker, control):
                return None
            questions = asking.send(answers)
    except StopIteration as end:
        found: Found = end.value
        return found if _holds(asker, control) else None
    return None


def _holds(asker: Asker, control: HelloTemplate) -> bool:
    return any(asker.ask(control).passes for _ in range(2))


def _prove(
    cause: Hypothesis, failing: HelloTemplate, passing: HelloTemplate, asker: Asker, first: Answer
) -> Proof | None:
    """Ask two hellos that differ in the cause alone, several times each; None where they answer otherwise."""
    for bad, good in _pairs(cause, failing, passing):
        if not cause.holds(flight_of(bad)) or cause.holds(flight_of(good)):
            continue
        if all(
            asker.ask(bad).is_like(first) and asker.ask(good).passes for _ in range(REPEATS)
        ):
            return Proof(bad, good, REPEATS)
    return None


def _pairs(
    cause: Hypothesis, failing: HelloTemplate, passing: HelloTemplate
) -> list[tuple[HelloTemplate, HelloTemplate]]:
    pairs = []
    parts = cause.parts
    less = [without(failing, parts)] if cause.joint is Joint.ANY else [without(failing, (p,)) for p in parts]
    pairs += [(failing, each) for each in less]
    pairs.append((with_(passing, parts), passing))
    return pairs
