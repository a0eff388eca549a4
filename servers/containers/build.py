"""Builds images, each from a context that has everything, without a network inside the build.

An image carries the digest of what it was made of and the id of its base, so that one which would come out
the same is left alone.
"""

import tarfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from msgspec import Struct
from requests.exceptions import RequestException

from servers.containers import scratch
from servers.containers.build_progress import BuildProgress
from servers.containers.engine import EngineError, in_words, said
from servers.containers.packages import PackagesError, packages_folder
from servers.containers.recipe import BASE_LABEL, DIGEST_LABEL, PYTHON_LABEL, Recipe
from servers.running import one_line
from stacks.catalogue import stacks
from stacks.fetch import FetchError, fetch

# What the engine calls a machine, and what Python's packages call it.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

BUILDS_AT_ONCE = 2


class BuildError(Exception):
    """An image that cannot be built; the message is one line that names it."""


class Base(Struct, frozen=True):
    """The image that others are based on; `python` is its interpreter's tag ("cp311")."""

    id: str
    python: str
    machine: str


class Image(Struct, frozen=True):
    """An image that exists, and what its labels say."""

    id: str
    machine: str
    digest: str
    base: str
    python: str

    def is_made_of(self, recipe: Recipe) -> bool:
        """Whether it is what the recipe would make, upon the base it has."""
        return bool(self.python) and self.digest == recipe.digest(self.python, self.machine)


def errors_in(steps: Iterable[dict[str, Any]]) -> list[str]:
    """What went wrong in a build or a pull, a line each; read to its end, so that nothing stays open."""
    return [in_words(str(step["error"])) for step in steps if "error" in step]


def find_image(client: docker.DockerClient, tag: str) -> Image | None:
    """The image of that name, None when there is none; raises DockerException or RequestException."""
    try:
        attributes = client.api.inspect_image(tag)
    except ImageNotFound:
        return None
    labels = attributes["Config"]["Labels"] or {}
    machine = MACHINES.get(attributes["Architecture"], attributes["Architecture"])
    digest, base, python = (labels.get(label, "") for label in (DIGEST_LABEL, BASE_LABEL, PYTHON_LABEL))
    return Image(attributes["Id"], machine, digest, base, python)


def not_usable(image: Image | None, recipe: Recipe) -> str:
    """Say what is wrong with an image that is missing or not made of the recipe, and the command for it."""
    name = recipe.id
    problem = f"there is no image of {name}" if image is None else f"the image of {name} is out of date"
    return f"{problem}; build it with: tls-matrix images build {name}"


def build(client: docker.DockerClient, recipe: Recipe, base: Base) -> str:
    """Build the recipe's image upon the base; its id, it has no name yet. Raises BuildError."""
    try:
        packages = packages_folder(base.python, base.machine, recipe.packages)
        with _context(recipe, base, packages) as context:
            steps = client.api.build(
                fileobj=context,
                custom_context=True,
                buildargs={"BASE": base.id, **recipe.arguments},
                labels={
                    DIGEST_LABEL: recipe.digest(base.python, base.machine),
                    BASE_LABEL: base.id,
                    PYTHON_LABEL: base.python,
                },
                network_mode="none",
                rm=True,
                forcerm=True,
                decode=True,
            )
            told = list(steps)
        if errors := errors_in(told):
            raise BuildError(f"{recipe.id}: the image cannot be built: {errors[0]}")
        built = [str(step["aux"]["ID"]) for step in told if "ID" in step.get("aux", {})]
        if not built:
            raise BuildError(f"{recipe.id}: the engine does not say which image it has built")
    except (DockerException, RequestException, EngineError) as error:
        raise BuildError(f"{recipe.id}: the image cannot be built: {said(error)}") from error
    except (PackagesError, FetchError) as error:
        raise BuildError(f"{recipe.id}: the image cannot be built: {one_line(str(error))}") from error
    except OSError as error:
        raise BuildError(f"{recipe.id}: the image cannot be built: {scratch.in_words(error)}") from error
    return built[-1]


def give_names(client: docker.DockerClient, identity: str, tags: Sequence[str]) -> None:
    """Give the image these names; whichever had them is removed, unless a container of another run uses it.

    Raises DockerException or RequestException.
    """
    former = set()
    for tag in tags:
        if (image := find_image(client, tag)) is not None:
            former.add(image.id)
        client.api.tag(identity, *tag.split(":"))
    for replaced in former - {identity}:
        with suppress(APIError):
            client.api.remove_image(replaced)


def build_missing(
    client: docker.DockerClient, recipes: Sequence[Recipe], base: Base, progress: BuildProgress
) -> list[str]:
    """Build what is missing or out of date, two at once, and each that has several names once; the problems,
    one line each. Raises EngineError when the engine is gone.
    """
    by_digest: dict[str, list[Recipe]] = defaultdict(list)
    problems: list[str] = []
    try:
        for recipe in recipes:
            digest = recipe.digest(base.python, base.machine)
            image = find_image(client, recipe.tag)
            if image is not None and (image.base, image.digest) == (base.id, digest):
                continue
            if (missing := recipe.missing()) is None:
                by_digest[digest].append(recipe)
            else:
                problems.append(f"{recipe.id}: {missing}")
    except (DockerException, RequestException) as error:
        raise EngineError(said(error)) from error
    progress.count(0, len(by_digest))
    with ThreadPoolExecutor(BUILDS_AT_ONCE) as pool:
        building = [pool.submit(_build_one, client, same, base, progress) for same in by_digest.values()]
        for done, future in enumerate(as_completed(building), 1):
            problems += future.result()
            progress.count(done, len(by_digest))
    return problems


def _build_one(
    client: docker.DockerClient, same: Sequence[Recipe], base: Base, progress: BuildProgress
) -> list[str]:
    started = time.monotonic()
    names = ", ".join(recipe.id for recipe in same)
    progress.say(f"{names}: building ...")
    try:
        give_names(client, build(client, same[0], base), [recipe.tag for recipe in same])
    except BuildError as error:
        return [str(error)]
    except (DockerException, RequestException) as error:
        return [f"{names}: the image cannot be named: {said(error)}"]
    progress.say(f"{names}: built in {time.monotonic() - started:.1f} s")
    return []


@contextmanager
def _context(recipe: Recipe, base: Base, packages: Path) -> Iterator[IO[bytes]]:
    """The archive that the engine builds from; what does not decide the image, such as times, is left out."""
    with TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            _add(archive, recipe.dockerfile, "Dockerfile")
            _add(archive, packages, "packages")
            for path, source in recipe.files.items():
                _add(archive, source, f"project/{path}")
            archive.addfile(_folder_entry("stacks"))
            for identity in recipe.stacks:
                folder = fetch(stacks()[identity], base.python)  # there already, unless for another Python
                _add(archive, folder, f"stacks/{folder.name}")
        file.seek(0)
        yield file


def _add(archive: tarfile.TarFile, source: Path, name: str) -> None:
    archive.add(source, name, filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "__pycache__" in member.name:
        return None
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    # Whoever the image runs as may read all of it; a checkout's files may be for their owner alone.
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _folder_entry(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    return entry
