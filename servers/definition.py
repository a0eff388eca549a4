"""What a server under test is: `server.toml` in a folder named like it, read strictly.

A definition states facts once and says only what differs. The tables [declared] and [emulation] may stand at
the top, in a level, and in a toggle's value (`[toggles.ec.when.yes.declared]`); they are laid on top of each
other in that order. A level may also say `like = "<a level above it>"` and start from that one's. Within a
layer's table, tables merge and everything else replaces, except `cipher_suites_without`, which adds up and is
taken away at the end. What a toggle's value changes at one level only stands in `at`
(`[toggles.ec.when.yes.at."2.0".declared]`), and is laid on top of what it changes at all. [emulation] is
carried as it is: the program that plays emulated servers checks it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from handshake.wire.cipher_suites import CIPHER_SUITES, parse_cipher_suite
from handshake.wire.registry import parse_group, parse_signature_scheme, parse_version
from servers.declared import Declared, DeclaredRefusals, DeclaredRenegotiation
from servers.definition_tables import (
    DeclaredTable,
    Layer,
    Level,
    Name,
    RefusalsTable,
    RenegotiationTable,
    Table,
    Toggle,
    ToggleValue,
)
from servers.emulated.starttls import PROTOCOLS

BUNDLED_SERVERS = Path(__file__).parent
EMULATION_PROGRAM = BUNDLED_SERVERS / "emulated" / "serve.py"


class DefinitionError(Exception):
    """A definition that cannot be used: one line that names the file and the key, and says what to do."""


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
        return EMULATION_PROGRAM if self.kind == "emulated" else self._folder / "serve.py"

    def declared_at(self, level: str, toggles: Mapping[str, str]) -> Declared:
        """What the server declares at a level with all its toggles set; ValueError when a fact is missing."""
        stated: dict[str, Any] = {}
        without: list[str] = []
        for layer in self._layers(level, toggles):
            given = layer.declared.model_dump(exclude_unset=True)
            without += given.pop("cipher_suites_without", [])
            stated = merge(stated, given)
        for key in ("versions", "cipher_suites"):
            if not stated.get(key):
                raise ValueError(f'declared.{key}: missing at "{level}"; say it in [declared] or there')
        suites = [parse_cipher_suite(name) for name in stated["cipher_suites"]]
        stated["cipher_suites"] = tuple(code for code in suites if not _is_named_like(code, without))
        if not stated["cipher_suites"]:
            setting = ", ".join((level, *(f"{name}={value}" for name, value in toggles.items())))
            raise ValueError(f"declared.cipher_suites: none is left at {setting}; take fewer away")
        stated["versions"] = tuple(sorted(parse_version(name) for name in stated["versions"]))
        stated["named_groups"] = tuple(parse_group(name) for name in stated.get("named_groups", []))
        schemes = stated.get("signature_schemes", [])
        stated["signature_schemes"] = tuple(parse_signature_scheme(name) for name in schemes)
        if stated.get("ecdsa_curve") is not None:
            stated["ecdsa_curve"] = parse_group(stated["ecdsa_curve"])
        for key in ("certificates", "resumption", "application_protocols"):
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

    def _layers(self, level: str, toggles: Mapping[str, str]) -> list[Layer]:
        lineage: list[str] = []
        ancestor: str | None = level
        while ancestor is not None:
            lineage.insert(0, ancestor)
            ancestor = self.levels[ancestor].like
        layers: list[Layer] = [self, *(self.levels[each] for each in lineage)]
        for name, toggle in self.toggles.items():
            if name in toggles and toggles[name] in toggle.when:
                value = toggle.when[toggles[name]]
                layers += [value, *(value.at[each] for each in lineage if each in value.at)]
        return layers

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for key, names, known in self._references():
            for name in names:
                if name not in known:
                    raise ValueError(f'{key}: there is no "{name}"; there is {", ".join(known) or "none"}')
        for name, toggle in self.toggles.items():
            for level in toggle.levels or self.levels:
                default = toggle.default_at(level)
                if default not in toggle.values_at(level):
                    raise ValueError(
                        f'toggles.{name}.when.{default}.levels: the default must exist at "{level}"'
                    )
        for level in self.levels:
            for toggles in self._settings_at(level):
                self.declared_at(level, toggles)
        return self

    @field_validator("starttls")
    @classmethod
    def _known_protocol(cls, protocol: str | None) -> str | None:
        if protocol is not None and protocol not in PROTOCOLS:
            raise ValueError(f'there is no protocol "{protocol}"; there is {", ".join(PROTOCOLS)}')
        return protocol

    @model_validator(mode="after")
    def _is_played_by_an_emulation(self) -> Self:
        if self.starttls is not None and self.kind != "emulated":
            raise ValueError("starttls: is for emulated servers; a real one's serve.py must end in TLS alone")
        return self

    def _references(self) -> Iterable[tuple[str, list[str], list[str]]]:
        levels = list(self.levels)
        for position, (name, level) in enumerate(self.levels.items()):
            yield f"levels.{name}.like", [level.like] if level.like is not None else [], levels[:position]
        for name, toggle in self.toggles.items():
            yield f"toggles.{name}.default", [toggle.default], toggle.values
            yield f"toggles.{name}.defaults", list(toggle.defaults), levels
            yield f"toggles.{name}.defaults", list(toggle.defaults.values()), toggle.values
            yield f"toggles.{name}.levels", toggle.levels or [], levels
            yield f"toggles.{name}.when", list(toggle.when), toggle.values
            for value, layer in toggle.when.items():
                yield f"toggles.{name}.when.{value}.levels", layer.levels or [], levels
                yield f"toggles.{name}.when.{value}.at", list(layer.at), levels

    def _settings_at(self, level: str) -> Iterable[dict[str, str]]:
        """The defaults, and each single toggle at each other value."""
        available = {name: toggle.values_at(level) for name, toggle in self.toggles.items()}
        defaults = {
            name: self.toggles[name].default_at(level) for name, values in available.items() if values
        }
        yield defaults
        for name, values in available.items():
            yield from ({**defaults, name: value} for value in values if value != defaults[name])


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one table on top of another: tables merge, everything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _is_named_like(code: int, patterns: Iterable[str]) -> bool:
    names = CIPHER_SUITES.get(code)
    return names is not None and any(fnmatchcase(names.iana, pattern) for pattern in patterns)


def load_definition(path: Path) -> ServerDefinition:
    """Read one server.toml; raises DefinitionError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        definition = ServerDefinition.model_validate(data)
    except OSError as error:
        raise DefinitionError(
            f"{path}: cannot be read: {error.strerror}; check the name and its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{path}: is not TOML: {error}; mend the syntax there") from error
    except ValidationError as error:
        raise DefinitionError(f"{path}: {_first_fault(error)}") from error
    definition._folder = path.parent
    if path.parent.name != definition.id:
        message = f'id: is "{definition.id}" in a folder called "{path.parent.name}"; make the two equal'
        raise DefinitionError(f"{path}: {message}")
    if definition.kind == "real" and not definition.program.is_file():
        raise DefinitionError(f'{path}: kind: "real" needs a serve.py beside this file; add it')
    return definition


