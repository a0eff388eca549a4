"""The hellos of a story, dissected: of a profile, or as they went over the wire. Pure.

What a client draws anew for every connection is left out or called by its kind, so that equal hellos are one
value. Names are those of IANA, OpenSSL and JSSE, as `hello show` has them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from clients.capture.made_anew import still_flight
from handshake.errors import PeerFault
from handshake.features import FirstFlight, recorded_flight
from handshake.wire.registry import is_grease
from matrix.reports.hello_view import HelloView, Item, flight_view
from matrix.reports.page.interned import Interned
from matrix.reports.page.look import MAX_TEXT
from matrix.results.evidence import ConnectionSeen
from matrix.wording import bounded

GREASE = "GREASE"
_GREASE = re.compile(r"GREASE\(0x[0-9a-f]{4}\)")


class Hellos:
    """Dissects hellos and interns what they have in common."""

    def __init__(self) -> None:
        self._hellos, self._suites, self._extensions = Interned(), Interned(), Interned()
        self._known: dict[int, tuple[HelloView, int]] = {}
        self._rows_of_suites: dict[Item, int] = {}
        self._rows_of_extensions: dict[Item, int] = {}

    @property
    def size(self) -> int:
        """Characters of all as JSON."""
        return self._hellos.size + self._suites.size + self._extensions.size

    def number(self, view: HelloView) -> int:
        """The number of a hello."""
        # The same object comes again for each server of a client. It is kept, so its id stays its own.
        known = self._known.get(id(view))
        if known is None:
            known = self._known[id(view)] = (view, self._number(view))
        return known[1]

    def _number(self, view: HelloView) -> int:
        extensions = view.extensions
        return self._hellos.number(
            {
                "title": bounded(view.title, MAX_TEXT),
                "facts": [[name, bounded(value, MAX_TEXT)] for name, value in view.facts.items()],
                "suites": [self._row_of_suite(item) for item in view.cipher_suites],
                "extensions": None
                if extensions is None
                else [self._row_of_extension(item) for item in extensions],
            }
        )

    def _row_of_suite(self, item: Item) -> int:
        if item not in self._rows_of_suites:
            self._rows_of_suites[item] = self._suites.number(_suite(item))
        return self._rows_of_suites[item]

    def _row_of_extension(self, item: Item) -> int:
        if item not in self._rows_of_extensions:
            self._rows_of_extensions[item] = self._extensions.number(_extension(item))
        return self._rows_of_extensions[item]

    def to_json(self) -> Mapping[str, Any]:
        """All of them, and the rows of their tables."""
        return {
            "hellos": self._hellos.values,
            "suites": self._suites.values,
            "extensions": self._extensions.values,
        }


def sent_hello(seen: ConnectionSeen) -> HelloView | None:
    """The first hello of a connection; None where none can be read."""
    flight = first_flight(seen)
    return None if flight is None else _viewed(still_flight(flight))


def first_flight(seen: ConnectionSeen) -> FirstFlight | None:
    """The first hello of a connection; None where none can be read."""
    wire = b""
    for entry in seen.transcript:
        if entry.direction != "sent":
            break
        if entry.kind == "sslv2-record" or (entry.kind, entry.name) == ("record", "handshake"):
            wire += entry.wire
    try:
        return recorded_flight(wire)
    except PeerFault:
        return None


@lru_cache(maxsize=512)
def _viewed(flight: FirstFlight) -> HelloView:
    return flight_view(flight)


def _suite(item: Item) -> list[str]:
    if is_grease(item.code):
        return [GREASE, GREASE, "-", "-"]
    return [_code(item), *(bounded(name, MAX_TEXT) for name in item.names)]


def _extension(item: Item) -> list[str]:
    detail = bounded(_GREASE.sub(GREASE, item.detail), MAX_TEXT)
    return [GREASE, GREASE, detail] if is_grease(item.code) else [_code(item), item.names[0], detail]


def _code(item: Item) -> str:
    return f"0x{item.code:04x}"
