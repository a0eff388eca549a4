"""Evidence: what is written is what is read, bounded, and fit for another program."""

import json
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from clients.connect import connect
from clients.destination import Destination
from clients.observation import Observation
from matrix.captures.capture import capture_of
from matrix.errors import UnreadableRun
from matrix.plan.loading import load_all_profiles
from matrix.results.evidence import (
    SCHEMA_FILE,
    Evidence,
    ProbeSeen,
    ServerView,
    add_views,
    evidence_of,
    json_schema,
    observation_of,
    read_evidence,
    to_plain,
    write_evidence,
)
from servers.credentials import make_credentials
from tests.matrix.runs import evidence, failure
from tests.matrix.test_run import DEADLINE, ROOT, command

CELL = "a@1/x/connect"
PROFILES = load_all_profiles([])


@contextmanager
def answering(tmp_path: Path, version: ssl.TLSVersion) -> Iterator[tuple[int, Path]]:
    """Python's own TLS server for one connection, and the key log that it writes itself."""
    pem, log = tmp_path / "pem", tmp_path / "server.keys"
    credential = make_credentials()["rsa"]
    pem.write_text(credential.private_key + credential.chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.minimum_version = context.maximum_version = version
    context.keylog_filename = str(log)

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as accepted, context.wrap_socket(accepted, server_side=True) as tls:
            tls.recv(1000)
            tls.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1], log
        thread.join(DEADLINE)


def talk(port: int, client: str = "openssl-3.0") -> Observation:
    destination = Destination("127.0.0.1", port, "localhost")
    return connect(PROFILES[client].player, destination, deadline_seconds=10.0)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_key_log_is_that_of_the_server(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """OpenSSL at the other end writes the same lines, those that are asked for at least."""
    with answering(tmp_path, version) as (port, log):
        (attempt,) = talk(port).attempts
    assert attempt.failure is None
    theirs = {line for line in log.read_text().splitlines() if not line.startswith("#")}
    assert set(attempt.key_log) <= theirs
    labels = [line.split()[0] for line in attempt.key_log]
    if version is ssl.TLSVersion.TLSv1_2:
        assert labels == ["CLIENT_RANDOM"]
    else:
        assert labels == [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
        ]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    with answering(tmp_path, ssl.TLSVersion.TLSv1_3) as (port, _):
        seen = evidence_of(talk(port), ["TLSv1.3"])
    view = ServerView(version="TLSv1.3", log=["one", "two"])
    whole = Evidence(**{**_fields(seen), "cell": CELL, "verdict": "failed", "fingerprints": ["ab"]})
    write_evidence(tmp_path, whole)
    add_views(tmp_path, CELL, [view])
    whole = replace(whole, attempts=[replace(whole.attempts[0], server_view=view)])
    assert read_evidence(tmp_path, CELL) == whole
    assert (
        evidence_of(observation_of(whole), ["TLSv1.3"]).attempts[0].transcript == seen.attempts[0].transcript
    )
    file = tmp_path / "evidence" / f"{CELL}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), json.loads(json_schema()))
    assert "PRIVATE KEY" not in text
    assert str(tmp_path) not in text


def test_each_connection_gets_its_view_and_all_else_stays_as_it_was(tmp_path: Path) -> None:
    seen = evidence(CELL, failure("fin"), None)
    probes = [ProbeSeen("without x", seen.attempts[0])]
    whole = replace(seen, later=seen.attempts[1], probes=probes, response='\xe9\u2028 "server_view": null')
    write_evidence(tmp_path, whole)
    views = [ServerView(reason="one"), None, ServerView(log=["three"]), ServerView(version="four")]
    add_views(tmp_path, CELL, views)
    file = tmp_path / "evidence" / f"{CELL}.json"
    text = file.read_text(encoding="utf-8")
    mine = [replace(each, server_view=view) for each, view in zip(whole.connections, views, strict=True)]
    expected = replace(whole, attempts=mine[:2], later=mine[2], probes=[ProbeSeen("without x", mine[3])])
    write_evidence(tmp_path, expected)
    assert text == file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("wrong", ["", "{}", "[" * 100_000])
def test_views_are_added_to_evidence_alone(tmp_path: Path, wrong: str) -> None:
    add_views(tmp_path, CELL, [None])
    assert not (tmp_path / "evidence").exists(), "there was none"
    write_evidence(tmp_path, evidence(CELL))
    (tmp_path / "evidence" / f"{CELL}.json").write_text(wrong)
    with pytest.raises(UnreadableRun, match="is not as it was written"):
        add_views(tmp_path, CELL, [None])


def _fields(seen: Evidence) -> dict[str, object]:
    return {name: getattr(seen, name) for name in seen.__slots__}


def test_an_observation_comes_back_from_its_evidence() -> None:
    for failures in ((None,), (failure(), None), (failure("fin"),)):
        seen = observation_of(evidence(CELL, *failures))
        assert [attempt.failure for attempt in seen.attempts] == list(failures)
        assert seen.is_answered == (failures[-1] is None)
        assert seen == observation_of(Evidence(**_fields(evidence(CELL, *failures))))


def test_the_shipped_schema_is_that_of_the_code() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json_schema()


@pytest.mark.parametrize("wrong", ["", "{}", '{"schema": "tls-matrix/evidence/9"}', "[" * 100_000])
def test_a_file_that_is_no_evidence_is_one_line(tmp_path: Path, wrong: str) -> None:
    write_evidence(tmp_path, evidence(CELL))
    (tmp_path / "evidence" / f"{CELL}.json").write_text(wrong)
    with pytest.raises(UnreadableRun, match="tls-matrix/evidence/1"):
        read_evidence(tmp_path, CELL)
    assert read_evidence(tmp_path, "a@1/y/connect") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reason", "server-hello;fin"),
        ("reason", "server-hello:nothing"),
        ("negotiated.code_points", {"version": 769, "group": None}),
        ("started", "1969-12-31T23:59:59Z"),
        ("started", "2012-02-29T00:00:00"),
        ("seconds", float("inf")),
        ("first_entry_after", -1e9),
        ("key_log", ["\ufeffCLIENT_RANDOM 00 00"]),
        ("ends", ["nowhere", 1, "127.0.0.1", 443]),
        ("ends", ["127.0.0.1", 1, "127.0.0.1", 65_536]),
    ],
)
def test_what_was_never_seen_is_one_line(tmp_path: Path, key: str, value: object) -> None:
    """Values of the right type that no run writes: nothing behind the reader meets them."""
    write_evidence(tmp_path, evidence(CELL))
    file = tmp_path / "evidence" / f"{CELL}.json"
    content = json.loads(file.read_text())
    table = content["attempts"][0]
    *tables, last = key.split(".")
    for name in tables:
        table = table[name]
    assert last in table
    table[last] = value
    file.write_text(json.dumps(content))
    with pytest.raises(UnreadableRun) as caught:
        read_evidence(tmp_path, CELL)
    assert str(caught.value).startswith(f"{file}: attempts.0.{key}")
    assert "\n" not in str(caught.value)


