"""A driver that several visits want at once, one whose output ends, and Erlang's where a visit crashes it."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.fidelity.reactions.departing import departing_servers, server_id
from clients.genuine.driver import Driven, Driver
from clients.genuine.program import Call, Said
from clients.genuine.programs import load_programs
from servers.credentials import SUBJECT
from servers.processes.start import RunningServer

SLOW = """
import sys, time
print("{}", flush=True)
for line in sys.stdin:
    time.sleep(0.5)
    print('{"words": "done"}', flush=True)
"""
ENDS = """
import os, sys, time
print("{}", flush=True)
sys.stdin.readline()
os.close(1)
time.sleep(0.3)
os._exit(3)
"""


def driver_of(folder: Path, code: str) -> Driver:
    script = folder / "driver.py"
    script.write_text(code, encoding="utf-8")
    return Driver(Driven("genuine-driven", "a driver", (sys.executable, str(script))))


def call(seconds: float, port: int = 1) -> Call:
    return Call("127.0.0.1", port, SUBJECT, b"GET / HTTP/1.0\r\n\r\n", time.monotonic() + seconds)


@pytest.mark.long
def test_the_wait_for_its_turn_is_not_the_visits(tmp_path: Path) -> None:
    """Each of four takes half of what it is given; the last one waits three times as long."""
    driver = driver_of(tmp_path, SLOW)
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(driver.visit, [call(1.0) for _ in range(4)]))
    driver.stop()
    assert said == [Said("done")] * 4


def test_a_driver_that_does_not_answer_in_time_is_late(tmp_path: Path) -> None:
    driver = driver_of(tmp_path, SLOW)
    said = driver.visit(call(0.2))
    driver.stop()
    assert (said.how, said.is_late) == ("did not end by itself", True)


def test_a_driver_whose_output_ends_has_ended_itself(tmp_path: Path) -> None:
    driver = driver_of(tmp_path, ENDS)
    said = driver.visit(call(5.0))
    driver.stop()
    assert (said.how, said.is_late) == ("ended with status 3", False)


def test_erlang_outlives_a_visit_that_crashes_its_connection() -> None:
    program = next((each for each in load_programs().values() if each.id.startswith("genuine-erlang-")), None)
    if not isinstance(program, Driven):
        pytest.skip("there is no erl program with ssl; get it with: apt-get install erlang-ssl")
    name = "alpn-two-protocols-in-tls13"
    driver = Driver(program)
    with departing_servers([name]) as servers:
        server = servers[server_id(name)]
        assert isinstance(server, RunningServer)
        said = driver.visit(call(30.0, server.port))
    driver.stop()
    assert said.words.startswith("exception exit")
    assert said.how == ""
