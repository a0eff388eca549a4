"""`tls-matrix serve`: what keeps a server from listening is said in one line, before anything starts."""

import errno
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from matrix.commands.serve import _line, why_not
from servers.contract import Connection
from servers.emulated.served import DEPARTED, NOT_DEPARTED
from tests.matrix.test_cli import tls_matrix
from tests.matrix.test_run import ROOT

# Who else listens is of no matter to SO_REUSEPORT, which nginx asks for.
SERVERS = ["jsse6@6u45", "nginx@system", "openssl@4.0.3", "openssl-s_server@system", "tlslite@0.8.2"]
UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


@pytest.mark.parametrize("server_id", SERVERS)
def test_a_port_that_is_taken_is_one_line_and_2(server_id: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = tls_matrix("serve", server_id, "--port", str(port))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"tls-matrix: --port {port}: another program listens there (`ss -ltnp ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("server_id", ["jsse6@6u45", "nginx@system"])
def test_a_port_that_a_server_of_ours_has_is_taken_too(server_id: str) -> None:
    command = [sys.executable, "-m", "matrix", "serve", server_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            words = server.stdout.readline().split()
            if not words:
                pytest.skip("there is no nginx program; get it with: apt-get install nginx-light")
            port = words[-1].rpartition(":")[2]
            result = tls_matrix("serve", server_id, "--port", port)
        finally:
            server.terminate()
    assert result.returncode == 2
    assert "another program listens there" in result.stderr


def test_a_low_port_takes_a_right() -> None:
    """Of a user without rights, which root becomes for this."""
    if UNPRIVILEGED.is_file() and int(UNPRIVILEGED.read_text()) <= 1:
        pytest.skip("every user may listen on every port here (net.ipv4.ip_unprivileged_port_start)")
    become = "os.setuid(65534);" if os.geteuid() == 0 else ""
    program = f"import os; from matrix.commands.serve import check_port; {become} check_port(1)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "SelectionError: --port 1: this user has no right to a port this low; " in done.stderr


def test_what_else_the_system_says_is_said() -> None:
    error = OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
    assert "(Cannot assign requested address); choose another port" in why_not(error, 443)


@pytest.mark.parametrize("port", ["-1", "65536", "https"])
def test_a_port_that_does_not_exist_is_one_line_and_2(port: str) -> None:
    result = tls_matrix("serve", "jsse6@6u45", f"--port={port}")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("tls-matrix: Invalid value for '--port'")
    assert result.stderr.count("\n") == 1


OWN = """
id = "own"
title = "Own"
kind = "emulated"
default = false
control = "openssl-3.0"
source = "this test"
[declared]
versions = ["TLSv1.2"]
cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]
[emulation]
departures = ["DEPARTURE"]
[levels.one]
title = "Own"
stack = "none"
"""


@pytest.mark.parametrize(
    ("departure", "mend"), [("retry-twic", "did you mean retry-twice?"), ("zz", "write ")]
)
def test_an_error_in_the_emulation_has_its_file_and_line(departure: str, mend: str, tmp_path: Path) -> None:
    file = tmp_path / "own" / "server.toml"
    file.parent.mkdir()
    file.write_text(OWN.replace("DEPARTURE", departure))
    result = tls_matrix("serve", "own@one", "--servers-dir", str(tmp_path))
    assert (result.returncode, result.stdout) == (2, "")
    said = f"tls-matrix: {file}: emulation.departures[0] (line 12): unknown departure '{departure}': {mend}"
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < len(str(file)) + 500


def test_it_is_said_whether_a_departure_has_shown() -> None:
    shown = Connection("a", 1, "TLSv1.3", None, None, None, f"{DEPARTED}retry-twice\nSECRET 00 00")
    not_shown = replace(shown, log=NOT_DEPARTED)
    assert _line(shown) == f"port 1: TLSv1.3 [{DEPARTED}retry-twice]\n"
    assert _line(not_shown) == f"port 1: TLSv1.3 [{NOT_DEPARTED}]\n"
    assert _line(replace(shown, log="what a stack printed")) == "port 1: TLSv1.3\n"
