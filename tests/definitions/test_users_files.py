"""Every file that a user may hand in: whatever it holds, it is read or its faults are told, one a line."""

import copy
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.profile import BUNDLED_PROFILES, ProfileError, load_profile
from definitions.fault import UnusableFile
from definitions.former import as_toml
from definitions.reading import check_toml
from matrix.errors import ExpectationError, UnreadableRun
from matrix.expectations.files import BUNDLED, load_expectations
from matrix.results.run_file import encode, load_run
from servers.definition import BUNDLED_SERVERS, DefinitionError, ServerDefinition, load_definition
from servers.emulated.emulation import EmulationError, read_emulation
from stacks import catalogue
from stacks.catalogue import CatalogueError
from stacks.check import check_catalogue
from tests.definitions.toml_text import DOCUMENTS, KEYS, VALUES
from tests.matrix.runs import cell, run
from tests.servers.emulated.test_emulation import TABLE

Document = dict[str, Any]


def _check_server(path: Path) -> None:
    load_definition(path)
    check_toml(path, ServerDefinition, DefinitionError)


def _check_emulation(path: Path) -> None:
    read_emulation(tomllib.loads(path.read_text()), str(path))


def _check_catalogue(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "CATALOGUE", path)
        check_catalogue()


def _toml(document: Document) -> str:
    return "".join(f"{as_toml(key)} = {as_toml(value)}\n" for key, value in document.items())


def _bundled(path: Path) -> Document:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, how it is read, the error that raises, how it is written, a sound one."""

    name: str
    read: Callable[[Path], object]
    error: type[UnusableFile]
    sound: Document
    write: Callable[[Any], str] = _toml


RUN = json.loads(encode(run(cell("a@1", "x"), cell("a@1", "y"))))
KINDS = {
    "profile": Kind(
        "firefox-9.toml", load_profile, ProfileError, _bundled(BUNDLED_PROFILES / "firefox-9.toml")
    ),
    "server": Kind(
        "jsse7/server.toml",
        _check_server,
        DefinitionError,
        _bundled(BUNDLED_SERVERS / "jsse7" / "server.toml"),
    ),
    "emulation": Kind("emulation.toml", _check_emulation, EmulationError, TABLE),
    "expectations": Kind(
        "openssl.toml",
        lambda path: load_expectations([path.parent]),
        ExpectationError,
        _bundled(BUNDLED / "openssl.toml"),
    ),
    "catalogue": Kind("stacks.toml", _check_catalogue, CatalogueError, _bundled(catalogue.CATALOGUE)),
    "run": Kind("run.json", load_run, UnreadableRun, RUN, json.dumps),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
many_files = settings(
    max_examples=50,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


def faults(kind: str, text: str, folder: Path) -> tuple[str, ...]:
    """What is told of a file of this text, each checked to be a line about it."""
    path = folder / KINDS[kind].name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    unusable = _unusable(kind, path)
    if unusable is None:
        return ()
    assert str(unusable) == "\n".join(unusable.lines) != ""
    for line in unusable.lines:
        assert line.startswith(f"{path}: ")
        assert line.isprintable()
        assert len(line) < 2500
    return unusable.lines


def _unusable(kind: str, path: Path) -> UnusableFile | None:
    try:
        KINDS[kind].read(path)
    except KINDS[kind].error as error:
        return error
    return None


@every_kind
def test_the_shipped_ones_have_no_fault(kind: str, tmp_path: Path) -> None:
    assert faults(kind, KINDS[kind].write(KINDS[kind].sound), tmp_path) == ()


@every_kind
@pytest.mark.parametrize(
    "text", ["[" * 5000, '{"a":' * 5000, "a = " + "[" * 5000, ".".join("a" * 3000) + " = 1"]
)
def test_what_is_nested_without_end_is_one_line(kind: str, text: str, tmp_path: Path) -> None:
    if kind == "emulation":
        text = "a = 1"  # it comes from a file that was read before
    assert len(faults(kind, text, tmp_path)) == 1


@every_kind
@many_files
@given(document=DOCUMENTS)
def test_any_document_is_read_or_told(kind: str, document: Document, tmp_path: Path) -> None:
    faults(kind, KINDS[kind].write(json.loads(json.dumps(document, default=str))), tmp_path)


def _spots(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [above] if above else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, each in inner:
        found += _spots(each, (*above, part))
    return found


@every_kind
@many_files
@given(data=st.data())
def test_a_sound_document_with_changes_is_read_or_told(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    """Values replaced, keys dropped, misspelt or added, at up to three places anywhere in a document."""
    document = copy.deepcopy(KINDS[kind].sound)
    values = VALUES.filter(_is_json) | st.none() if kind == "run" else VALUES
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(_spots(document)))
        table: Any = document
        for part in above:
            table = table[part]
        change = data.draw(st.sampled_from(["replace", "drop", "misspell", "add"]))
        if change == "replace" or isinstance(table, list):
            table[last] = data.draw(values)
        elif change == "drop":
            del table[last]
        elif change == "misspell":
            table[f"{last[:1]}{last[2:]}"] = table.pop(last)
        else:
            table[data.draw(KEYS)] = data.draw(values)
        if not document:
            break
    faults(kind, KINDS[kind].write(document), tmp_path)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
