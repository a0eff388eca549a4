"""Choosing servers under test: by pattern of their ids, or levels of a server with toggles set alike.

Pure.
"""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence

from matrix.cell import no_match
from matrix.errors import SelectionError
from matrix.plan.options import RunOptions
from servers.definition import ServerDefinition
from servers.own_program import PROGRAM, encoded
from servers.variant import LISTED_BY, ServerIdError, ServerVariant, default_variants, expand, parse_server_id

PATTERN_SIGNS = "*?["


def choose_servers(options: RunOptions, definitions: Mapping[str, ServerDefinition]) -> list[ServerVariant]:
    """Give the servers a run is to start, sorted by id; the default ones where nothing else is asked for.

    Raises SelectionError or ServerIdError.
    """
    levels = choose_levels(options.levels, definitions)
    if not options.server and (levels or options.target):
        return levels
    return sorted({*levels, *choose_variants(options.server, definitions)}, key=lambda variant: variant.id)


def default_servers(definitions: Mapping[str, ServerDefinition]) -> list[ServerVariant]:
    """Give what is tested when nothing is chosen: every level of the default servers, no toggle changed.

    Toggles are remedies and other hypotheses; in the grid everybody reads first they would only be noise.
    """
    plain = (variant for variant in default_variants(definitions) if "," not in variant.id)
    return sorted(plain, key=lambda variant: variant.id)


def choose_variants(
    patterns: Sequence[str], definitions: Mapping[str, ServerDefinition]
) -> list[ServerVariant]:
    """Choose servers under test, sorted by id.

    Without patterns these are the default ones. A pattern without a comma matches level ids (every toggle
    at its default); one with a comma matches the ids with one toggle changed; an exact id may change
    several toggles. Raises SelectionError or ServerIdError.
    """
    if not patterns:
        return default_servers(definitions)
    chosen: dict[str, ServerVariant] = {}
    for pattern in patterns:
        for variant in _matching(pattern, definitions):
            chosen[variant.id] = variant
    return [chosen[identifier] for identifier in sorted(chosen)]


def _matching(pattern: str, definitions: Mapping[str, ServerDefinition]) -> list[ServerVariant]:
    near = (variant for name in _names(pattern, definitions) for variant in expand(definitions[name]))
    known = {variant.id: variant for variant in near}
    if pattern in known:
        return [known[pattern]]
    has_comma = "," in pattern
    candidates = [identifier for identifier in known if ("," in identifier) == has_comma]
    matching = [known[identifier] for identifier in fnmatch.filter(candidates, pattern)]
    if matching:
        return matching
    if (
        has_comma
        and not any(sign in pattern for sign in PATTERN_SIGNS)
        and pattern.partition("@")[0] in definitions
    ):
        return [parse_server_id(pattern, definitions)]
    every = (variant.id for definition in definitions.values() for variant in expand(definition))
    candidates = sorted(identifier for identifier in every if ("," in identifier) == has_comma)
    raise SelectionError(no_match(pattern, candidates, "server") + _signs_in_path(pattern))


def _names(pattern: str, definitions: Mapping[str, ServerDefinition]) -> list[str]:
    """The servers that a pattern of ids may match: each that is looked at has to be read."""
    server, at, _ = pattern.partition("@")
    return fnmatch.filter(definitions, server) if at and "[" not in server else list(definitions)


def _signs_in_path(pattern: str) -> str:
    """Say how the signs of a pattern are written in the path of a program, where one has some."""
    path = pattern.partition(f",{PROGRAM}=")[2].partition(",")[0]
    if not any(sign in path for sign in PATTERN_SIGNS):
        return ""
    return f"; in the path of a program the signs of a pattern are encoded: write {PROGRAM}={encoded(path)}"


def choose_levels(
    patterns: Sequence[str], definitions: Mapping[str, ServerDefinition]
) -> list[ServerVariant]:
    """Give the levels that any of the patterns matches, sorted by id; none without patterns.

    `<server>@<levels>[,<toggle>=<value>...]`: only what stands before the comma is a pattern. Each level that
    can have these toggles is set so, whatever its default, and the others are left out. Raises SelectionError
    where no level matches, ServerIdError where no level can have the toggles.
    """
    chosen: set[ServerVariant] = set()
    for pattern in patterns:
        levels, _, toggles = pattern.partition(",")
        matching = fnmatch.filter(_levels(_names(levels, definitions), definitions), levels)
        if not matching:
            raise SelectionError(no_match(levels, _levels(definitions, definitions), "level", LISTED_BY))
        chosen.update(_set_alike(matching, toggles, definitions))
    return sorted(chosen, key=lambda variant: variant.id)


def _levels(names: Iterable[str], definitions: Mapping[str, ServerDefinition]) -> list[str]:
    return [f"{name}@{level}" for name in names for level in definitions[name].levels]


def _set_alike(
    levels: Sequence[str], toggles: str, definitions: Mapping[str, ServerDefinition]
) -> list[ServerVariant]:
    variants: list[ServerVariant] = []
    refused: list[ServerIdError] = []
    for level in levels:
        try:
            variants.append(parse_server_id(f"{level},{toggles}" if toggles else level, definitions))
        except ServerIdError as error:
            refused.append(error)
    if not variants:
        raise refused[0]
    return variants
