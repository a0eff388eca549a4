"""Go programs of the project's own, compiled with the fetched compiler when they are first needed.

The `go` line of a go.mod says what a program's defaults are, whatever compiler makes it (GODEBUG,
https://go.dev/doc/godebug), so a program is compiled once for each line. It lies in the cache folder of the
stacks, named by what it is made of.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from stacks.catalogue import cache_folder, not_fetched, stacks
from stacks.temporary_folder import remove_abandoned_folders, temporary_folder

STACK = "go"
LINES = ("1.22", "1.27")
COMPILE_SECONDS = 900.0
"""What compiling may take on a slow machine; on two cores it is a quarter of a minute [measured]."""


def compiler_version() -> str:
    """The version of the compiler, fetched or not."""
    return stacks()[STACK].files[0].version


def compiled(source: Path, line: str, lines: Sequence[str] = LINES) -> Path:
    """The program for a line; where it is not compiled yet, all lines are, which takes no longer than one:
    the library is theirs together. Raises OSError and CalledProcessError.
    """
    folder = stacks()[STACK].folder()
    if folder is None:
        raise FileNotFoundError(not_fetched([STACK]))
    if not _program(source, folder, line).exists():
        remove_abandoned_folders(cache_folder())
        with temporary_folder("go") as work:
            shutil.copy(source, work)
            for each in lines:
                (work / "go.mod").write_text(f"module {source.stem}\n\ngo {each}\n")
                _compile(folder, work)
                with temporary_folder("go", cache_folder()) as near:  # whose files can be renamed to there
                    Path(shutil.copy(work / "program", near)).rename(_program(source, folder, each))
    return _program(source, folder, line)


def _program(source: Path, folder: Path, line: str) -> Path:
    made_of = source.read_bytes() + folder.name.encode() + line.encode()
    name = source.stem.replace("_", "-")
    return cache_folder() / f"{name}-{line}-{hashlib.sha256(made_of).hexdigest()[:16]}"


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
    command = [str(root / "bin" / "go"), "build", "-o", "program", "."]
    nothing = subprocess.DEVNULL  # our own streams are the harness's
    subprocess.run(command, cwd=work, env=environment, check=True, stdin=nothing, stdout=nothing)


if __name__ == "__main__":
    # For an image (servers/go/Dockerfile): the path of a source file.
    for each in LINES:
        compiled(Path(sys.argv[1]), each)