def test_a_reason_of_a_later_version_is_read_and_captured(tmp_path: Path) -> None:
    write_evidence(tmp_path, evidence(CELL, failure("fin")))
    file = tmp_path / "evidence" / f"{CELL}.json"
    file.write_text(file.read_text().replace("server-hello:fin", "server-hello:alert-of_tomorrow"))
    read = read_evidence(tmp_path, CELL)
    assert read is not None
    assert str(observation_of(read).attempts[0].failure) == "server-hello:alert-of_tomorrow"
    assert b"alert-of_tomorrow" in capture_of(read)


MESSAGE = bytes([2, 0, 0xC3, 0x50]) + bytes(0xC350)  # the beginning of a ServerHello of 50,000 bytes
TINY = b"".join(bytes([22, 3, 1, 0, 1, byte]) for byte in MESSAGE[:43_000])  # in records of one byte


@contextmanager
def sending(content: bytes) -> Iterator[int]:
    """Something that answers any hello with these bytes and is silent then."""

    def serve(listener: socket.socket) -> None:
        accepted, _ = listener.accept()
        with accepted:
            accepted.recv(4000)
            try:
                accepted.sendall(content)
                while accepted.recv(4000):
                    pass
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        thread.join(DEADLINE)


@pytest.mark.long
def test_a_flood_of_tiny_records_is_bounded_everywhere(tmp_path: Path) -> None:
    with sending(TINY) as port:
        observation = talk(port, "java-7")
    (attempt,) = observation.attempts
    assert len(attempt.transcript) <= 256
    assert attempt.left_out is not None
    entries = attempt.left_out.entries + len(attempt.transcript)
    assert entries > 20_000
    assert attempt.transcript[1].name == "handshake"
    seen = evidence_of(observation, ["TLSv1.0"])
    assert len(json.dumps(to_plain(seen))) < 200_000
    with sending(TINY) as port:
        shown = subprocess.run(
            command("connect", "java-7", f"127.0.0.1:{port}"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    lines = shown.stdout.splitlines()
    assert len(lines) < 280
    assert sum(line.startswith("  ... ") and " more, " in line for line in lines) == 1


# The peak that getrusage gives is no less than what the process had that started this one.
MEASURED = """
import re, sys
from pathlib import Path
from matrix.commands.cli import main
try:
    main()
finally:
    status = Path("/proc/self/status").read_text()
    print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) // 1024, file=sys.stderr)
"""


@pytest.mark.long
def test_a_flood_of_tiny_records_costs_no_memory(tmp_path: Path) -> None:
    with sending(TINY) as port:
        chosen = ("run", "--target", f"flood=127.0.0.1:{port}", "--client", "java-7", "-n", "0")
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *chosen, "--out", str(tmp_path / "run")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    megabytes = int(done.stderr.split()[-1])
    assert megabytes < 200
    (file,) = (tmp_path / "run").glob("evidence/**/*.json")
    assert file.stat().st_size < 300_000
