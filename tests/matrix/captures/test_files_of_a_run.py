"""The captures and keys that a run leaves: whose they are, what they decrypt, and when there are none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from matrix.results.key_log_file import VARIABLE
from matrix.results.timings import load_timings
from tests.matrix.captures.tshark import fields
from tests.matrix.test_cli import tls_matrix
from tests.matrix.test_run import ROOT, run_json

SERVERS = ("--server", "webmethods-8.0.1@core-fix-19", "--server", "jsse6@6u45")
RSA_KEY_EXCHANGE = "jsse6@6u45/wfetch-ws2008/connect"


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("incident") / "run"
    ended = tls_matrix("run", *SERVERS, "--client", "set:incident", "--evidence", "all", "--out", folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def capture(folder: Path, cell: str) -> Path:
    return folder / "evidence" / f"{cell}.pcapng"


@pytest.mark.long
def test_each_cell_of_the_incident_can_be_read(incident: Path) -> None:
    cells = run_json(incident)["cells"]
    assert len(cells) > 20
    addresses = load_timings(incident).addresses
    for cell in cells:
        file = capture(incident, cell["id"])
        port = addresses[cell["server"]].rpartition(":")[2]
        # An SSLv2-format hello is recognised on the ports of TLS alone, and on those of HTTPS a request whose
        # first byte is in a record of its own.
        ports = ("-d", f"tcp.port=={port},tls", "-d", f"tls.port=={port},http")
        seen = fields(file, "http.request.method", "tcp.stream", "_ws.malformed", options=ports)
        assert [packet for packet in seen if packet["_ws.malformed"]] == []
        streams = {packet["tcp.stream"][0] for packet in seen}
        assert len(streams) == len(cell["attempts"]), cell["id"]
        is_answered = cell["outcome"] != "fails"
        assert any(packet["http.request.method"] for packet in seen) is is_answered, cell["id"]


def test_the_servers_key_alone_decrypts_rsa_key_exchange(incident: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.pcapng"
    command = ["editcap", "--discard-all-secrets", capture(incident, RSA_KEY_EXCHANGE), bare]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert not any(packet["http.request.method"] for packet in fields(bare, "http.request.method"))
    key = incident / "evidence" / "rsa.key"
    seen = fields(bare, "http.request.method", options=("-o", f'uat:rsa_keys:"{key}",""'))
    assert [packet["http.request.method"] for packet in seen if packet["http.request.method"]] == [["GET"]]


def test_they_are_for_their_owner_alone(incident: Path) -> None:
    files = [*(incident / "evidence").rglob("*.pcapng"), incident / "evidence" / "rsa.key"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_capture_says_what_it_is_of(incident: Path) -> None:
    first, *_ = fields(capture(incident, RSA_KEY_EXCHANGE), "frame.comment")
    assert first["frame.comment"] == [f"{RSA_KEY_EXCHANGE}: connection 1 of 1, offers TLSv1.0: works"]


def test_by_default_only_what_is_no_plain_pass_has_one_and_no_key_is_written(tmp_path: Path) -> None:
    asked = ("--server", "jsse6@6u45", "--client", "wfetch-ws2008", "--client", "openssl-3.0")
    tls_matrix("run", *asked, "--out", tmp_path / "run")
    kept = {file.name for file in (tmp_path / "run" / "evidence").rglob("*") if file.is_file()}
    assert kept == {"connect.json", "connect.pcapng"}
    assert not capture(tmp_path / "run", RSA_KEY_EXCHANGE).exists()


@pytest.mark.long(but=["0"])
@pytest.mark.parametrize("workers", [0, 2])
def test_secrets_go_to_the_file_that_is_named(tmp_path: Path, workers: int) -> None:
    named = tmp_path / "keys.log"
    run = ("--server", "jsse6@6u45", "--client", "wfetch-ws2008", "--client", "firefox-9", "-n", workers)
    environment = {**os.environ, VARIABLE: str(named)}
    command = [sys.executable, "-m", "matrix", "run", *map(str, run), "--out", tmp_path / "run", "--force"]
    counts = []
    for _ in range(2):
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)
        lines = named.read_text().splitlines()
        assert {line.split()[0] for line in lines} == {"CLIENT_RANDOM"}
        counts.append(len(set(lines)))
    assert counts == [len(lines) // 2, len(lines)], "the second run adds to what the first one wrote"
    assert named.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", [("run", "--server", "jsse6@6u45"), ("connect", "java-7", "127.0.0.1:9")])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_done(command: tuple[str, ...]) -> None:
    arguments = [sys.executable, "-m", "matrix", *command]
    environment = {**os.environ, VARIABLE: "/proc/none/keys.log"}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"tls-matrix: {VARIABLE}: /proc/none/keys.log: cannot be written (No such file or directory); "
        "name another file, or unset it\n"
    )


def test_a_served_servers_key_is_written_to_a_new_file(tmp_path: Path) -> None:
    key = tmp_path / "server.key"
    command = [sys.executable, "-m", "matrix", "serve", "jsse6@6u45", "--key-out", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            assert "listens on" in server.stdout.readline()
            assert key.read_text().startswith("-----BEGIN ")
            assert key.stat().st_mode & 0o777 == 0o600
        finally:
            server.terminate()
    again = tls_matrix("serve", "jsse6@6u45", "--key-out", key)
    assert (again.returncode, again.stderr) == (
        2,
        f"tls-matrix: {key}: is there already; remove it, or name another file\n",
    )


def test_a_server_without_an_rsa_key_has_none_to_write(tmp_path: Path) -> None:
    server = "reference@rfc,certificate=ecdsa-secp256r1"
    done = tls_matrix("serve", server, "--key-out", tmp_path / "server.key")
    assert done.returncode == 2
    assert done.stderr == (
        f"tls-matrix: --key-out: {server} presents no certificate with an RSA key; leave --key-out out\n"
    )
    assert not (tmp_path / "server.key").exists()
