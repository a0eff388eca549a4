"""What holds for every file of the tree, whatever it is about.

What must never be checked in, how long a file and a function may be, and what travels in the wheel.
"""

import ast
import fnmatch
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("definitions", "handshake", "stacks", "clients", "servers", "matrix")
FILE_BUDGET = 400
FUNCTION_BUDGET = 60
PICTURES = ROOT / "docs" / "pictures"
LARGEST_PICTURE = 200_000
PNG = b"\x89PNG\r\n\x1a\n"

# Longer than the budget for a reason: path -> why. An entry that is not needed any more fails too.
LONG_FILES = {
    "handshake/wire/registry.py": "the IANA registries' code points, one a line",
    "handshake/wire/cipher_suite_table.py": "the cipher suites with their names, one a line",
}
LONG_FUNCTIONS: dict[str, str] = {}

# Each pattern is written so that it does not match its own text here.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.*/-])/(?:work|root|tmp|home/\w+)/"),
    "a registry's host name": re.compile(
        # docker.io alone, a space or ")" behind it, is Debian's package of an engine.
        r"(?:(?:pypi|pythonhosted|npmjs|debian)\.(?:org|com|io)|docker\.(?:org|com|io(?![\s)])))\b"
        r"(?<!www\.debian\.org)",
        re.IGNORECASE,
    ),
    "a key or certificate": re.compile(
        r"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)-----(?:\s|\\r|\\n)+[A-Za-z0-9+/]{16}"
    ),
}


def files_of_tree() -> Iterator[Path]:
    """Every file that could be checked in: the tree without what .gitignore or a hidden name leaves out."""
    lines = (ROOT / ".gitignore").read_text().split()
    generated = [line.rstrip("/") for line in lines if line.endswith("/")]
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not any(fnmatch.fnmatch(name, pattern) for pattern in generated)
            and (name == ".ci" or not name.startswith("."))
        )
        if here == ROOT / "reports":
            folders.clear()
            names = [name for name in names if name == "README.md"]
        yield from (here / name for name in sorted(names) if not name.endswith(".pyc") and name != ".git")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


FILES = list(files_of_tree())
SOURCES = [path for path in FILES if path.suffix == ".py" or path.name == "tls-matrix"]


def contents_refused(content: bytes) -> list[str]:
    """Say what about the bytes of a file must not be checked in."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ["binary content"]
    reasons = ["binary content"] if "\0" in text else []
    for what, pattern in FORBIDDEN.items():
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            reasons.append(f"{what} in line {line}: {found.group()[:40]!r}")
    return reasons


def picture_refused(content: bytes) -> list[str]:
    """Say what about the bytes of a picture must not be checked in."""
    reasons = [] if content.startswith(PNG) else ["is no PNG"]
    return reasons + (["is too large"] if len(content) > LARGEST_PICTURE else [])


def refused(path: Path) -> list[str]:
    """Say what about a file must not be checked in; only the pictures of documents are binary files."""
    content = path.read_bytes()
    return picture_refused(content) if path.parent == PICTURES else contents_refused(content)


def function_lengths(source: str) -> dict[str, int]:
    """The number of lines of each function, by its dotted name, from `def` to its end."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            name = f"{prefix}{getattr(child, 'name', '')}"
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                assert child.end_lineno is not None
                yield name, child.end_lineno - child.lineno + 1
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            yield from walk(child, f"{name}." if named else prefix)

    return dict(walk(ast.parse(source), ""))


def test_the_walk_sees_the_tree() -> None:
    names = {relative(path) for path in FILES}
    assert {"tls-matrix", "pyproject.toml", ".ci/run", "reports/README.md", "tests/test_tree.py"} <= names
    assert not [name for name in names if name.startswith((".venv/", ".git/")) or "__pycache__" in name]
    assert all(any(name.startswith(f"{package}/") for name in names) for package in PACKAGES)


def test_nothing_that_must_not_be_checked_in() -> None:
    assert {relative(path): reasons for path in FILES if (reasons := refused(path))} == {}


