"""What a shell can complete: ids of clients, servers and scenarios. A shell asks at each press of a key, so
nothing is started, and only what is asked for is read.
"""

from collections.abc import Callable, Mapping

from clients.profile import load_profiles
from matrix.plan.loading import SET, load_all_definitions, sets_of
from matrix.scenarios import SCENARIOS


def clients(incomplete: str) -> list[str]:
    """Clients and sets whose names begin so."""
    profiles = load_profiles()
    names = (f"{SET}{name}" for name in sets_of(profiles)) if incomplete.startswith(SET[0]) else ()
    return [name for name in (*profiles, *names) if name.startswith(incomplete)]


def servers(incomplete: str) -> list[str]:
    """Servers at each of their levels whose ids begin so."""
    ids = (f"{name}@{level}" for name, each in load_all_definitions(()).items() for level in each.levels)
    return [identity for identity in ids if identity.startswith(incomplete)]


def scenarios(incomplete: str) -> list[str]:
    """Scenarios whose ids begin so."""
    return [identity for identity in SCENARIOS if identity.startswith(incomplete)]


OF_OPTIONS: Mapping[str, Callable[[str], list[str]]] = {
    "client": clients,
    "server": servers,
    "levels": servers,
    "scenario": scenarios,
}
"""By the names of the options of a run."""
