"""What a server under test is: `server.toml` in a folder named like it, read strictly.

A definition states facts once and says only what differs. The tables [declared] and [emulation] may stand at
the top, in a level, and in a toggle's value (`[toggles.ec.when.yes.declared]`); they are laid on top of each
other in that order. A level may also say `like = "<a level above it>"` and start from that one's. Within a
layer's table, tables merge and everything else replaces, except `cipher_suites_without`, which adds up and is
taken away at the end. What a toggle's value changes at one level only stands in `at`
(`[toggles.ec.when.yes.at."2.0".declared]`), and is laid on top of what it changes at all. [emulation] is
carried as it is: the program that plays emulated servers reads it.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from definitions.by_name import ByName
from definitions.document import Document
from definitions.fault import Mistakes, Place, Together, UnusableFile, unknown_value
from definitions.former import Notes
from definitions.reading import read_document, read_toml
from handshake.wire.cipher_suites import parse_cipher_suite
from handshake.wire.registry import parse_group, parse_signature_scheme, parse_version
from servers.certificate_toggle import certificate_values
from servers.declared import Declared, DeclaredRefusals, DeclaredRenegotiation
from servers.definition_tables import (
    Layer,
    Level,
    Name,
    Toggle,
    suites_named_like,
)
from servers.emulated.starttls import PROTOCOLS
from stacks.catalogue import parsed_folder

BUNDLED_SERVERS = Path(__file__).parent
EMULATION_PROGRAM = BUNDLED_SERVERS / "emulated" / "serve.py"


class DefinitionError(UnusableFile):
    """A definition that cannot be used: one line a fault, with the file, the key and what to do."""


class ServerDefinition(Layer):
    """A whole server.toml. `default` says whether the server is part of the grid that runs when nothing is
    chosen.

    `note` is shown wherever the server is listed; `hypothesis` says that its behaviour is assumed and not
    known, which every listing then shows; `source` is where its facts come from; `control` is the id of a
    client that must always get through. `packages` are the Debian packages it is made of. `starttls` is the
    protocol an emulated server speaks before TLS, by the id it has in a target. `process` says
    whether one process of the program serves all variants of a run, those of one level, as where a library
    can be loaded only once, or one variant, as where settings are read once a process. `memory` is what a
    container of the program may use, in megabytes, `needs_ipv6` whether it must have ::1 there.
    `start_seconds` is how long a process of it may take to start, where something is made at the first start.
    `successor` is the id of the server whose levels follow on these, as one Java follows on another.
    """

    id: Name
    title: str
    kind: Literal["emulated", "real"]
    default: bool
    control: str
    source: str
    note: str = ""
    hypothesis: bool = False
    packages: list[Name] = Field(default=[])
    starttls: str | None = None
    process: Literal["shared", "per-level", "per-variant"] = "shared"
    backends: list[Literal["process", "docker"]] = Field(default=["process"], min_length=1)
    memory: Annotated[int, Field(ge=16)] = 256
    needs_ipv6: bool = False
    start_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    successor: Name | None = None
    levels: Annotated[dict[Name, Level], Field(min_length=1)]
    toggles: dict[Name, Toggle] = Field(default={})
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Where the definition was read from."""
        return self._folder

    @property
    def program(self) -> Path:
        """The server program: a folder's own `serve.py`, or the one that plays every emulated server."""
        return EMULATION_PROGRAM if self.kind == "emulated" else _program_beside(self._folder / "server.toml")

    def declared_at(self, level: str, toggles: Mapping[str, str]) -> Declared:
        """What the server declares at a level with all its toggles set. Raises Mistakes where a fact is
        missing.
        """
        stated: dict[str, Any] = {}
        without: list[str] = []
        for layer in self._layers(level, toggles):
            given = layer.declared.model_dump(exclude_unset=True)
            without += given.pop("cipher_suites_without", [])
            stated = merge(stated, given)
        missing = [key for key in ("versions", "cipher_suites") if not stated.get(key)]
        if missing:
            advice = f"is missing at level {level!r}: say it in [declared] or there"
            raise Mistakes((("declared", key), advice) for key in missing)
        suites = [parse_cipher_suite(name) for name in stated["cipher_suites"]]
        left_out = set().union(*map(suites_named_like, without))
        stated["cipher_suites"] = tuple(code for code in suites if code not in left_out)
        if not stated["cipher_suites"]:
            setting = ", ".join((level, *(f"{name}={value}" for name, value in toggles.items())))
            raise Mistakes([(("declared", "cipher_suites"), f"none is left at {setting}: take fewer away")])
        stated["versions"] = tuple(sorted(parse_version(name) for name in stated["versions"]))
        stated["named_groups"] = tuple(parse_group(name) for name in stated.get("named_groups", []))
        schemes = stated.get("signature_schemes", [])
        stated["signature_schemes"] = tuple(parse_signature_scheme(name) for name in schemes)
        if stated.get("ecdsa_curve") is not None:
            stated["ecdsa_curve"] = parse_group(stated["ecdsa_curve"])
        for key in ("certificates", "resumption", "application_protocols", "client_certificate_asked"):
            if key in stated:
                stated[key] = tuple(stated[key])
        stated["renegotiation"] = DeclaredRenegotiation(**stated.get("renegotiation", {}))
        stated["refusals"] = DeclaredRefusals(**stated.get("refusals", {}))
        return Declared(**stated)

    def emulation_at(self, level: str, toggles: Mapping[str, str]) -> dict[str, Any]:
        """The [emulation] tables merged for a level with all its toggles' values."""
        merged: dict[str, Any] = {}
        for layer in self._layers(level, toggles):
            merged = merge(merged, layer.emulation)
        return merged

    def protocol_at(self, level: str, toggles: Mapping[str, str]) -> dict[str, str]:
        """The [protocol] tables merged for a level with all its toggles' values."""
        return {key: told for each in self._layers(level, toggles) for key, told in each.protocol.items()}

    def _layers(self, level: str, toggles: Mapping[str, str]) -> list[Layer]:
        lineage: list[str] = []
        ancestor: str | None = level
        while ancestor is not None:
            lineage.insert(0, ancestor)
            ancestor = self.levels[ancestor].like
        layers: list[Layer] = [self, *(self.levels[each] for each in lineage)]
        for name, toggle in self.toggles.items():
            value = toggle.layer(toggles[name]) if name in toggles else None
            if value is not None:
                layers += [value, *(value.at[each] for each in lineage if each in value.at)]
        return layers

    @model_validator(mode="after")
    def _is_consistent(self, info: ValidationInfo) -> Self:
        names = [
            (place, str(unknown_value(name, known, kind)))
            for place, name, known, kind in self._references()
            if name not in known
        ]
        wrong = names or list(self._defaults_that_do_not_exist()) or self._facts_that_are_missing()
        if self.kind == "real":
            wrong += self._wrong_for_a_real_one(info.context)
        else:
            wrong += self._wrong_for_an_emulated_one()
        if wrong:
            raise Mistakes(wrong)
        return self

    def _wrong_for_a_real_one(self, file: Any) -> Iterator[tuple[Place, str]]:
        if self.starttls is not None:
            advice = "is for emulated servers: drop it, since a real one's serve.py must end in TLS alone"
            yield ("starttls",), advice
        if isinstance(file, Path) and not _program_beside(file).is_file():
            yield ("kind",), "a real server needs a serve.py beside this file: add it"

    def _wrong_for_an_emulated_one(self) -> Iterator[tuple[Place, str]]:
        advice = "is for real servers, whose conduct is given: write [[emulation.intolerance]]"
        layers: list[tuple[Place, Layer]] = [((), self)]
        layers += [(("levels", name), level) for name, level in self.levels.items()]
        layers += [
            (("toggles", name, "when", value), layer)
            for name, toggle in self.toggles.items()
            for value, layer in toggle.when.items()
        ]
        for place, layer in layers:
            if layer.declared.refusals.hello_with:
                yield (*place, "declared", "refusals", "hello_with"), advice

    def _defaults_that_do_not_exist(self) -> Iterator[tuple[Place, str]]:
        for name, toggle in self.toggles.items():
            for level in toggle.levels or self.levels:
                default = toggle.default_at(level)
                if default not in toggle.values_at(level):
                    place = ("toggles", name, "when", default, "levels")
                    yield place, f"the default must exist at level {level!r}: add it"

    def _facts_that_are_missing(self) -> list[tuple[Place, str]]:
        missing: dict[Place, str] = {}
        for level in self.levels:
            for toggles in self._settings_at(level):
                try:
                    self.declared_at(level, toggles)
                except Mistakes as mistakes:
                    missing = dict(mistakes.found) | missing
        return list(missing.items())

    @field_validator("starttls")
    @classmethod
    def _known_protocol(cls, protocol: str | None) -> str | None:
        if protocol is not None and protocol not in PROTOCOLS:
            raise unknown_value(protocol, PROTOCOLS, "protocol")
        return protocol

    @field_validator("id")
    @classmethod
    def _is_the_name_of_the_folder(cls, identity: str, info: ValidationInfo) -> str:
        if isinstance(info.context, Path) and info.context.parent.name != identity:
            folder = info.context.parent.name
            raise ValueError(f"is {identity!r} in a folder called {folder!r}: make the two equal")
        return identity

    def _references(self) -> Iterator[tuple[Place, str, list[str], str]]:
        """Each name of something else: where it stands, what exists by such names, and what that is."""
        levels = list(self.levels)
        settings = [] if self.starttls is None else list(PROTOCOLS[self.starttls].settings)
        for place, layer in self._places_of_layers():
            for key in layer.protocol:
                yield (*place, "protocol", key), key, settings, "setting of the protocol"
        for position, (name, level) in enumerate(self.levels.items()):
            if level.like is not None:
                yield ("levels", name, "like"), level.like, levels[:position], "level"
        for name, toggle in self.toggles.items():
            place = ("toggles", name)
            yield (*place, "default"), toggle.default, toggle.values, "value"
            for index, value in enumerate(toggle.values if toggle.certificates else ()):
                yield (*place, "values", index), value, certificate_values()["values"], "kind of certificate"
            for level_name, default in toggle.defaults.items():
                yield (*place, "defaults", level_name), level_name, levels, "level"
                yield (*place, "defaults", level_name), default, toggle.values, "value"
            yield from _levels_named((*place, "levels"), toggle.levels, levels)
            for value, layer in toggle.when.items():
                yield (*place, "when", value), value, toggle.values, "value"
                yield from _levels_named((*place, "when", value, "levels"), layer.levels, levels)
                for level_name in layer.at:
                    yield (*place, "when", value, "at", level_name), level_name, levels, "level"

    def _places_of_layers(self) -> Iterator[tuple[Place, Layer]]:
        yield (), self
        for level, layer in self.levels.items():
            yield ("levels", level), layer
        for name, toggle in self.toggles.items():
            for value, own in toggle.when.items():
                yield ("toggles", name, "when", value), own
                for level, at in own.at.items():
                    yield ("toggles", name, "when", value, "at", level), at

    def _settings_at(self, level: str) -> Iterable[dict[str, str]]:
        """The defaults, and each single toggle at each other value, but for departures: each changes nothing
        that could be missing.
        """
        available = {name: toggle.values_at(level) for name, toggle in self.toggles.items()}
        defaults = {
            name: self.toggles[name].default_at(level) for name, values in available.items() if values
        }
        yield defaults
        for name, values in available.items():
            if self.toggles[name].departures:
                continue
            yield from ({**defaults, name: value} for value in values if value != defaults[name])


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one table on top of another: tables merge, everything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _levels_named(
    place: Place, names: list[str] | None, levels: list[str]
) -> Iterator[tuple[Place, str, list[str], str]]:
    for index, name in enumerate(names or ()):
        yield (*place, index), name, levels, "level"


