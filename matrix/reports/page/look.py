"""What a cell looks like on the page, and by what it is found there. Pure.

A state is told by a sign, a colour and a shape, so none of these has to be seen alone. A trait is something
beside the state. Cells with the same look are one value, since a page has thousands of cells and few looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.cell_text import NOTES_MARK, UNEXPECTED_MARK, cell_text, negotiated_text
from matrix.reports.groups import said_of
from matrix.results.run_file import ASSUMED, LOW, CellRecord
from matrix.wording import bounded

ASSUMED_MARK = "≈"
MAX_TEXT = 600
"""Characters of one text on a page; what a peer says may be of any length."""


class Explained(StrEnum):
    """A word that a style sheet knows too, with the sign that stands for it and what that means."""

    sign: str
    word: str
    meaning: str

    def __new__(cls, value: str, sign: str, word: str, meaning: str) -> Self:
        """Make the word of a style sheet, and keep what explains it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sign, member.word, member.meaning = sign, word, meaning
        return member


class State(Explained):
    """How it went."""

    WORKS = "works", "✓", "works", "the first attempt completes the scenario"
    FALLBACK = "fallback", "↓", "after fallback", "works only after a silent retry with an older hello"
    FAILS = "fails", "✗", "fails", "no attempt of the client completes the scenario"
    NOT_APPLICABLE = "not-applicable", "-", "not applicable", "this pair cannot have what the scenario asks"
    UNSUPPORTED = "unsupported", "?", "unsupported", "the server chose what this program cannot complete"
    NOT_INSTALLED = "not-installed", "·", "not installed", "the server, or the genuine client, is missing"
    BROKEN = "broken", "!", "not measured", "no answer came, or the harness failed"


class Trait(Explained):
    """What else is to be said of a cell."""

    UNEXPECTED = "unexpected", UNEXPECTED_MARK, "unexpected", "went otherwise than expected"
    EXPECTED = "expected", "=", "expected", "no plain pass, and just what was expected"
    NOTED = "noted", NOTES_MARK, "with a note", "it works, but a note names something to check"
    ASSUMED = (
        "assumed",
        ASSUMED_MARK,
        "rests on an assumption",
        "it works, if the client refuses only what the RFCs oblige it to refuse; nobody measured that",
    )


_OF_OUTCOME = {
    Outcome.WORKS: State.WORKS,
    Outcome.WORKS_AFTER_FALLBACK: State.FALLBACK,
    Outcome.FAILS: State.FAILS,
    Outcome.NOT_APPLICABLE: State.NOT_APPLICABLE,
}
_OF_VERDICT = {Verdict.UNSUPPORTED: State.UNSUPPORTED, Verdict.NOT_INSTALLED: State.NOT_INSTALLED}


@dataclass(frozen=True, slots=True)
class Look:
    """A kind of cell. `said` says in a sentence what became of it, `agreed` what was negotiated."""

    state: str
    sign: str
    word: str
    traits: tuple[str, ...]
    reason: str
    said: str
    agreed: str


def look(cell: CellRecord) -> Look:
    """Give the look of a cell."""
    text = cell_text(cell)
    return Look(
        state_of(cell).value,
        text.sign,
        text.word,
        tuple(trait.value for trait in traits(cell)),
        "" if cell.reason is None else bounded(str(cell.reason), MAX_TEXT),
        bounded(said_of(cell), MAX_TEXT),
        "" if cell.negotiated is None else bounded(negotiated_text(cell.negotiated), MAX_TEXT),
    )


def state_of(cell: CellRecord) -> State:
    """How a cell went."""
    if cell.outcome is None:
        return _OF_VERDICT.get(cell.verdict, State.BROKEN)
    return _OF_OUTCOME[cell.outcome]


def traits(cell: CellRecord) -> Iterable[Trait]:
    """What else is to be said of a cell."""
    if cell.outcome is not None and not cell.verdict.is_as_expected:
        yield Trait.UNEXPECTED
    if cell.verdict is Verdict.EXPECTED_FAILURE:
        yield Trait.EXPECTED
    if cell.notes:
        yield Trait.NOTED
    if cell.confidence in (ASSUMED, LOW):
        yield Trait.ASSUMED
