"""The rule who may import whom, kept as a test (ARCHITECTURE.md)."""

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("definitions", "handshake", "stacks", "clients", "servers", "matrix")
MAY_IMPORT = {
    "definitions": {"definitions"},
    "handshake": {"handshake"},
    "stacks": {"definitions", "stacks"},
    "clients": {"definitions", "handshake", "stacks", "clients"},
    "servers": {"definitions", "handshake", "stacks", "servers"},
    "matrix": {"definitions", "handshake", "stacks", "clients", "servers", "matrix"},
}
# The modules and packages at the top of `matrix`, the lowest first: none imports one that stands above it.
MATRIX_FLOORS = (
    "errors",
    "garbage",
    "cell",
    "wording",
    "key_files",
    "judgement",
    "prediction",
    "scenarios",
    "expectations",
    "results",
    "history",
    "captures",
    "explain",
    "reports",
    "plan",
    "grid",
    "diagnose",
    "remedies",
    "twin",
    "commands",
    "__main__",
)
# What server programs import, which must start quickly (`servers.contract`, `stacks.catalogue`).
STANDARD_LIBRARY_ALONE = (
    "definitions/document.py",
    "definitions/fault.py",
    "definitions/lines.py",
    "servers/contract.py",
    "stacks/catalogue.py",
)
NOT_IN_HANDSHAKE = {"socket", "ssl", "subprocess", "time", "random", "secrets", "os", "pydantic"}


def imported(source: str) -> Iterator[str]:
    """Every module a source names in an import, wherever the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def forbidden(path: Path, source: str) -> list[str]:
    """What a file of ours imports against the rule."""
    package = path.parts[0]
    tops = {name.partition(".")[0] for name in imported(source)}
    wrong = (tops & set(OURS)) - MAY_IMPORT[package]
    if package == "handshake":
        wrong |= tops & NOT_IN_HANDSHAKE
    if path.as_posix() in STANDARD_LIBRARY_ALONE:
        wrong |= tops - set(sys.stdlib_module_names) - set(OURS)
    if path.parts[:2] == ("handshake", "wire"):
        wrong |= tops - set(sys.stdlib_module_names) - {"handshake", "msgspec"}
        wrong |= {
            n
            for n in imported(source)
            if n.startswith("handshake.") and n.split(".")[1] not in ("wire", "errors")
        }
    return sorted(wrong)


FILES = sorted(path.relative_to(ROOT) for package in OURS for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_imports_only_what_the_rule_allows(path: Path) -> None:
    assert forbidden(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source", "wrong"),
    [
        ("servers/x.py", "from clients.profile import Profile", ["clients"]),
        ("clients/x.py", "def f():\n    import servers.processes.start", ["servers"]),
        ("handshake/x.py", "import time", ["time"]),
        ("handshake/x.py", "from pydantic import BaseModel", ["pydantic"]),
        ("handshake/wire/x.py", "import gmpy2", ["gmpy2"]),
        ("handshake/wire/x.py", "from handshake.crypto import signatures", ["handshake.crypto"]),
        ("handshake/x.py", "from matrix import cell", ["matrix"]),
        ("definitions/x.py", "from handshake.wire import registry", ["handshake"]),
        ("definitions/fault.py", "from pydantic import BaseModel", ["pydantic"]),
        ("definitions/reading.py", "from pydantic import BaseModel", []),
        ("clients/x.py", "from definitions.reading import read_toml", []),
        ("matrix/x.py", "import clients, servers, socket", []),
    ],
)
def test_the_rule_finds_what_breaks_it(path: str, source: str, wrong: list[str]) -> None:
    assert forbidden(Path(path), source) == wrong


def imported_from_above(path: Path, source: str) -> list[str]:
    """What a file of `matrix` imports of the floors above its own."""
    floor = MATRIX_FLOORS.index(path.parts[1].removesuffix(".py"))
    tops = {name.split(".")[1] for name in imported(source) if name.startswith("matrix.")}
    return sorted(top for top in tops if MATRIX_FLOORS.index(top) > floor)


IN_MATRIX = [path for path in FILES if path.parts[0] == "matrix" and path.name != "__init__.py"]


@pytest.mark.parametrize("path", IN_MATRIX, ids=str)
def test_a_floor_of_the_matrix_imports_none_above_it(path: Path) -> None:
    assert imported_from_above(path, (ROOT / path).read_text(encoding="utf-8")) == []


def test_an_import_from_above_is_found() -> None:
    assert imported_from_above(Path("matrix/plan/x.py"), "from matrix.grid.endpoint import Endpoint") == [
        "grid"
    ]
    assert imported_from_above(Path("matrix/plan/x.py"), "from matrix.cell import Cell") == []


def test_the_floors_are_all_there_is_of_the_matrix() -> None:
    here = {path.parts[1].removesuffix(".py") for path in FILES if path.parts[0] == "matrix"}
    assert here - {"__init__"} == set(MATRIX_FLOORS)


def test_conftest_holds_no_logic_and_imports_nothing_but_the_matrix() -> None:
    source = (ROOT / "conftest.py").read_text(encoding="utf-8")
    assert {name.partition(".")[0] for name in imported(source)} <= {"matrix", "pytest"}
    assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(ast.parse(source)))


def test_the_packages_come_from_one_checkout() -> None:
    """The names are generic: another distribution's `clients` would be taken without a word."""
    packages = [importlib.import_module(name) for name in OURS]
    parents = {Path(str(package.__file__)).parent.parent for package in packages}
    assert parents == {ROOT}
