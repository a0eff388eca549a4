"""How a run stands against what was expected of it, for the colour and the first words of a report. Pure."""

from collections import Counter
from enum import StrEnum

from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.run_file import RunFile
from matrix.wording import counted, joined


class Standing(StrEnum):
    """UNJUDGED: nothing went otherwise than expected, but some of which nothing was expected does not simply
    work. The values are words of the page's style sheet.
    """

    UNEXPECTED = "unexpected-run"
    UNJUDGED = "unjudged-run"
    NOTHING = "nothing-run"
    AS_EXPECTED = "as-expected-run"

    @property
    def sign(self) -> str:
        """So that it is not told by its colour alone."""
        return _SIGNS[self]


_SIGNS = {
    Standing.UNEXPECTED: "✗",
    Standing.UNJUDGED: "?",
    Standing.NOTHING: "·",
    Standing.AS_EXPECTED: "✓",
}
_VERBS = {
    Outcome.FAILS: ("fails", "fail"),
    Outcome.WORKS_AFTER_FALLBACK: ("works only after a fallback", "work only after a fallback"),
}


def standing(run: RunFile) -> Standing:
    """How a run stands; one of which nothing was measured is not as expected."""
    if not all(cell.verdict.is_as_expected for cell in run.cells):
        return Standing.UNEXPECTED
    if all(cell.outcome is None for cell in run.cells):
        return Standing.NOTHING
    is_unjudged = any(cell.verdict is Verdict.OBSERVED and cell.outcome in _VERBS for cell in run.cells)
    return Standing.UNJUDGED if is_unjudged else Standing.AS_EXPECTED


def standing_text(run: RunFile) -> str:
    """The same in a few words."""
    match standing(run):
        case Standing.UNEXPECTED:
            measured = [cell.outcome is not None for cell in run.cells if not cell.verdict.is_as_expected]
            unexpected, missing = sum(measured), len(measured) - sum(measured)
            said = [f"{unexpected} unexpected"] if unexpected else []
            return joined([*said, f"{missing} not measured"] if missing else said)
        case Standing.NOTHING:
            return "nothing was measured"
        case Standing.UNJUDGED:
            outcomes = Counter(cell.outcome for cell in run.cells if cell.verdict is Verdict.OBSERVED)
            does = [
                f"{outcomes[outcome]} {one if outcomes[outcome] == 1 else many}"
                for outcome, (one, many) in _VERBS.items()
                if outcomes[outcome]
            ]
            return f"no expectation, {joined(does)}"
        case Standing.AS_EXPECTED:
            return _as_expected(run)


def _as_expected(run: RunFile) -> str:
    measured = [cell for cell in run.cells if cell.outcome is not None]
    if all(cell.verdict is Verdict.OBSERVED for cell in measured):
        return f"no expectation, none of {counted(len(measured), 'cell')} fails"
    is_whole = len(measured) == len(run.cells) and not run.run.partial
    return "as expected" if is_whole else "as expected, as far as it was measured"
