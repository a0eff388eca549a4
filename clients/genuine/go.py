"""Go's crypto/tls, at two `go` lines of a go.mod: the line says what a program's defaults are, whatever
compiler makes it (GODEBUG, https://go.dev/doc/godebug). Its key log opens all that is encrypted.

The program is compiled when it is first called, once for all, into the cache folder of the stacks.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clients.genuine.driver import Driven
from clients.genuine.program import Program
from clients.genuine.stack_of import DRIVERS
from stacks.catalogue import cache_folder, not_fetched, stacks

_LINES = ("1.22", "1.27")
_SOURCE = DRIVERS / "go_client.go"
_STACK = "go"
COMPILE_SECONDS = 900.0


def programs() -> Iterator[Program]:
    """One for each line."""
    stack = stacks()[_STACK]
    compiler = stack.files[0].version
    for line in _LINES:
        command = (sys.executable, "-m", __name__, line)
        title = f"Go {compiler} crypto/tls, go {line} in go.mod"
        environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
        missing = not_fetched([_STACK])
        yield Driven(f"genuine-go-{line}", title, command, environment, missing, COMPILE_SECONDS)


def compiled(line: str) -> Path:
    """The program for a line; where it is not compiled yet, all lines are, which takes no longer than one:
    the library is theirs together. Named by what it is made of. Raises OSError and CalledProcessError.
    """
    folder = stacks()[_STACK].folder()
    if folder is None:
        raise FileNotFoundError(not_fetched([_STACK]))
    if not _program(folder, line).exists():
        with tempfile.TemporaryDirectory(prefix="tls-matrix-go-") as work:
            shutil.copy(_SOURCE, work)
            for each in _LINES:
                Path(work, "go.mod").write_text(f"module client\n\ngo {each}\n")
                _compile(folder, Path(work))
                program = _program(folder, each)
                complete = program.with_name(f"{program.name}.{os.getpid()}")
                shutil.copy(Path(work, "client"), complete)
                complete.rename(program)
    return _program(folder, line)


def _program(folder: Path, line: str) -> Path:
    made_of = _SOURCE.read_bytes() + str(folder).encode() + line.encode()
    return cache_folder() / f"go-client-{line}-{hashlib.sha256(made_of).hexdigest()[:16]}"


def _compile(folder: Path, work: Path) -> None:
    root = folder / "go"
    (root / "bin" / "go").chmod(0o755)
    for tool in (root / "pkg" / "tool").rglob("*"):
        if tool.is_file():
            tool.chmod(0o755)  # a wheel's unpacked files have no such right
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GOROOT": str(root),
        "HOME": str(work),
        "GOCACHE": str(work / "cache"),
        "GOPATH": str(work / "path"),
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOFLAGS": "-mod=mod",
        "CGO_ENABLED": "0",
    }
    subprocess.run([root / "bin" / "go", "build", "-o", "client", "."], cwd=work, env=environment, check=True)


if __name__ == "__main__":
    made = str(compiled(sys.argv[1]))
    os.execv(made, [made])
