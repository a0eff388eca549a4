"""Scenarios: what a client is asked to do with a server. A scenario is a value; adding one is adding a row
here.

Pure. How a scenario is carried out is `matrix.grid.run_cell`'s business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing to ask of a client. `request` is sent as application data once connected; {host} is the
    server's name.
    """

    id: str
    title: str
    request: str

    def request_bytes(self, host: str) -> bytes:
        """Give the request for a server called `host`."""
        return self.request.format(host=host).encode("ascii", "replace")


CONNECT = Scenario(
    id="connect",
    title="handshake as the client really does it, fallbacks included, one HTTP request, orderly close",
    request="GET / HTTP/1.0\r\nHost: {host}\r\n\r\n",
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({scenario.id: scenario for scenario in (CONNECT,)})
