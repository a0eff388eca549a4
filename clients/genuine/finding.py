"""Patterns looked for in what a program says."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

from msgspec import Struct

from clients.genuine.process import ended_with_us
from clients.genuine.program import Endless

FINDER = (sys.executable, "-I", "-m", "clients.genuine.drivers.finder")
SECONDS = 5.0
"""In which all patterns of a program are looked for, its process started included."""


class Found(Struct, frozen=True):
    """Where a pattern begins to fit, and its first group; None where it has none, or that was left out."""

    start: int
    group: str | None


Places = Mapping[re.Pattern[str], Found | None]


def find(patterns: Sequence[re.Pattern[str]], words: str) -> Places:
    """Look for patterns of this program's own, whose time grows with the words alone."""
    places = {}
    for pattern in patterns:
        found = pattern.search(words)
        places[pattern] = found and Found(found.start(), found[1] if pattern.groups else None)
    return places


def find_in_time(patterns: Sequence[re.Pattern[str]], words: str) -> Places:
    """Look for anybody's patterns. Python's can take years over a text that a server has chosen, and have no
    deadline, so another process looks for them and is ended. Raises Endless.
    """
    told = {"words": words, "patterns": [(pattern.pattern, int(pattern.flags)) for pattern in patterns]}
    try:
        done = subprocess.run(
            ended_with_us(FINDER), input=json.dumps(told).encode(), stdout=subprocess.PIPE, timeout=SECONDS
        )
        said = done.stdout
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
    lines = said.splitlines()
    if len(lines) < len(patterns):
        pattern = patterns[len(lines)].pattern
        raise Endless(f"{pattern!r} was not done within {SECONDS:g} s with {len(words)} characters")
    places = (json.loads(line) for line in lines)
    return {
        pattern: place and Found(place[0], place[1]) for pattern, place in zip(patterns, places, strict=True)
    }
