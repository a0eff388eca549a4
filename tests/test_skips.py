"""Skips by reason: what is listed is allowed, and only where the thing is really missing."""

from pathlib import Path

import pytest

from tests.own_tests import own_tests
from tests.skips import AllowedSkip, AllowedSkipsError, holes, is_program_there, load_allowed_skips, table

NO_PROGRAM = "there is no {} program; get it with: apt-get install it"
ALLOWED = load_allowed_skips()


@pytest.mark.parametrize(
    "reason",
    [
        NO_PROGRAM.format("gnutls-serv"),
        "there is no /usr/share/java/bctls.jar; get it with: apt-get install libbctls-java",
        "OpenSSL 1.0.0f is not fetched; get it with: tls-matrix stacks fetch openssl-1.0.0f",
        "this machine has no IPv6 loopback",
        "user 65534 may not read this Python; lay the checkout where others can",
    ],
)
def test_what_cannot_be_had_is_allowed(reason: str) -> None:
    assert holes({reason: 3}, ALLOWED, lambda program: False) == {}


def test_what_is_there_is_no_reason() -> None:
    reason = NO_PROGRAM.format("nginx")
    assert holes({reason: 1}, ALLOWED, lambda program: program == "nginx") == {reason: "but there is nginx"}
    assert holes({reason: 1}, ALLOWED, lambda program: program == "stunnel4") == {}


@pytest.mark.parametrize(
    "reason",
    [
        "declared as OpenSSL 3.0.* has it; this is nginx 1.22.1, nginx version:",
        "there is no time",
        "unconditional skip",
        "this is why there is no nginx program; get it with: apt-get install nginx-light",
        "",
    ],
)
def test_what_is_not_listed_is_not_allowed(reason: str) -> None:
    found = holes({reason: 1}, ALLOWED, lambda program: False)
    assert found == {reason: "which is not in allowed_skips.toml"}


def test_an_engine_that_was_named_must_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "no container engine answers at unix:///x: connection refused; start the engine"
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert holes({reason: 1}, ALLOWED) == {}
    monkeypatch.setenv("DOCKER_HOST", "unix:///x")
    assert holes({reason: 1}, ALLOWED) == {reason: "but DOCKER_HOST is set"}


def test_a_program_is_looked_for_where_servers_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not is_program_there("mine")
    (tmp_path / "mine").touch(0o755)
    assert is_program_there("mine")
    assert is_program_there(str(tmp_path / "mine"))
    assert not is_program_there(str(tmp_path / "yours"))


def test_the_table_has_the_most_frequent_first() -> None:
    assert table({"b": 1, "a": 1, "c": 12}, {"a": "but there is a"}) == [
        "    12  c",
        "     1  a   <- but there is a",
        "     1  b",
    ]


@pytest.mark.parametrize(
    "entry", ['reason = "x"', 'reason = "x"\nwhy = " "', 'reason = "x"\nwhy = "y"\nso = 1']
)
def test_each_reason_has_a_why(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "skips.toml"
    file.write_text(f'[[skip]]\nreason = "a"\nwhy = "b"\n\n[[skip]]\n{entry}\n')
    with pytest.raises(AllowedSkipsError, match="skip 2: needs reason and why"):
        load_allowed_skips(file)
    file.write_text('[[skip]]\nreason = "a"\nwhy = "b"\n')
    assert load_allowed_skips(file) == [AllowedSkip("a", "b")]


SKIPPING = """
import pytest

def test_that_runs():
    pass

@pytest.mark.skipif(True, reason="this machine has no IPv6")
@pytest.mark.parametrize("number", range(3))
def test_that_cannot(number):
    pass

@pytest.mark.xfail
def test_that_fails_as_expected():
    assert False
"""
HIDING = (
    SKIPPING
    + """
def test_that_hides():
    pytest.skip("the moon is full")
"""
)
MODULE = "import pytest\npytest.skip('no module today', allow_module_level=True)\n"


@pytest.mark.long(but=["*-0"])
@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("program", "options", "status"),
    [
        (SKIPPING, ("--strict-skips",), 0),
        (HIDING, ("--strict-skips",), 1),
        (HIDING, (), 0),
        (MODULE, ("--strict-skips",), 1),
        (MODULE, (), 5),
    ],
)
def test_only_strict_runs_fail(
    tmp_path: Path, program: str, options: tuple[str, ...], status: int, workers: str
) -> None:
    result = own_tests(tmp_path, {"test_program": program}, "-n", workers, *options)
    assert result.returncode == status, result.stdout
    assert "skipped, by reason" in result.stdout
    if program == MODULE:
        assert "     1  no module today" in result.stdout
        return
    assert "     3  this machine has no IPv6\n" in result.stdout
    hiding = "     1  the moon is full" + "   <- which is not in allowed_skips.toml" * bool(options)
    assert (f"{hiding}\n" in result.stdout) == (program == HIDING)
    assert ("count for nothing" in result.stdout) == (status == 1)


def test_a_run_without_skips_says_so(tmp_path: Path) -> None:
    result = own_tests(tmp_path, {"test_program": "def test_that_runs():\n    pass\n"}, "--strict-skips")
    assert result.returncode == 0
    assert "no test was skipped" in result.stdout
