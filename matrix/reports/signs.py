"""The sign and the word that a grid shows for an outcome, or for a cell without one."""

from matrix.judgement.outcome import Outcome, Verdict

SHORT_WORDS = {
    Outcome.WORKS: "works",
    Outcome.WORKS_AFTER_FALLBACK: "fallback",
    Outcome.NOT_APPLICABLE: "n/a",
    Outcome.FAILS: "fails",
}
SYMBOLS = {
    Outcome.WORKS: "✓",
    Outcome.WORKS_AFTER_FALLBACK: "↓",
    Outcome.NOT_APPLICABLE: "-",
    Outcome.FAILS: "✗",
}
NO_OUTCOME_WORDS = {
    Verdict.UNSUPPORTED: ("?", "not tried"),
    Verdict.NOT_INSTALLED: ("·", "missing"),
    Verdict.HARNESS_ERROR: ("!", "broken"),
}
