"""A server program begins the same whether it is a fork of this process or a fresh interpreter."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TELLS = """
import atexit, json, os, signal, sys, threading, warnings
import beside_it
warnings.warn("old", DeprecationWarning, stacklevel=2)
print(json.dumps({
    "descriptors": len(os.listdir("/proc/self/fd")),
    "environment": sorted(os.environ),
    "arguments": len(sys.argv),
    "leads_its_session": os.getsid(0) == os.getpid(),
    "threads": threading.active_count(),
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "terminate": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
    "main": sys.modules["__main__"].__dict__.get("HARNESS", "is not there"),
}), flush=True)
atexit.register(print, "said at the end")
sys.stderr.write("said on standard error\\n")
sys.stdin.buffer.read()
sys.exit(7)
"""

HARNESS = """
import atexit, json, os, signal, sys, threading, warnings
from pathlib import Path
from servers.processes.program import start_program

warnings.simplefilter("error")
signal.signal(signal.SIGTERM, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP,))
atexit.register(print, "the harness ends")
kept = open(sys.argv[1])
sys.stdout.write("waits in a buffer\\n")
stop = threading.Event()
if sys.argv[2] == "with a thread":
    threading.Thread(target=stop.wait).start()
program = start_program(Path(sys.argv[1]), {"PATH": os.environ["PATH"]})
is_fork = type(program).__name__ == "_Fork"
told = json.loads(program.stdout.readline())
program.stdin.close()
rest, errors = program.stdout.read().decode(), program.stderr.read().decode()
print(json.dumps({**told, "is_fork": is_fork, "rest": rest, "errors": errors, "status": program.wait()}))
stop.set()
"""


def told(tmp_path: Path, how: str) -> dict[str, Any]:
    program = tmp_path / "serve.py"
    program.write_text(TELLS)
    program.with_name("beside_it.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", HARNESS, str(program), how], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    first, said, last = done.stdout.splitlines()
    assert (first, last) == ("waits in a buffer", "the harness ends")
    answer: dict[str, Any] = json.loads(said)
    return answer


def test_a_fork_has_nothing_of_the_process_that_it_is_a_fork_of(tmp_path: Path) -> None:
    fork, fresh = told(tmp_path, "alone"), told(tmp_path, "with a thread")
    assert (fork.pop("is_fork"), fresh.pop("is_fork")) == (True, False)
    assert "LC_CTYPE" not in fork["environment"]
    fresh["environment"] = [name for name in fresh["environment"] if name != "LC_CTYPE"]  # CPython sets it
    assert (fork.pop("blocked"), fresh.pop("blocked")) == ([], [signal.SIGHUP])
    assert fork == fresh
    assert fork["rest"] == "said at the end\n"
    assert fork["errors"] == "said on standard error\n"
    assert fork["status"] == 7
    assert fork["descriptors"] == 4  # the three, and the one that the folder was read through
    assert fork["environment"] == ["PATH", "PYTHONPATH", "PYTHONUTF8"]


KILLED = """
import os, signal, sys
from pathlib import Path
from servers.processes.program import start_program

program = start_program(Path(sys.argv[1]), {})
os.killpg(program.pid, signal.SIGKILL)
print(program.wait(), type(program).__name__)
"""


def test_it_can_be_killed_with_its_session_at_once(tmp_path: Path) -> None:
    program = tmp_path / "serve.py"
    program.write_text("import time\ntime.sleep(600)\n")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(program)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == [str(-signal.SIGKILL), "_Fork"], done.stderr


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [("raise RuntimeError('broke')\n", 1, "RuntimeError: broke"), ("syntax error\n", 1, "SyntaxError")],
)
def test_what_breaks_it_is_told_on_its_standard_error(
    tmp_path: Path, text: str, status: int, said: str
) -> None:
    program = tmp_path / "serve.py"
    program.write_text(text)
    script = KILLED.replace("os.killpg(program.pid, signal.SIGKILL)", "print(program.stderr.read().decode())")
    done = subprocess.run(
        [sys.executable, "-c", script, str(program)], capture_output=True, text=True, timeout=60
    )
    assert said in done.stdout
    assert done.stdout.split()[-2:] == [str(status), "_Fork"]
