"""Programs that behave badly, as a user's TOML file names them: a visit ends in time, with their words, and
nothing of them runs on.
"""

import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.destination import Destination
from clients.genuine.finding import find, find_in_time
from clients.genuine.own import load_own_programs
from clients.genuine.process import MAX_WORDS
from clients.genuine.program import Endless
from clients.genuine.visit import visit
from clients.observation import Observation
from handshake.events import Phase
from handshake.reason import Kind
from matrix.judgement.judge import judge
from matrix.judgement.outcome import Verdict

SECONDS = 2.0
"""For a program that never ends; it has been started by then."""
ENOUGH = 60.0
"""For one that ends by itself."""
ENDLESS_PATTERN = "(a+)+$"
CONNECTS = "import socket, sys; s = socket.create_connection(('{host}', {port})); "


@contextmanager
def silent_server() -> Iterator[Destination]:
    """Accepts connections, by the kernel's doing, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Destination("127.0.0.1", listener.getsockname()[1], "server.example.test")


def own_program(folder: Path, *command: str, more: str = "") -> Path:
    written = ", ".join(f'"""{part}"""' for part in command)
    where = 'environment = { PORT = "{port}" }\n'
    text = f'id = "genuine-bad"\ntitle = "a bad program"\ncommand = [{written}]\n{where}{more}'
    (folder / "genuine-bad.toml").write_text(text, encoding="utf-8")
    return folder


def visit_of(folder: Path, *command: str, more: str = "", seconds: float = ENOUGH) -> Observation:
    program = load_own_programs([own_program(folder, *command, more=more)])["genuine-bad"]
    with silent_server() as destination:
        return visit(program, destination, deadline_seconds=seconds)


def python(code: str) -> tuple[str, str, str]:
    return (sys.executable, "-c", code)


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_that_hangs_ends_in_the_deadline_with_its_words(tmp_path: Path) -> None:
    code = CONNECTS + "print('I think', flush=True); import time; time.sleep(60)"
    seen = visit_of(tmp_path, *python(code), seconds=SECONDS)
    (attempt,) = seen.attempts
    assert "I think" in seen.words
    assert attempt.failure is not None
    assert (attempt.failure.phase, attempt.failure.what) == (Phase.CLIENT_HELLO, "hangs")
    assert "did not end by itself: I think" in attempt.failure.sentence


@pytest.mark.parametrize("key", ["works", "fails", "alert_sent"])
def test_a_pattern_that_takes_years_is_named(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words may come from the server. The first pattern is named however slowly the process starts."""
    monkeypatch.setattr("clients.genuine.finding.SECONDS", 0.5)
    endless = f"'{ENDLESS_PATTERN}'"
    more = f"{key} = [{endless}]\n" if key != "alert_sent" else f"works = ['never']\n{key} = {endless}\n"
    said = re.escape(repr(ENDLESS_PATTERN)) if key == "works" else "was not done within 0.5 s"
    began = time.monotonic()
    with pytest.raises(Endless, match=said):
        visit_of(tmp_path, *python(CONNECTS + "print('a' * 45 + 'b')"), more=more)
    assert time.monotonic() - began < ENOUGH / 2


def test_patterns_are_found_as_python_finds_them(tmp_path: Path) -> None:
    words = "first\nsecond HTTP/1.1 200 OK\nalert \N{SNOWMAN} (40) \x00" + "x" * 40_000
    written = [r"second", r"(?i)^SECOND (\S+)", r"never", r"^(never)?second", r"\x00x(.)", r"t\nse.*OK$"]
    patterns = [re.compile(each, re.DOTALL | re.MULTILINE) for each in written]
    assert find_in_time(patterns, words) == find(patterns, words)
    assert [place and place.group for place in find(patterns, words).values()] == [
        None, "HTTP/1.1", None, None, "x", None,
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["256", "9" * 5000, "\N{ARABIC-INDIC DIGIT FOUR}" * 4, ""])
def test_a_number_that_no_alert_has_names_none(number: str, tmp_path: Path) -> None:
    folder = own_program(
        tmp_path, *python(""), more="alert_sent = 'alert (\\d+)?'\nalert_received = 'alert'\n"
    )
    said = load_own_programs([folder])["genuine-bad"].read(f"alert {number}", "")
    assert (said.alert_sent, said.alert_received) == (None, None)


@pytest.mark.long
def test_one_that_hangs_and_never_connects_has_no_connection(tmp_path: Path) -> None:
    seen = visit_of(
        tmp_path, *python("print('why?', flush=True); import time; time.sleep(60)"), seconds=SECONDS
    )
    (attempt,) = seen.attempts
    assert attempt.client_port is None
    assert attempt.failure is not None
    assert attempt.failure.phase is Phase.CONNECT
    assert "why?" in attempt.failure.sentence


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("false",), "ended with status 1"),
        (("sh", "-c", "echo I go; kill -SEGV $$"), "was ended by the signal SIGSEGV: I go"),
        (("echo", "version 1"), "ended with status 0: version 1"),
        (("sleep", "60"), "did not end by itself"),
    ],
)
def test_one_that_never_connects_is_told_so(tmp_path: Path, command: tuple[str, ...], said: str) -> None:
    seen = visit_of(tmp_path, *command, seconds=SECONDS)
    (attempt,) = seen.attempts
    assert attempt.failure is not None
    assert str(attempt.failure) == "connect:policy-no-connection"
    assert attempt.failure.sentence == f'the program made no connection; the client said "{said}"'
    assert judge(seen, None, set()).verdict is Verdict.HARNESS_ERROR


