"""Families of stacks: one file in `clients/accepts` says what all clients of a library do alike.

    title = "OpenSSL 3 and 4"
    source = "..."
    confidence = "high"

    [limits]
    [policy]
    [retry_hello]
    [renegotiation_hello]
    [accepts]
    like = "another family"

The tables are those of a profile. A family may be `like` another one; what is written nearer to the profile
holds. A folder `accepts` beside a profile may hold families of the user's own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field

from clients.profile_attempt import Table
from clients.profile_tables import Limits, Policy, RenegotiationHelloTable, RetryHelloTable
from definitions.fault import Mistakes, UnusableFile
from definitions.reading import read_toml
from handshake.accepts import Answer, parse_answer
from handshake.fault_names import check_fault_name

BUNDLED_ACCEPTS = Path(__file__).parent / "accepts"
LIKE = "like"
CONFIDENCE = "confidence"
Confidence = Literal["high", "medium", "low"]

TableOf = TypeVar("TableOf", bound=Table)


class AcceptsError(UnusableFile):
    """A file of `accepts` that cannot be used: one line a fault."""


class Family(Table):
    """What a family of stacks does; `like` another one where nothing else is said."""

    title: str = Field(min_length=1)
    source: str = Field(min_length=1)
    confidence: Confidence
    limits: Limits = Limits()
    policy: Policy = Policy()
    retry_hello: RetryHelloTable = RetryHelloTable()
    renegotiation_hello: RenegotiationHelloTable = RenegotiationHelloTable()
    accepts: dict[str, str]


@dataclass(frozen=True, slots=True)
class FamilyConduct:
    """What a family does, with what it has of the families it is like."""

    confidence: Confidence
    answers: Mapping[str, Answer]
    limits: Limits
    policy: Policy
    retry_hello: RetryHelloTable
    renegotiation_hello: RenegotiationHelloTable


def family_conduct(name: str, profile: Path | None) -> FamilyConduct:
    """What the family of that name does, looked for beside the profile first.

    Raises Mistakes where there is none, ValueError where one is like itself, AcceptsError for a bad file.
    """
    return _conduct(name, None if profile is None else _beside(profile))


@lru_cache(maxsize=128)
def _conduct(name: str, folder: Path | None) -> FamilyConduct:
    """Cached: many profiles are like the same few families."""
    return reduce(_under, _ancestry(name, folder))


def _under(near: FamilyConduct, far: FamilyConduct) -> FamilyConduct:
    """What a family says, and where it says nothing, what the one it is like says."""
    return FamilyConduct(
        near.confidence,
        {**far.answers, **near.answers},
        over(near.limits, far.limits),
        over(near.policy, far.policy),
        over(near.retry_hello, far.retry_hello),
        over(near.renegotiation_hello, far.renegotiation_hello),
    )


def over(own: TableOf, family: TableOf) -> TableOf:
    """What a table says, and where it says nothing, what the family's says."""
    if not own.model_fields_set:
        return family
    return family.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def parse_answers(table: Mapping[str, Any]) -> dict[str, Answer]:
    """The answers of an `[accepts]` table by the names of faults. Raises Mistakes."""
    wrong = []
    answers = {}
    for name, answer in table.items():
        if name in (LIKE, CONFIDENCE):
            continue
        try:
            check_fault_name(name)
            answers[name] = parse_answer(answer)
        except ValueError as error:
            wrong.append(((name,), str(error)))
    if wrong:
        raise Mistakes(wrong)
    return answers


def _ancestry(name: str, folder: Path | None) -> Iterator[FamilyConduct]:
    """What the family itself says, then what those say that it is like, the nearest first."""
    visited: tuple[str, ...] = ()
    above: str | None = name
    while above is not None:
        if above in visited:
            raise ValueError(
                f"like: {' is like '.join((*visited, above))}: one of them must say what it does itself"
            )
        visited = (*visited, above)
        file = _file_of(above, folder)
        folder = file.parent
        yield _alone(file)
        above = _read(file).accepts.get(LIKE)


def _file_of(name: str, folder: Path | None) -> Path:
    """The file of a family: one in the folder, else one that is shipped. Raises Mistakes."""
    folders = [BUNDLED_ACCEPTS] if folder is None else [folder, BUNDLED_ACCEPTS]
    found = next((file for folder in folders if (file := folder / f"{name}.toml").is_file()), None)
    if found is None:
        known = sorted({file.stem for folder in folders for file in folder.glob("*.toml")})
        raise Mistakes([((LIKE,), f"there is no accepts/{name}.toml; there are {', '.join(known)}")])
    return found


def _beside(profile: Path) -> Path:
    """The folder of families beside a profile."""
    return profile.parent / BUNDLED_ACCEPTS.name


@lru_cache(maxsize=64)
def _read(path: Path) -> Family:
    return read_toml(path, Family, AcceptsError)


@lru_cache(maxsize=64)
def _alone(path: Path) -> FamilyConduct:
    """What one file says. Raises ValueError for answers that are none."""
    family = _read(path)
    try:
        answers = parse_answers(family.accepts)
    except Mistakes as mistakes:
        raise ValueError(f"like: {path}: {mistakes}") from mistakes
    return FamilyConduct(
        family.confidence,
        answers,
        family.limits,
        family.policy,
        family.retry_hello,
        family.renegotiation_hello,
    )
