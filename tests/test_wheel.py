"""The wheel alone, outside the checkout: it has all that the packages have, and runs a grid."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.test_tree import FILES, PACKAGES, ROOT, relative

SECONDS = 120.0
# What a wheel is built from, besides the packages.
AROUND = ("pyproject.toml", "README.md", "LICENSE", "requirements.lock.txt")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip unpacks of the wheel, built from a copy of the tree with the locked setuptools."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for file in FILES:
        if relative(file).partition("/")[0] in (*PACKAGES, *AROUND):
            target = source / relative(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target, follow_symlinks=False)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    command = [*pip, "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(folder / "installed")
    return folder / "installed"


def tls_matrix(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command from the wheel; `PYTHONPATH` comes before the checkout, which this environment has too."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", "-m", "matrix", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=SECONDS)


@pytest.mark.long
def test_the_wheel_has_every_file_of_the_packages(installed: Path) -> None:
    there = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    wanted = {name for name in map(relative, FILES) if name.partition("/")[0] in PACKAGES}
    assert wanted - there == set()
    assert not [name for name in there if not name.startswith((*PACKAGES, "tls_interop_matrix-"))]


@pytest.mark.long
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_wheel_runs_a_grid(installed: Path, tmp_path: Path, workers: str) -> None:
    # What lies in the folder about is none of its business.
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('a conftest.py of somebody else')\n")
    chosen = ("run", "--server", "jsse6@6u45", "--server", "openssl@4.0.3", "-n", workers)
    result = tls_matrix(installed, tmp_path, *chosen)
    assert result.returncode == 0, result.stderr
    assert "94 cells: " in result.stdout
    assert "All as expected." in result.stdout
    latest = tmp_path / "reports" / "latest"
    assert result.stdout.endswith(f"The page: reports/{latest.resolve().name}/grid.html\n")
    version = {line.partition(": ")[2] for line in metadata(installed) if line.startswith("Version: ")}
    assert f'"tool_version": "{version.pop()}"' in (latest / "run.json").read_text()

    again = tls_matrix(installed, tmp_path, *chosen, "--out", "again")
    assert again.returncode == 0, again.stderr
    compared = tls_matrix(installed, tmp_path, "compare", "reports/latest", "again")
    assert (compared.returncode, compared.stderr) == (0, "")
    assert "94 unchanged" in compared.stdout
    page = (tmp_path / "again" / "grid.html").read_bytes()
    (tmp_path / "again" / "grid.html").unlink()
    assert tls_matrix(installed, tmp_path, "report", "again").returncode == 0
    assert (tmp_path / "again" / "grid.html").read_bytes() == page


def metadata(installed: Path) -> list[str]:
    (file,) = installed.glob("*.dist-info/METADATA")
    return file.read_text(encoding="utf-8").splitlines()


def test_the_wheel_does_not_have_the_tests(installed: Path, tmp_path: Path) -> None:
    result = tls_matrix(installed, tmp_path, "test", "-k", "anything")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("tls-matrix: test: only a checkout of the project has tests; ")
    assert result.stderr.count("\n") == 1


def test_the_wheel_knows_the_packages_of_its_images(installed: Path, tmp_path: Path) -> None:
    program = "from servers.containers.packages import LOCK_FILE, locked; print(LOCK_FILE); print(locked())"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    file, *entries = done.stdout.splitlines()
    assert Path(file).is_relative_to(installed)
    assert set(entries) <= {"", *(ROOT / "requirements.lock.txt").read_text().splitlines()}
    assert any(entry.startswith("cryptography==") for entry in entries)
