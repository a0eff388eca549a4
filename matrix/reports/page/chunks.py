"""The stories of a page, compressed in chunks that a browser opens one by one. Pure.

The cells that matter most come first, and those of a client one after the other, since they have most in
common. Where the room ends, what follows is left out; that begins with plain passes. A chunk is compressed as
soon as it is full, so that hardly more is in memory than ends up in the page.
"""

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.page.nearest import NearestPassing
from matrix.reports.page.sources import Sources
from matrix.reports.page.stories import Stories
from matrix.results.run_file import CellRecord, RunFile

CHUNK_SIZE = 1_500_000
"""Characters of JSON, nearly; the stories of some hundred cells."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """`packed` is the JSON of some stories, gzipped, in Base64; `first` the number of the first of them."""

    first: int
    packed: str


@dataclass(frozen=True, slots=True)
class Told:
    """The chunks, and the number of the story of each cell that has one, by the cell's id."""

    chunks: tuple[Chunk, ...]
    numbers: Mapping[str, int]


def told(run: RunFile, cells: Iterable[CellRecord], sources: Sources, room: int) -> Told:
    """Tell the stories of the cells, as far as there is room, in bytes."""
    nearest = NearestPassing(run, sources.profiles)
    chunks: list[Chunk] = []
    numbers: dict[str, int] = {}
    stories, mine, first = Stories(sources, nearest), dict[str, int](), 0
    for cell in sorted(cells, key=_order):
        mine[cell.id] = first + stories.number(cell)
        if stories.size >= CHUNK_SIZE:
            packed = _packed(stories.to_json())
            if len(packed) > room:
                return Told(tuple(chunks), numbers)
            room -= len(packed)
            chunks.append(Chunk(first, packed))
            numbers |= mine
            first += len(stories)
            stories, mine = Stories(sources, nearest), {}
    packed = _packed(stories.to_json())
    if mine and len(packed) <= room:
        chunks.append(Chunk(first, packed))
        numbers |= mine
    return Told(tuple(chunks), numbers)


def _order(cell: CellRecord) -> tuple[int, str, str, str]:
    """What is unexpected first, then what does not simply work, then the rest."""
    is_plain = cell.outcome is Outcome.WORKS and cell.verdict in (Verdict.PASSED, Verdict.OBSERVED)
    rank = 0 if not cell.verdict.is_as_expected else 2 if is_plain and not cell.notes else 1
    return rank, cell.client, cell.scenario, cell.server


def _packed(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8"), mtime=0)).decode("ascii")
