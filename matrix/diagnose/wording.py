"""How a diagnosis is said: lines for a person, and plain values for programs. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from definitions.fault import quoted
from handshake.features.arguments import NumbersFeature, PlainFeature
from handshake.features.cipher_suite_count import CipherSuiteCount
from handshake.features.cipher_suite_family import CipherSuiteFamily
from handshake.features.extension import Extension
from handshake.features.extension_count import ExtensionCount
from handshake.features.feature import Feature
from handshake.features.first_cipher_suite import FirstCipherSuite
from handshake.features.hello_length import HelloLength
from matrix.diagnose.elimination import CONFIDENCES, Diagnosis, Doubted
from matrix.diagnose.experiments import Experiment
from matrix.diagnose.next_client import Group, Outlook, Proposal
from matrix.diagnose.rows import Row
from matrix.explain.hypotheses import Hypothesis
from matrix.wording import counted, joined

SCHEMA = "tls-matrix/diagnosis/1"
MOST_PAIRS = 1000
"""That are written for programs; of few observations there are thousands."""
_MOST_MEMBERS = 3
_GENERAL: tuple[type[Feature], ...] = (
    Extension,
    PlainFeature,
    CipherSuiteFamily,
    FirstCipherSuite,
    HelloLength,
    CipherSuiteCount,
    ExtensionCount,
)
"""What is told unless everything is asked for; the others are about one suite, one order, one entry."""
_ALIKE = "no client known here tells these apart"


def diagnosis_lines(
    server: str, diagnosis: Diagnosis, outlook: Outlook, *, everything: bool
) -> Iterator[str]:
    """What a person reads."""
    yield from _heading(server, diagnosis)
    yield from _trouble(diagnosis)
    if not diagnosis.failing:
        yield 'Nothing fails, so there is nothing to find: add an observation with outcome = "fails".'
        return
    yield from _left(diagnosis, outlook, everything)
    yield from _ruled_out(diagnosis, everything)
    yield from _next(outlook)


def diagnosis_values(diagnosis: Diagnosis, outlook: Outlook) -> dict[str, Any]:
    """The same for programs; features are in the notation of `list features`."""
    pairs = diagnosis.pairs
    return {
        "schema": SCHEMA,
        "cause": None if diagnosis.cause is None else str(diagnosis.cause),
        "rows": [_row_values(row) for row in diagnosis.rows],
        "left_out": [{**_row_values(each.row), "why": each.why} for each in diagnosis.left_out],
        "contradictions": [[_row_values(row) for row in pair] for pair in diagnosis.contradictions],
        "possible": [each.name for each in diagnosis.possible],
        "doubtful": [_doubted_values(each) for each in diagnosis.doubtful],
        "ruled_out": [_doubted_values(each) for each in diagnosis.ruled_out],
        "pairs": None if pairs is None else [each.name for each in pairs[:MOST_PAIRS]],
        "pairs_left_out": max(len(pairs or ()) - MOST_PAIRS, 0),
        "without": [
            {"row": _row_values(row), "possible": [each.name for each in possible]}
            for row, possible in diagnosis.without
        ],
        "groups": [[each.name for each in group.members] for group in outlook.groups],
        "next": [_proposal_values(proposal) for proposal in outlook.proposals],
        "most_steps": outlook.most_steps,
        "is_one": outlook.is_one,
    }


def _heading(server: str, diagnosis: Diagnosis) -> Iterator[str]:
    if server:
        yield server
    failing = len(diagnosis.failing)
    how = "" if diagnosis.cause is None else f" ({diagnosis.cause})"
    passing = len(diagnosis.rows) - failing
    yield f"{counted(failing, 'hello')} failed{how}, {passing} got through."
    if failing and not passing:
        yield "No hello is known to have got through: all that those that failed have in common is possible."
    yield ""


def _trouble(diagnosis: Diagnosis) -> Iterator[str]:
    """What is wrong with the observations themselves."""
    for failed, passed in diagnosis.contradictions:
        dropped = [row for row in (failed, passed) if not row.is_sure]
        advice = (
            f"{dropped[0].where} is not sure and is not counted"
            if len(dropped) == 1
            else "neither is counted; look whether the server answers differently at times, or whether one "
            "of the two failed for another cause"
        )
        yield f"Contradiction: {failed.where} fails and {passed.where} works with the same hello: {advice}."
    for each in diagnosis.left_out:
        yield f"Not counted: {each.row.where} {each.why}."
    if diagnosis.contradictions or diagnosis.left_out:
        yield ""


def _left(diagnosis: Diagnosis, outlook: Outlook, everything: bool) -> Iterator[str]:
    doubtful = {each.hypothesis for each in diagnosis.doubtful}
    certain = [group for group in outlook.groups if group.first not in doubtful]
    unsure = [group for group in outlook.groups if group.first in doubtful]
    if diagnosis.possible:
        yield "The server may mind a hello with"
    elif certain:
        yield "No single feature agrees with all observations. The server may mind a hello with"
    elif not unsure:
        yield from _nothing(diagnosis)
    yield from _groups(certain, everything)
    if outlook.is_one:
        yield "This one is left."
    yield ""
    if unsure:
        rows = dict.fromkeys(row.where for each in diagnosis.doubtful for row in each.against)
        yield f"Only if another cause was behind {joined(list(rows))}, of which nobody is sure, a hello with"
        yield from _groups(unsure, everything)
        yield ""
    if diagnosis.pairs is None:
        yield "Pairs of features were not tried: there are too many while so few hellos got through."
        yield ""
    elif diagnosis.pairs and (certain or unsure) and not _are_pairs(certain):
        yield (
            f"{counted(len(diagnosis.pairs), 'pair')} of features (both together, or either of the two) "
            "would explain everything too, and are less likely; --json lists them."
        )
        yield ""


def _are_pairs(groups: Iterable[Group]) -> bool:
    return any(len(group.first.parts) > 1 for group in groups)


def _groups(groups: Sequence[Group], everything: bool) -> Iterator[str]:
    shown = [group for group in groups if everything or _is_general(group.first)] or groups[:_MOST_MEMBERS]
    yield from (f"  - {_group_text(group, everything)}" for group in shown)
    if len(shown) < len(groups):
        yield f"  - or {_particular(len(groups) - len(shown))}"


def _group_text(group: Group, everything: bool) -> str:
    members = [each for each in group.members if everything or _is_general(each)] or group.members[:1]
    words = ", or ".join(each.describe() for each in members)
    more = len(group.members) - len(members)
    particular = f", or {_particular(more)}" if more else ""
    return f"{words}{particular} ({_ALIKE})" if len(members) > 1 else f"{words}{particular}"


def _particular(count: int) -> str:
    return "a more particular one (-v)" if count == 1 else f"one of {count} more particular ones (-v)"


def _is_general(hypothesis: Hypothesis) -> bool:
    return all(
        isinstance(part, _GENERAL) and not (isinstance(part, NumbersFeature) and part.numbers.modulus > 1)
        for part in hypothesis.parts
    )


def _nothing(diagnosis: Diagnosis) -> Iterator[str]:
    tried = (
        "no feature and no length"
        if diagnosis.pairs is None
        else "no feature, no length and no pair of features"
    )
    yield (
        f"Nothing agrees with all observations: {tried}. Either one of "
        "them had another cause, or the server minds three things together, or something beside the hello."
    )
    for row, possible in diagnosis.without:
        words = joined([each.describe() for each in possible[:_MOST_MEMBERS]])
        yield f"Without {row.where} it may be a hello with {words}."


def _ruled_out(diagnosis: Diagnosis, everything: bool) -> Iterator[str]:
    """What is ruled out, by the row that is surest of it, the first of these."""
    shown = [each for each in diagnosis.ruled_out if everything or _is_general(each.hypothesis)]
    by_row: dict[int, tuple[Row, list[Hypothesis]]] = {}
    for each in shown:
        row = _surest(each)
        by_row.setdefault(id(row), (row, []))[1].append(each.hypothesis)
    if not by_row:
        return
    yield "Ruled out:"
    order = {id(row): number for number, row in enumerate(diagnosis.rows)}
    for key in sorted(by_row, key=order.__getitem__):
        row, hypotheses = by_row[key]
        how = "works with" if row.works else "fails without"
        weaker = "" if row.confidence == "high" else f" (its hello is known with confidence {row.confidence})"
        yield f"  {row.where} {how}{weaker}:"
        yield f"    {'; '.join(each.describe() for each in hypotheses)}"
    if len(shown) < len(diagnosis.ruled_out):
        yield f"  and {len(diagnosis.ruled_out) - len(shown)} more particular ones (-v)"
    yield ""


def _surest(doubted: Doubted) -> Row:
    sure = [row for row in doubted.against if row.is_sure]
    return min(sure, key=lambda row: CONFIDENCES.index(row.confidence))


def _next(outlook: Outlook) -> Iterator[str]:
    if len(outlook.groups) < 2:
        return
    if not outlook.proposals:
        yield "No client known here tells these apart: explain finds it out at the server itself."
        return
    for number, proposal in enumerate(outlook.proposals):
        yield "Try next:" if not number else "Or:"
        yield f"  {proposal.experiment.label}: {proposal.experiment.advice}"
        yield f"  if it fails in the same way, what is left is {_remaining(proposal.if_fails)}"
        yield f"  if it works, what is left is {_remaining(proposal.if_works)}"
    yield ""
    yield "Then add what was seen, and ask again:"
    yield from (f"    {line}" for line in _snippet(outlook.proposals[0].experiment))
    if outlook.most_steps:
        yield ""
        yield f"With the best client each time, {counted(outlook.most_steps, 'answer')} at most will tell."


def _remaining(groups: Sequence[Group]) -> str:
    shown = [group.first.describe() for group in groups[:_MOST_MEMBERS]]
    more = len(groups) - len(shown)
    return "; ".join([*shown, f"or one of {more} less likely"] if more else shown)


def _snippet(experiment: Experiment) -> Iterable[str]:
    yield "[[observation]]"
    yield f"client = {quoted(experiment.profile.id)}"
    if experiment.setting is not None:
        yield f"settings = [{quoted(experiment.setting.id)}]"
    if experiment.is_by_address:
        yield 'called_by = "address"'
    if len(experiment.profile.attempts) > 1:
        yield "attempt = 1"
    yield 'outcome = "works"    # or "fails", with reason = "..."'


def _row_values(row: Row) -> dict[str, Any]:
    return {
        "label": row.label,
        "line": row.line,
        "works": row.works,
        "cause": None if row.cause is None else str(row.cause),
        "sure": row.is_sure,
        "confidence": row.confidence,
    }


def _doubted_values(each: Doubted) -> dict[str, Any]:
    rows = [row.label for row in each.against]
    return {"feature": each.hypothesis.name, "against": rows, "confidence": each.confidence}


def _proposal_values(proposal: Proposal) -> dict[str, Any]:
    experiment = proposal.experiment
    return {
        "client": experiment.profile.id,
        "setting": None if experiment.setting is None else experiment.setting.id,
        "called_by": "address" if experiment.is_by_address else "name",
        "advice": experiment.advice,
        "if_fails": [group.first.name for group in proposal.if_fails],
        "if_works": [group.first.name for group in proposal.if_works],
    }
