"""Whole runs over several levels of a server, as a user starts them."""

from pathlib import Path

from tests.matrix.test_run import run_json, tls_matrix, verdicts

SERIES_CLIENTS = ("--client", "firefox-9", "--client", "ie6-winxp", "--client", "openssl-0.9.8-tls1")


def test_a_level_series_says_which_update_of_java_changed_what_for_whom(tmp_path: Path) -> None:
    """The empty session_ticket of OpenSSL 0.9.8 and Firefox 9 (bug 6728126), and the end of SSLv3 in 7u85."""
    chosen = ("--levels", "jsse6@6*,ec=yes", "--levels", "jsse7@*", *SERIES_CLIENTS)
    result = tls_matrix("run", *chosen, "--out", tmp_path, "-n", 0)
    assert result.returncode == 0, result.stderr
    alert = "server-hello:alert-unexpected_message"
    for line in (
        "jsse6 with ec=yes, from 6-early to 6u45: connect",
        f"- firefox-9: works after a fallback up to 6-early ({alert}), works from 6u18 on",
        f"- openssl-0.9.8-tls1: fails up to 6-early ({alert}), works from 6u18 on",
        "- ie6-winxp: works up to 7u25, fails from 7u85 on (server-hello:alert-handshake_failure)",
        "- firefox-9 and openssl-0.9.8-tls1: works at all levels",
    ):
        assert f"{line}\n" in result.stdout
    positions = [server["position"] for server in run_json(tmp_path)["servers"].values()]
    assert positions == [0, 1, 2, 3, 4, 5, 0, 1, 2]
    made = {name: (tmp_path / name).read_bytes() for name in ("grid.md", "grid.html")}
    assert tls_matrix("report", tmp_path).returncode == 0
    assert made == {name: (tmp_path / name).read_bytes() for name in made}
    compared = tls_matrix("compare", tmp_path, "--server", "jsse7@7", "--with", "jsse7@7u85")
    assert compared.returncode == 1
    assert "\n\n1 of 3 clients loses service when jsse7@7 becomes jsse7@7u85.\n" in compared.stdout
    assert "why: no common version: the client has SSLv3" in compared.stdout


def test_pytest_takes_levels_too(tmp_path: Path) -> None:
    arguments = ("--levels", "jsse7@7u[28]5,ec=no", "--client", "ie6-winxp", f"--out={tmp_path}", "-n", 0)
    result = tls_matrix(*arguments, "-p", "no:cacheprovider", module="pytest")
    assert result.returncode == 0, result.stdout
    assert verdicts(tmp_path) == {
        "jsse7@7u25,ec=no/ie6-winxp/connect": "passed",
        "jsse7@7u85,ec=no/ie6-winxp/connect": "expected_failure",
    }
