"""A small fleet: one command tests many targets, and none faster than was asked for."""

from pathlib import Path

from bench.fleet import fleet, site_of
from matrix.results.run_file import load_run
from tests.matrix.test_cli import tls_matrix

TARGETS = 40


def test_forty_targets_of_one_file(tmp_path: Path) -> None:
    with fleet(TARGETS) as (ports, most):
        (tmp_path / "site.toml").write_text(site_of(ports, 50))
        asked = ("--matrix", str(tmp_path / "site.toml"), "--client", "java-?", "--client", "openssl-3.0")
        done = tls_matrix("run", *asked, "--out", str(tmp_path / "run"), "--quiet")
    assert done.returncode == 0, done.stderr
    cells = load_run(tmp_path / "run").cells
    assert len(cells) == 4 * TARGETS
    assert {cell.server for cell in cells} == {f"host-{number:04}" for number in range(TARGETS)}
    assert all(cell.outcome == "works" for cell in cells)
    assert 1 <= most[0] <= 8, "each target got what it was to get, once"


def test_no_target_is_asked_faster_than_it_may_be(tmp_path: Path) -> None:
    """At four a second, four come within a second, and one at its edge."""
    with fleet(2) as (ports, most):
        (tmp_path / "site.toml").write_text(site_of(ports, 4))
        asked = ("--matrix", str(tmp_path / "site.toml"), "--client", "java-?", "--client", "openssl-3.?")
        done = tls_matrix("run", *asked, "-n", "0", "--out", str(tmp_path / "run"), "--quiet")
    assert done.returncode == 0, done.stderr
    assert len(load_run(tmp_path / "run").cells) == 2 * 6
    assert 1 <= most[0] <= 5
