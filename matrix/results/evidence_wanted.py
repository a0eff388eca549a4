"""For which cells of a run evidence is kept: the choice of whoever runs it, which the run remembers."""

from enum import StrEnum

from matrix.judgement.outcome import Outcome, Verdict


class EvidenceWanted(StrEnum):
    """For which cells the transcripts are kept."""

    FAILURES = "failures"
    ALL = "all"
    NONE = "none"

    def includes(self, verdict: Verdict, outcome: Outcome | None) -> bool:
        """True when a cell of this verdict and outcome keeps its transcripts; FAILURES means all that are not
        plain passes. Where nothing was expected, that is a cell that works at its first attempt.
        """
        is_plain = verdict is Verdict.PASSED or (verdict is Verdict.OBSERVED and outcome is Outcome.WORKS)
        return self is EvidenceWanted.ALL or (self is EvidenceWanted.FAILURES and not is_plain)
