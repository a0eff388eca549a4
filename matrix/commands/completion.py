"""What a shell can complete: ids of clients, servers, scenarios, cells, stacks and images. A shell asks at
each press of a key, so nothing is started, and only what is asked for is read. What cannot be read completes
nothing: the command itself tells what is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

from typer import Context

from clients.profile import Profiles
from definitions.fault import UnusableFile
from matrix.plan.loading import SET, load_all_definitions, load_all_profiles, sets_of
from matrix.scenarios import SCENARIOS

ALSO = "tls-matrix.also"
"""In a context's `meta`: the commands that may stand where the name of one was left out."""


def clients(ctx: Context, incomplete: str) -> list[str]:
    """Clients and sets whose names begin so."""
    profiles = _profiles(ctx)
    names = (f"{SET}{name}" for name in sets_of(profiles)) if incomplete.startswith(SET[0]) else ()
    return _beginning((*profiles, *names), incomplete)


def one_client(ctx: Context, incomplete: str) -> list[str]:
    """Clients whose names begin so, where no set can be meant."""
    return _beginning(_profiles(ctx), incomplete)


def servers(ctx: Context, incomplete: str) -> list[str]:
    """Servers at each of their levels whose ids begin so."""
    return _beginning(_servers(ctx), incomplete)


def scenarios(incomplete: str) -> list[str]:
    """Scenarios whose ids begin so."""
    return _beginning(SCENARIOS, incomplete)


def cells(ctx: Context, incomplete: str) -> list[str]:
    """The next part of a cell's id."""
    return _next_parts(map("/".join, product(_servers(ctx), _profiles(ctx), SCENARIOS)), incomplete)


def cells_of_history(ctx: Context, incomplete: str) -> list[str]:
    """The next part of the id of a cell that the history has, and commands of `history`."""
    from matrix.history import store  # no other completion needs a database
    from matrix.history.errors import HistoryError
    from matrix.history.file import reading
    from matrix.history.place import history_file

    commands = _beginning(ctx.meta.get(ALSO, ()), incomplete)
    file = history_file(_named(ctx, "history"))
    with suppress(HistoryError), reading(file, wait=0) as connection:
        return [*commands, *_next_parts(store.cell_names(connection), incomplete)]
    return commands


def stacks(incomplete: str) -> list[str]:
    """Stacks whose ids begin so."""
    from stacks.catalogue import stacks as catalogue

    return _beginning(catalogue(), incomplete)


def images(ctx: Context, incomplete: str) -> list[str]:
    """Images whose names begin so: those of servers, and that of this program."""
    return _beginning((*_servers(ctx), "tool"), incomplete)


def listed(ctx: Context, incomplete: str) -> list[str]:
    """Ids of what `list` is asked for."""
    known: Mapping[str, Callable[[Context, str], list[str]]] = {
        "servers": servers,
        "clients": clients,
        "cells": cells,
        "scenarios": lambda _, text: scenarios(text),
    }
    what = str(ctx.params.get("what"))
    return known[what](ctx, incomplete) if what in known else []


OF_OPTIONS: Mapping[str, Callable[..., list[str]]] = {
    "client": clients,
    "server": servers,
    "levels": servers,
    "scenario": scenarios,
}
"""By the names of the options of a run."""


def _beginning(ids: Iterable[str], incomplete: str) -> list[str]:
    return [identity for identity in ids if identity.startswith(incomplete)]


def _next_parts(ids: Iterable[str], incomplete: str) -> list[str]:
    """The ids that begin so, up to the next slash at which they differ: of thousands nobody could choose, and
    behind a part that is the only one the shell would begin another word.
    """
    left = _beginning(ids, incomplete)
    end = len(incomplete)
    parts = left
    while left:
        parts = list(dict.fromkeys(_until_slash(identity, end) for identity in left))
        if len(parts) > 1 or len(parts[0]) == len(left[0]):
            break
        end = len(parts[0])
    return parts


def _until_slash(identity: str, begin: int) -> str:
    slash = identity.find("/", begin)
    return identity if slash < 0 else identity[: slash + 1]


def _servers(ctx: Context) -> Iterator[str]:
    with suppress(UnusableFile):
        definitions = load_all_definitions(_folders(ctx, "servers_dir"))
        yield from (f"{name}@{level}" for name, each in definitions.items() for level in each.levels)


def _profiles(ctx: Context) -> Profiles | dict[str, Any]:
    with suppress(UnusableFile):
        return load_all_profiles(_folders(ctx, "clients_dir"))
    return {}


def _folders(ctx: Context, option: str) -> Sequence[Path]:
    return [Path(each) for each in ctx.params.get(option) or ()]


def _named(ctx: Context, option: str) -> Path | None:
    text = ctx.params.get(option)
    return None if text is None else Path(text)
