"""Server programs that behave badly, each a few lines of a user's own, and what is left of them."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from servers import running
from servers.contract import ENVIRONMENT_VARIABLE, Configuration, Connection, PrivateKeyAndChain
from servers.definition import load_definition, load_definitions
from servers.processes import process, start
from servers.processes.start import NotInstalled, RunningServer, StartFailure, start_servers
from servers.running import ProgramEvents
from servers.variant import ServerVariant, expand, parse_server_id, plain_variant
from tests.servers.conduct import LONG_AGO

AddServer = Callable[..., ServerVariant]
Credentials = Mapping[str, PrivateKeyAndChain]

# Written without the project's library: the contract is all a program needs.
WELL_BEHAVED = """
import json, os, socket, subprocess, sys
listening = []
def say(**event):
    print(json.dumps(event), flush=True)
for line in sys.stdin:
    configuration = json.loads(line)
    identity, address = configuration["id"], (configuration["host"], configuration["port"])
    listening.append(socket.create_server(address))
    stack = "toy"
    {more}
    say(event="ready", id=identity, port=listening[-1].getsockname()[1], stack=stack, cert_sha256="AB")
    {afterwards}
"""
NOTHING = "pass"
PROJECT = str(Path(process.__file__).parents[2])


def well_behaved(more: str = NOTHING, afterwards: str = NOTHING) -> str:
    return WELL_BEHAVED.format(more=more, afterwards=afterwards)


def has_ended(process_id: int) -> bool:
    """Whether the process ends within some seconds; it may be left as a zombie for init to collect."""
    try:
        descriptor = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 5)[0])
    finally:
        os.close(descriptor)


def children(process_id: int) -> list[int]:
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def test_servers_of_one_program_share_a_process(add_server: AddServer, credentials: Credentials) -> None:
    a, b = add_server(well_behaved(), level="a"), add_server(well_behaved(), level="b")
    other = add_server(well_behaved(), name="other")
    with start_servers([a, other, b, a], credentials) as servers:
        assert list(servers) == ["toy@a", "other@a", "toy@b"]
        ports = set()
        for server in servers.values():
            assert isinstance(server, RunningServer)
            assert (server.host, server.stack, server.certificate_sha256) == ("127.0.0.1", "toy", {"ab"})
            socket.create_connection((server.host, server.port)).close()
            ports.add(server.port)
        assert len(ports) == 3
        assert servers.process_id("toy@a") == servers.process_id("toy@b") != servers.process_id("other@a")
        started = {servers.process_id(server_id) for server_id in servers}
    for process_id in started:
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)


@pytest.mark.parametrize(("process", "number"), [("shared", 1), ("per-level", 3), ("per-variant", 6)])
def test_a_definition_may_give_each_level_or_variant_a_process_of_its_own(
    add_server: AddServer, credentials: Credentials, tmp_path: Path, process: str, number: int
) -> None:
    add_server(well_behaved())
    path = tmp_path / "toy" / "server.toml"
    text = path.read_text().replace("default = true", f'default = true\nprocess = "{process}"', 1)
    path.write_text(text + '[toggles.mood]\ntitle = "Mood"\nvalues = ["good", "bad"]\ndefault = "good"\n')
    variants = expand(load_definition(path))
    assert [variant.id for variant in variants] == [
        f"toy@{level}{toggle}" for level in ("a", "b", "c") for toggle in ("", ",mood=bad")
    ]
    with start_servers(variants, credentials) as servers:
        assert all(isinstance(server, RunningServer) for server in servers.values())
        assert list(servers) == [variant.id for variant in variants]
        assert len({servers.process_id(variant.id) for variant in variants}) == number


def test_what_takes_a_stack_that_is_not_fetched_is_not_started(
    add_server: AddServer,
    credentials: Credentials,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nothing-fetched"))
    add_server(well_behaved())
    path = tmp_path / "toy" / "server.toml"
    path.write_text(path.read_text().replace("[levels.a]", '[levels.a]\nstacks = ["jsse-17"]', 1))
    definition = load_definition(path)
    with start_servers([plain_variant(definition, level) for level in ("a", "b")], credentials) as servers:
        missing = servers["toy@a"]
        assert isinstance(missing, NotInstalled)
        assert missing.message.endswith("get it with: tls-matrix stacks fetch jsse-17")
        assert isinstance(servers["toy@b"], RunningServer)


def test_logs_are_kept_of_the_last_connections_only(
    add_server: AddServer, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_LOGS_KEPT", 2)
    many = "for port in range(1, 5): say(event='connection', id=identity, peer_port=port, log='l' * 60000)"
    variant = add_server(well_behaved(afterwards=many))
    with start_servers([variant], credentials) as servers:
        assert servers.wait_for_connection("toy@a", 4, LONG_AGO, 5) is not None
        kept = servers.connections("toy@a")
    assert [(seen.peer_port, len(seen.log or "")) for seen in kept] == [
        (1, 0),
        (2, 0),
        (3, 60000),
        (4, 60000),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise SystemExit('no such library')", "ended with exit status 1: no such library"),
        ("import nonsense", "exit status 1: ModuleNotFoundError: No module named 'nonsense'"),
        ("", "ended with exit status 0 and said nothing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "was killed by signal 11"),
        ("print('\\x1b[2Jhello'); input()", r"is no event of its servers: \x1b[2Jhello"),
        ("print('x' * 100000); input()", "x" * 300 + "..."),
        ("print('[' * 60000); input()", "[[["),
        (
            'print(\'{"event": "ready", "id": "toy@a", "port": 99999}\'); input()',
            "is no event of its servers",
        ),
        (
            'print(\'{"event": "error", "id": "other@a", "message": ""}\'); input()',
            "is no event of its servers",
        ),
        ('print(\'{"event": "error", "id": "toy@a", "message": "no\\\\nkey"}\'); input()', r"no\nkey"),
        ("import sys, os; os.close(1); sys.stdin.read()", "closed its standard output"),
    ],
)
def test_program_that_fails_is_quoted_in_one_line(
    add_server: AddServer, credentials: Credentials, text: str, message: str
) -> None:
    # input() returns after the configuration; what is printed must be flushed by then.
    variant = add_server("import functools; print = functools.partial(print, flush=True)\n" + text)
    with start_servers([variant], credentials) as servers:
        failure = servers["toy@a"]
    assert isinstance(failure, StartFailure)
    assert failure.message.startswith("toy/serve.py ")
    assert message in failure.message
    assert failure.message.isprintable()
    assert len(failure.message) < 500


def test_not_installed_is_told_apart(add_server: AddServer, credentials: Credentials) -> None:
    event = {"event": "not_installed", "id": "toy@a", "message": "apt-get install toy"}
    variant = add_server(f"import sys\nprint({json.dumps(event)!r}, flush=True)\nsys.stdin.read()")
    with start_servers([variant], credentials) as servers:
        assert servers["toy@a"] == NotInstalled("toy@a", "apt-get install toy")


def test_program_can_tidy_up_at_the_end_of_its_input(
    add_server: AddServer, credentials: Credentials, tmp_path: Path
) -> None:
    variant = add_server(well_behaved() + f"\nopen({str(tmp_path / 'tidy')!r}, 'w').close()\n")
    with start_servers([variant], credentials):
        assert not (tmp_path / "tidy").exists()
    assert (tmp_path / "tidy").exists()


def test_silent_program_fails_at_the_deadline_and_harms_no_other(
    add_server: AddServer, credentials: Credentials
) -> None:
    silent = add_server("import sys; sys.stdin.read()")
    with start_servers([silent, add_server(well_behaved(), name="other")], credentials, 1.0) as servers:
        assert servers["toy@a"] == StartFailure("toy@a", "toy/serve.py said nothing before the deadline")
        assert isinstance(servers["other@a"], RunningServer)


def test_program_that_never_reads_is_stopped(add_server: AddServer) -> None:
    much = {"rsa": PrivateKeyAndChain("x" * 500_000, "")}
    silent = add_server("import threading; threading.Event().wait()")
    with start_servers([silent], much, 0.3) as servers:
        assert isinstance(servers["toy@a"], StartFailure)
        process_id = servers.process_id("toy@a")
    assert has_ended(process_id)


def test_program_that_ignores_every_order_to_stop_is_killed(
    add_server: AddServer, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "STOP_SECONDS", 0.1)
    monkeypatch.setattr(process, "STOP_SECONDS", 0.1)
    deaf = "import signal, threading; signal.signal(15, signal.SIG_IGN)"
    stubborn = add_server(well_behaved(deaf, "threading.Event().wait()"))
    with start_servers([stubborn], credentials) as servers:
        assert isinstance(servers["toy@a"], RunningServer)
        process_id = servers.process_id("toy@a")
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_what_a_program_has_started_ends_with_it(add_server: AddServer, credentials: Credentials) -> None:
    variant = add_server(well_behaved('stack = str(subprocess.Popen(["sleep", "1000"]).pid)'))
    with start_servers([variant], credentials) as servers:
        server = servers["toy@a"]
        assert isinstance(server, RunningServer)
        os.kill(int(server.stack), 0)
    assert has_ended(int(server.stack))


def test_program_gets_its_own_streams_and_little_environment(
    add_server: AddServer, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")
    tell = 'stack = json.dumps([sorted(os.environ), sorted(map(int, os.listdir("/proc/self/fd")))])'
    variants = [add_server(well_behaved(tell), name=name) for name in ("toy", "other")]
    with start_servers(variants, credentials) as servers:
        for server in servers.values():
            assert isinstance(server, RunningServer)
            environment, descriptors = json.loads(server.stack)
            assert "PATH" in environment
            assert "MY_TOKEN" not in environment
            # The three streams, the listening socket, and the folder being listed.
            assert descriptors == [0, 1, 2, 3, 4]


def test_events_after_ready_are_kept_up_to_a_bound(
    add_server: AddServer, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_CONNECTIONS_KEPT", 3)
    many = "for port in range(1, 6): say(event='connection', id=identity, peer_port=port, reason='timeout')"
    variant = add_server(well_behaved(afterwards=f"print('stray words')\n    {many}"))
    with start_servers([variant], credentials) as servers:
        last = servers.wait_for_connection("toy@a", 5, LONG_AGO)
        assert last == Connection("toy@a", 5, reason="timeout")
        assert [seen.peer_port for seen in servers.connections("toy@a")] == [3, 4, 5]
        assert servers.wait_for_connection("toy@a", 1, LONG_AGO, 0.01) is None
        assert servers.stopped("toy@a") is None


def test_connections_from_one_port_are_told_apart_by_when_they_were_made(
    add_server: AddServer, credentials: Credentials
) -> None:
    configuration = add_server(well_behaved()).configuration(credentials, {}, "127.0.0.1", 0)
    events = ProgramEvents("toy", [configuration])
    moments = []
    for reason in ("first", "second", "third"):
        moments.append(later_moment())
        told = {"event": "connection", "id": configuration.id, "peer_port": 5, "reason": reason}
        events.take_line(json.dumps(told).encode())
    seen = [events.wait_for_connection(configuration.id, 5, moment, 0) for moment in moments]
    assert [connection and connection.reason for connection in seen] == ["first", "second", "third"]
    assert events.wait_for_connection(configuration.id, 5, later_moment(), 0) is None


def later_moment() -> datetime:
    """A moment after all that has happened and before all that comes, however coarse the clock is."""
    now = datetime.now(UTC)
    while (moment := datetime.now(UTC)) == now:
        pass
    while datetime.now(UTC) == moment:
        pass
    return moment


def test_server_that_gives_up_later_is_known(add_server: AddServer, credentials: Credentials) -> None:
    variant = add_server(
        well_behaved(
            afterwards="say(event='error', id=identity, message='out of luck');"
            "say(event='connection', id=identity, peer_port=1)"
        )
    )
    with start_servers([variant], credentials) as servers:
        assert isinstance(servers["toy@a"], RunningServer)
        servers.wait_for_connection("toy@a", 1, LONG_AGO)
        assert servers.stopped("toy@a") == "toy/serve.py out of luck"


HARNESS = """
import signal, sys
from pathlib import Path
from servers.credentials import make_credentials
from servers.definition import load_definition, load_definitions
from servers.processes.start import start_servers
from servers.variant import parse_server_id
definitions = load_definitions([Path(sys.argv[1])])
variants = [parse_server_id(text, definitions) for text in sys.argv[2:]]
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
with start_servers(variants, make_credentials()) as servers:
    print(*(servers.process_id(server_id) for server_id in servers), flush=True)
    signal.pause()
