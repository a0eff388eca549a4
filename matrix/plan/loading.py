"""The definitions and profiles that there are, bundled or the user's, and what is wrong with them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from clients.genuine.program import PREFIX, Program
from clients.genuine.programs import load_programs
from clients.profile import BUNDLED_PROFILES, Profile, Profiles, load_profiles
from clients.setting import BUNDLED_SETTINGS, Setting, load_settings
from definitions.fault import Together, named
from definitions.former import Notes
from definitions.reading import check_toml
from matrix.cell import no_match, select
from matrix.errors import SelectionError
from servers.definition import DefinitionError, Definitions, ServerDefinition, load_definitions
from servers.emulated.emulation import EmulationError, read_emulation
from servers.variant import ServerVariant

PROGRAMS_LISTED_BY = "tls-matrix list programs"
_BY_PREFIX = (
    f"genuine programs are chosen by patterns that begin with {PREFIX}, as in --client '{PREFIX}*' "
    f"(see `{PROGRAMS_LISTED_BY}`)"
)
SET = "set:"
"""So begins a pattern for all clients of a set."""
ALL = "all"
"""The set of every client."""
_SIGNS = re.compile(r"[*?\[]")


def load_all_definitions(directories: Sequence[Path], notes: Notes | None = None) -> Definitions:
    """The bundled servers, read when they are asked for, and the user's."""
    return load_definitions(directories, notes)


def load_all_profiles(directories: Sequence[Path], notes: Notes | None = None) -> Profiles:
    """The bundled clients, read when they are asked for, and the user's."""
    return load_profiles((BUNDLED_PROFILES, *directories), notes)


def load_all_settings(directories: Sequence[Path], notes: Notes | None = None) -> Mapping[str, Setting]:
    """Load what clients can be told, and what the folders `settings` beside the user's clients add."""
    return load_settings((BUNDLED_SETTINGS, *(folder / "settings" for folder in directories)), notes)


def load_asked_programs(
    patterns: Sequence[str], directories: Sequence[Path], notes: Notes | None = None
) -> Mapping[str, Program]:
    """Find the genuine programs where a pattern asks for any; to find them takes starting some of them."""
    is_asked = any(pattern.startswith(PREFIX) for pattern in patterns)
    return load_programs(directories, notes) if is_asked else {}


def choose_clients(
    patterns: Sequence[str], profiles: Mapping[str, Profile], programs: Mapping[str, Program]
) -> list[str]:
    """Give the ids that the patterns choose, the default without any; `set:NAME` is every client of a set,
    and a genuine program is chosen only by a pattern that begins as its id does. Raises SelectionError for a
    pattern that matches nothing.
    """
    if not patterns:
        return default_clients(profiles)
    chosen: set[str] = set()
    for pattern in patterns:
        if pattern.startswith(SET):
            chosen.update(_clients_of_set(pattern.removeprefix(SET), profiles))
        elif pattern.startswith(PREFIX):
            chosen.update(select([pattern], programs, "genuine program", PROGRAMS_LISTED_BY))
        else:
            chosen.update(_select_profiles(pattern, profiles, _BY_PREFIX))
    return sorted(chosen)


def choose_profile(pattern: str, profiles: Mapping[str, Profile], instead: str) -> Profile:
    """Give the one profile that the pattern chooses; `instead` is what to do where it means a genuine
    program. Raises SelectionError.
    """
    chosen = _select_profiles(pattern, profiles, instead)
    if len(chosen) != 1:
        raise SelectionError(f"{pattern}: matches {named(chosen)}; name one client")
    return profiles[chosen[0]]


def sets_of(profiles: Mapping[str, Profile]) -> dict[str, list[str]]:
    """The ids of the clients of each set, by the set's name; `all` has every client."""
    sets: dict[str, list[str]] = {ALL: list(profiles)}
    for identity, profile in profiles.items():
        for name in profile.sets or ():
            sets.setdefault(name, []).append(identity)
    return dict(sorted(sets.items()))


def _clients_of_set(name: str, profiles: Mapping[str, Profile]) -> list[str]:
    if name == ALL:
        return list(profiles)
    sets = sets_of(profiles)
    if name not in sets:
        raise SelectionError(
            f"no client is in a set {name!r}; the sets are {', '.join(sets)} (see `tls-matrix list sets`)"
        )
    return sets[name]


def _select_profiles(pattern: str, profiles: Mapping[str, Profile], instead: str) -> list[str]:
    if pattern.startswith(SET):
        raise SelectionError(f"{pattern}: is a set; name one client")
    try:
        return select([pattern], profiles, "client")
    except SelectionError:
        if not _means_program(pattern):
            raise
        raise SelectionError(f"no profile of a client matches {pattern!r}; {instead}") from None


def _means_program(pattern: str) -> bool:
    """Whether a pattern that matches no profile is probably for genuine programs."""
    literal = _SIGNS.split(pattern.lower())[0]
    is_beginning = literal != pattern.lower() and literal != "" and PREFIX.startswith(literal)
    return is_beginning or literal.startswith(PREFIX.rstrip("-"))


def default_clients(profiles: Mapping[str, Profile]) -> list[str]:
    """Give the ids of the clients of the grid when none is chosen, sorted: those whose profile does not say
    otherwise.

    A client that differs from its neighbours only once connected would be noise in the grid everybody reads
    first.
    """
    return sorted(profile.id for profile in profiles.values() if profile.is_default)


def check_variant(variant: ServerVariant, profiles: Mapping[str, Profile]) -> None:
    """Find out what is wrong with a definition before anything starts: its [emulation], and the client it
    names for its control cell. Raises UnusableFile.
    """
    file = variant.definition.folder / "server.toml"
    together = Together()
    with together:
        if variant.definition.control not in profiles:
            problem = no_match(variant.definition.control, sorted(profiles), "client")
            raise DefinitionError(f"{file}: control: {problem}")
    with together:
        check_emulation(variant)
    together.end()


def check_emulation(variant: ServerVariant) -> None:
    """Find out what is wrong with the [emulation] of an emulated server. Raises UnusableFile."""
    if variant.definition.kind != "emulated":
        return
    file = variant.definition.folder / "server.toml"
    try:
        read_emulation(variant.emulation(), str(file))
    except EmulationError:
        check_toml(file, ServerDefinition)  # tells which layers it comes from, and on which lines
        raise
