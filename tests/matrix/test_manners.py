"""What people expect of any command line: its version, -h, examples that are right, and completion."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer._click.core import Command, Context
from typer.main import get_command

from matrix.commands.cli import COMMANDS, application
from matrix.commands.examples import EXAMPLES
from matrix.results.environment import tool_version
from tests.matrix.test_cli import tls_matrix

OF_PYTEST = "test"


def commands() -> Iterator[tuple[str, Command]]:
    """Every command by its name, those of groups too."""
    whole = get_command(application)
    context = Context(whole)
    for name in COMMANDS:
        command = whole.get_command(context, name)  # type: ignore[attr-defined]  # it is a group
        assert command is not None
        members = getattr(command, "commands", {})
        yield from ((f"{name} {member}", each) for member, each in members.items())
        if not members:
            yield name, command


BY_NAME = dict(commands())


def test_the_version() -> None:
    done = tls_matrix("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"tls-matrix {tool_version()}\n", "")


@pytest.mark.long(but=["report", "explain", "run", "keys?convert"])
@pytest.mark.parametrize("name", ["", *(name for name in BY_NAME if name != OF_PYTEST)])
def test_h_is_help(name: str) -> None:
    short, long = (tls_matrix(*name.split(), option) for option in ("-h", "--help"))
    assert short.stdout == long.stdout
    assert "Usage: tls-matrix" in short.stdout
    assert short.returncode == 0


def test_every_command_has_examples() -> None:
    assert set(EXAMPLES) == set(BY_NAME) - {OF_PYTEST}
    for name, examples in EXAMPLES.items():
        assert examples, name


@pytest.mark.parametrize(
    ("name", "arguments"), [(name, each) for name, examples in EXAMPLES.items() for each, _ in examples]
)
def test_an_example_is_taken_as_it_stands(name: str, arguments: str) -> None:
    BY_NAME[name].make_context(name, shlex.split(arguments))


def test_a_wrong_example_would_be_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        BY_NAME["run"].make_context("run", ["--targets", "x=y:1"])


def test_help_shows_them() -> None:
    assert "tls-matrix serve jsse6@6u45 --key-out server.key" in tls_matrix("serve", "-h").stdout


def completed(words: str) -> list[str]:
    """What bash is told for these words, the last of them not whole."""
    environment = {
        **os.environ,
        "_TLS_MATRIX_COMPLETE": "complete_bash",
        "COMP_WORDS": words.replace(" ", "\n"),
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    command = [sys.executable, "-m", "matrix"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


@pytest.mark.long(but=["*connect*", "*split*"])
@pytest.mark.parametrize(
    ("words", "among"),
    [
        ("tls-matrix ru", "run"),
        ("tls-matrix hello sh", "show"),
        ("tls-matrix run --time-", "--time-limit"),
        ("tls-matrix run --client chromium-15", "chromium-156"),
        ("tls-matrix run --client set:to", "set:today"),
        ("tls-matrix run --server jsse6", "jsse6@6u45"),
        ("tls-matrix run --scenario split", "split-hello"),
        ("tls-matrix serve webm", "webmethods-8.0.1@core-fix-19"),
        ("tls-matrix connect biz", "biztalk-ws2008"),
    ],
)
def test_a_shell_can_complete(words: str, among: str) -> None:
    found = completed(words)
    assert among in found
    assert all(each.startswith(words.rpartition(" ")[2]) for each in found)


def script_for(shell: str) -> str:
    """What `--show-completion` shows in this shell."""
    environment = {**os.environ, "_TLS_MATRIX_COMPLETE": f"source_{shell}"}
    command = [sys.executable, "-m", "matrix"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell(shell: str) -> None:
    script = script_for(shell)
    assert "_TLS_MATRIX_COMPLETE" in script
    assert "tls-matrix" in script


@pytest.mark.parametrize("typed", ["tls-matrix run --client set:to", "tls-matrix run --server openssl@4.0.3"])
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_whole_words(shell: str, typed: str) -> None:
    environment = {
        **os.environ,
        "_TLS_MATRIX_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": typed,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    command = [sys.executable, "-m", "matrix"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert typed.rpartition(" ")[2] in done.stdout.replace("\\", "")
