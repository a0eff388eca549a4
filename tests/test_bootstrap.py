"""The ./tls-matrix command, as far as it can be tried without a registry.

Its steps run for real (venv, ensurepip, pip) in a small checkout of their own, where pip finds its packages
in a folder: one locked requirement, and the project itself through a build backend that copies a wheel.
"""

import ast
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.bootstrap

COMMAND = Path(__file__).parent.parent / "tls-matrix"
SOURCE = COMMAND.read_text()
STUB_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "stub"
version = "1"
"""
STUB_BACKEND = """\
import shutil
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return shutil.copy("stub-1-py3-none-any.whl", wheel_directory).rsplit("/", 1)[1]
"""
STUB_PROGRAM = "import locked, os, sys; print(locked.NAME, sys.argv[1:], os.getcwd())"


def write_wheel(folder: Path, name: str, file_name: str, content: str) -> Path:
    """Write a wheel of one file; the same content gives the same bytes."""
    wheel = folder / f"{name}-1-py3-none-any.whl"
    information = f"{name}-1.dist-info"
    files = {
        file_name: content,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{information}/RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel


def lock(requirements: Path, name: str, digest: str) -> None:
    requirements.write_text(f"{name}==1 --hash=sha256:{digest}\n")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout, in a path with a space, whose command only prints how it was called."""
    root = tmp_path / "check out"
    (root / "matrix").mkdir(parents=True)
    shutil.copy(COMMAND, root)
    (root / "pyproject.toml").write_text(STUB_PYPROJECT)
    (root / "backend.py").write_text(STUB_BACKEND)
    write_wheel(root, "stub", "stub.pth", f"{root}\n")
    (root / "matrix" / "__main__.py").write_text(STUB_PROGRAM)
    (tmp_path / "wheels").mkdir()
    wheel = write_wheel(tmp_path / "wheels", "locked", "locked.py", "NAME = 'stub'\n")
    lock(root / "requirements.lock.txt", "locked", sha256(wheel))
    return root


def start(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the checkout's command from another folder, with an empty HOME and a folder as pip's index."""
    elsewhere = checkout.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))
    }
    environment |= {
        "HOME": str(elsewhere),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": (checkout.parent / "wheels").as_uri(),
    }
    return subprocess.run(
        [sys.executable, checkout / "tls-matrix", *arguments],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def load_command(checkout: Path) -> ModuleType:
    """Import the checkout's command as a module, so that its parts can be asked one by one."""
    loader = SourceFileLoader("tls_matrix_command", str(checkout / "tls-matrix"))
    specification = spec_from_loader(loader.name, loader)
    assert specification is not None
    module = module_from_spec(specification)
    before = signal.getsignal(signal.SIGINT)
    loader.exec_module(module)
    signal.signal(signal.SIGINT, before)  # the command lets it end the process; here that is all tests
    return module


def finish_step(command: ModuleType, checkout: Path) -> None:
    """Leave behind what the first step leaves, without running it."""
    base = checkout.parent / "base-python"
    base.touch(0o755)
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(base)
    Path(command.stamp_path("requirements")).write_bytes(command.stamp(command.digest("requirements")))


@pytest.mark.long
def test_first_use_then_a_wrong_hash_then_the_right_one(checkout: Path) -> None:
    """One after the other in one checkout, for making an environment takes seconds."""
    elsewhere = checkout.parent / "elsewhere"
    first = start(checkout, "run", "--server", "a b")
    assert (first.returncode, first.stdout) == (0, f"stub ['run', '--server', 'a b'] {elsewhere}\n")
    assert [line.split(" (")[0] for line in first.stderr.splitlines()[:-1]] == [
        "tls-matrix: preparing .venv: requirements",
        "tls-matrix: preparing .venv: project",
    ]
    second = start(checkout, "list")
    assert (second.returncode, second.stderr) == (0, "")

    wheel = write_wheel(elsewhere.parent / "wheels", "pytest", "pytest.py", STUB_PROGRAM)
    (checkout / "requirements-test.lock.txt").write_text("pytest==1\n")
    assert start(checkout, "test").returncode == 3, "a requirement without a hash"
    lock(checkout / "requirements-test.lock.txt", "pytest", "0" * 64)
    refused = start(checkout, "test", "-q")
    progress, reason, *tail = refused.stderr.splitlines()
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "preparing .venv: test requirements" in progress
    assert "differs from its hash in the requirements file" in reason
    assert tail
    assert all(line.startswith("    ") for line in tail)
    assert "Traceback" not in refused.stderr

    lock(checkout / "requirements-test.lock.txt", "pytest", sha256(wheel))
    mended = start(checkout, "test", "-q")
    assert (mended.returncode, mended.stdout) == (0, f"stub ['-n', 'auto', 'tests', '-q'] {checkout}\n")


def test_a_missing_requirements_file_is_one_line(checkout: Path) -> None:
    (checkout / "requirements.lock.txt").unlink()
    refused = start(checkout, "list")
    assert refused.returncode == 3
    assert refused.stderr.count("\n") == 1
    assert "requirements.lock.txt: No such file or directory" in refused.stderr
    assert not (checkout / ".venv").exists()


def test_nobody_who_reads_what_is_wrong_changes_no_exit_status(checkout: Path) -> None:
    (checkout / "requirements.lock.txt").unlink()
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, checkout / "tls-matrix", "list"]
    try:
        assert subprocess.run(command, stderr=writer, timeout=60, check=False).returncode == 3
    finally:
        os.close(writer)
    closed = ["sh", "-c", '"$@" 2>&-', "-", *command]
    assert subprocess.run(closed, timeout=60, check=False).returncode == 3


