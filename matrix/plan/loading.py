"""The definitions and profiles that there are, bundled or the user's, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from clients.profile import BUNDLED_PROFILES, Profile, load_profiles
from definitions.fault import Together
from definitions.former import Notes
from definitions.reading import check_toml
from matrix.cell import no_match
from servers.definition import DefinitionError, ServerDefinition, load_definitions
from servers.emulated.emulation import EmulationError, read_emulation
from servers.variant import ServerVariant


def load_all_definitions(
    directories: Sequence[Path], notes: Notes | None = None
) -> dict[str, ServerDefinition]:
    """Load the bundled servers and the user's."""
    return load_definitions(directories, notes)


def load_all_profiles(directories: Sequence[Path], notes: Notes | None = None) -> dict[str, Profile]:
    """Load the bundled clients and the user's."""
    return load_profiles((BUNDLED_PROFILES, *directories), notes)


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
    if variant.definition.kind == "emulated":
        with together:
            try:
                read_emulation(variant.emulation(), str(file))
            except EmulationError:
                check_toml(file, ServerDefinition)  # tells which layers it comes from, and on which lines
                raise
    together.end()
