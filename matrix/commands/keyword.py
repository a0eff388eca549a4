"""`run -k`: a plan made narrower before anything is started, so that the rest is a whole run.

What -k means is pytest's to say, so it is asked to collect, which starts no server and writes nothing.
"""

import io
import os
from contextlib import redirect_stderr

import pytest

from matrix.errors import SelectionError
from matrix.grid import GRID
from matrix.grid.controller import PLAN, cell_id_of
from matrix.plan.options import RunOptions
from matrix.plan.plan import Plan

_QUIET = ("terminal", "cacheprovider", "junitxml", "doctest", "warnings", "logging", "capture")


def matching(plan: Plan, keyword: str) -> Plan:
    """The plan of the cells that pytest chooses by -k. Raises SelectionError where that is none."""
    listener = _Chosen(plan)
    said = io.StringIO()
    with redirect_stderr(said):
        status = pytest.main(_arguments(plan.options, keyword), plugins=[listener])
    if status == pytest.ExitCode.OK:
        return plan.narrowed_to(listener.cells)
    wrong = " ".join(said.getvalue().split()).partition(f"{keyword}: ")[2]
    raise SelectionError(
        f"-k {keyword}: {wrong or 'matches no cell of this run (see `tls-matrix list cells`)'}"
    )


def _arguments(options: RunOptions, keyword: str) -> list[str]:
    """The grid and its plugin, no other and no configuration or conftest.py of whoever's folder this is
    started from, and no output of pytest's.
    """
    quiet = [argument for name in _QUIET for argument in ("-p", f"no:{name}")]
    alone = ["-c", os.devnull, "--rootdir", str(GRID.parents[1]), "--noconftest", "-p", "matrix.grid.plugin"]
    asked = ["--disable-plugin-autoload", "--import-mode=importlib", "--collect-only", "-k", keyword]
    return [str(GRID), *alone, *quiet, *asked, *options.to_arguments()]


class _Chosen:
    """pytest plugin: hands over the plan, and keeps which of its cells are chosen."""

    def __init__(self, plan: Plan) -> None:
        self.cells: frozenset[str] = frozenset()
        self._plan = plan

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Leave the plan where the grid looks for it."""
        config.stash[PLAN] = self._plan

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep what is left of the cells."""
        self.cells = frozenset(cell_id for item in session.items if (cell_id := cell_id_of(item.nodeid)))
