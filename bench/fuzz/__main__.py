"""Feeds a reader what nobody has thought of, for some time, and prints what was found as JSON.

    python -m bench.fuzz READER [--seconds N] [--seed N] [--keep FOLDER] [--without-coverage]

The readers are those of `tests.hostile.readers`, and so are the seeds and the changes; a fault is whatever a
reader raises. With `atheris` the changes that reach new code are changed again (libFuzzer); it is a tool of
this command alone: `.venv/bin/pip install atheris`. Without it each input is a seed with changes of its own,
which `--seed` repeats. An input that is a fault is kept in FOLDER, which belongs to whoever ran this: a fault
becomes a test beside the code that had it. Exit status: 0 nothing was found, 1 something was.
"""

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from bench.fuzz.budget import Budget

NAMES = ("client-engine", "server-engine", "capture", "profile", "run", "evidence", "history")
COVERAGE = "atheris"


def main() -> int:
    """Fuzz a reader; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("reader", choices=NAMES)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=None, metavar="FOLDER")
    parser.add_argument("--without-coverage", action="store_true")
    arguments = parser.parse_args()
    budget = Budget(arguments.reader, arguments.seconds, arguments.seed, arguments.keep)
    if arguments.without_coverage or find_spec(COVERAGE) is None:
        from bench.fuzz.at_random import fuzz
    else:
        from bench.fuzz.by_coverage import fuzz
    found = fuzz(budget)
    print(json.dumps(found, indent=2))
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