def load_definitions(directories: Iterable[Path] = ()) -> dict[str, ServerDefinition]:
    """The bundled servers and those of the directories given, by id; raises DefinitionError.

    A server is a folder with a server.toml; a directory that has none at all is an error, and so is a second
    server of the same id.
    """
    definitions: dict[str, ServerDefinition] = {}
    for directory in (BUNDLED_SERVERS, *directories):
        files = sorted(directory.glob("*/server.toml"))
        if not files:
            raise DefinitionError(
                f"{directory}: has no folder with a server.toml in it; check the name of the directory"
            )
        for path in files:
            definition = load_definition(path)
            if definition.id in definitions:
                taken = definitions[definition.id].folder
                raise DefinitionError(
                    f'{path}: id: "{definition.id}" is taken by {taken}; choose another and rename'
                )
            definitions[definition.id] = definition
    return definitions


def _first_fault(error: ValidationError) -> str:
    details = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in details["loc"] if part != "[key]")
    return f"{key}: {_mend(details)}" if key else _mend(details)


def _mend(details: ErrorDetails) -> str:
    match details["type"]:
        case "missing":
            return "missing; add it"
        case "extra_forbidden":
            known = sorted(_known_keys(details["loc"]))
            close = get_close_matches(str(details["loc"][-1]), known, 1)
            return (
                f'unknown key; did you mean "{close[0]}"?'
                if close
                else f"unknown key; known are {', '.join(known)}"
            )
        case "value_error":
            return str(details["ctx"]["error"])
        case _:
            return f"{details['msg']}, but it is {details['input']!r:.60}"


def _known_keys(location: tuple[int | str, ...]) -> Iterable[str]:
    """The keys of the table that the last part of the location was found in."""
    tables: dict[str, type[Table]] = {
        "declared": DeclaredTable,
        "refusals": RefusalsTable,
        "renegotiation": RenegotiationTable,
        "levels": Level,
        "toggles": Toggle,
        "when": ToggleValue,
        "at": Layer,
    }
    table: type[Table] = ServerDefinition
    for part in location[:-1]:
        table = tables.get(str(part), table)
    return table.model_fields
