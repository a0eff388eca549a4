"""What pytest is started with to run a grid, in the process of a command."""

import os

from matrix.grid import GRID
from matrix.plan.options import RunOptions

_QUIET = ("terminal", "cacheprovider", "junitxml", "doctest", "warnings", "logging", "capture")
# Plugins that look at each test, although the one test of the grid has nothing for them: together they take
# a tenth of a cell's time.
_WITHOUT_WORK = (
    "monkeypatch",
    "recwarn",
    "setuponly",
    "setupplan",
    "stepwise",
    "subtests",
    "tmpdir",
    "unittest",
)
# pytest's hooks for what goes wrong in a destructor or a thread collect garbage twice at the end; without
# them Python prints such an error at once, and no part of a run hides it.
_SLOW = ("unraisableexception", "threadexception")


# To look for other plugins in every installed package takes longer than a cell.
_NO_OTHERS = ("--disable-plugin-autoload",)


def pytest_arguments(options: RunOptions, workers: int = 0) -> list[str]:
    """The grid and its plugin, no configuration and no conftest.py of whoever's folder this is started from,
    no reports and no output of pytest's; so many workers of pytest-xdist.
    """
    distributed = ("-p", "xdist.plugin", "-n", str(workers)) if workers else ()
    quiet = [argument for name in _QUIET + _WITHOUT_WORK + _SLOW for argument in ("-p", f"no:{name}")]
    alone = ["-c", os.devnull, "--rootdir", str(GRID.parents[1]), "--noconftest", "-p", "matrix.grid.plugin"]
    chosen = options.to_arguments()
    return [str(GRID), *alone, *_NO_OTHERS, *distributed, "--import-mode=importlib", *quiet, *chosen]
