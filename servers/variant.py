"""A server under test: a definition at one level with every toggle set, written `jsse6@6u45,ec=yes`.

The id leaves out toggles that stand at their default and sorts the others, so two ids are equal exactly when
the servers are.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from definitions.fault import MAX_NAMED, named, near_words
from servers.certificate_toggle import ORDINARY
from servers.contract import Configuration, PrivateKeyAndChain
from servers.credentials import KINDS
from servers.declared import Declared
from servers.definition import ServerDefinition
from servers.departure_toggle import certificate_of_departure
from servers.intolerance import is_only_observed
from servers.own_program import ProgramError, checked, comma_in_path

LISTED_BY = "tls-matrix list servers"
DEPARTURES_LISTED_BY = "tls-matrix list departures"
"""The commands that show what an id can have."""


class ServerIdError(ValueError):
    """A server id that names something that does not exist; the message is one line and lists what does."""


@dataclass(frozen=True, slots=True, eq=False)
class ServerVariant:
    """One server to test, equal to another of the same id; `toggles` has a value for each the level has."""

    definition: ServerDefinition = field(repr=False)
    level: str
    toggles: Mapping[str, str]

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerVariant) and self.id == other.id

    @property
    def id(self) -> str:
        """`<server>@<level>[,<toggle>=<value>...]`: toggles other than at their default, sorted."""
        settings = (
            f",{name}={value}"
            for name, value in sorted(self.toggles.items())
            if value != self.definition.toggles[name].default_at(self.level)
        )
        return f"{self.definition.id}@{self.level}{''.join(settings)}"

    @property
    def title(self) -> str:
        """The level's title, the toggles that are not at their default, and whether it is a hypothesis."""
        remarks = self.id.split(",")[1:] + (["hypothesis"] if self.definition.hypothesis else [])
        title = self.definition.levels[self.level].title
        return f"{title} ({', '.join(remarks)})" if remarks else title

    def declared(self) -> Declared:
        """What this variant declares, for prediction."""
        return self.definition.declared_at(self.level, self.toggles)

    def emulation(self) -> dict[str, Any]:
        """The [emulation] data that applies to this variant."""
        return self.definition.emulation_at(self.level, self.toggles)

    @property
    def departs(self) -> bool:
        """Whether it departs from the RFCs by name."""
        return bool(self.emulation().get("departures"))

    @property
    def minds(self) -> bool:
        """Whether it minds what was chosen of the catalogue, and its control client may meet that."""
        toggles = self.definition.toggles
        chosen = (value for name, value in self.toggles.items() if toggles[name].intolerances)
        return any(map(is_only_observed, chosen))

    @property
    def own_program(self) -> str | None:
        """The path of the user's program that it runs, as ids have it; None where the system's does."""
        for name, value in self.toggles.items():
            if self.definition.toggles[name].program and value != self.definition.toggles[name].default:
                return value
        return None

    @property
    def certificate_kind(self) -> str | None:
        """The kind of the one certificate that it shows (`servers.credentials.KINDS`); None where it shows
        the ordinary ones of what it declares. A departure may need a kind of its own.
        """
        toggles = self.definition.toggles
        departing = (value for name, value in self.toggles.items() if toggles[name].departures)
        needed = next(filter(None, map(certificate_of_departure, departing)), None)
        kinds = (kind for name, kind in self.toggles.items() if toggles[name].certificates)
        return needed or next((kind for kind in kinds if kind != ORDINARY), None)

    @property
    def is_only_observed(self) -> bool:
        """Whether nothing is known of it before: it departs from the RFCs, or minds what is chosen, its
        program is the user's own, or it shows a certificate that is for the clients to take or not. Then
        nothing is expected of a client, nor need any get through.
        """
        return self.departs or self.minds or self.own_program is not None or self.certificate_kind is not None

    @property
    def process_of_its_own(self) -> str:
        """What has a process of its own: the variant, its level, or (the empty string) neither."""
        match self.definition.process:
            case "per-variant":
                return self.id
            case "per-level":
                return f"{self.definition.id}@{self.level}"
            case _:
                return ""

    def configuration(
        self,
        credentials: Mapping[str, PrivateKeyAndChain],
        client_certificates: Mapping[str, str],
        host: str,
        port: int = 0,
    ) -> Configuration:
        """What a server program is told of this variant; of the credentials it gets its own."""
        kind = self.certificate_kind
        if kind is not None:
            own = {KINDS[kind].type.value: credentials[kind]} if kind in credentials else {}
        else:
            own = {name: pem for name, pem in credentials.items() if name not in KINDS}
        return Configuration(
            self.id,
            self.level,
            self.toggles,
            own,
            self.declared(),
            self.emulation(),
            client_certificates,
            host,
            port,
            self.definition.starttls,
            self.definition.protocol_at(self.level, self.toggles),
        )


