"""What reads files: captures, profiles, runs, evidence, histories. Each goes as far as its command does."""

import io
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from rich.console import Console

from clients.capture.ladder import ladders
from clients.capture.nearest import Known
from clients.capture.packet import CaptureError
from clients.capture.profile_file import write_profile
from clients.capture.profile_text import Origin
from clients.capture.source import capture_of
from clients.observation import Observation
from clients.profile import BUNDLED_PROFILES, load_profile
from definitions.fault import UnusableFile
from handshake.client.hello import fill_hello
from matrix.captures.capture import capture_of as capture_of_evidence
from matrix.errors import MatrixError
from matrix.history import store
from matrix.history.adding import add_runs
from matrix.history.answers import Cells, cell_answer, encode
from matrix.history.counting import counts_of
from matrix.history.file import reading
from matrix.history.over_time import over_time
from matrix.judgement.judge import judge
from matrix.judgement.outcome import Expectation, Outcome
from matrix.reports.captured import capture_json, capture_lines, listed
from matrix.reports.files import render_reports
from matrix.reports.history import cell_lines, run_row
from matrix.reports.terminal import print_run
from matrix.results.evidence import (
    evidence_file,
    evidence_of,
    observation_of,
    read_evidence,
    to_plain,
    write_evidence,
)
from matrix.results.redact import Redaction
from matrix.results.run_file import RUN_FILE_NAME
from matrix.results.run_file import encode as encode_run
from matrix.results.saved_run import load_saved_run
from tests.clients.capture.hellos import PROFILES, alert, hello
from tests.clients.capture.packets import ETHERNET, SLL2, Conversation, pcap, pcapng
from tests.hostile.handshakes import HANDSHAKES
from tests.hostile.readers.reader import Reader
from tests.hostile.server import Line, Server, visit
from tests.matrix.history.made import days
from tests.matrix.runs import evidence, failure
from tests.matrix.test_hostile_values import rich_run
from tests.mutations.content import (
    HOSTILE_VALUES,
    any_of,
    with_other_bytes,
    with_other_lines,
    with_other_values,
)

CELL = "a@1/x/connect"
_CLIENTS = ("java-6", "openssl-0.9.8", "chrome-101", "firefox-153", "ie6-winxp", "openssl-4.0")


def read_capture(data: bytes, folder: Path) -> None:
    """Import a capture, and write the profile of each client in it."""
    try:
        capture = capture_of(io.BytesIO(data))
    except CaptureError:
        return
    found = listed(capture.hellos, _known())
    "".join(capture_json(found, {"notes": capture.notes}))
    list(capture_lines(found, "x", with_bytes=True))
    readable = [each for each in capture.hellos if each.flight is not None]
    for ladder in ladders(readable):
        path = folder / "mine.toml"
        try:
            write_profile(folder, "mine", ladder, Origin("x", "2026-11-28", "nobody"))
        except UnusableFile:
            continue
        path.unlink()


@cache
def _known() -> Known:
    return Known(PROFILES[client] for client in _CLIENTS)


@cache
def capture_seeds() -> Sequence[bytes]:
    """Captures of every form, with several connections, and what people paste."""
    hellos = [hello(client) for client in _CLIENTS]
    talks = [
        Conversation(client=("192.0.2.1", 50_000 + number))
        .opened()
        .client_says(wire)
        .server_says(alert())
        .ends()
        for number, wire in enumerate(hellos)
    ]
    smtp = Conversation().opened().server_says(b"220 x\r\n").client_says(b"STARTTLS\r\n")
    smtp = smtp.server_says(b"220 go\r\n").client_says(hellos[0]).ends()
    packets = [packet for talk in (*talks, smtp) for packet in talk.packets(ETHERNET)]
    return (
        pcap(packets),
        pcap([packet for talk in talks for packet in talk.packets(SLL2)], order=">", nanoseconds=True),
        pcapng(packets),
        pcapng(packets, ">"),
        hellos[0],
        hellos[1].hex(" ").encode(),
        "".join(
            f"{at:04x}  {hellos[2][at : at + 16].hex(' ')}\n" for at in range(0, len(hellos[2]), 16)
        ).encode(),
    )


def read_profile(data: bytes, folder: Path) -> None:
    """Read a profile, and fill each of its hellos."""
    path = folder / "mine.toml"
    path.write_bytes(data)
    try:
        profile = load_profile(path)
    except UnusableFile:
        return
    for attempt in profile.attempts:
        fill_hello(attempt.template, "server.example.test", bytes)
    assert profile.client_policy
    assert profile.client_limits