def _program_beside(definition: Path) -> Path:
    return definition.with_name("serve.py")


def load_definition(path: Path, notes: Notes | None = None) -> ServerDefinition:
    """Read one server.toml; old keys and notations go into `notes`. Raises DefinitionError."""
    return _load(path, None, notes)


def _load(path: Path, document: Document | None, notes: Notes | None) -> ServerDefinition:
    """Read the definition of a file, whose document is given where it was parsed already."""
    if document is None:
        definition = read_toml(path, ServerDefinition, DefinitionError, notes)
    else:
        definition = read_document(document, path, ServerDefinition, DefinitionError, notes)
    definition._folder = path.parent
    return definition


class Definitions(ByName[ServerDefinition]):
    """Servers by id, sorted, read when they are asked for; the id is the name of the server's folder."""

    error = DefinitionError
    shipped = BUNDLED_SERVERS

    @staticmethod
    def identity_of(path: Path) -> str:
        """The name of the folder."""
        return path.parent.name

    @staticmethod
    def directory_of(path: Path) -> Path:
        """Where the server's folder is."""
        return path.parent.parent

    @staticmethod
    def load(path: Path, document: Document | None, notes: Notes | None) -> ServerDefinition:
        """Read one. Raises DefinitionError."""
        return _load(path, document, notes)

    @staticmethod
    def kept_in() -> Path:
        """Beside the stacks."""
        return parsed_folder()


def load_definitions(directories: Iterable[Path] = (), notes: Notes | None = None) -> Definitions:
    """The bundled servers, and those of the directories given, which are read at once. Raises DefinitionError
    with the faults of all files of the user.

    A server is a folder with a server.toml; a directory that has none at all is an error, and so is a second
    server of the same id.
    """
    definitions = Definitions(notes)
    together = Together()
    for directory in (BUNDLED_SERVERS, *directories):
        files = sorted(directory.glob("*/server.toml"))
        with together:
            if not files:
                raise DefinitionError(
                    f"{directory}: has no folder with a server.toml in it: check the name of the directory"
                )
        for path in files:
            with together:
                definitions.add(path)
        if directory != BUNDLED_SERVERS:
            with together:
                definitions.read(directory)
    together.end(DefinitionError)
    return definitions
