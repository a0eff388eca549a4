"""What all of the project's own tests share."""

import os
import sys
from contextlib import ExitStack

import pytest
from hypothesis import settings

from matrix.grid.plugin import is_grid_wanted
from matrix.history.place import VARIABLE
from stacks.temporary_folder import temporary_folder
from tests.long import LongTests
from tests.order import shuffle
from tests.skips import SkipReport

# How long an example takes is up to the machine (hypothesis: at most 200 ms); speed is measured in bench/.
settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("own tests", "the project's own tests (tests/)")
    group.addoption(
        "--long",
        action="store_true",
        help="run the long tests too: containers, scanners, genuine browsers, pages, whole fleets",
    )
    group.addoption(
        "--order", type=int, metavar="SEED", help="shuffle modules and their tests; a seed gives one order"
    )
    group.addoption(
        "--strict-skips",
        action="store_true",
        help="fail where a test is skipped for a reason that is not in tests/allowed_skips.toml",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not is_grid_wanted(config):  # a user's grid, for which pytest reads this file too, has its own place
        _keep_runs_apart(config)
    config.pluginmanager.register(LongTests(config), "long-tests")
    if not hasattr(config, "workerinput"):  # a worker's reports all come to the controlling process
        config.pluginmanager.register(SkipReport(strict=config.option.strict_skips), "skip-report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.order is not None:
        shuffle(items, config.option.order)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Under `tox -e coverage`: pytest-xdist kills a worker that takes longer than ten seconds to end."""
    coverage = sys.modules.get("coverage")
    if coverage is not None and (current := coverage.Coverage.current()) is not None:
        current.save()


def _keep_runs_apart(config: pytest.Config) -> None:
    """Whatever a test runs, with --out or without, goes into a history of this process and not into that of
    the checkout: every command that a test starts inherits the variable.
    """
    closing = ExitStack()
    config.add_cleanup(closing.close)
    os.environ[VARIABLE] = str(closing.enter_context(temporary_folder("history")) / "history.sqlite")
