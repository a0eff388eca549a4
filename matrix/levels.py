"""Choosing levels of servers: a pattern for the levels, and toggles that are then set alike at each of them.

Pure.
"""

import fnmatch
from collections.abc import Mapping, Sequence

from matrix.cell import no_match
from matrix.errors import SelectionError
from servers.definition import ServerDefinition
from servers.variant import ServerIdError, ServerVariant, parse_server_id


def choose_levels(
    patterns: Sequence[str], definitions: Mapping[str, ServerDefinition]
) -> list[ServerVariant]:
    """Give the levels that any of the patterns matches, sorted by id; none without patterns.

    `<server>@<levels>[,<toggle>=<value>...]`: only what stands before the comma is a pattern. Each level that
    can have these toggles is set so, whatever its default, and the others are left out. Raises SelectionError
    where no level matches, ServerIdError where no level can have the toggles.
    """
    known = [f"{definition.id}@{level}" for definition in definitions.values() for level in definition.levels]
    chosen: set[ServerVariant] = set()
    for pattern in patterns:
        levels, _, setting = pattern.partition(",")
        matching = fnmatch.filter(known, levels)
        if not matching:
            raise SelectionError(no_match(levels, known, "level", "list servers"))
        chosen.update(_set_alike(matching, setting, definitions))
    return sorted(chosen, key=lambda variant: variant.id)


def _set_alike(
    levels: Sequence[str], setting: str, definitions: Mapping[str, ServerDefinition]
) -> list[ServerVariant]:
    variants: list[ServerVariant] = []
    refused: list[ServerIdError] = []
    for level in levels:
        try:
            variants.append(parse_server_id(f"{level},{setting}" if setting else level, definitions))
        except ServerIdError as error:
            refused.append(error)
    if not variants:
        raise refused[0]
    return variants
