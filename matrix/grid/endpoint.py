"""Where a cell's server is to be reached, or why it cannot be: what the controlling process tells the
workers.

Pure. It travels as JSON, like everything between pytest-xdist's processes.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clients.starttls import PROTOCOLS, StartTls
from matrix.errors import SelectionError
from matrix.judgement.outcome import Judgement, Verdict
from servers.target import Target

TUNNEL = "http-connect"
HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Problem:
    """Why no cell of a server can be tried: NOT_INSTALLED or HARNESS_ERROR, and a sentence that says what
    to do.
    """

    verdict: Verdict
    note: str

    @property
    def judgement(self) -> Judgement:
        """The judgement of each of the server's cells."""
        return Judgement(self.verdict, note=self.note)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server as a client sees it. `fingerprints` are SHA-256 in hex of the certificates it may present,
    empty when unknown; `server_name` goes into the hello, None sends none; `starttls` is what is spoken
    before TLS; `problem` is None when it answers.
    """

    server: str
    host: str = ""
    port: int = 0
    server_name: str | None = None
    fingerprints: frozenset[str] = frozenset()
    problem: Problem | None = None
    starttls: StartTls | None = None

    @property
    def address(self) -> str:
        """Host and port, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def to_json(self) -> dict[str, Any]:
        """The value as JSON types; `from_json` reads it back."""
        problem = self.problem and {"verdict": self.problem.verdict.value, "note": self.problem.note}
        return {
            "server": self.server,
            "host": self.host,
            "port": self.port,
            "server_name": self.server_name,
            "fingerprints": sorted(self.fingerprints),
            "problem": problem,
            "starttls": self.starttls and [self.starttls.protocol, self.starttls.name],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Endpoint":
        """Read what `to_json` wrote."""
        problem, starttls = value["problem"], value["starttls"]
        return cls(
            value["server"],
            value["host"],
            value["port"],
            value["server_name"],
            frozenset(value["fingerprints"]),
            problem and Problem(Verdict(problem["verdict"]), problem["note"]),
            starttls and StartTls(*starttls),
        )


def endpoint_of(target: Target) -> Endpoint:
    """Say where a target is and what it is called. Raises SelectionError for a protocol that does not exist,
    and for settings that say nothing without another.
    """
    called = target.host if target.to is None else target.to.rpartition(":")[0]
    server_name = target.server_name or _name_of(called)
    starttls = None
    if target.starttls is not None:
        if target.starttls not in PROTOCOLS:
            raise SelectionError(
                f"starttls={target.starttls}: there is no such protocol; there is {', '.join(PROTOCOLS)}"
            )
        starttls = StartTls(target.starttls, server_name or target.host)
    if target.starttls == TUNNEL:
        if target.to is None and target.server_name is None:
            raise SelectionError(
                f"starttls={TUNNEL}: say what the proxy is asked for: to=HOST:PORT, or sni=NAME for port 443"
            )
        starttls = StartTls(TUNNEL, target.to or f"{target.server_name}:{HTTPS_PORT}")
    elif target.to is not None:
        raise SelectionError(f"to= goes with starttls={TUNNEL}; drop one or add the other")
    return Endpoint(target.name, target.host, target.port, server_name, starttls=starttls)


def _name_of(host: str) -> str | None:
    """What a client calls a host: by its name, an address not at all (RFC 6066 section 3)."""
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.rstrip(".")  # a trailing dot is not part of it (the same section)
    return None
