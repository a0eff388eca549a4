"""Daemons and views in small: programs that are a line of shell."""

import json
import re
from typing import Any

import pytest

from servers import contract
from servers.system.backend import StartError
from servers.system.daemon import MAX_OPEN_VIEWS, Daemon, DaemonLog
from servers.system.view import View, version_by_openssl


class EchoView(View):
    """Keeps each line, and takes the last for the reason."""

    def read(self, line: bytes) -> None:
        self.keep(line)
        self.reason = line.decode()


LOG = DaemonLog(
    connection=re.compile(rb"^(\d+):"),
    accepted=re.compile(rb": from (\d+)$"),
    finished=re.compile(rb": end$"),
    listening=re.compile(rb"^listening$"),
    view=EchoView,
)


def daemon(script: str) -> Daemon:
    return Daemon("toy@a", ["/bin/sh", "-c", script], LOG, environment={}, descriptors=())


def events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def run_to_its_end(script: str) -> None:
    """Run a daemon that ends by itself; what it says is on standard output afterwards."""
    with daemon(script) as running:
        running._reader.join(5)


def test_connections_are_told_apart_and_reported_as_they_end(capsys: pytest.CaptureFixture[str]) -> None:
    lines = "listening", "1: from 7001", "2: from 7002", "2: end", "1: more", "1: end"
    run_to_its_end("; ".join(f"echo '{line}' >&2" for line in lines))
    first, second, end = events(capsys.readouterr().out)
    assert (first["peer_port"], first["log"]) == (7002, "2: from 7002\n2: end")
    assert (second["peer_port"], second["log"]) == (7001, "1: from 7001\n1: more\n1: end")
    assert end["event"] == "error", "a daemon that ends while it is wanted is told"


def test_lines_of_an_unknown_connection_are_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    run_to_its_end("{ echo listening; echo 5: more; echo 5: end; echo last words; } >&2")
    (end,) = events(capsys.readouterr().out)
    assert end["message"] == "ended: last words"


def test_open_connections_are_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    count = MAX_OPEN_VIEWS + 5
    accepted = f'for i in $(seq {count}); do echo "$i: from $i"; done'
    run_to_its_end(f"{{ echo listening; {accepted}; echo {count}: end; echo 1: end; }} >&2")
    first, _ = events(capsys.readouterr().out)
    assert first["peer_port"] == 1


def test_one_that_does_not_listen_is_an_error_with_its_last_words() -> None:
    with (
        pytest.raises(StartError, match="does not listen: no such option"),
        daemon("echo no such option >&2"),
    ):
        pass


def test_a_log_is_bounded() -> None:
    view = EchoView()
    for _ in range(100):
        view.read(b"x" * 4096)
    log = view.event("toy@a", 7).log
    assert log is not None
    assert len(log) < 2 * contract.MAX_LOG_CHARACTERS
    assert EchoView().event("toy@a", 7).log is None


@pytest.mark.parametrize(("name", "version"), [(b"TLSv1", "TLSv1.0"), (b"TLSv1.3", "TLSv1.3")])
def test_openssl_has_a_name_of_its_own_for_tls_1_0(name: bytes, version: str) -> None:
    assert version_by_openssl(name) == version
