"""A crowd that wants no answer keeps no server from answering whoever does.

Asserted is, for each server program: while at least the silent part of the crowd stands, a control cell is
answered within 2 s at each of three moments. At each it may be tried again while the crowd stands, and all of
it with another crowd, since a loaded machine may be late now and then. When the crowd has gone, the server
answers, has not ended, and holds no more processes, threads and descriptors than before, but for those that a
program keeps for the next clients.
"""

import time
from collections.abc import Callable, Mapping

import pytest

from servers.contract import PrivateKeyAndChain
from servers.definition import ServerDefinition, load_definitions
from servers.processes.start import NotInstalled, RunningServer, start_servers
from servers.variant import ServerVariant, plain_variant
from tests.servers.crowd import Control, Held, crowd_at, held_by

CROWDS = 3
MOMENTS = 3
TRIES = 3
PAUSE = 0.5
START_SECONDS = 60.0
GOES_BACK_SECONDS = 30.0
KEPT = Held(processes=8, threads=100, descriptors=100)
"""What a program may keep for the next clients (selfserv has nine threads a process); 300 connections of a
crowd hold three times as much.
"""


def levels(definition: ServerDefinition) -> list[str]:
    """The oldest and the newest of a real server, whose stacks differ; the emulated ones are one program."""
    found = list(definition.levels)
    return found[-1:] if definition.kind == "emulated" else list(dict.fromkeys((found[0], found[-1])))


VARIANTS = [
    plain_variant(definition, level)
    for definition in load_definitions().values()
    for level in levels(definition)
]


def is_so_within(seconds: float, is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE)
    return True


def is_answered_throughout(server: RunningServer, control: Control) -> bool:
    """Whether the control is, at all moments of one crowd, and the crowd was still there each time."""
    with crowd_at(server) as crowd:
        for _ in range(MOMENTS):
            answers = (control.is_answered() for _ in range(TRIES) if crowd.stands())
            if not any(answers) or not crowd.stands():
                return False
            time.sleep(PAUSE)
    return True


@pytest.mark.long(but=["reference@*", "openssl-s_server@*"])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.id)
def test_a_crowd_keeps_nobody_from_an_answer(
    variant: ServerVariant, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    with start_servers([variant], credentials, START_SECONDS) as running:
        server = running[variant.id]
        if isinstance(server, NotInstalled):
            pytest.skip(server.message)
        assert isinstance(server, RunningServer), server
        control = Control(variant, server)
        assert control.is_answered(), "without a crowd"
        process = running.process_id(variant.id)
        before = held_by(process)
        assert any(is_answered_throughout(server, control) for _ in range(CROWDS)), "with a crowd"
        assert control.is_answered(), "after the crowd"
        goes_back = is_so_within(GOES_BACK_SECONDS, lambda: not held_by(process).exceeds(before, KEPT))
        assert goes_back, (before, held_by(process))
        assert control.is_answered(), "at the end"
        assert running.stopped(variant.id) is None
