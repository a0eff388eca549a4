"""The example of a change ticket is what the command prints today."""

from pathlib import Path

from bench.docs import still
from tests.matrix.test_json_schemas import tls_matrix
from tests.matrix.test_run import ROOT

BEFORE, AFTER = "webmethods-8.0.1@core-fix-19", "webmethods-8.0.1@core-fix-20"
OUT = "reports/fix-19-and-20"
TICKET = ROOT / "examples" / "incident-2012-fix.md"


def test_the_ticket_of_the_incident(tmp_path: Path) -> None:
    asked = ("--server", BEFORE, "--server", AFTER, "--client", "set:incident", "--out", OUT)
    assert tls_matrix(tmp_path, "run", *asked).returncode == 0
    told = tls_matrix(tmp_path, "compare", OUT, "--server", BEFORE, "--with", AFTER, "--format", "markdown")
    assert told.returncode == 0
    assert still(told.stdout) == TICKET.read_text(encoding="utf-8")
    assert still(told.stdout) != told.stdout, "control: it says when that was"
