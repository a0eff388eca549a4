"""Known vulnerabilities of locked packages, asked of `pip-audit`: fails unless each package was looked up.

    tox -e audit [-- PIP-AUDIT'S OPTIONS]

`pip-audit` itself succeeds where the service that it asks knows none of the packages. Here a package that was
skipped, or that the answer lacks, is a failure as much as a vulnerability is. Nothing but the standard
library is imported: the environment has pip-audit alone.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCK_FILES = ("requirements.lock.txt", "requirements-test.lock.txt")
AUDIT_SECONDS = 900.0
NOT_THERE = "pip-audit is not there; `tox -e audit` installs it and runs this"
NOT_LOOKED_UP = (
    "Of a package that was not looked up nothing is known. Check the network, or ask another service: "
    "tox -e audit -- --vulnerability-service osv"
)


class AuditError(Exception):
    """An answer that is none; the message is one line, with what to do."""


class NotInstalled(Exception):
    """There is no pip-audit here."""


def locked(text: str) -> dict[str, str]:
    """The packages of a lock file with their versions; raises AuditError for a line without both."""
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith((" ", "#")):
            pin = re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line)
            if pin is None:
                raise AuditError(
                    f"line {number} names no package and version: {line}; make the file again: tox -e lock"
                )
            found[_normalized(pin[1])] = pin[2]
    if not found:
        raise AuditError("it names no package; make the file again: tox -e lock")
    return found


def problems(pins: Mapping[str, str], answer: str) -> list[str]:
    """What is wrong with the locked packages, or was not looked up, a line each; empty where all is well.

    `answer` is pip-audit's JSON; raises AuditError where it is something else.
    """
    entries = _entries(answer)
    found = []
    for name, version in pins.items():
        entry = entries.get(name)
        if entry is None:
            found.append(f"{name} {version}: was not looked up, the answer does not name it")
        elif "skip_reason" in entry:
            found.append(f"{name} {version}: was not looked up, {entry['skip_reason']}")
        elif entry["version"] != version:
            found.append(f"{name} {version}: was not looked up, but {entry['version']}")
        else:
            found += [f"{name} {version}: {_described(name, each)}" for each in entry["vulns"]]
    return found


def _entries(answer: str) -> dict[str, dict[str, Any]]:
    try:
        entries = {_normalized(entry["name"]): entry for entry in json.loads(answer)["dependencies"]}
        for entry in entries.values():
            if "skip_reason" not in entry:
                _ = entry["version"], [(each["id"], each["fix_versions"]) for each in entry["vulns"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AuditError("pip-audit gave no answer in its JSON") from error
    return entries


def _described(name: str, vulnerability: Mapping[str, Any]) -> str:
    names = ", ".join([vulnerability["id"], *vulnerability.get("aliases", ())])
    fixed = vulnerability["fix_versions"]
    if not fixed:
        return f"{names}, which no version fixes yet; check whether this project is affected"
    return f"{names}, fixed in {', '.join(fixed)}; to upgrade: tox -e lock -- --upgrade-package {name}"


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def ask(lock_file: Path, options: Sequence[str]) -> str:
    """What pip-audit answers of a lock file; raises AuditError and NotInstalled."""
    if find_spec("pip_audit") is None:
        raise NotInstalled(NOT_THERE)
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock_file), "--require-hashes"]
    quietly = ["--disable-pip", "--format", "json", "--progress-spinner", "off", *options]
    try:
        done = subprocess.run(
            [*command, *quietly], capture_output=True, text=True, timeout=AUDIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise AuditError(f"pip-audit gave no answer within {AUDIT_SECONDS:.0f} s") from error
    # It exits with 1 for a vulnerability too, and then there is an answer.
    if not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise AuditError(f"pip-audit gave no answer: {last[:300]}")
    return done.stdout


def main() -> int:
    """Audit both lock files and say what is wrong; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _, options = parser.parse_known_args()
    failed = False
    for name in LOCK_FILES:
        try:
            pins = locked((ROOT / name).read_text(encoding="utf-8"))
            found = problems(pins, ask(ROOT / name, options))
        except NotInstalled as error:
            print(f"bench.audit: {error}", file=sys.stderr)
            return 1
        except (AuditError, OSError) as error:
            pins, found = {}, [str(error)]
        for problem in found:
            print(f"{name}: {problem}", file=sys.stderr)
        if not found:
            print(f"{name}: {len(pins)} packages looked up, no known vulnerability")
        failed = failed or bool(found)
    if failed:
        print(NOT_LOOKED_UP, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
