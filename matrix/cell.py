"""Cells: which server, which client, which scenario; their ids, their order, and choosing them by shell
pattern.

Pure. A cell's id is `<server id>/<client>/<scenario>`. Only a server's id may have slashes of its own, in the
path of a program; so an id is split at the last two, by `parse_cell_id` alone. The grid is a sorted list,
never a set: every pytest worker must see the same cells in the same order.
"""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from itertools import product

from msgspec import Struct

from definitions.fault import named, near_words
from matrix.errors import SelectionError


class Cell(Struct, frozen=True, order=True):
    """One question: can this client (a profile's id) do this scenario with this server (a variant's id or a
    target's name)?
    """

    server: str
    client: str
    scenario: str

    @property
    def id(self) -> str:
        """The id under which the cell stands in every report, e.g. `jsse6@6u45/java-7/connect`."""
        return f"{self.server}/{self.client}/{self.scenario}"


def parse_cell_id(text: str) -> Cell:
    """Read a cell's id. Raises SelectionError when it has not three parts."""
    parts = text.rsplit("/", 2)
    before, slash, _ = parts[0].partition("/")
    if len(parts) != 3 or not all(parts) or (slash and not before.endswith("=")):
        raise SelectionError(
            f"{text!r} is no cell id; write <server id>/<client>/<scenario>, see `tls-matrix list cells`"
        )
    return Cell(*parts)


def grid(servers: Iterable[str], clients: Iterable[str], scenarios: Iterable[str]) -> list[Cell]:
    """Give every combination once, sorted."""
    return sorted(Cell(*parts) for parts in product(set(servers), set(clients), set(scenarios)))


def select(patterns: Sequence[str], ids: Iterable[str], what: str, listed_by: str = "") -> list[str]:
    """Give the ids that any of the shell patterns matches, sorted; all of them when there is no pattern.

    `what` is the word for these ids in messages ("client", "scenario" ...), `listed_by` the command that
    lists them, if not `list <what>s`. An id always matches itself, even where it would mean something else as
    a pattern. Raises SelectionError for a pattern that matches
    nothing, with near ids.
    """
    known = sorted(set(ids))
    if not patterns:
        return known
    chosen: set[str] = set()
    for pattern in patterns:
        matching = [pattern] if pattern in known else fnmatch.filter(known, pattern)
        if not matching:
            raise SelectionError(no_match(pattern, known, what, listed_by))
        chosen.update(matching)
    return sorted(chosen)


def no_match(pattern: str, known: Sequence[str], what: str, listed_by: str = "") -> str:
    """Say that nothing matches, and which ids come near; `listed_by` is the command that shows all."""
    return f"{nothing_matches(pattern, known, what)} (see `{listed_by or f'tls-matrix list {what}s'}`)"


def nothing_matches(pattern: str, known: Sequence[str], what: str) -> str:
    """The same of what no command lists."""
    near = near_ids(pattern, known)
    hint = f"near it: {', '.join(near)}" if near else f"there are: {named(known)}"
    return f"no {what} matches {pattern!r}; {hint}"


def near_ids(pattern: str, known: Sequence[str]) -> list[str]:
    """Give ids that look like the pattern without its signs."""
    return near_words(re.sub(r"[*?\[\]]", "", pattern), known)
