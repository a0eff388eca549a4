"""The mark `long`: the tests that `--long` runs too.

`@pytest.mark.long` is a test that takes seconds or needs a program that few machines have. Where some of its
parameters stand for all of them, `@pytest.mark.long(but=["nginx@system", "go@*"])` leaves these in the short
run; they are shell patterns of what pytest shows in square brackets. What is named on the command line, as a
file or as a test, is run in any case, since somebody asked for it.
"""

from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

OWN = "tests/"
"""How the id of each of the project's own tests begins."""


def is_long(item: pytest.Item) -> bool:
    """Whether the mark is on the test, or on some of its parameters and these are among them."""
    return any(
        not any(fnmatchcase(_parameters(item), pattern) for pattern in mark.kwargs.get("but", ()))
        for mark in item.iter_markers("long")
    )


def _parameters(item: pytest.Item) -> str:
    return item.callspec.id if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ""


def named_files(arguments: Iterable[str], start: Path) -> set[Path]:
    """The files among pytest's arguments, those of test ids included."""
    paths = (Path(start, argument.partition("::")[0]).resolve() for argument in arguments)
    return {path for path in paths if path.is_file()}


class LongTests:
    """pytest plugin of every process: leaves long tests out; the controlling one says how many."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._left_out = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # pytest loads this for a grid too, whose thousands of cells have no marks.
        own = [item for item in items if item.nodeid.startswith(OWN)]
        named = named_files(self._config.args, self._config.invocation_params.dir)
        unnamed = [item for item in own if item.path not in named]
        _check_exceptions(unnamed)
        if self._config.option.long:
            return
        left_out = [item for item in unnamed if is_long(item)]
        if left_out:
            self._left_out = len(left_out)
            gone = set(left_out)
            items[:] = [item for item in items if item not in gone]
            self._config.hook.pytest_deselected(items=left_out)

    def pytest_sessionfinish(self) -> None:
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output["long tests left out"] = self._left_out

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        # Every worker of pytest-xdist collects the same tests; one that was killed says nothing.
        told = getattr(node, "workeroutput", {}).get("long tests left out", 0)
        self._left_out = max(self._left_out, told)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left_out:
            terminalreporter.section("not the whole test run")
            terminalreporter.write_line(f"{self._left_out} long tests were left out; --long runs them too")


def _check_exceptions(items: Iterable[pytest.Item]) -> None:
    """Raise UsageError for a `but` that names no parameters of its test: it would be long without a word."""
    there, meant = defaultdict(set), defaultdict(set)
    for item in items:
        test = item.nodeid.partition("[")[0]
        there[test].add(_parameters(item))
        for mark in item.iter_markers("long"):
            meant[test].update(mark.kwargs.get("but", ()))
    for test, patterns in meant.items():
        for pattern in sorted(patterns):
            if not any(fnmatchcase(parameters, pattern) for parameters in there[test]):
                raise pytest.UsageError(
                    f"{test}: the mark long excepts {pattern!r}, and no parameters match it"
                )
