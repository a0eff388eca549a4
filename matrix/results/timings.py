"""timings.json, read back: what differs between two runs of the same thing.

A report can be made without it; then no date and no command are recorded.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict

from definitions.reading import read_json
from matrix.results.run_folder import TIMINGS


class Timings(Struct, frozen=True):
    """When a run started (ISO 8601, UTC), by which command and on which host, empty where not recorded;
    `seconds` are those of each cell by its id, `addresses` those at which servers were asked, by their name.
    """

    started: str = ""
    command: Sequence[str] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    host: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)


NO_TIMINGS = Timings()


class _Asked(BaseModel):
    """What is taken from the entry of a server."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    address: str = ""


class _File(BaseModel):
    """What is taken from the file; it has more, and files of earlier versions have less."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    started: str = ""
    command: tuple[str, ...] = ()
    cells: dict[str, float] = {}
    host: str = ""
    servers: dict[str, _Asked] = {}

    @property
    def timings(self) -> Timings:
        addresses = {name: asked.address for name, asked in self.servers.items() if asked.address}
        return Timings(self.started, self.command, self.cells, self.host, addresses)


def timings_from(content: Mapping[str, Any]) -> Timings:
    """Take what reports need from the content of a timings.json."""
    return _File.model_validate(content).timings


def load_timings(folder: Path) -> Timings:
    """Read the timings of a run's folder, none where it has no such file. Raises UnusableFile with a line for
    each fault.
    """
    file = folder / TIMINGS
    return read_json(file, _File).timings if file.exists() else NO_TIMINGS