def plain_variant(definition: ServerDefinition, level: str) -> ServerVariant:
    """The level with every toggle at its default."""
    toggles = {
        name: toggle.default_at(level)
        for name, toggle in definition.toggles.items()
        if toggle.values_at(level)
    }
    return ServerVariant(definition, level, toggles)


def expand(definition: ServerDefinition) -> list[ServerVariant]:
    """Each level plain, then the level with each single toggle at each value other than the default."""
    variants = []
    for level in definition.levels:
        plain = plain_variant(definition, level)
        variants.append(plain)
        variants += [
            ServerVariant(definition, level, {**plain.toggles, name: value})
            for name in plain.toggles
            for value in definition.toggles[name].values_at(level)
            if value != plain.toggles[name]
        ]
    return variants


def default_variants(definitions: Mapping[str, ServerDefinition]) -> list[ServerVariant]:
    """What is tested when nothing is chosen: all variants of each `default` level of each such definition."""
    return [
        variant
        for definition in definitions.values()
        if definition.default
        for variant in expand(definition)
        if definition.levels[variant.level].default
    ]


def parse_server_id(text: str, definitions: Mapping[str, ServerDefinition]) -> ServerVariant:
    """Read `<server>@<level>[,<toggle>=<value>...]`; raises ServerIdError. Toggles may be in any order."""
    address, *settings = text.split(",")
    server, _, level = address.partition("@")
    if server not in definitions:
        raise ServerIdError(
            f'{text}: there is no server "{server}"; {_instead(server, definitions, LISTED_BY)}'
        )
    definition = definitions[server]
    if level not in definition.levels:
        asked = f'"{server}" has no level "{level}"' if level else f'the level is missing after "{server}@"'
        raise ServerIdError(f"{text}: {asked}; {_there_is(definition.levels)}")
    toggles = dict(plain_variant(definition, level).toggles)
    given: set[str] = set()
    for before, after in pairwise(settings):
        name, _, value = before.partition("=")
        if name in toggles and definition.toggles[name].program and after.partition("=")[0] not in toggles:
            raise ServerIdError(f"{text}: {comma_in_path(value, after)}")
    for setting in settings:
        name, _, value = setting.partition("=")
        if name in given:
            raise ServerIdError(f'{text}: "{name}" is given twice; a server has one value of each: leave one')
        given.add(name)
        if name not in toggles:
            raise ServerIdError(f'{text}: "{server}@{level}" has no toggle "{name}"; {_there_is(toggles)}')
        values = definition.toggles[name].values_at(level)
        if definition.toggles[name].program and value not in values:
            try:
                value = checked(value)
            except ProgramError as error:
                raise ServerIdError(f"{text}: {error}") from error
        elif value not in values:
            is_of_departures = definition.toggles[name].departures
            advice = _instead(value, values, DEPARTURES_LISTED_BY if is_of_departures else LISTED_BY)
            raise ServerIdError(f'{text}: "{name}" cannot be "{value}" at {server}@{level}; {advice}')
        toggles[name] = value
    return ServerVariant(definition, level, toggles)


def _there_is(names: Iterable[str]) -> str:
    return f"there is {named(names)}"


def _instead(value: str, values: Collection[str], listed_by: str) -> str:
    """What can be written instead of a value: all there are, or of many those near it."""
    if len(values) <= MAX_NAMED:
        return _there_is(values)
    near = near_words(value, values)
    hint = f"near it: {', '.join(near)}" if near else f"there are {len(values)} values"
    return f"{hint} (see `{listed_by}`)"


def certificate_kinds(variants: Iterable[ServerVariant]) -> frozenset[str]:
    """The kinds of certificates that must be made for them, beside the ordinary ones."""
    return frozenset(each.certificate_kind for each in variants if each.certificate_kind is not None)
