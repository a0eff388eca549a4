"""All clients at one server: this program beside testssl's client simulation, in turn, on the same server.

The server is nginx in its own process. This program plays every profile with a full handshake, a request
and the reports; testssl sends the hello of each client it knows. Whole commands, start included. Targets:
at most a tenth of testssl's time, and per client at least 60 times faster. Prints one JSON object; medians of
the rounds. testssl: Debian package testssl.sh, whose data is in /etc/testssl.

    python -m bench.client_simulation [--rounds N] [--server SERVER_ID]
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import machine
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id

ROOT = Path(__file__).parent.parent
SERVER = "nginx@system"
MOST_OF_TESTSSL = 0.1
FASTER_PER_CLIENT = 60


def testssl(program: str, address: str) -> tuple[float, int]:
    """Run its client simulation; seconds, and how many clients it has tried."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            program,
            "--client-simulation",
            "--quiet",
            "--color",
            "0",
            "--warnings",
            "off",
            "--jsonfile",
        ]
        start = time.perf_counter()
        done = subprocess.run(
            [*command, str(report), address],
            capture_output=True,
            text=True,
            timeout=600,
            stdin=subprocess.DEVNULL,
        )
        seconds = time.perf_counter() - start
        clients = len(re.findall(r'"id"\s*:\s*"clientsimulation-', report.read_text()))
    assert clients, f"testssl tried no client: {done.stdout}{done.stderr}"
    return seconds, clients


def this_program(address: str) -> tuple[float, int]:
    """Run every profile at the target; seconds, and how many clients."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "matrix", "run", "--target", f"target={address}", "--client", "*"]
        command += ["--out", f"{folder}/run", "--history", f"{folder}/history.sqlite"]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
        seconds = time.perf_counter() - start
        assert done.returncode == 0, done.stdout + done.stderr
        cells = json.loads(Path(folder, "run", "run.json").read_text())["cells"]
    return seconds, len(cells)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", default=SERVER)
    asked = parser.parse_args()
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if program is None:
        sys.exit("bench.client_simulation: there is no testssl; get it with: apt-get install testssl.sh")
    os.environ["TESTSSL_INSTALL_DIR"] = os.environ.get("TESTSSL_INSTALL_DIR", "/etc/testssl")
    variant = parse_server_id(asked.server, load_definitions())
    seconds: dict[str, list[float]] = {"testssl": [], "this program": []}
    clients: dict[str, int] = {}
    with start_servers([variant], make_credentials()) as servers:
        server = servers[variant.id]
        assert isinstance(server, RunningServer), server
        address = f"{server.host}:{server.port}"
        for _ in range(asked.rounds):
            taken, clients["testssl"] = testssl(program, address)
            seconds["testssl"].append(taken)
            taken, clients["this program"] = this_program(address)
            seconds["this program"].append(taken)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    share = medians["this program"] / medians["testssl"]
    each = {name: medians[name] / clients[name] for name in medians}
    faster = each["testssl"] / each["this program"]
    print(
        json.dumps(
            {
                "bench": "client_simulation",
                "machine": machine(),
                "server": server.stack,
                "rounds": asked.rounds,
                "clients": clients,
                "seconds": {name: round(value, 2) for name, value in medians.items()},
                "ms_per_client": {name: round(value * 1000, 1) for name, value in each.items()},
                "share_of_testssl": round(share, 3),
                "faster_per_client": round(faster, 1),
                "targets": {"share_of_testssl": MOST_OF_TESTSSL, "faster_per_client": FASTER_PER_CLIENT},
                "met": share <= MOST_OF_TESTSSL and faster >= FASTER_PER_CLIENT,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
