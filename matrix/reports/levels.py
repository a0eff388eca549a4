"""From level to level, in words: up to which level a client works, from which on it fails, and why. Pure."""

from collections import defaultdict
from collections.abc import Sequence

from matrix.judgement.outcome import Outcome
from matrix.results.levels import Course, LevelSeries, Stretch
from matrix.wording import joined, printable

_VERBS = {
    Outcome.WORKS: "works",
    Outcome.WORKS_AFTER_FALLBACK: "works after a fallback",
    Outcome.NOT_APPLICABLE: "does not apply",
    Outcome.FAILS: "fails",
}
_ONLY_BETWEEN = [Outcome.FAILS, Outcome.WORKS, Outcome.FAILS]


def title(series: LevelSeries) -> str:
    """Say which levels of which server are looked at, and with which toggles."""
    toggles = f" with {series.toggles.replace(',', ', ')}" if series.toggles else ""
    where = f"{series.server}{toggles}, from {series.levels[0]} to {series.levels[-1]}"
    return printable(f"{where}: {series.scenario}")


def told_together(series: LevelSeries) -> list[str]:
    """Give a sentence for each course, with all clients that have it; those that change come first."""
    alike: dict[str, list[str]] = defaultdict(list)
    for course in series.courses:
        alike[course_text(course)].append(printable(course.client))
    return [f"{joined(clients)}: {said}" for said, clients in alike.items()]


def course_text(course: Course) -> str:
    """Say how a client fares from level to level, without its name and a full stop."""
    if not course.stretches:
        return _not_known(course)
    said = _everywhere(course) if len(course.phases) == 1 else _changing(course.phases)
    return "; ".join((printable(said), *([_not_known(course)] if course.unknown else [])))


def _everywhere(course: Course) -> str:
    (phase,) = course.phases
    outcome, reasons = phase[0].outcome, _reasons(phase)
    levels = [level for stretch in phase for level in stretch.levels]
    if len(levels) == 1:
        return f"{_VERBS[outcome]} at {levels[0]}{reasons}"
    if outcome is Outcome.FAILS:
        return f"never works{reasons}"
    return f"{_VERBS[outcome]} at all {'other ' if course.unknown else ''}levels{reasons}"


def _changing(phases: Sequence[tuple[Stretch, ...]]) -> str:
    said = [
        f"{_VERBS[phase[0].outcome]} {_where(phase, number, len(phases))}{_reasons(phase)}"
        for number, phase in enumerate(phases)
    ]
    if [phase[0].outcome for phase in phases] == _ONLY_BETWEEN:
        before, works, after = said
        return f"{works} only, {before}, {after}"
    return ", ".join(said)


def _where(stretches: Sequence[Stretch], number: int, count: int) -> str:
    """Say which levels these are, which come at this place among so many."""
    first, last = stretches[0].levels[0], stretches[-1].levels[-1]
    if number == 0:
        return f"up to {last}"
    if number == count - 1:
        return f"from {first} on"
    return f"at {first}" if first == last else f"from {first} to {last}"


def _reasons(phase: Sequence[Stretch]) -> str:
    if len(phase) == 1:
        return f" ({phase[0].reason})" if phase[0].reason else ""
    said = (
        f"{stretch.reason or 'without a reason'} {_where([stretch], number, len(phase))}"
        for number, stretch in enumerate(phase)
    )
    return f" ({', '.join(said)})"


def _not_known(course: Course) -> str:
    by_why: dict[str, list[str]] = defaultdict(list)
    for level, why in course.unknown:
        by_why[why].append(level)
    return printable("; ".join(f"not known at {joined(levels)} ({why})" for why, levels in by_why.items()))
