"""What tests of diagnoses share: the bundled clients, files of observations, a server that minds a thing."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from clients.profile import Profile, load_profiles
from clients.setting import bundled_settings
from handshake.features import Feature, parse_feature
from matrix.diagnose.captured import hellos_in
from matrix.diagnose.elimination import Diagnosis, diagnose, live
from matrix.diagnose.experiments import Experiment, experiments
from matrix.diagnose.next_client import Outlook, outlook
from matrix.diagnose.observations import read_observations
from matrix.diagnose.rows import Row, rows_of

INCIDENT = Path(__file__).parents[3] / "examples" / "incident-2012.toml"


@cache
def profiles() -> dict[str, Profile]:
    return load_profiles()


def rows_in(path: Path) -> list[Row]:
    return rows_of(str(path), read_observations(path), profiles(), bundled_settings(), hellos_in(path.parent))


def rows_written(tmp_path: Path, text: str) -> list[Row]:
    path = tmp_path / "seen.toml"
    path.write_text(text)
    return rows_in(path)


def found(rows: list[Row]) -> tuple[Diagnosis, Outlook]:
    diagnosis = diagnose(rows)
    doubtful = [each.hypothesis for each in diagnosis.doubtful]
    candidates = experiments(profiles().values(), bundled_settings(), diagnosis.rows)
    possible = [each for each in live(diagnosis) if each not in doubtful]
    return diagnosis, outlook(possible, doubtful, candidates)


def minds(names: Iterable[str], experiment: Experiment) -> bool:
    """Whether a server that minds any of the features refuses the experiment's hello."""
    features: list[Feature] = [parse_feature(name) for name in names]
    return any(feature.present(experiment.flight) for feature in features)


def row_of(experiment: Experiment, *, works: bool) -> Row:
    return Row(experiment.label, (experiment.hello,), works)