def test_one_that_dies_has_its_end_told(tmp_path: Path) -> None:
    seen = visit_of(tmp_path, "sh", "-c", "echo I go; kill -SEGV $$")
    (attempt,) = seen.attempts
    assert attempt.failure is not None
    assert "was ended by the signal SIGSEGV: I go" in attempt.failure.sentence


def test_one_that_connects_and_ends_closes_the_connection(tmp_path: Path) -> None:
    seen = visit_of(tmp_path, *python(CONNECTS + "print('no ciphers'); sys.exit(3)"))
    (attempt,) = seen.attempts
    assert attempt.failure is not None
    assert (attempt.failure.kind, attempt.failure.what) == (Kind.POLICY, "closes")
    assert "ended with status 3" in attempt.failure.sentence


@pytest.mark.parametrize("says_request", [True, False])
def test_one_that_asks_a_question_gets_no_terminal(tmp_path: Path, says_request: bool) -> None:
    code = (
        "import os\n"
        "try:\n"
        "    os.open('/dev/tty', os.O_RDWR)\n"
        "    print('asked on a terminal')\n"
        "except OSError:\n"
        "    print('there is no terminal')\n"
        "print('is a terminal:', os.isatty(0))\n"
    )
    seen = visit_of(tmp_path, *python(code), more=f"says_request = {str(says_request).lower()}\n")
    assert "there is no terminal" in seen.words
    assert "is a terminal: False" in seen.words


@pytest.mark.parametrize("leaves", ["", "setsid ", "nohup setsid "], ids=["in", "out", "out-deaf"])
def test_a_child_that_is_left_behind_is_ended(tmp_path: Path, leaves: str) -> None:
    """Also one in a session of its own, which holds the output open."""
    pid_file = tmp_path / "pid"
    child = f"{leaves}sh -c 'echo $$ > {pid_file}; exec sleep 60' & "
    started = time.monotonic()
    seen = visit_of(tmp_path, "sh", "-c", f"{child}while [ ! -s {pid_file} ]; do sleep 0.01; done; echo done")
    assert "done" in seen.words
    assert time.monotonic() - started < 30  # not the child's 60 seconds
    assert not runs(int(pid_file.read_text()))


FORKS_TWICE = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(1), os.close(2)
        open({file!r}, "w").write(str(os.getpid()))
        os.execve("/bin/sleep", ["sleep", "60"], {})
    os._exit(0)
while not os.path.exists({file!r}) or not open({file!r}).read():
    time.sleep(0.01)
print("done", flush=True)
"""


@pytest.mark.long(but=["killed", "itself"])
@pytest.mark.parametrize(
    "ends", ["", "time.sleep(60)", "os.kill(os.getpid(), 9)"], ids=["itself", "late", "killed"]
)
def test_a_child_without_an_environment_is_ended(tmp_path: Path, ends: str) -> None:
    """It has left the session, its parent is gone, and nothing in it says whose it was."""
    pid_file = tmp_path / "pid"
    seen = visit_of(tmp_path, *python(FORKS_TWICE.replace("{file!r}", repr(str(pid_file))) + ends), seconds=2)
    assert "done" in seen.words
    assert not runs(int(pid_file.read_text()))


def test_the_child_would_run_on_otherwise(tmp_path: Path) -> None:
    """The negative control: such a child outlives its parent."""
    pid_file = tmp_path / "pid"
    os.system(f"sh -c \"setsid sh -c 'echo \\$\\$ > {pid_file}; exec sleep 60' &\"")
    while not (pid_file.exists() and pid_file.read_text().strip()):
        time.sleep(0.01)
    process = int(pid_file.read_text())
    assert runs(process)
    os.kill(process, 9)


@pytest.mark.long
def test_one_that_writes_megabytes_has_its_first_and_last_words_kept(tmp_path: Path) -> None:
    code = "print('begin'); [print('x' * 100_000) for _ in range(100)]; print('the end')"
    seen = visit_of(tmp_path, *python(code))
    assert len(seen.words) <= MAX_WORDS + 100
    assert seen.words.startswith("begin")
    assert seen.words.endswith("the end\n")


def test_one_that_writes_without_end_ends_in_the_deadline(tmp_path: Path) -> None:
    seen = visit_of(tmp_path, "yes", seconds=SECONDS)
    (attempt,) = seen.attempts
    assert len(seen.words) <= MAX_WORDS + 100
    assert attempt.failure is not None
    assert "did not end by itself" in attempt.failure.sentence


def test_what_is_no_text_is_kept_as_text(tmp_path: Path) -> None:
    seen = visit_of(tmp_path, *python("import os; os.write(1, bytes(range(256)))"))
    assert "\\xff" in seen.words
    (attempt,) = seen.attempts
    assert attempt.failure is not None
    assert attempt.failure.sentence.isprintable()
