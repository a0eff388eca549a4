"""What an image is made of, and whether one that exists is made of that: the image of one server at one
level, or that of this program itself.

Every server has its own part only: the folder with its program and the stacks of its level. `definitions`,
`handshake`, what all server programs use of `servers`, and the Python packages are in every image, so images
share them.
Emulated servers have nothing of their own at all: their images are one, under many names.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from servers.containers.engine import LABEL
from servers.containers.packages import PACKAGES, Packages, all_packages, packages_key
from servers.definition import BUNDLED_SERVERS, EMULATION_PROGRAM, ServerDefinition
from stacks.catalogue import not_fetched, stacks, unpacked, with_needs

DIGEST_LABEL = f"{LABEL}.digest"
BASE_LABEL = f"{LABEL}.base"
PYTHON_LABEL = f"{LABEL}.python"

TOOL = "tool"
DOCKERFILE = Path(__file__).with_name("Dockerfile")
TOOL_DOCKERFILE = Path(__file__).parent / "tool" / "Dockerfile"
_PROJECT = BUNDLED_SERVERS.parent
_PACKAGES_OF_TOOL = ("definitions", "handshake", "stacks", "clients", "servers", "matrix")
_NOT_FOR_PROGRAMS = (".md", ".pyc", ".lock.txt", "server.toml", "Dockerfile")


class Recipe(Struct, frozen=True):
    """`id` is `<server>@<level>`, or TOOL; `files` are the project's by their path in the image, the program
    among them; `stacks` the ids of all that must be fetched; `arguments` what the Dockerfile is told.
    """

    id: str
    dockerfile: Path
    arguments: Mapping[str, str]
    files: Mapping[str, Path]
    stacks: tuple[str, ...]
    packages: Packages = PACKAGES

    @property
    def tag(self) -> str:
        """The image's name."""
        server, _, level = self.id.partition("@")
        return f"{LABEL}/{server.lower()}:{level or 'latest'}"

    def missing(self) -> str | None:
        """What must be fetched before it can be built, and the command; None when all is there."""
        return not_fetched(self.stacks)

    def digest(self, python: str, machine: str) -> str:
        """A digest over all that decides the image but the one it is based on."""
        said = {
            "dockerfile": self.dockerfile.read_text(encoding="utf-8"),
            "arguments": dict(self.arguments),
            "files": {path: _digest(file) for path, file in self.files.items()},
            "packages": packages_key(python, machine, self.packages),
            "stacks": [_folder_name(identity, python) for identity in self.stacks],
        }
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def recipe(definition: ServerDefinition, level: str) -> Recipe:
    """What the server's image at the level is made of."""
    own = definition.folder / "Dockerfile"
    files = dict(_shared_files())
    if definition.program == EMULATION_PROGRAM:
        program = _in_project(EMULATION_PROGRAM)
    else:
        folder = f"servers/{definition.folder.name}"
        files |= _files(definition.folder, folder)
        program = f"{folder}/{definition.program.name}"
    needed = tuple(with_needs(definition.levels[level].stacks))
    dockerfile = own if own.is_file() else DOCKERFILE
    files = dict(sorted(files.items()))
    return Recipe(f"{definition.id}@{level}", dockerfile, {"PROGRAM": program}, files, needed)


def recipes(definitions: Iterable[ServerDefinition]) -> list[Recipe]:
    """One for each level of each server that can be had in a container."""
    return [
        recipe(definition, level)
        for definition in definitions
        if "docker" in definition.backends
        for level in definition.levels
    ]


def tool_recipe(version: str) -> Recipe:
    """What the image of this program, in that version, is made of."""
    files = {
        f"{package}/{path.relative_to(_PROJECT / package).as_posix()}": path.resolve()
        for package in _PACKAGES_OF_TOOL
        for path in sorted((_PROJECT / package).rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    return Recipe(TOOL, TOOL_DOCKERFILE, {"VERSION": version}, files, (), all_packages())


@cache
def _shared_files() -> Mapping[str, Path]:
    """What every server program uses: the packages below `servers`, and of that what is no server's own."""
    shared: dict[str, Path] = {}
    for package in ("definitions", "handshake", "stacks"):
        shared |= _files(_PROJECT / package, package)
    for entry in sorted(BUNDLED_SERVERS.iterdir()):
        if entry.suffix == ".py":
            shared[_in_project(entry)] = entry
        elif (entry / "__init__.py").is_file() and not (entry / "server.toml").is_file():
            shared |= _files(entry, _in_project(entry))
    return shared


def _files(folder: Path, name: str) -> dict[str, Path]:
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(_NOT_FOR_PROGRAMS)
    }


def _in_project(path: Path) -> str:
    return path.relative_to(_PROJECT).as_posix()


def _digest(file: Path) -> str:
    status = file.stat()
    return _digest_of(file, status.st_mtime_ns, status.st_size)


@cache
def _digest_of(file: Path, modified: int, size: int) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _folder_name(identity: str, python: str) -> str:
    """The name of a stack's folder, which says what is in it, whether it is fetched or not."""
    stack = stacks()[identity]
    return unpacked(stack, stack.files_for(python)).name
