"""Profiles held against the programs they are taken from, where these are installed in the same version.

The program connects to a listener of the engine's; its hellos and the profile's, the first of a connection
and the one after it, must agree in everything but what is made anew on every connection.
"""

import time
from pathlib import Path

import pytest

from clients.profile import load_profiles
from tests.clients.engine_server import WAIT_SECONDS, Seen, engine_server, renegotiating, retrying
from tests.clients.genuine_programs import HOST, PROGRAMS
from tests.clients.later_hellos import RETRY, RETRY_GROUP, later_hello, ours

PROFILES = load_profiles()
BEGINNING = [client for client, program in PROGRAMS.items() if program.renegotiates]


def genuine(client: str, after: str, folder: Path) -> Seen:
    """What the program sends that the profile plays."""
    program = PROGRAMS[client]
    program.skip_where_it_is_not()
    configuration = retrying(RETRY_GROUP) if after == RETRY else renegotiating()
    begins = after == "own"
    with (
        engine_server(configuration, asks=not begins) as listening,
        program.running(listening.port, folder, begins=begins) as running,
    ):
        line = program.renegotiates[1] if begins and program.renegotiates else b""
        deadline = time.monotonic() + WAIT_SECONDS
        while line and not listening.seen.session_ids and time.monotonic() < deadline:
            time.sleep(0.05)
        if line and running.stdin is not None:
            running.stdin.write(line)
            running.stdin.flush()
        assert listening.is_complete.wait(WAIT_SECONDS), "there was no second hello"
    return listening.seen


@pytest.mark.long(but=["openssl-3.0-debian-*", "gnutls-3.7-*", "java-17.0.9-own"])
@pytest.mark.parametrize(
    ("client", "after"),
    [(client, after) for client in PROGRAMS for after in (RETRY, "hello-request")]
    + [(client, "own") for client in BEGINNING],
)
def test_the_profile_says_what_the_program_says(client: str, after: str, tmp_path: Path) -> None:
    theirs = later_hello(PROFILES[client], genuine(client, after, tmp_path), after)
    assert later_hello(PROFILES[client], ours(PROFILES[client], HOST, after), after) == theirs
