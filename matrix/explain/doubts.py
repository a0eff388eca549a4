"""Hellos that put one hypothesis in doubt: those that must get through, or must fail, if it is true.

Each function gives hellos in the order in which they are worth asking. A search asks those that are new.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from handshake.errors import LocalError
from handshake.features import Feature
from handshake.features.any_cipher_suite import AnyCipherSuite
from handshake.features.arguments import NumbersFeature
from handshake.features.body import Body
from handshake.features.cipher_suite import CipherSuite
from handshake.features.cipher_suite_count import CipherSuiteCount
from handshake.features.cipher_suite_family import CipherSuiteFamily
from handshake.features.edits import put_body, with_cipher_suites
from handshake.features.extension import Extension
from handshake.features.flight import flight_of
from handshake.features.hello_length import HelloLength
from handshake.features.listed import body_of, entries
from handshake.features.lists_any import ListsAny
from handshake.features.negation import Negation
from handshake.features.numbers import Numbers
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV
from handshake.wire.registry import ExtensionType
from matrix.explain.candidates import SINGLY, groups, with_, with_suite_count, with_unknown_suites, without
from matrix.explain.hypotheses import MEASURES, OPEN_END, Hypothesis, Joint, is_numeric
from matrix.explain.sums import sums
from matrix.explain.trial import Trials

RENEGOTIATION_INFO = Extension(ExtensionType.RENEGOTIATION_INFO)
_Member = TypeVar("_Member")
_BASES = 6
"""Of the hellos that were asked the newest are made longer or shorter."""
_VARIATIONS = 4
"""So many entries of a list are left out, one at a time, to see whether the whole body matters."""


class Asked(Protocol):
    """What is known of a search."""

    failing: HelloTemplate
    passing: HelloTemplate
    trials: Trials

    def failing_bases(self) -> list[HelloTemplate]:
        """Hellos that fail."""

    def passing_bases(self) -> list[HelloTemplate]:
        """Hellos that get through."""


def proving(asked: Asked, cause: Hypothesis) -> Iterator[HelloTemplate]:
    """The hello that fails less the cause, which must get through, and the other one with it."""
    parts = cause.parts
    less = [part for part in parts if not is_numeric(part)]
    if cause.joint is Joint.ALL:
        yield with_(asked.passing, parts)
        through = [trial.template for trial in asked.trials.chosen(asked.trials.passing)]
        bases = (asked.passing, *reversed(through[-_BASES:]))
        for part in parts:
            filled = (changed for base in bases for changed in _filled_up(base, part))
            yield from islice((each for each in filled if part.present(flight_of(each))), 1)
        yield from (without(asked.failing, (part,)) for part in (*less, *filter(is_numeric, parts)))
    else:
        if less == list(parts):
            yield without(asked.failing, parts)
        yield from (with_(asked.passing, (part,)) for part in parts)


def _bases(asked: Asked) -> Iterator[HelloTemplate]:
    """What can be made longer or shorter: the two hellos, and the newest others."""
    yield from (*asked.failing_bases(), *asked.passing_bases())
    for bits in (asked.trials.failing, asked.trials.passing):
        yield from reversed([trial.template for trial in asked.trials.chosen(bits)][-_BASES:])


def _filled_up(base: HelloTemplate, part: Feature) -> Iterator[HelloTemplate]:
    """As long, or with as many suites, as the part says, by what nobody knows or padding."""
    if isinstance(part, HelloLength):
        yield with_(base, (part,))
        yield with_unknown_suites(base, part.numbers.low)
    if isinstance(part, CipherSuiteCount):
        yield with_suite_count(base, part.numbers.low)


def resized(asked: Asked, cause: Hypothesis) -> Iterator[HelloTemplate]:
    """Hellos of another length, or count, each half way from those that fail to one that gets through."""
    for part in cause.parts:
        if not isinstance(part, NumbersFeature) or type(part) not in MEASURES or part.numbers.modulus > 1:
            continue
        kind, measure = type(part), MEASURES[type(part)]
        low, high = part.numbers.low, part.numbers.high
        values = {measure(trial.flight) for trial in asked.trials.chosen(asked.trials.passing)}
        below = max((value for value in values if value < low), default=-1)
        gaps = [(below, low)] if below >= 0 else []
        if high is not None:
            gaps.append((high, min((value for value in values if value > high), default=OPEN_END * high + 2)))
        for start, end in gaps:
            value = (start + end) // 2
            for base in _bases(asked) if value > start else ():
                changed = [with_(base, (kind(Numbers(value, value)),))]
                changed += [with_unknown_suites(base, value)] if kind is HelloLength else []
                yield from (each for each in changed if start < measure(flight_of(each)) < end)


def opened(asked: Asked, possible: Sequence[Hypothesis]) -> Iterator[HelloTemplate]:
    """A hello so much longer that it tells a range of lengths, or counts, from one without an end."""
    for part in (each.parts[0] for each in possible if len(each.parts) == 1):
        if not isinstance(part, NumbersFeature) or type(part) not in MEASURES:
            continue
        kind, low = type(part), part.numbers.low
        if part.numbers.modulus > 1 or part.numbers.high is None or not low:
            continue
        if Hypothesis((kind(Numbers(low, None)),)) in possible:
            longer = with_(asked.passing, (kind(Numbers(OPEN_END * low, OPEN_END * low)),))
            if MEASURES[kind](flight_of(longer)) == OPEN_END * low:
                yield longer


def varied(asked: Asked, cause: Hypothesis) -> Iterator[HelloTemplate]:
    """The failing hello with another part of what is blamed as a whole: of a body, a list, a family of
    suites. The server may mind two of its members.
    """
    for part in cause.parts:
        inner = part.feature if isinstance(part, Negation) else part
        try:
            match inner:
                case Body() if part is inner:
                    yield from _other_bodies(asked.failing, inner)
                case Extension():
                    yield from _other_lists(asked, inner.extension_type, is_missing=part is not inner)
                case CipherSuiteFamily():
                    yield from _other_suites(asked, inner, is_missing=part is not inner)
        except LocalError:
            continue


def _other_bodies(base: HelloTemplate, part: Body) -> Iterator[HelloTemplate]:
    """Another order, and without one entry."""
    listed = entries(part.extension_type, part.body) or ()
    if len(listed) > 1:
        shorter = [[*listed[:at], *listed[at + 1 :]] for at in range(min(len(listed), _VARIATIONS))]
        for changed in (list(reversed(listed)), *shorter):
            yield put_body(base, part.extension_type, body_of(part.extension_type, changed, part.body))


def _other_lists(asked: Asked, extension_type: int, *, is_missing: bool) -> Iterator[HelloTemplate]:
    """One half of what the hello that has the extension lists there, and the other half."""
    body = flight_of(asked.passing if is_missing else asked.failing).hello.extension(extension_type)
    for half in _halves(entries(extension_type, body or b"") or ()):
        yield put_body(asked.failing, extension_type, body_of(extension_type, half, body or b""))


def _other_suites(asked: Asked, family: CipherSuiteFamily, *, is_missing: bool) -> Iterator[HelloTemplate]:
    """One half of the suites of the family that the hello that has it offers, and the other half."""
    had = flight_of(asked.passing if is_missing else asked.failing).cipher_suites
    base = asked.failing.cipher_suites
    for half in _halves([code for code in dict.fromkeys(had) if family.is_member(code)]):
        kept = (*base, *half) if is_missing else [c for c in base if c in half or not family.is_member(c)]
        yield with_cipher_suites(asked.failing, kept)


def signalled(asked: Asked, cause: Hypothesis) -> Iterator[HelloTemplate]:
    """The failing hello that signals RFC 5746 by the SCSV in place of the extension (section 3.3 there)."""
    if RENEGOTIATION_INFO in cause.parts:
        scsv = CipherSuite(TLS_EMPTY_RENEGOTIATION_INFO_SCSV)
        yield with_(without(asked.failing, (RENEGOTIATION_INFO,)), (scsv,))


def _halves(members: Sequence[_Member]) -> Sequence[Sequence[_Member]]:
    middle = len(members) // 2
    return (members[:middle], members[middle:]) if middle else ()


def chosen_from(asked: Asked) -> Iterator[HelloTemplate]:
    """Where the server may miss any of several values: the failing hello with all that it has not chosen yet.
    It chooses the next one that it takes, or takes none of them.
    """
    for each in sums(asked.trials):
        if not each.is_offered:
            unsure = [each.kind.one(value) for value in each.values if value not in each.seen]
            yield with_(asked.failing, unsure)


def enumerated(asked: Asked, cause: Hypothesis) -> Iterator[HelloTemplate]:
    """Hellos that shorten a sum: less what the server has chosen so far, else one half or the other."""
    literal = cause.parts[-1]
    inner = literal.feature if isinstance(literal, Negation) else literal
    if not isinstance(inner, AnyCipherSuite | ListsAny):
        return
    for each in sums(asked.trials):
        if each.literal != literal:
            continue
        bases = asked.failing_bases() if each.is_offered else asked.passing_bases()
        others = asked.passing if each.is_offered else asked.failing
        if each.seen and len(each.seen) < len(each.values):
            yield from (without(base, (each.kind.any_of(each.seen),)) for base in bases)
        unsure = [each.kind.one(value) for value in each.values if value not in each.seen]
        for group in groups(unsure):
            yield with_(others, group)
        if len(unsure) <= SINGLY:
            yield from (with_(others, (one,)) for one in unsure)


DOUBTS = (resized, proving, signalled, varied, enumerated)
"""In this order."""
