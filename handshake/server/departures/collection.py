"""All departures there are: the `DEPARTURES` of the modules in this folder, by name."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from handshake.server.departures.departure import Departure


@cache
def departures() -> Mapping[str, Departure]:
    """Every departure by its name, in the order of the files' names and of their lists."""
    package = import_module("handshake.server.departures")
    found: dict[str, Departure] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{info.name}")
        for departure in getattr(module, "DEPARTURES", ()):
            assert departure.name not in found, f"two departures are called {departure.name}"
            found[departure.name] = departure
    return found
