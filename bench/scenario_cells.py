"""What a cell of each other scenario costs, held against a connect cell with the same client and server.

The client and the server are such that the renegotiation completes, the session is resumed and the
certificate is shown. Target (renegotiation): at most 2.2 times the connect cell. Prints one JSON object;
times in milliseconds, medians of interleaved rounds.

    python -m bench.scenario_cells [--rounds N]
"""

import argparse
import json
import statistics
import time

from bench.machine import machine
from clients.destination import Destination
from clients.profile import load_profiles
from handshake.crypto.credentials import Credential
from matrix.judgement.judge import outcome_of
from matrix.judgement.outcome import Outcome
from matrix.scenarios import SCENARIOS, Meeting
from servers.credentials import CLIENT_SUBJECT, SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, start_servers
from servers.variant import parse_server_id

SERVERS = (
    "jsse6@6u45",
    "openssl@4.0.3,client-initiated=yes",
    "jsse6@6u45,client-certificate=request",
)
CLIENT = "openssl-1.0.1"
TARGET = 2.2
DEADLINE_SECONDS = 5.0


def measure(server: RunningServer, rounds: int, credentials: dict[str, Credential]) -> dict[str, object]:
    """Time every scenario that works with the server, in turn, but for those that make many connections."""
    profile = load_profiles()[CLIENT]
    destination = Destination(server.host, server.port, SUBJECT)
    meeting = Meeting(profile.player, destination, DEADLINE_SECONDS, credentials)
    works = [
        name
        for name, scenario in SCENARIOS.items()
        if not scenario.makes_probes and outcome_of(scenario.carry_out(meeting))[0] is Outcome.WORKS
    ]
    samples: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name in works:
            start = time.perf_counter()
            SCENARIOS[name].carry_out(meeting)
            samples[name].append((time.perf_counter() - start) * 1000)
    medians = {name: round(statistics.median(values), 3) for name, values in samples.items()}
    ratios = {name: round(median / medians["connect"], 2) for name, median in medians.items()}
    worst = max(ratio for name, ratio in ratios.items() if name.startswith("renegotiate"))
    return {"median_ms": medians, "ratio": ratios, "target_ratio": TARGET, "met": worst <= TARGET}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    definitions = load_definitions()
    variants = [parse_server_id(server, definitions) for server in SERVERS]
    shown = make_credentials(CLIENT_SUBJECT)
    trusted = {kind: pem.chain for kind, pem in shown.items()}
    credentials = {kind: Credential.from_pem(pem.private_key, pem.chain) for kind, pem in shown.items()}
    result: dict[str, object] = {}
    with start_servers(variants, make_credentials(), client_certificates=trusted) as servers:
        for variant in variants:
            server = servers[variant.id]
            assert isinstance(server, RunningServer), server
            result[variant.id] = measure(server, rounds, credentials)
    print(json.dumps({"bench": "scenario_cells", "rounds": rounds, "machine": machine(), **result}, indent=1))


if __name__ == "__main__":
    main()
