"""What servers are documented to mind in a hello: the catalogue in `intolerances.toml`, and the toggle that
lets an emulated server mind one of them.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from definitions.fault import UnusableFile
from definitions.reading import read_toml
from handshake.features import parse_feature

BUNDLED = Path(__file__).parent / "intolerances.toml"
NONE = "none"
_STRICT = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True)


class IntoleranceError(UnusableFile):
    """A catalogue that cannot be used: one line a fault."""


class KnownIntolerance(BaseModel):
    """One `[[intolerance]]`: hellos with any of the features get the reaction. `who` behaves so, `source`
    says where that is written, `remedy` what the operator of such a server can do.
    `is_predicted`: what follows from it is expected of each client, since the control of the reference server
    does not meet it.
    """

    model_config = _STRICT

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    features: Annotated[list[str], Field(min_length=1)]
    reaction: str
    who: str
    source: str
    confidence: Literal["documented", "source", "measured", "single"]
    remedy: str
    note: str = ""
    is_predicted: bool = False

    @field_validator("features")
    @classmethod
    def _are_features(cls, names: list[str]) -> list[str]:
        for name in names:
            parse_feature(name)
        return names


class Catalogue(BaseModel):
    """The whole file."""

    model_config = _STRICT

    intolerances: Annotated[list[KnownIntolerance], Field(min_length=1, alias="intolerance")]


@cache
def known_intolerances() -> Mapping[str, KnownIntolerance]:
    """All of the catalogue by name, in its order. Raises IntoleranceError."""
    return {each.name: each for each in read_toml(BUNDLED, Catalogue, IntoleranceError).intolerances}


def intolerance_values() -> Mapping[str, Any]:
    """What a [toggles.NAME] table would say of the values: all there are, and the default."""
    return {"values": [NONE, *known_intolerances()], "default": NONE}


def is_only_observed(value: str) -> bool:
    """Whether nothing is expected of clients where the server minds this: not even its control need get
    through.
    """
    return value != NONE and not known_intolerances()[value].is_predicted


def intolerance_layer(value: str) -> dict[str, Any]:
    """What a value changes, as [toggles.NAME.when.VALUE] would say it."""
    if value == NONE:
        return {}
    known = known_intolerances()[value]
    return {"emulation": {"intolerance": [{"features": known.features, "reaction": known.reaction}]}}
