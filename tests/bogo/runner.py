"""Running BoringSSL's test runner against the shim, and what it says of each test."""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bogo.interpreter import shim

VARIABLE = "TLS_MATRIX_BOGO"
PROGRAM = "runner.test"
"""The built runner, in its folder."""
ROLES = ("client", "server")

_RUNNING_AT_A_TIME = 2 * (os.cpu_count() or 1)
_IDLE_SECONDS = 10
_SETTINGS = re.compile(r"/(?P<protocol>[a-z]+)/(?P<role>client|server)/(?P<test>[^/]+)-$")
_UNEXPECTED_SUCCESS = re.compile(r"^FAILED \((.*)\)\nunexpected success$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """One test that ran: its name, the engine's role in it, and whether it passed.

    `took_what_is_wrong` says that the engine took what the test wants refused.
    """

    test: str
    role: str
    passed: bool
    took_what_is_wrong: bool = False


def run(folder: Path, scratch: Path) -> tuple[Result, ...]:
    """Run every test of the runner in `folder`; those that the shim does not implement are left out.

    `scratch` is an empty folder for sockets and results. Raises OSError where there is no runner.
    """
    results, transcripts, here = scratch / "results.json", scratch / "transcripts", scratch / "shim"
    transcripts.mkdir()
    here.mkdir()
    with shim(here, _RUNNING_AT_A_TIME + 2) as program:
        command = [
            str(folder / PROGRAM),
            "-shim-path",
            str(program),
            "-loose-errors",
            "-allow-unimplemented",
            "-num-workers",
            str(_RUNNING_AT_A_TIME),
            "-idle-timeout",
            f"{_IDLE_SECONDS}s",
            "-transcript-dir",
            str(transcripts),
            "-json-output",
            str(results),
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    roles = _roles((here / "roles").read_text().splitlines())
    wrongly_taken = frozenset(_UNEXPECTED_SUCCESS.findall(done.stdout.decode("utf-8", "replace")))
    tests: Mapping[str, Mapping[str, str]] = json.loads(results.read_text())["tests"]
    return tuple(
        Result(test, roles[test], outcome["actual"] == "PASS", test in wrongly_taken)
        for test, outcome in tests.items()
        if outcome["actual"] in ("PASS", "FAIL")
    )


def share_passed(results: Iterable[Result]) -> Mapping[str, float]:
    """The share of tests passed, by role."""
    ran: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for result in results:
        ran[result.role] += 1
        passed[result.role] += result.passed
    return {role: passed[role] / ran[role] for role in ran}


def _roles(settings: Iterable[str]) -> Mapping[str, str]:
    """The engine's role in each test, as the runner says it with the place for its transcripts."""
    found = (_SETTINGS.search(line) for line in settings)
    return {each["test"]: each["role"] for each in found if each is not None}
