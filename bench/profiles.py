"""The client profiles: milliseconds to read them, seconds of the commands that need all of them or two.

Target: all profiles in under 150 ms once their parsed text is kept, in a process that has imported what reads
it. Prints one JSON object; medians of several runs, each in a process of its own.

    python -m bench.profiles [--runs N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.machine import machine
from clients.profile import BUNDLED_PROFILES

ROOT = Path(__file__).parent.parent
_READ = """
import json, time
from clients.profile import load_profiles
start = time.perf_counter()
profiles = load_profiles()
{what}
print(json.dumps((time.perf_counter() - start) * 1000))
"""
ALL, TWO = "profiles.read()", "profiles['java-7'], profiles['openssl-3.0']"


def milliseconds(what: str, environment: Mapping[str, str]) -> float:
    """Read profiles in a process of its own; the time without its start and its imports."""
    command = [sys.executable, "-c", _READ.format(what=what)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return float(json.loads(done.stdout))


def seconds(*arguments: str) -> float:
    """Run a command to its end, its start included."""
    command = [sys.executable, "-m", "matrix", *arguments]
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    parsed, kept = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(runs):
            environment = {**os.environ, "XDG_CACHE_HOME": str(Path(scratch, str(number)))}
            parsed.append(milliseconds(ALL, environment))
            kept.append(milliseconds(ALL, environment))
        two = [milliseconds(TWO, environment) for _ in range(runs)]
        commands = {
            "list clients": [seconds("list", "clients") for _ in range(runs)],
            "run with two clients and one server": [
                seconds(
                    "run",
                    *("--server", "tlslite@0.8.2", "--client", "java-7", "--client", "openssl-3.0"),
                    *("--out", str(Path(scratch, "run")), "--force"),
                    *("--history", str(Path(scratch, "history.sqlite"))),
                )
                for _ in range(runs)
            ],
        }
    print(
        json.dumps(
            {
                "machine": machine(),
                "profiles": len(list(BUNDLED_PROFILES.glob("*.toml"))),
                "milliseconds to read all": round(statistics.median(kept)),
                "milliseconds to read all, nothing kept": round(statistics.median(parsed)),
                "milliseconds to read two": round(statistics.median(two), 1),
                "seconds": {name: round(statistics.median(times), 2) for name, times in commands.items()},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
