"""The example of a change ticket is what the command prints today."""

from pathlib import Path

from tests.matrix.test_cli import tls_matrix
from tests.matrix.test_run import ROOT

BEFORE, AFTER = "webmethods-8.0.1@core-fix-19", "webmethods-8.0.1@core-fix-20"
TICKET = ROOT / "examples" / "incident-2012-fix.md"


def test_the_ticket_of_the_incident(tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    asked = ("--server", BEFORE, "--server", AFTER, "--client", "set:incident", "-n", "0")
    assert tls_matrix("run", *asked, "--out", out).returncode == 0
    told = tls_matrix("compare", out, "--server", BEFORE, "--with", AFTER, "--format", "markdown")
    assert (told.returncode, told.stdout) == (0, TICKET.read_text(encoding="utf-8"))
