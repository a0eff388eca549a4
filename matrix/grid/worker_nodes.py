"""pytest-xdist's workers as the controlling process of a run sees them: how they start and how they end."""

import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from queue import Empty, Queue
from typing import Any

import pytest

from matrix.grid import WORKER_INPUT
from matrix.wording import printable

WORKER_STOP_SECONDS = 0.5
# What a terminal sends to every process of a run; the controlling one ends it.
_OF_A_TERMINAL = frozenset({signal.SIGINT, signal.SIGHUP})


class WorkerNodes:
    """Hooks of pytest-xdist's, registered only where pytest-xdist knows them."""

    def __init__(self, text: str, choose: Callable[[], None]) -> None:
        self._text = text
        self._choose = choose

    def pytest_xdist_setupnodes(self, config: pytest.Config) -> None:
        """Start workers deaf to Ctrl-C at a terminal, from their first moment on: they inherit the mask.

        They are sent pytest's arguments as text. A path in these is none of their business, and where it has
        bytes that are no text nothing could be sent.
        """
        self._choose()
        given = config.invocation_params
        config.invocation_params = replace(given, args=tuple(printable(str(each)) for each in given.args))
        signal.pthread_sigmask(signal.SIG_BLOCK, _OF_A_TERMINAL)
        config.add_cleanup(_hear_interrupts)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Hear it again in this process, now that they are started; what came meanwhile comes now."""
        _hear_interrupts()

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker its cells and where the servers are."""
        node.workerinput[WORKER_INPUT] = self._text
        node.workerinput["mainargv"] = [printable(argument) for argument in node.workerinput["mainargv"]]

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Where a server's silence holds one worker up, let the others take over what it has before it."""
        from xdist.scheduler import WorkStealingScheduling

        return WorkStealingScheduling(config, log) if config.option.dist == "load" else None


def _hear_interrupts() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_A_TERMINAL)


def end_workers(config: pytest.Config) -> None:
    """Let pytest-xdist end its workers, and kill those that wait for a silent server; then hear what they had
    sent by then. The run's files are written only afterwards.
    """
    distribution = config.pluginmanager.get_plugin("dsession")
    if distribution is None or distribution.nodemanager is None:
        return
    distribution.nodemanager.EXIT_TIMEOUT = WORKER_STOP_SECONDS
    distribution.nodemanager.teardown_nodes()
    with suppress(Empty):
        while True:
            name, what = distribution.queue.get_nowait()
            if name == "testreport":
                config.hook.pytest_runtest_logreport(report=what["rep"])


def start_workers_again(session: pytest.Session) -> None:
    """Start all workers anew where one has died before it could say a word, which pytest-xdist takes for the
    end; what the others say is for a queue that nobody reads any more.
    """
    distribution = session.config.pluginmanager.get_plugin("dsession")
    assert distribution is not None, "only workers end so"
    if distribution.nodemanager is not None:
        distribution.nodemanager.teardown_nodes()
    distribution.queue = Queue()
    distribution.pytest_sessionstart(session)
