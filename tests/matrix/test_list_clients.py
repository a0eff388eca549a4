"""`list clients` and `list sets`: what every client is said to be."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from matrix.commands.cli import application


def listed(*arguments: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(application, ["list", *arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@pytest.fixture(scope="module")
def clients() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in listed("clients")}


def test_every_client_says_where_its_bytes_are_from_and_what_it_is_known_by(
    clients: dict[str, dict[str, Any]],
) -> None:
    assert len(clients) >= 400
    for client, row in clients.items():
        assert row["provenance"] in ("captured", "documented", "derived"), client
        assert row["confidence"] in ("high", "medium", "low"), client
        assert row["conduct_confidence"] in ("high", "medium", "low", "assumed"), client
        assert row["source"], client
        assert (row["ja3"] is None) is (row["ja4"] is None), client
        assert isinstance(row["sets"], list), client
    without = [client for client, row in clients.items() if row["ja3"] is None]
    assert "ie6-winxp" in without  # in SSLv2's format
    assert len(without) < 40


def test_whoever_sends_the_same_hello_is_named_by_both(clients: dict[str, dict[str, Any]]) -> None:
    for client, row in clients.items():
        for other in row["same_hello_as"]:
            assert client in clients[other]["same_hello_as"]
            assert clients[other]["ja4"] == row["ja4"]
    assert "android-12" in clients["android-11"]["same_hello_as"]


def test_what_is_documented_alone_is_of_low_confidence(clients: dict[str, dict[str, Any]]) -> None:
    documented = [row for row in clients.values() if row["provenance"] == "documented"]
    assert [row["id"] for row in documented] == ["datapower-10.0"]
    assert {row["confidence"] for row in documented} == {"low"}


def test_the_sets_have_their_members(clients: dict[str, dict[str, Any]]) -> None:
    sets = {row["id"]: row for row in listed("sets")}
    assert sets["all"]["members"] == sorted(clients)
    assert [name for name, row in sets.items() if row["default"]] == ["core", "today"]
    for name, row in sets.items():
        assert row["clients"] == len(row["members"])
        if name != "all":
            assert row["members"] == [client for client in clients if name in clients[client]["sets"]]


def test_in_a_pipe_each_client_is_a_line() -> None:
    done = CliRunner().invoke(application, ["list", "clients"], catch_exceptions=False)
    lines = done.stdout.splitlines()
    columns = lines[0].split("\t")
    assert {"id", "confidence", "sets", "ja3", "ja4", "same_hello_as"} <= set(columns)
    rows = [line.split("\t") for line in lines[1:] if "\t" in line]
    assert len(rows) >= 400
    assert {len(row) for row in rows} == {len(columns)}
