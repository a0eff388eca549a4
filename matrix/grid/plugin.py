"""The pytest wiring: options, and which part each process of a run plays.

Nothing here costs other tests anything: the grid's parts are imported and registered only when the grid is
among what pytest was asked for. The process that controls a run (the only one without pytest-xdist) plans,
starts servers, judges the whole and writes; pytest-xdist's workers get cells and addresses from it and only
run cells.
"""

import os
import signal
from pathlib import Path

import pytest

from matrix.garbage import look_seldom
from matrix.grid import GRID, WORKER_INPUT, useful_workers


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a run; they mean the same as those of `tls-matrix run`."""
    from matrix.plan.options import pytest_arguments

    group = parser.getgroup("tls-matrix", "TLS interoperability matrix")
    for flag, about in pytest_arguments():
        group.addoption(flag, **about)


def pytest_configure(config: pytest.Config) -> None:
    """Register this process's part, if the grid is to be run."""
    worker_input: dict[str, object] | None = getattr(config, "workerinput", None)
    if worker_input is not None:
        if WORKER_INPUT in worker_input:
            look_seldom()
            from matrix.grid.worker import GridWorker

            # What a terminal sends reaches workers too; it is the controlling process that ends the run.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            config.pluginmanager.register(
                GridWorker.from_text(config, str(worker_input[WORKER_INPUT])), "grid-worker"
            )
    elif is_grid_wanted(config):
        from matrix.grid.controller import register

        register(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """What `-n auto` means for the grid, unless the user's environment says it."""
    is_said = "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ
    return useful_workers() if is_grid_wanted(config) and not is_said else None


def is_grid_wanted(config: pytest.Config) -> bool:
    """Say whether the grid is among the paths pytest was given (or takes from its configuration)."""
    start = config.invocation_params.dir
    paths = [Path(start, argument.partition("::")[0]).resolve() for argument in config.args]
    return any(GRID.is_relative_to(path) or path.is_relative_to(GRID) for path in paths)
