"""How often a TLS 1.3 handshake with a finite-field group fails: one in 256, where zero bytes are dropped.

RFC 8446 section 7.4.1 keeps the leading zero bytes of the secret, which TLS up to 1.2 drops (RFC 5246
section 8.1.2). A server that goes on dropping them computes other keys whenever there is one; JSSE does
(JDK-8328046).
Prints one JSON object.

    python -m bench.dropped_zeros [SERVER_ID] [--handshakes N]
"""

import argparse
import json
from collections import Counter

from bench.machine import machine
from clients.connect import connect
from clients.destination import Destination
from matrix.plan.loading import load_all_definitions, load_all_profiles
from servers.credentials import SUBJECT, make_credentials
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id

CLIENT = "gnutls-3.7"  # its hello has shares of curves and names finite-field groups
START_SECONDS = 15.0
DEADLINE_SECONDS = 5.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server_id", nargs="?", default="jsse@11")
    parser.add_argument("--handshakes", type=int, default=1500)
    asked = parser.parse_args()
    variant = parse_server_id(asked.server_id, load_all_definitions(()))
    profile = load_all_profiles(())[CLIENT]
    seen: Counter[str] = Counter()
    with start_servers([variant], make_credentials(), START_SECONDS) as running:
        server = running[variant.id]
        if not isinstance(server, RunningServer):
            raise SystemExit(f"{variant.id}: {server.message}")
        for _ in range(asked.handshakes):
            observation = connect(
                profile.player,
                Destination(server.host, server.port, SUBJECT),
                deadline_seconds=DEADLINE_SECONDS,
            )
            failure = observation.attempts[-1].failure
            seen["works" if failure is None else str(failure)] += 1
    result = {"server": variant.id, "client": CLIENT, "handshakes": asked.handshakes, "ended": dict(seen)}
    print(json.dumps({"bench": "dropped_zeros", "machine": machine(), **result}, indent=1))


if __name__ == "__main__":
    main()
