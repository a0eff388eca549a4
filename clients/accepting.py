"""The `[accepts]` table of a profile: what its stack does about what a server does wrong.

    [accepts]
    like = "openssl-3"
    "record-version" = "closes"

`like` names a file of `clients/accepts`, or of a folder `accepts` beside the profile, which says what a whole
family of stacks does; such a file may be like another one. What is written nearer to the profile holds; what
nobody says is as the RFCs have it (`handshake.accepts`). `confidence` says how sure it is that the client
does so, where that is less than what the file has.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo

from clients.profile_attempt import Table
from definitions.fault import Mistakes, UnusableFile, shown
from definitions.reading import read_toml
from handshake.accepts import NOTATION, Accepts, Answer, parse_answer
from handshake.fault_names import check_fault_name

BUNDLED_ACCEPTS = Path(__file__).parent / "accepts"
LIKE = "like"
CONFIDENCE = "confidence"
Confidence = Literal["high", "medium", "low"]
_CONFIDENCES = ("high", "medium", "low")
ACCEPTS_SCHEMA = {
    "type": "object",
    "properties": {LIKE: {"type": "string"}, CONFIDENCE: {"enum": list(_CONFIDENCES)}},
    "additionalProperties": {
        "type": "string",
        "pattern": "^(" + re.sub(r"\?P<\w+>", "", NOTATION.pattern) + ")$",
    },
    "description": "what its stack does about what a server does wrong, by the names of such faults "
    '(tls-matrix list faults): goes-on, closes, alert:<name>; "like" names a family in clients/accepts',
}
"""JSON Schema of the table, for editors."""


class AcceptsError(UnusableFile):
    """A file of `accepts` that cannot be used: one line a fault."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """What a client does about faults, by their names; `confidence` is None where nothing is known of it."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    confidence: str | None = None

    def to_engine(self) -> Accepts:
        """Return it in the engine's words."""
        return Accepts(self.answers)


class Family(Table):
    """What a family of stacks does; `like` another one where nothing else is said."""

    title: str = Field(min_length=1)
    source: str = Field(min_length=1)
    confidence: Confidence
    accepts: dict[str, str]


def conduct_of(table: Any, info: ValidationInfo) -> Conduct:
    """The conduct that an `[accepts]` table says, with that of its family. Raises ValueError."""
    if isinstance(table, Conduct):
        return table
    if not isinstance(table, dict):
        raise ValueError("is no table: write [accepts] and a line for each fault")
    own = _answers(table)
    confidence = table.get(CONFIDENCE)
    if confidence is not None and confidence not in _CONFIDENCES:
        raise Mistakes([((CONFIDENCE,), f"is {shown(confidence)}: write high, medium or low")])
    if LIKE not in table:
        return Conduct(own, confidence or ("high" if own else None))
    if not isinstance(table[LIKE], str):
        raise Mistakes([((LIKE,), f"is {shown(table[LIKE])}: write the name of a family in quotes")])
    family = _family(table[LIKE], info.context if isinstance(info.context, Path) else None, ())
    return Conduct({**family.answers, **own}, confidence or family.confidence)


def _answers(table: Mapping[str, Any]) -> dict[str, Answer]:
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


def _family(name: str, path: Path | None, visited: tuple[str, ...]) -> Conduct:
    """What the family of that name does. Raises ValueError where there is none, or one is like itself."""
    if name in visited:
        raise ValueError(
            f"like: {' is like '.join((*visited, name))}: one of them must say what it does itself"
        )
    file = _file_of(name, path)
    family = _read(file)
    try:
        own = _answers(family.accepts)
    except Mistakes as mistakes:
        raise ValueError(f"like: {file}: {mistakes}") from mistakes
    above = family.accepts.get(LIKE)
    inherited = {} if above is None else _family(above, file, (*visited, name)).answers
    return Conduct({**inherited, **own}, family.confidence)


def _file_of(name: str, path: Path | None) -> Path:
    """The file of a family: one beside the profile, else one that is shipped. Raises Mistakes."""
    folders = [BUNDLED_ACCEPTS] if path is None else [_beside(path), BUNDLED_ACCEPTS]
    found = next((file for folder in folders if (file := folder / f"{name}.toml").is_file()), None)
    if found is None:
        known = sorted({file.stem for folder in folders for file in folder.glob("*.toml")})
        raise Mistakes([((LIKE,), f"there is no accepts/{name}.toml; there are {', '.join(known)}")])
    return found


def _beside(path: Path) -> Path:
    """The folder of families beside a profile, or in which a family is."""
    folder = path.parent
    return folder if folder.name == BUNDLED_ACCEPTS.name else folder / BUNDLED_ACCEPTS.name


@lru_cache(maxsize=64)
def _read(path: Path) -> Family:
    """Cached: many profiles are like the same few files."""
    return read_toml(path, Family, AcceptsError)
