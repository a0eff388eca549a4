"""Why tests were skipped, and which reasons are no reason.

A skip is honest where the thing a test needs cannot be had; it hides a hole where that is there and was not
recognised. So every reason that may occur is in a list with a why, and one that names a program counts only
where that program is missing.
"""

import os
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.toml")
# Debian has servers here, and leaves the folders out of an ordinary user's path.
SERVER_FOLDERS = ("/usr/sbin", "/sbin")
_PLACEHOLDERS = {r"\{program\}": r"(?P<program>\S+)", r"\*": r".*"}


class AllowedSkipsError(ValueError):
    """A list of reasons that cannot be used; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class AllowedSkip:
    """A reason that may occur. `pattern` is the whole of it; `{program}` stands for a program that must be
    missing, `*` for anything. `unless_set` names an environment variable that must not be set.
    """

    pattern: str
    why: str
    unless_set: str = ""

    def objection(self, reason: str, is_there: Callable[[str], bool]) -> str | None:
        """Why this does not allow the reason, empty where it is about another; None if it allows it."""
        pattern = re.escape(self.pattern)
        for placeholder, meaning in _PLACEHOLDERS.items():
            pattern = pattern.replace(placeholder, meaning)
        found = re.fullmatch(pattern, reason, re.DOTALL)
        if found is None:
            return ""
        program = found.groupdict().get("program")
        if program is not None and is_there(program):
            return f"but there is {program}"
        if self.unless_set and os.environ.get(self.unless_set):
            return f"but {self.unless_set} is set"
        return None


def load_allowed_skips(file: Path = ALLOWED_SKIPS) -> list[AllowedSkip]:
    """Read the list; raises AllowedSkipsError."""
    entries = tomllib.loads(file.read_text(encoding="utf-8")).get("skip", [])
    allowed = []
    for number, entry in enumerate(entries, start=1):
        is_whole = {"reason", "why"} <= entry.keys() <= {"reason", "why", "unless_set"}
        if not is_whole or not entry["why"].strip():
            raise AllowedSkipsError(f"{file}: skip {number}: needs reason and why, and may have unless_set")
        allowed.append(AllowedSkip(entry["reason"], entry["why"], entry.get("unless_set", "")))
    return allowed


def is_program_there(program: str) -> bool:
    """Whether a program or, by its path, a file is on this machine."""
    if "/" in program:
        return Path(program).exists()
    folders = (os.environ.get("PATH", os.defpath), *SERVER_FOLDERS)
    return shutil.which(program, path=os.pathsep.join(folders)) is not None


def holes(
    counts: Mapping[str, int],
    allowed: list[AllowedSkip],
    is_there: Callable[[str], bool] = is_program_there,
) -> dict[str, str]:
    """The reasons that are not allowed, each with what is to be said against it."""
    found = {}
    for reason in counts:
        objections = [each.objection(reason, is_there) for each in allowed]
        if None not in objections:
            found[reason] = next(filter(None, objections), f"which is not in {ALLOWED_SKIPS.name}")
    return found


def table(counts: Mapping[str, int], hidden: Mapping[str, str]) -> list[str]:
    """A line for each reason, the most frequent first; what is said against it stands behind it."""
    lines = []
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        objection = f"   <- {hidden[reason]}" if reason in hidden else ""
        lines.append(f"{count:>6}  {reason}{objection}")
    return lines


class SkipReport:
    """pytest plugin of the controlling process: counts skips by reason and shows them at the end.

    If `strict`, a reason that is not allowed fails what would have passed.
    """

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._allowed = load_allowed_skips()
        self._counts: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._take(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._take(report)

    def _take(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        # (file, line, what pytest.skip() or a mark said)
        said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        self._counts[said.removeprefix("Skipped: ")] += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        passed = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self._strict and passed and self._holes():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        found = self._holes()
        terminalreporter.section("skipped, by reason")
        for line in table(self._counts, found if self._strict else {}):
            terminalreporter.write_line(line)
        total = sum(self._counts.values())
        terminalreporter.write_line(f"{total:>6}  in all" if total else "no test was skipped")
        if self._strict and found:
            terminalreporter.write_line(
                f"{len(found)} of these reasons count for nothing: make the tests run, or put the reason and "
                f"why it cannot be helped into {ALLOWED_SKIPS.parent.name}/{ALLOWED_SKIPS.name}",
                red=True,
            )

    def _holes(self) -> dict[str, str]:
        return holes(self._counts, self._allowed)
