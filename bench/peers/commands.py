"""Peers that are commands, and this program as a command. The time of each has its start in it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.peers.measured import Missing, Peer, Sample, whole
from bench.peers.targets import RUN, S_CLIENT, S_TIME, TESTSSL
from matrix.results.environment import tool_version

ROOT = Path(__file__).parents[2]
TESTSSL_DATA = "/etc/testssl"
S_CLIENTS = 20
S_TIME_SECONDS = 2
MOST_SECONDS = 600
INSTALL_OPENSSL = "apt-get install openssl"


def seconds_of(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> tuple[float, str]:
    """Run a command to its end: seconds, and what it printed. Where it fails, this program ends."""
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        stdin=subprocess.DEVNULL,
        env=environment,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return seconds, done.stdout


def this_program(address: str, clients: str) -> Peer:
    """`run` of all these clients: their hellos, whole handshakes, a request each, and the reports."""

    def measure() -> Sample:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "matrix", "run", f"--target=target={address}"]
            command += [f"--client={clients}", f"--out={folder}/run", f"--history={folder}/history.sqlite"]
            seconds, _ = seconds_of(command)
            cells = json.loads(Path(folder, "run", "run.json").read_text())["cells"]
        return whole(seconds, len(cells))

    return Peer(RUN, tool_version(), "clients", measure)


def testssl(address: str) -> Peer | Missing:
    """Its client simulation: the hello of each client that it knows, and nothing after the answer."""
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if program is None:
        return Missing(TESTSSL, "apt-get install testssl.sh")
    environment = {"TESTSSL_INSTALL_DIR": TESTSSL_DATA, **os.environ}
    quiet = ["--quiet", "--color", "0", "--warnings", "off", "--jsonfile"]

    def measure() -> Sample:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            seconds, said = seconds_of([program, "--client-simulation", *quiet, report, address], environment)
            clients = len(re.findall(r'"id"\s*:\s*"clientsimulation-', report.read_text()))
        if not clients:
            raise SystemExit(f"testssl tried no client: {said}")
        return whole(seconds, clients)

    version = subprocess.run([program, "--version"], capture_output=True, text=True, env=environment).stdout
    found = re.search(r"testssl(?:\.sh)?\s+(\d[\w.]*)", version)
    return Peer(TESTSSL, found[1] if found else "not known", "clients", measure)


def s_client(address: str) -> Peer | Missing:
    """One process after the other, each with a handshake and the end of its input."""
    version = _openssl_version()
    if version is None:
        return Missing(S_CLIENT, INSTALL_OPENSSL)

    def measure() -> Sample:
        seconds = sum(seconds_of(["openssl", "s_client", "-connect", address])[0] for _ in range(S_CLIENTS))
        return whole(seconds, S_CLIENTS)

    return Peer(S_CLIENT, version, "handshakes", measure)


def s_time(address: str) -> Peer | Missing:
    """As many handshakes as one process of it makes in a short time."""
    version = _openssl_version()
    if version is None:
        return Missing(S_TIME, INSTALL_OPENSSL)

    def measure() -> Sample:
        seconds, said = seconds_of(
            ["openssl", "s_time", "-new", "-time", str(S_TIME_SECONDS), "-connect", address]
        )
        found = re.search(r"(\d+) connections in \d+ real seconds", said)
        if found is None or found[1] == "0":
            raise SystemExit(f"openssl s_time made no connection: {said}")
        return whole(seconds, int(found[1]))

    return Peer(S_TIME, version, "handshakes", measure)


def _openssl_version() -> str | None:
    if shutil.which("openssl") is None:
        return None
    return seconds_of(["openssl", "version"])[1].split()[1]
