"""For which cells of a run evidence is kept: the choice of whoever runs it, which the run remembers."""

from enum import StrEnum

from matrix.judgement.outcome import Verdict


class EvidenceWanted(StrEnum):
    """For which cells the transcripts are kept."""

    FAILURES = "failures"
    ALL = "all"
    NONE = "none"

    def includes(self, verdict: Verdict) -> bool:
        """True when a cell of this verdict keeps its transcripts; FAILURES means all that are not plain
        passes.
        """
        return self is EvidenceWanted.ALL or (
            self is EvidenceWanted.FAILURES and verdict is not Verdict.PASSED
        )