"""


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_harness_is_killed(
    add_server: AddServer, tmp_path: Path, how: signal.Signals
) -> None:
    add_server(well_behaved())
    server_ids = ["toy@a", "openssl@4.0.3", "tlslite@0.8.2", "openssl-s_server@system"]
    with subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(tmp_path), *server_ids],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": PROJECT},
    ) as harness:
        assert harness.stdout is not None
        started = [int(word) for word in harness.stdout.readline().split()]
        assert len(started) == len(server_ids)
        started += [child for server in started for child in children(server)]
        descriptors = [os.pidfd_open(process_id) for process_id in started]
        assert not select.select(descriptors, [], [], 0)[0]
        harness.send_signal(how)
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], 5)[0]
        os.close(descriptor)


@pytest.mark.skipif(
    shutil.which("openssl") is None,
    reason="there is no openssl program; get it with: apt-get install openssl",
)
def test_s_server_ends_with_its_program(credentials: Credentials) -> None:
    variant = parse_server_id("openssl-s_server@system", load_definitions())
    configuration = Configuration(variant.id, variant.level, variant.toggles, credentials, variant.declared())
    with subprocess.Popen(
        [sys.executable, str(variant.definition.program)],
        env={**os.environ, "PYTHONPATH": PROJECT, ENVIRONMENT_VARIABLE: configuration.to_line().decode()},
        stdout=subprocess.PIPE,
    ) as serving:
        assert serving.stdout is not None
        assert b"ready" in serving.stdout.readline()
        (s_server,) = children(serving.pid)
        descriptor = os.pidfd_open(s_server)
        serving.kill()
    assert select.select([descriptor], [], [], 5)[0]
    os.close(descriptor)


def test_connections_are_followed_until_the_server_stops(
    add_server: AddServer, credentials: Credentials
) -> None:
    common = {"id": "toy@a", "reason": None}
    events: list[dict[str, object]] = [
        {"event": "ready", "id": "toy@a", "port": 1, "stack": "toy", "cert_sha256": "00" * 32}
    ]
    events += [{"event": "connection", "peer_port": port, **common} for port in (1, 2, 3)]
    lines = [json.dumps(event) for event in events]
    variant = add_server(f"for line in {lines!r}:\n    print(line, flush=True)\n")
    with start_servers([variant], credentials) as servers:
        assert [connection.peer_port for connection in servers.follow(variant.id)] == [1, 2, 3]
        assert "ended with exit status 0" in str(servers.stopped(variant.id))
