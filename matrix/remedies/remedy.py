"""What a remedy is: one change, at the server or at clients, with how much it takes. Pure."""

import dataclasses
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Self

from msgspec import Struct, structs

from clients.setting import Setting
from servers.definition import ServerDefinition
from servers.variant import ServerVariant, plain_variant


class Change(StrEnum):
    """What is changed, the least invasive first; `words` say it to a person."""

    words: str

    def __new__(cls, value: str, words: str) -> Self:
        """A member with its words."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

    SETTING = "setting", "a setting of the server"
    CLIENT_SETTING = "client-setting", "a setting of each client"
    PATCH = "patch", "a later level of the server"
    PROVIDER = "provider", "another security provider in the server"
    CERTIFICATE = "certificate", "another certificate"
    NEWER_STACK = "newer-stack", "a newer stack under the server"
    OLDER_LEVEL = "older-level", "an older level of the server"

    @property
    def invasiveness(self) -> int:
        """Its place in this order, from 0."""
        return list(Change).index(self)


_OF_TOGGLES = {
    "setting": Change.SETTING,
    "provider": Change.PROVIDER,
    "newer-stack": Change.NEWER_STACK,
    "certificate": Change.CERTIFICATE,
}


class Remedy(Struct, frozen=True):
    """One change. `id` is what is written for it in an id of a server, or the id of a setting; `what` says it
    to a person. At the server it is `server`, the variant that then runs; at clients it is `setting`.
    `confidence` is how sure it is that the change does what is tried here ("high", "medium", "low"); `note`
    what else has to be known.
    """

    id: str
    change: Change
    what: str
    server: ServerVariant | None = None
    setting: Setting | None = None
    confidence: str = "high"
    note: str = ""


def server_remedies(variant: ServerVariant, definitions: Mapping[str, ServerDefinition]) -> Iterator[Remedy]:
    """What can be changed at a server: each toggle, to each of its other values; each other level; each level
    of the servers that succeed it.
    """
    definition = variant.definition
    confidence = "medium" if definition.hypothesis else "high"
    for remedy in (*_toggles(variant), *_levels(variant), *_successors(variant, definitions)):
        yield structs.replace(remedy, confidence=confidence)


def client_remedies(settings: Mapping[str, Setting]) -> Iterator[Remedy]:
    """What clients can be told."""
    for setting in settings.values():
        yield Remedy(
            setting.id,
            Change.CLIENT_SETTING,
            setting.how,
            setting=setting,
            confidence=setting.confidence,
            note=setting.note,
        )


def _toggles(variant: ServerVariant) -> Iterator[Remedy]:
    for name, present in variant.toggles.items():
        toggle = variant.definition.toggles[name]
        if toggle.remedy == "none":
            continue
        for value in toggle.values_at(variant.level):
            if value != present:
                changed = dataclasses.replace(variant, toggles={**variant.toggles, name: value})
                yield Remedy(
                    f"{name}={value}",
                    _OF_TOGGLES[toggle.remedy],
                    f"{name}={value}: {toggle.title}",
                    changed,
                    note=toggle.note,
                )


def _levels(variant: ServerVariant) -> Iterator[Remedy]:
    """The other levels, with the same toggles as far as they have them. Their order is the definition's."""
    levels = variant.definition.levels
    place = list(levels).index(variant.level)
    for number, (name, level) in enumerate(levels.items()):
        if number != place:
            change = Change.PATCH if number > place else Change.OLDER_LEVEL
            changed = _at_level(variant, variant.definition, name)
            yield Remedy(name, change, level.title, changed, note=level.note)


def _successors(variant: ServerVariant, definitions: Mapping[str, ServerDefinition]) -> Iterator[Remedy]:
    seen = {variant.definition.id}
    following = variant.definition.successor
    while following is not None and following in definitions and following not in seen:
        seen.add(following)
        definition = definitions[following]
        for name, level in definition.levels.items():
            changed = _at_level(variant, definition, name)
            yield Remedy(changed.id, Change.NEWER_STACK, level.title, changed, note=level.note)
        following = definition.successor


def _at_level(variant: ServerVariant, definition: ServerDefinition, level: str) -> ServerVariant:
    """The level with those toggles that it has in common with the variant."""
    plain = plain_variant(definition, level)
    kept = {
        name: value
        for name, value in variant.toggles.items()
        if name in plain.toggles
        and value in definition.toggles[name].values_at(level)
        and value != variant.definition.toggles[name].default_at(variant.level)
    }
    return dataclasses.replace(plain, toggles={**plain.toggles, **kept})
