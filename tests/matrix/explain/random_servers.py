"""Servers that mind something drawn at random, in memory: a hello goes in, an answer comes out.

What a server minds is drawn from what tells the two hellos apart that an explanation starts from, since
nothing else can explain why one fails and the other does not. Whether an answer names the true cause is
judged by what the two say of a few thousand hellos: all known ones, and changes of them.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from clients.profile import load_profiles
from handshake.errors import LocalError
from handshake.features import Feature, FirstFlight, features_of
from handshake.features.arguments import NumbersFeature
from handshake.features.conjunction import Conjunction
from handshake.features.flight import flight_of
from handshake.features.hello_length import HelloLength
from handshake.features.negation import Negation
from handshake.features.numbers import Numbers
from handshake.hello_template import HelloTemplate
from matrix.explain.hypotheses import Hypothesis
from matrix.explain.search import Found, Search
from matrix.explain.trial import Answer, Choice, Trials

MOST_PROBES = 120
"""Hellos that a search may ask, the first two included."""

REACTIONS = (
    "server-hello:alert-unexpected_message",
    "server-hello:alert-decode_error",
    "server-hello:alert-internal_error",
    "server-hello:fin",
    "server-hello:reset",
    "server-hello:timeout",
    "application-data:http-status-400",
)
KINDS = ("presence", "absence", "value", "length", "together", "either", "with-what-both-have")
TAKEN = (0x1301, 0xC02F, 0xC013, 0xC014, 0x009C, 0x002F, 0x0035, 0x000A, 0x0005)
"""The suites of the servers, in their order: some of each time."""
NOT_COMMON = "server-hello:alert-handshake_failure"
MASK = "server-hello:alert-protocol_version"
Cause = Callable[[FirstFlight], bool]


@dataclass(frozen=True)
class RandomServer:
    """`kind` is one of KINDS; `failing` and `passing` are names of profiles; `name` says the cause. Some mind
    a second thing, which they say with MASK: `masks` is a test for it, `is_first` whether it is made first.
    """

    kind: str
    name: str
    failing: str
    passing: str
    reaction: str
    minds: Cause
    masks: Cause | None = None
    is_first: bool = False

    def ask(self, template: HelloTemplate) -> Answer:
        """Answer a hello."""
        flight = flight_of(template)
        is_masked = self.masks is not None and self.masks(flight)
        if self.minds(flight) and not (is_masked and self.is_first):
            return Answer(False, self.reaction)
        if is_masked:
            return Answer(False, MASK)
        common = [code for code in TAKEN if code in flight.cipher_suites]
        if not common:
            return Answer(False, NOT_COMMON)
        return Answer(True, "", Choice(0x0303, common[0], None), 200)


@cache
def hellos() -> dict[str, HelloTemplate]:
    """The first hello of every client of the core set."""
    profiles = load_profiles()
    return {
        name: each.player.templates[0]
        for name, each in profiles.items()
        if {"core", "today"} & set(each.sets or ())
    }


def random_server(seed: int) -> RandomServer:
    """The server of a seed."""
    rng = random.Random(seed)
    while True:
        failing, passing = rng.sample(sorted(hellos()), 2)
        kind = rng.choice(KINDS)
        drawn = _cause(kind, flight_of(hellos()[failing]), flight_of(hellos()[passing]), rng)
        if drawn is None:
            continue
        name, minds = drawn
        server = RandomServer(kind, name, failing, passing, rng.choice(REACTIONS), minds)
        if server.ask(hellos()[failing]).reason == server.reaction and server.ask(hellos()[passing]).passes:
            return server


def random_masked_server(seed: int) -> RandomServer:
    """A server of a seed that minds two things, one after the other, and says something else of each. The
    hello to be explained may have both.
    """
    server, rng = random_server(seed), random.Random(-seed)
    while not server.reaction.startswith("server-hello:"):
        server = replace(server, reaction=rng.choice(REACTIONS))
    failing, passing = (flight_of(hellos()[name]) for name in (server.failing, server.passing))
    is_first, is_in_it = rng.random() < 0.5, rng.random() < 0.5
    while True:
        has, lacks = (failing, passing) if is_in_it and not is_first else rng.sample(_flights(), 2)
        drawn = _cause(rng.choice(("presence", "absence", "value")), has, lacks, rng)
        if drawn is None or drawn[1](passing) or (is_first and drawn[1](failing)):
            continue
        name, masks = drawn
        both = f"{server.name}, {'before' if is_first else 'behind'} it {name}"
        return replace(server, name=both, masks=masks, is_first=is_first)


@cache
def _flights() -> list[FirstFlight]:
    return [flight_of(each) for each in hellos().values()]


def _cause(
    kind: str, failing: FirstFlight, passing: FirstFlight, rng: random.Random
) -> tuple[str, Cause] | None:
    """What the first hello has and the second has not: a name and a test; None where there is no such."""
    if kind == "length":
        return _length(failing, passing, rng)
    had, others = (
        [f for f in features_of(each) if not isinstance(f, NumbersFeature)] for each in (failing, passing)
    )
    more: list[Feature] = [each for each in had if each not in others]
    less: list[Feature] = [Negation(each) for each in others if each not in had]
    presence = [
        each for each in more if ":" not in each.name or each.name.startswith(("extension:", "cipher-suite:"))
    ]
    values = [each for each in more if each not in presence]
    chosen: dict[str, Sequence[Feature]] = {
        "presence": presence, "absence": less, "value": values, "together": [*more, *less], "either": more,
    }  # fmt: skip
    try:
        if kind == "with-what-both-have":
            one = rng.choice([*more, *less])
            cause: Feature = Conjunction((one, rng.choice([each for each in had if each in others])))
            return cause.name, cause.present
        if kind == "together":
            cause = Conjunction(tuple(rng.sample(chosen[kind], 2)))
            return cause.name, cause.present
        if kind == "either":
            first, second = rng.sample(chosen[kind], 2)
            return (
                f"{first.name} or {second.name}",
                lambda flight: first.present(flight) or second.present(flight),
            )
        cause = rng.choice(chosen[kind])
        return cause.name, cause.present
    except (IndexError, ValueError):
        return None


def _length(failing: FirstFlight, passing: FirstFlight, rng: random.Random) -> tuple[str, Cause] | None:
    high, low = failing.length, passing.length
    if high == low:
        return None
    if rng.random() < 0.3:
        modulus = rng.choice((2, 4, 8, 16, 32, 64, 128, 256))
        numbers = Numbers(modulus=modulus, remainder=high % modulus)
        if low in numbers:
            return None
    elif high > low:
        start = rng.randint(low + 1, high)
        numbers = Numbers(start, rng.choice([None, None, high + rng.randint(0, 200)]))
    else:
        numbers = Numbers(0, rng.randint(high, low - 1))
    cause = HelloLength(numbers)
    return cause.name, cause.present


@cache
def sample() -> tuple[FirstFlight, ...]:
    """All known hellos, and a few thousand changes of them."""
    rng = random.Random(2012)
    found = list(hellos().values())
    everything = sorted({feature for each in found for feature in features_of(each)}, key=str)
    changed = []
    for base in found:
        for _ in range(12):
            template = base
            for feature in (
                *rng.sample(everything, rng.randint(0, 3)),
                *rng.sample(features_of(base), rng.randint(0, 6)),
            ):
                try:
                    template = (
                        feature.without(template)
                        if feature.present(flight_of(template))
                        else feature.with_(template)
                    )
                    flight_of(template)
                except LocalError:
                    continue
            changed.append(template)
    return tuple(dict.fromkeys(map(flight_of, (*found, *changed))))


def is_the_cause(server: RandomServer, cause: Hypothesis) -> bool:
    """Whether the two say the same of every hello of the sample that some server here would go on with."""
    return all(
        cause.holds(flight) == server.minds(flight)
        for flight in sample()
        if not (server.masks is not None and server.masks(flight))
        if set(TAKEN) & set(flight.cipher_suites)
    )


def found_at(server: RandomServer) -> Found:
    """Search as `explain` does, once it has a hello that gets through."""
    failing, passing = hellos()[server.failing], hellos()[server.passing]
    trials = Trials(server.ask(failing))
    trials.add(failing, server.ask(failing))
    trials.add(passing, server.ask(passing))
    asking = Search(failing, passing, trials, MOST_PROBES, hellos().values()).run()
    questions = next(asking)
    try:
        while True:
            questions = asking.send([server.ask(template) for template in questions])
    except StopIteration as end:
        found: Found = end.value
        return found
