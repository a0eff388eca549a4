"""What a client can be told that changes its hello: `clients/settings/*.toml`, one file a stack.

A setting is a property, an option, a registry value, a policy or a call. It says which features it takes out
of the hello, or puts into it, in the notation of `handshake.features` (`tls-matrix list features`), so it can
be tried on any client that it fits without having that client. Each has its source and a confidence; what was
tried on the genuine program says so (`tests/clients/test_settings_of_genuine_clients.py`).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from msgspec.structs import replace
from pydantic import BeforeValidator, Field, field_validator, model_validator

from clients.fields import Listed
from clients.player import PlayedHello, Player
from clients.profile_attempt import Table
from definitions.fault import Mistakes, Together, UnusableFile, shown
from definitions.former import Notes
from definitions.reading import read_toml
from handshake.features import Feature, FeatureError, parse_feature
from handshake.hello_template import HelloTemplate

BUNDLED_SETTINGS = Path(__file__).parent / "settings"
Confidence = Literal["high", "medium", "low"]


class SettingError(UnusableFile):
    """A file of settings that cannot be used: one line a fault."""


class SettingKind(StrEnum):
    """What a setting is to the person who makes it."""

    PROPERTY = "property"
    OPTION = "option"
    ENVIRONMENT = "environment"
    PREFERENCE = "preference"
    REGISTRY = "registry"
    POLICY = "policy"
    CALL = "call"


def _feature(value: Any) -> Feature:
    if not isinstance(value, str):
        raise ValueError(f"is {shown(value)}: write the name of a feature in quotes")
    return parse_feature(value)


FeatureName = Annotated[Feature, BeforeValidator(_feature)]


class Setting(Table):
    """One `[[setting]]`. `clients` are patterns on the ids of profiles, `but` those of clients that lack it;
    `how` is what a person writes; `without` and `adding` are the features that the hello then lacks and has.
    """

    model_config: ClassVar = {**Table.model_config, "arbitrary_types_allowed": True}

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    clients: Annotated[tuple[str, ...], Field(min_length=1), Listed]
    but: Annotated[tuple[str, ...], Listed] = ()
    kind: Annotated[SettingKind, BeforeValidator(lambda value: _kind(value))]
    how: str = Field(min_length=1)
    without: Annotated[tuple[FeatureName, ...], Listed] = ()
    adding: Annotated[tuple[FeatureName, ...], Listed] = ()
    source: str = Field(min_length=1)
    confidence: Confidence
    note: str = ""

    @model_validator(mode="after")
    def _changes_something(self) -> "Setting":
        if not (self.without or self.adding):
            raise Mistakes([(("without",), "is missing: name a feature that the hello then lacks")])
        return self

    @field_validator("how", "source", "note")
    @classmethod
    def _on_one_line(cls, text: str) -> str:
        return " ".join(text.split())

    def fits(self, client: str) -> bool:
        """Whether the client of this id can be told so."""
        return _matches(client, self.clients) and not _matches(client, self.but)

    def changed(self, template: HelloTemplate) -> HelloTemplate | None:
        """The hello of a client that was told so; None where that changes nothing, or would leave no hello
        that can be sent.
        """
        changed = template
        try:
            for feature in self.without:
                changed = feature.without(changed)
            for feature in self.adding:
                changed = feature.with_(changed)
        except FeatureError:
            return None
        return None if changed == template else changed

    def told(self, player: Player) -> Player | None:
        """The client that was told so, in each of its hellos where that makes a difference; None where it
        does in none. A hello that becomes the one before it is not sent twice. A client that offers another
        version than before accepts what it offers.
        """
        hellos: list[PlayedHello] = []
        for hello in player.hellos:
            template = self.changed(hello.template) or hello.template
            if template not in [each.template for each in hellos]:
                hellos.append(replace(hello, template=template))
        told = replace(player, hellos=tuple(hellos))
        versions = [{hello.client_version for hello in each.templates} for each in (player, told)]
        if versions[0] != versions[1]:
            told = replace(told, limits=replace(told.limits, versions=()))
        return None if told == player else told


class SettingsFile(Table):
    """One file: the settings of a stack."""

    model_config: ClassVar = {**Table.model_config, "arbitrary_types_allowed": True}

    title: str = Field(min_length=1)
    settings: Annotated[tuple[Setting, ...], Field(min_length=1, alias="setting"), Listed]


def _kind(value: Any) -> SettingKind:
    try:
        return SettingKind(value)
    except ValueError:
        raise ValueError(f"is {shown(value)}: write one of {', '.join(SettingKind)}") from None


def _matches(client: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(client, pattern) for pattern in patterns)


def load_settings(
    directories: Iterable[Path] = (BUNDLED_SETTINGS,), notes: Notes | None = None
) -> Mapping[str, Setting]:
    """All settings by id, in the order of the files' names. Raises SettingError with the faults of all."""
    found: dict[str, Setting] = {}
    together = Together()
    for path in (path for directory in directories for path in sorted(directory.glob("*.toml"))):
        with together:
            for setting in read_toml(path, SettingsFile, SettingError, notes).settings:
                if setting.id in found:
                    raise SettingError(f"{path}: setting: the id {setting.id!r} is taken: choose another")
                found[setting.id] = setting
    together.end(SettingError)
    return found


@cache
def bundled_settings() -> Mapping[str, Setting]:
    """The settings that come with the program, read once."""
    return load_settings()


def settings_of(client: str, settings: Mapping[str, Setting]) -> list[Setting]:
    """Those that fit a client."""
    return [setting for setting in settings.values() if setting.fits(client)]
