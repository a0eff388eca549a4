"""Where the stories of a page come from besides the run file. Each is asked when a story is told, so that
evidence is never in memory but for one cell.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from clients.profile import Profile
from matrix.results.environment import profiles_digest
from matrix.results.evidence import Evidence, capture_file, evidence_file, read_evidence
from matrix.results.run_file import RunFile


def _none(cell_id: str) -> None:
    return None


def _nowhere(cell_id: str) -> bool:
    return False


class Sources(Struct, frozen=True):
    """`evidence` gives that of a cell by its id, None where there is none, or raises UnreadableRun;
    `has_evidence` and `has_capture` say what will lie beside the page. `profiles` are those that the run was
    made with.
    """

    evidence: Callable[[str], Evidence | None] = _none
    has_evidence: Callable[[str], bool] = _nowhere
    has_capture: Callable[[str], bool] = _nowhere
    profiles: Mapping[str, Profile] = field(default_factory=dict)


NO_SOURCES = Sources()


def sources_of(folder: Path, played: Mapping[str, Profile]) -> Sources:
    """What lies in a run's folder; `played` are the profiles that the run was made with (`profiles_of`)."""
    file = partial(evidence_file, folder)
    return Sources(
        partial(read_evidence, folder),
        lambda cell_id: file(cell_id).exists(),
        lambda cell_id: capture_file(file(cell_id)).exists(),
        played,
    )


def profiles_of(run: RunFile, known: Mapping[str, Profile]) -> Mapping[str, Profile]:
    """Those of the profiles that a run was made with; none where any of them has changed since."""
    played = {name: known[name] for name in run.clients if name in known}
    asked = run.run.asked.clients if run.run.asked is not None else list(run.clients)
    whole = [known[name] for name in asked if name in known]
    return played if profiles_digest(whole) == run.run.profiles_digest else {}