def test_pictures_are_small_and_nothing_else() -> None:
    assert picture_refused(PNG) == []
    assert picture_refused(PNG + bytes(LARGEST_PICTURE)) == ["is too large"]
    assert picture_refused(b"GIF89a") == ["is no PNG"]
    assert refused(PICTURES / "grid.png") == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"\x89PNG\r\n", "binary content", id="not-utf-8"),
        pytest.param(b"a\0b", "binary content", id="nul"),
        pytest.param(b"see /" + b"root/notes", "a path of one machine", id="machine-path"),
        pytest.param(b"'/" + b"home/alice/x'", "a path of one machine", id="home-path"),
        pytest.param(b"https://py" + b"pi.org/simple", "a registry's host name", id="python-registry"),
        pytest.param(b"deb.deb" + b"ian.org", "a registry's host name", id="debian-registry"),
        pytest.param(b"registry.npm" + b"js.org", "a registry's host name", id="npm-registry"),
        pytest.param(b"registry-1.dock" + b"er.io/v2", "a registry's host name", id="image-registry"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----\n" + b"M" * 16, "a key or certificate", id="key"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\\n" + b"M" * 16, "a key or certificate", id="escaped"),
    ],
)
def test_a_file_is_refused(content: bytes, reason: str) -> None:
    assert any(found.startswith(reason) for found in contents_refused(content))


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN CERTIFICATE-----\n...",
        b"-----BEGIN DH PARAMETERS-----\n" + b"M" * 16,
        b"tests/" + b"tmp/x",
        b"https://www.rfc-editor.org/rfc/rfc5746",
        b"missing+=(docker.io)",
    ],
)
def test_a_file_is_not_refused_for_what_only_looks_like_it(content: bytes) -> None:
    assert contents_refused(content) == []


def test_files_keep_their_budget() -> None:
    lengths = {relative(path): len(path.read_text().splitlines()) for path in SOURCES}
    too_long = {name: length for name, length in lengths.items() if length > FILE_BUDGET}
    assert {name: too_long[name] for name in too_long.keys() - LONG_FILES.keys()} == {}
    assert LONG_FILES.keys() - too_long.keys() == set(), "no longer needed in LONG_FILES"


def test_functions_keep_their_budget() -> None:
    too_long = {
        f"{relative(path)}:{name}": length
        for path in SOURCES
        for name, length in function_lengths(path.read_text()).items()
        if length > FUNCTION_BUDGET
    }
    assert {name: too_long[name] for name in too_long.keys() - LONG_FUNCTIONS.keys()} == {}
    assert LONG_FUNCTIONS.keys() - too_long.keys() == set(), "no longer needed in LONG_FUNCTIONS"


def test_function_lengths_reach_methods_and_inner_functions() -> None:
    source = "class A:\n    def b(self):\n        def c():\n            pass\n        return c\n"
    assert function_lengths(source) == {"A.b": 4, "A.b.c": 2}


def test_data_files_travel_in_the_wheel() -> None:
    """A file that no pattern of package-data matches is there in a checkout and missing when installed."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    left_out = [
        relative(path)
        for path in FILES
        for package in [path.relative_to(ROOT).parts[0]]
        if package in PACKAGES
        and not is_module(path)
        and not any(path.match(pattern.removeprefix("**/")) for pattern in patterns["*"])
    ]
    assert left_out == []


def is_module(path: Path) -> bool:
    """Whether setuptools takes the file as a module: Python, and every folder above it is a package."""
    above = [folder for folder in path.parents if folder != ROOT and folder.is_relative_to(ROOT)]
    return path.suffix == ".py" and all((folder / "__init__.py").exists() for folder in above)


def test_findings_are_listed_and_say_what_they_must() -> None:
    scripts = {
        path.name: path.read_text()
        for path in FILES
        if relative(path).startswith("findings/") and path.suffix == ".sh"
    }
    table = re.findall(r"^\| `([\w-]+\.sh)` \|", (ROOT / "findings" / "README.md").read_text(), re.MULTILINE)
    assert table == sorted(scripts)
    for name, text in scripts.items():
        assert os.access(ROOT / "findings" / name, os.X_OK), f"chmod +x findings/{name}"
        head = text.partition("set -euo pipefail")[0]
        assert [
            word
            for word in ("Seen with", "Behaviour", "Expected", "Known", "Exit status")
            if f"# {word}" not in head
        ] == [], name
