"""The cells that are known to fail, for `run --lf`: of each cell its last result counts, so a run of a few
cells leaves what is known of the others. Pure.
"""

from collections.abc import Iterable, Set

from matrix.judgement.outcome import Outcome, Verdict


def last_failed(results: Iterable[tuple[str, str, str]], cells: Set[str]) -> frozenset[str]:
    """Those of the cells whose last result was not as expected, or was a failure where nothing was expected.

    `results` are cell, verdict and outcome (empty: none), the last first. A run that could not measure a
    cell, such as one without the server's stack, has no result of it. Reads no further than it must.
    """
    failed: set[str] = set()
    unknown = set(cells)
    for cell, verdict, outcome in results:
        if cell not in unknown or not (outcome or _has_failed(verdict, outcome)):
            continue
        unknown.discard(cell)
        if _has_failed(verdict, outcome):
            failed.add(cell)
        if not unknown:
            break
    return frozenset(failed)


def _has_failed(verdict: str, outcome: str) -> bool:
    if verdict == Verdict.OBSERVED:
        return outcome == Outcome.FAILS
    return verdict in tuple(Verdict) and not Verdict(verdict).is_as_expected
