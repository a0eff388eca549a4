"""How remedies are said: lines for a person, and plain values for programs. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from matrix.judgement.outcome import Outcome
from matrix.remedies.ranking import Effect, in_need
from matrix.remedies.remedy import Remedy
from matrix.remedies.trying import Result, Tried
from matrix.wording import counted, joined

SCHEMA = "tls-matrix/remedies/1"
_MOST_NAMED = 6
_MOST_LISTED = 10


def remedies_lines(
    server: str, note: str, tried: Tried, effects: Sequence[Effect], *, everything: bool
) -> Iterator[str]:
    """What a person reads."""
    needy = in_need(tried)
    count = counted(len(tried.before), "client")
    yield f"{server}: {len(needy)} of {count} fail or work only after a fallback."
    if note:
        yield note
    shown = needy if everything else needy[:_MOST_LISTED]
    yield from (f"  {name}: {_result_text(tried.before[name])}" for name in shown)
    if len(shown) < len(needy):
        yield f"  and {len(needy) - len(shown)} more (-v)"
    if not needy:
        yield "There is nothing to remedy."
        return
    yield ""
    yield from _helping([effect for effect in effects if effect.helps], len(needy), everything)
    yield from _useless([effect for effect in effects if not effect.helps], everything)
    yield from _missing(tried)


def remedies_values(server: str, tried: Tried, effects: Sequence[Effect]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "schema": SCHEMA,
        "server": server,
        "before": {name: _result_values(result) for name, result in tried.before.items()},
        "remedies": [_effect_values(effect) for effect in effects],
        "not_tried": [{**_remedy_values(remedy), "why": why} for remedy, why in tried.missing.items()],
    }


def _result_text(result: Result) -> str:
    outcome = "works only after a fallback" if result.outcome is Outcome.WORKS_AFTER_FALLBACK else "fails"
    return f"{outcome} ({result.reason})"


def _helping(effects: Sequence[Effect], needy: int, everything: bool) -> Iterator[str]:
    if not effects:
        yield "No remedy that is known here helps."
        yield ""
        return
    yield "What helps, the best first:"
    shown = effects if everything else effects[:_MOST_LISTED]
    for number, effect in enumerate(shown, start=1):
        remedy = effect.remedy
        yield f"  {number}. {remedy.id} ({remedy.change.words})"
        if remedy.what != remedy.id:
            yield f"     {remedy.what}"
        fixed = f"fixes {len(effect.fixed)} of {needy}: {_names(effect.fixed, everything)}"
        yield f"     {fixed}; {_harm(effect, everything)}"
        if remedy.confidence == "low":
            yield f"     that the change does what was tried is not sure (confidence low){_note(remedy)}"
        elif remedy.note and (everything or (remedy.setting is not None and not effect.holes)):
            yield f"     {remedy.note}"
    if len(shown) < len(effects):
        yield f"  and {len(effects) - len(shown)} more (-v)"
    yield ""


def _note(remedy: Remedy) -> str:
    return f": {remedy.note}" if remedy.note else ""


def _harm(effect: Effect, everything: bool) -> str:
    broken = f"breaks {_names(effect.broken, everything)}" if effect.broken else "breaks none"
    return f"{broken}; opens {_holes(effect) if effect.holes else 'no hole that is known here'}"


def _holes(effect: Effect) -> str:
    return joined([hole.what for hole in effect.holes])


def _useless(effects: Sequence[Effect], everything: bool) -> Iterator[str]:
    """What helps nobody, by what it does instead; of the settings of clients those that changed something."""
    by_harm: dict[tuple[str, str], list[str]] = {}
    for effect in effects:
        if effect.remedy.setting is None or effect.broken or effect.unchanged:
            harm = f"breaks {_names(effect.broken, everything)}" if effect.broken else ""
            opens = f"opens {_holes(effect)}" if effect.holes else ""
            does = "; ".join(part for part in (harm, opens) if part)
            by_harm.setdefault((effect.remedy.change.words, does), []).append(effect.remedy.id)
    if by_harm:
        yield "What helps nobody:"
        for (kind, does), ids in by_harm.items():
            yield f"  - {kind}: {joined(ids)}{f' ({does})' if does else ''}"
        yield ""


def _missing(tried: Tried) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for remedy, why in tried.missing.items():
        reasons.setdefault(why, []).append(remedy.id)
    for why, ids in reasons.items():
        yield f"Not tried: {_names(ids, True)}: {why}"


def _names(names: Sequence[str], everything: bool) -> str:
    shown = list(names) if everything or len(names) <= _MOST_NAMED else list(names[: _MOST_NAMED - 1])
    more = len(names) - len(shown)
    return joined([*shown, f"{more} more"] if more else shown)


def _result_values(result: Result) -> dict[str, Any]:
    return {
        "outcome": None if result.outcome is None else result.outcome.value,
        "reason": result.reason or None,
    }


def _remedy_values(remedy: Remedy) -> dict[str, Any]:
    return {
        "id": remedy.id,
        "change": remedy.change.value,
        "invasiveness": remedy.change.invasiveness,
        "what": remedy.what,
        "server": None if remedy.server is None else remedy.server.id,
        "setting": None if remedy.setting is None else remedy.setting.id,
        "source": None if remedy.setting is None else remedy.setting.source,
        "confidence": remedy.confidence,
        "note": remedy.note,
    }


def _effect_values(effect: Effect) -> dict[str, Any]:
    return {
        **_remedy_values(effect.remedy),
        "helps": effect.helps,
        "fixes": list(effect.fixed),
        "breaks": list(effect.broken),
        "unknown": list(effect.unknown),
        "fails_in_another_way": dict(effect.other_ways or {}),
        "opens": [hole.name for hole in effect.holes],
    }
