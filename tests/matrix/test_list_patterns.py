"""`tls-matrix list WHAT PATTERN`: only what matches, and one line for what nothing matches."""

import json

import pytest

from tests.matrix.test_cli import tls_matrix


def listed(*arguments: str) -> list[str]:
    done = tls_matrix("list", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [row.get("id", row.get("key")) for row in json.loads(done.stdout)]


def test_only_what_a_pattern_matches_is_listed() -> None:
    assert listed("clients", "java-2[15]") == ["java-21", "java-25"]
    assert listed("scenarios", "split-*", "connect") == ["connect", "split-hello"]
    assert listed("declared", "cipher_suites") == ["cipher_suites"]


def test_a_set_is_its_clients_beside_what_a_pattern_matches() -> None:
    every, some = listed("clients"), listed("clients", "set:incident", "java-25")
    assert "biztalk-ws2008" in some
    assert "java-25" in some
    assert set(some) < set(every)
    assert listed("clients", "set:all") == every


@pytest.mark.long(but=["arguments0-*"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("clients", "java-99"), "no client matches 'java-99'; near it: "),
        (
            ("clients", "set:todya"),
            "no set matches 'set:todya'; near it: set:today",
        ),
        (("servers", "set:today"), "no server matches 'set:today'"),
    ],
)
def test_what_nothing_matches_is_one_line_and_2(arguments: tuple[str, ...], said: str) -> None:
    done = tls_matrix("list", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tls-matrix: {said}")
    assert done.stderr.count("\n") == 1
