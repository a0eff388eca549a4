"""Every `--json` has a schema in `matrix/schema`, and what each command really prints keeps to it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from referencing import Registry, Resource

from matrix.commands.cli import COMMANDS, application
from tests.matrix.test_run import ROOT

SCHEMAS = ROOT / "matrix" / "schema"
SECONDS = 120.0
LISTS = (
    "servers",
    "clients",
    "sets",
    "programs",
    "scenarios",
    "cells",
    "emulation",
    "declared",
    "features",
    "departures",
    "faults",
    "settings",
)
INCIDENT = "webmethods-8.0.1@core-fix-19"
# The arguments of a command, and the schema of what it prints. In capitals: what the fixture `place` has.
PRINTED: dict[str, tuple[tuple[str, ...], str]] = {
    "run": (("--json", "--server", INCIDENT, "--client", "java-6", "--out", "other"), "run-2"),
    "report": (("one", "--json"), "run-2"),
    **{f"list {what}": (("--json",), f"list-{what}-1") for what in LISTS},
    "compare": (("one", "two", "--format", "json"), "comparison-1"),
    "connect": (("biztalk-ws2008", "ADDRESS", "--json"), "connection-1"),
    "explain": ((f"{INCIDENT}/biztalk-ws2008/connect", "--json"), "explanation-1"),
    "diagnose": ((str(ROOT / "examples" / "incident-2012.toml"), "--json"), "diagnosis-1"),
    "remedies": ((INCIDENT, "--client", "biztalk-ws2008", "--json"), "remedies-1"),
    "twin": (("ADDRESS", "--id", "shop", "--quick", "--servers-dir", "twins", "--json"), "twin-1"),
    "history show": (("--json",), "history-1"),
    "history import": (("one", "--json"), "history-1"),
    "history prune": (("--keep", "5", "--json"), "history-1"),
    "hello show": (("chromium-156", "--json", "--hex"), "hello-1"),
    "hello diff": (("ie6-winxp", "java-25", "--json"), "hello-difference-1"),
    "hello import": (("CAPTURE", "--json"), "capture-1"),
    "hello listen": (("--json",), "call-1"),
    "stacks list": (("--json",), "stacks-1"),
}


def commands_with_json() -> Iterator[str]:
    """Every command that has `--json`, or JSON as a format."""
    group = typer.main.get_command(application)
    context = typer.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        below = getattr(command, "commands", None) or {"": command}
        for last, each in below.items():
            options = {option: parameter for parameter in each.params for option in parameter.opts}
            form = getattr(options.get("--format"), "default", None)
            if "--json" in options or (form is not None and "json" in {one.value for one in type(form)}):
                yield f"{name} {last}".rstrip()


def validator(name: str) -> jsonschema.Draft202012Validator:
    resources = [
        (path.name, Resource.from_contents(json.loads(path.read_text()))) for path in SCHEMAS.glob("*.json")
    ]
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    return jsonschema.Draft202012Validator(schema, registry=Registry().with_resources(resources))


def tls_matrix(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "matrix", *arguments],
        cwd=place,
        env={**os.environ, "TLS_MATRIX_HISTORY": str(place / "history.sqlite")},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs, one of them with a capture, and a place for twins."""
    folder = tmp_path_factory.mktemp("json")
    (folder / "twins").mkdir()
    for name, client in (("one", "java-6"), ("two", "*-ws2008")):
        asked = ("--server", INCIDENT, "--client", client, "--client", "java-6", "-n", "0", "--out", name)
        assert tls_matrix(folder, "run", *asked).returncode == 0
    return folder


@contextmanager
def program(place: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that serves or listens, and its address."""
    command = [sys.executable, "-m", "matrix", *arguments]
    with subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        stream = process.stderr if "listen" in arguments else process.stdout
        assert stream is not None
        said = ""
        while "127.0.0.1:" not in said:
            said = stream.readline()
            assert said, "it has ended"
        try:
            yield (
                process,
                said.partition("127.0.0.1:")[2].split(";")[0].split(",")[0].split()[0].rstrip(".;,"),
            )
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=SECONDS)


def printed(place: Path, command: str, arguments: tuple[str, ...]) -> list[Any]:
    """The values that a command prints."""
    words = command.split()
    if command == "hello listen":
        with (
            program(place, *words, *arguments) as (listening, port),
            socket.create_connection(("127.0.0.1", int(port))) as caller,
        ):
            caller.sendall(b"GET / HTTP/1.1\r\n\r\n")
            caller.shutdown(socket.SHUT_WR)
            assert listening.stdout is not None
            return [json.loads(listening.stdout.readline())]
    if "ADDRESS" in arguments:
        with program(place, "serve", INCIDENT) as (_, port):
            filled = tuple(f"127.0.0.1:{port}" if each == "ADDRESS" else each for each in arguments)
            done = tls_matrix(place, *words, *filled)
    else:
        capture = next((place / "two").rglob("*.pcapng"))
        done = tls_matrix(place, *words, *(str(capture) if each == "CAPTURE" else each for each in arguments))
    assert "Traceback" not in done.stderr
    return [json.loads(done.stdout)]


def test_a_schema_is_named_like_its_file() -> None:
    """Two forms of one name could not be told apart."""
    for file in SCHEMAS.glob("*.json"):
        said = json.loads(file.read_text()).get("properties", {}).get("schema", {}).get("const")
        name, _, number = file.stem.rpartition("-")
        assert said in (None, f"tls-matrix/{name}/{number}"), file.name


def test_every_json_has_a_schema_and_every_schema_is_of_something() -> None:
    commands = {*commands_with_json()} - {"list"} | {f"list {what}" for what in LISTS}
    assert {*PRINTED} == commands
    used = {schema for _, schema in PRINTED.values()} | {"evidence-1"}
    assert {path.stem for path in SCHEMAS.glob("*.json")} == used


@pytest.mark.long(but=["list?scenarios", "list?faults", "history?show", "hello?show", "diagnose"])
@pytest.mark.parametrize("command", PRINTED)
def test_what_a_command_prints_keeps_to_its_schema(command: str, place: Path) -> None:
    arguments, name = PRINTED[command]
    schema = validator(name)
    for value in printed(place, command, arguments):
        assert [error.message for error in schema.iter_errors(value)] == []
        first = value[0] if isinstance(value, list) else value
        for key in first:
            without = {other: what for other, what in first.items() if other != key}
            if schema.is_valid([without] if isinstance(value, list) else without):
                continue
            break
        else:
            pytest.fail("control: no key is missed by the schema")
        assert not schema.is_valid("text")
