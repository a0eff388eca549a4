"""`python -m bench.explain`: what an explanation costs. Prints JSON.

Probes for each kind of cause, over the random servers of the tests and the catalogue; probes a second against
an emulated server, with the search and without it. "refused" is a hello that gets an alert, "handshake" a
whole handshake. `--tlsfuzzer FOLDER`, a checkout, is measured beside them (`bench.tlsfuzzer`).
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench.machine import machine
from bench.peers.measured import repeated
from bench.tlsfuzzer import Tlsfuzzer
from clients.destination import Destination
from clients.profile import load_profiles
from handshake.wire.registry import ProtocolVersion
from matrix.explain.asking import Asker
from matrix.explain.explanation import explain
from servers.credentials import SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id
from tests.matrix.explain.random_servers import found_at, random_server

SERVER = "webmethods-8.0.1@core-fix-19"
CLIENT = "biztalk-ws2008"
RSA_SUITE = 0x002F
"""TLS_RSA_WITH_AES_128_CBC_SHA, which the server takes."""


def by_kind(count: int) -> dict[str, Any]:
    """Probes of random servers by the kind of their cause."""
    found: dict[str, list[int]] = defaultdict(list)
    for seed in range(count):
        server = random_server(seed)
        found[server.kind].append(len(found_at(server).trials))
    return {
        kind: {
            "servers": len(probes),
            "median": median(probes),
            "p90": round(quantiles(probes, n=10)[-1]) if len(probes) > 1 else probes[0],
            "most": max(probes),
        }
        for kind, probes in sorted(found.items())
    }


def speed(seconds: float, tlsfuzzer: Path | None) -> dict[str, Any]:
    """Probes a second against an emulated server, and those of a whole explanation."""
    profiles = load_profiles()
    variant = parse_server_id(SERVER, load_definitions())
    with start_servers([variant], make_credentials()) as servers:
        server = servers[variant.id]
        assert isinstance(server, RunningServer), server
        where = Destination(server.host, server.port, SUBJECT)
        results: dict[str, Any] = {}
        for name, client in (("refused", CLIENT), ("handshake", "openssl-0.9.8-tls1")):
            asker = Asker(where, 2.0, asks_for_page=False)
            template = asker.sent(profiles[client].player.hellos[0].template)
            began = time.perf_counter()
            while time.perf_counter() - began < seconds:
                asker.ask(template)
            took = time.perf_counter() - began
            results[name] = {
                "probes_per_second": round(asker.asked / took),
                "ms": round(1000 * took / asker.asked, 2),
            }
        if tlsfuzzer is not None:
            once = Tlsfuzzer(tlsfuzzer, server.port, ProtocolVersion.TLS_1_0).answered(RSA_SUITE)
            results["tlsfuzzer"] = {"ms": round(1000 * repeated(once, seconds).each, 2)}
        asker = Asker(where, 2.0)
        others = {name: each.player for name, each in profiles.items() if name != CLIENT}
        began = time.perf_counter()
        found = explain(profiles[CLIENT].player, others, asker)
        took = time.perf_counter() - began
        results["explanation"] = {
            "seconds": round(took, 2),
            "probes": found.probes,
            "result": found.kind.value,
        }
    return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--tlsfuzzer", type=Path)
    asked = parser.parse_args()
    measured = {
        "machine": machine(),
        "probes": by_kind(asked.servers),
        "speed": speed(asked.seconds, asked.tlsfuzzer),
    }
    print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
