"""In what the hello of a client differs from that of the nearest client which works with the same server.
Pure.

The distance is the number of features that only one of two hellos has (`handshake.features`).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from clients.profile import Profile
from handshake.features import Feature, FirstFlight, differences, features_in, flight_of
from matrix.judgement.outcome import Outcome
from matrix.reports.page.look import MAX_TEXT
from matrix.results.run_file import CellRecord, RunFile
from matrix.wording import bounded

MOST_TOLD = 40
_DIFFERS = frozenset({Outcome.FAILS, Outcome.WORKS_AFTER_FALLBACK})


class NearestPassing:
    """Finds for a cell that does not work at once the nearest client that does, in the same scenario."""

    def __init__(self, run: RunFile, profiles: Mapping[str, Profile]) -> None:
        self._flights = {name: flight_of(each.attempts[0].template) for name, each in profiles.items()}
        self._numbers: dict[Feature, int] = {}
        self._features: dict[FirstFlight, int] = {}
        self._told: dict[tuple[FirstFlight, FirstFlight], list[str]] = {}
        self._working: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._passing_at: dict[tuple[str, str], dict[str, int]] = {}
        for cell in run.cells:
            if cell.outcome is Outcome.WORKS and cell.client in self._flights:
                self._working[cell.server, cell.scenario].append(cell.client)

    def of(self, cell: CellRecord, sent: FirstFlight | None) -> dict[str, Any] | None:
        """The nearest client and the differences; None where there is nothing to compare. `sent` is the hello
        as it was sent, where that is known; a profile's own is as good.
        """
        flight = self._flights.get(cell.client, sent)
        others = self._passing(cell.server, cell.scenario)
        if cell.outcome not in _DIFFERS or flight is None or not others:
            return None
        mine = self._features_of(flight)
        distances = [(mine ^ features).bit_count() for features in others.values()]
        client = [*others][distances.index(min(distances))]
        return {"client": client, "differences": self._differences(flight, self._flights[client])}

    def _passing(self, server: str, scenario: str) -> dict[str, int]:
        """The clients that work there, with the features of their hellos."""
        where = server, scenario
        if where not in self._passing_at:
            self._passing_at[where] = {
                name: self._features_of(self._flights[name]) for name in self._working[where]
            }
        return self._passing_at[where]

    def _features_of(self, flight: FirstFlight) -> int:
        """The features of a hello, a bit for each, since thousands of cells are compared with hundreds. Many
        clients have the same hello.
        """
        if flight not in self._features:
            numbers = {self._numbers.setdefault(each, len(self._numbers)) for each in features_in(flight)}
            self._features[flight] = sum(1 << number for number in numbers)
        return self._features[flight]

    def _differences(self, flight: FirstFlight, other: FirstFlight) -> list[str]:
        if (flight, other) not in self._told:
            # Of cipher suites there are many, and what else there is shall not be lost among them.
            found = sorted(differences(flight, other), key=lambda each: each.name.startswith("cipher-suite"))
            lines = [
                f"{'<' if each.present(flight) else '>'} {bounded(each.describe(), MAX_TEXT)}"
                for each in found[:MOST_TOLD]
            ]
            more = len(found) - len(lines)
            self._told[flight, other] = lines + ([f"and {more} more"] if more else [])
        return self._told[flight, other]