@cache
def profile_seeds() -> Sequence[bytes]:
    """Some of those that are shipped."""
    paths = [BUNDLED_PROFILES / f"{client}.toml" for client in _CLIENTS]
    names = [client.encode() for client in _CLIENTS]
    return tuple(
        path.read_bytes().replace(b'id = "%b"' % name, b'id = "mine"', 1)
        for path, name in zip(paths, names, strict=True)
    )


def read_run(data: bytes, folder: Path) -> None:
    """Read a run, and make all reports of it."""
    (folder / RUN_FILE_NAME).write_bytes(data)
    try:
        saved = load_saved_run(folder)
    except UnusableFile:
        return
    run = saved.run
    print_run(run, Console(file=io.StringIO(), width=120))
    list(render_reports(run).values())
    encode_run(run)


@cache
def run_seeds() -> Sequence[bytes]:
    """A run in which every field says something."""
    return (encode_run(rich_run()).encode(),)


def read_an_evidence(data: bytes, folder: Path) -> None:
    """Read evidence, judge it, and make a capture of it."""
    path = evidence_file(folder, CELL)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    try:
        found = read_evidence(folder, CELL)
    except UnusableFile:
        return
    assert found is not None
    expectation = Expectation(Outcome.WORKS, None, "")
    judge(observation_of(found), expectation, frozenset(found.fingerprints))
    capture_of_evidence(found)
    to_plain(Redaction(rich_run(), {}, [found]).evidence(found, CELL))


@cache
def evidence_seeds() -> Sequence[bytes]:
    """That of a handshake that worked, and of cells that did not."""
    handshake = HANDSHAKES["tls1.3"]
    attempt = visit(handshake, Line(Server(handshake)))
    seen = evidence_of(Observation((attempt,), "00" * 32, b"HTTP/1.0 200 OK\r\n\r\n"), ["TLSv1.3"])
    with TemporaryDirectory() as folder:
        made = []
        for each in (replace(seen, cell=CELL, verdict="passed"), evidence(CELL, failure(), None)):
            write_evidence(Path(folder), each)
            made.append(evidence_file(Path(folder), CELL).read_bytes())
    return tuple(made)


def read_history(data: bytes, folder: Path) -> None:
    """Read a history: its runs and all of its cells."""
    path = folder / "history.sqlite"
    path.write_bytes(data)
    try:
        with reading(path) as connection:
            counts = [
                counts_of(run, store.states_of(connection, run)) for run in store.last_runs(connection, 20)
            ]
            cells = [
                over_time(cell, found)
                for cell, found in store.results_of(connection, store.cell_names(connection))
            ]
    except MatrixError:
        return
    finally:
        path.unlink()
    list(map(run_row, counts))
    list(cell_lines(cells))
    encode(Cells(file="x", cells=list(map(cell_answer, cells))))


@cache
def history_seeds() -> Sequence[bytes]:
    """That of some days, with changes."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "history.sqlite")
        add_runs(path, days(Outcome.WORKS, Outcome.FAILS, None, Outcome.WORKS, Outcome.NOT_APPLICABLE))
        return (path.read_bytes(),)


def with_other_rows(data: bytes, random: Random) -> bytes:
    """A history with hostile values in some of its columns; other bytes where it is none any more."""
    try:
        return _with_other_rows(data, random)
    except (sqlite3.Error, IndexError, UnicodeDecodeError):
        return with_other_bytes(data, random)


def _with_other_rows(data: bytes, random: Random) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(data)
        connection.execute("PRAGMA ignore_check_constraints = ON")
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for _ in range(random.randrange(1, 4)):
            table = random.choice(tables)
            columns = [column[1] for column in connection.execute(f"PRAGMA table_info({table})")]
            value = random.choice([*filter(_is_of_sql, HOSTILE_VALUES), b"\xff\x00", b""])
            rows = random.choice(("", " WHERE rowid = 1")) if table != "result" else ""
            try:
                connection.execute(f"UPDATE {table} SET {random.choice(columns)} = ?{rows}", (value,))
            except sqlite3.Error:  # a key that must be unique or there
                continue
        return connection.serialize()


def _is_of_sql(value: object) -> bool:
    if isinstance(value, str):
        return "\ud800" not in value
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63)


_LINES = any_of(with_other_lines, with_other_bytes)
_VALUES = any_of(with_other_values, with_other_values, with_other_bytes)

CAPTURE = Reader("capture", capture_seeds, read_capture, with_other_bytes)
PROFILE = Reader("profile", profile_seeds, read_profile, _LINES)
RUN = Reader("run", run_seeds, read_run, _VALUES)
EVIDENCE = Reader("evidence", evidence_seeds, read_an_evidence, _VALUES)
HISTORY = Reader("history", history_seeds, read_history, any_of(with_other_rows, with_other_bytes))