def test_a_step_is_done_only_for_what_it_was_done_for(checkout: Path) -> None:
    command = load_command(checkout)
    assert not command.is_done("requirements")
    finish_step(command, checkout)
    assert command.is_done("requirements")
    assert not command.is_done("project")

    lock(checkout / "requirements.lock.txt", "locked", "0" * 64)
    assert not command.is_done("requirements")


def test_a_moved_checkout_is_prepared_again(checkout: Path) -> None:
    finish_step(load_command(checkout), checkout)
    moved = checkout.rename(checkout.parent / "moved")
    assert not load_command(moved).is_done("requirements")
    assert load_command(moved.rename(checkout)).is_done("requirements")


def test_an_environment_whose_python_is_gone_or_another_is_prepared_again(checkout: Path) -> None:
    command = load_command(checkout)
    finish_step(command, checkout)
    base = checkout.parent / "base-python"
    base.rename(checkout.parent / "newer-python")
    assert not command.is_done("requirements")
    base.symlink_to("newer-python")
    assert not command.is_done("requirements")


def test_an_old_python_gets_one_line(checkout: Path) -> None:
    pretend = (
        "import runpy, sys; sys.version_info = (3, 10, 13); runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", pretend, checkout / "tls-matrix"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith("tls-matrix: needs Python 3.11 or newer")
    assert done.stderr.count("\n") == 1
    assert not (checkout / ".venv").exists()


def test_an_old_parser_reads_as_far_as_that_line() -> None:
    tree = ast.parse(SOURCE, feature_version=(3, 6))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "__future__" not in imported
    with pytest.raises(SyntaxError):
        ast.parse("if (n := 1):\n    pass\n", feature_version=(3, 6))


def test_the_command_needs_the_standard_library_only() -> None:
    modules = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(str(node.module).split(".")[0])
    assert modules
    assert modules <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("OSError: [Errno 28] No space left on device", "no disk space left"),
        ("/usr/bin/python3: No module named ensurepip", "comes without venv and pip"),
        ("Error: [Errno 13] Permission denied: '.venv'", "cannot be written"),
        ("connection broken by 'NewConnectionError(...)'", "cannot reach its package index"),
        ("ERROR: No matching distribution found for locked==1", "does not have a package for this Python"),
        ("ERROR: something else", "it failed as shown here"),
    ],
)
def test_what_went_wrong_is_told_with_what_to_do(checkout: Path, line: str, meaning: str) -> None:
    told = load_command(checkout).explain_failure(["Collecting locked==1", line])
    assert meaning in told
    assert told.endswith("then start again")
    assert "\n" not in told


def test_a_traceback_is_shortened_to_its_exception(checkout: Path) -> None:
    output = [
        "Collecting x",
        "Traceback (most recent call last):",
        '  File "a", line 1',
        "    f()",
        "OSError: b",
    ]
    assert load_command(checkout).without_frames(output) == ["Collecting x", "OSError: b"]


@pytest.mark.parametrize(
    ("argument", "names"),
    [
        ("tests/test_a.py::test_b", True),
        ("tests", True),
        ("tests/none.py", False),
        ("-k", False),
        ("matrix", False),
    ],
)
def test_only_a_path_under_tests_replaces_all_tests(checkout: Path, argument: str, names: bool) -> None:
    (checkout / "tests").mkdir()
    (checkout / "tests" / "test_a.py").touch()
    assert load_command(checkout).names_tests(argument) is names
