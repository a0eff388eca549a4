"""The image that all others are based on: Debian with Python and the packages that servers are made of.

It is made once for a list of packages: from the registry's Debian where one answers, else, by root, with
debootstrap, which asks Debian's own mirrors. Any image with Python and the packages can be taken instead.
"""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from contextlib import closing
from io import BytesIO
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException

from servers.containers import scratch
from servers.containers.build import Base, errors_in, find_image
from servers.containers.engine import LABEL, EngineError, said
from servers.definition import ServerDefinition
from servers.running import one_line
from stacks.temporary_folder import temporary_folder

BASE_TAG = f"{LABEL}/base:latest"
PACKAGES_LABEL = f"{LABEL}.packages"
DEBIAN = ("debian", "bookworm-slim")
SUITE = "bookworm"
REGISTRY_SECONDS = 8
DEBOOTSTRAP_SECONDS = 900.0
# The system and its archive side by side: 774 MB at most (measured with the packages of all servers).
DEBOOTSTRAP_BYTES = 900_000_000
Say = Callable[[str], None]

_DOCKERFILE = """
FROM {image}
RUN apt-get update && apt-get install --yes --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*
"""
_PYTHON_TAG = "import sys; print(f'cp{sys.version_info.major}{sys.version_info.minor}')"


def packages_of(definitions: Iterable[ServerDefinition]) -> set[str]:
    """Debian's packages that the base must have."""
    in_containers = [each for each in definitions if "docker" in each.backends]
    return {"python3", *(package for each in in_containers for package in each.packages)}


def make_base(client: docker.DockerClient, packages: set[str], say: Say) -> Base:
    """Give the base with these packages, made first where it is missing or lacks one; raises EngineError."""
    try:
        found = client.images.get(BASE_TAG).labels.get(PACKAGES_LABEL, "").split()
    except ImageNotFound:
        found = []
    except (DockerException, RequestException) as error:
        raise EngineError(said(error)) from error
    if not packages <= set(found):
        wanted = sorted(packages | set(found))  # those of another user's servers stay
        say(f"base: Debian {SUITE} with {', '.join(wanted)} ...")
        if not _from_registry(client, wanted, say):
            _with_debootstrap(client, wanted, say)
    return take_base(client, BASE_TAG)


def take_base(client: docker.DockerClient, image: str) -> Base:
    """Give an image of the user's as the base; raises EngineError when it is missing or has no Python."""
    try:
        found = find_image(client, image)
        if found is None:
            raise EngineError(
                f"there is no image {image}; give --base one that the engine has (docker images)"
            )
        python = client.containers.run(
            found.id, ["-c", _PYTHON_TAG], entrypoint="python3", remove=True, network_mode="none"
        )
    except (DockerException, RequestException) as error:
        raise EngineError(f"the image {image} cannot be the base, it needs python3: {said(error)}") from error
    return Base(found.id, python.decode().strip(), found.machine)


def _from_registry(client: docker.DockerClient, packages: list[str], say: Say) -> bool:
    """Whether the base could be made from the registry's Debian; says why not."""
    name, tag = DEBIAN
    try:
        with closing(docker.from_env(timeout=REGISTRY_SECONDS)) as impatient:
            errors = errors_in(impatient.api.pull(name, tag=tag, stream=True, decode=True))
        errors = errors or errors_in(
            client.api.build(
                fileobj=BytesIO(
                    _DOCKERFILE.format(image=f"{name}:{tag}", packages=" ".join(packages)).encode()
                ),
                tag=BASE_TAG,
                labels={PACKAGES_LABEL: " ".join(packages)},
                rm=True,
                forcerm=True,
                decode=True,
            )
        )
    except (DockerException, RequestException) as error:
        errors = [said(error)]
    if errors:
        say(f"base: not from a registry: {errors[0]}")
    return not errors


def _with_debootstrap(client: docker.DockerClient, packages: list[str], say: Say) -> None:
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise EngineError(
            "no base image can be made: no registry answers, and without one it takes root and debootstrap "
            f"(apt-get install debootstrap); or name an image with {', '.join(packages)} with --base"
        )
    scratch.require_room(DEBOOTSTRAP_BYTES)
    say("base: with debootstrap, which takes about a minute ...")
    repository, _, tag = BASE_TAG.rpartition(":")
    changes = [f'LABEL {PACKAGES_LABEL}="{" ".join(packages)}"']
    try:
        with temporary_folder("base") as folder:
            root, archive = folder / "root", folder / "root.tar"
            _debootstrap(root, packages)
            with tarfile.open(archive, "w") as opened:
                opened.add(root, ".")
            client.api.import_image_from_file(str(archive), repository, tag, changes=changes)
    except (DockerException, RequestException) as error:
        raise EngineError(f"the base image cannot be imported: {said(error)}") from error
    except OSError as error:
        raise EngineError(f"the base image cannot be made: {scratch.in_words(error)}") from error


def _debootstrap(root: Path, packages: list[str]) -> None:
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", SUITE, str(root)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DEBOOTSTRAP_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"debootstrap failed: {one_line(str(error))}") from error
    if done.returncode != 0:
        errors = [line for line in done.stdout.splitlines() if line.startswith("E: ")]
        last = (errors or done.stderr.splitlines() or ["it said nothing"])[-1]
        raise EngineError(f"debootstrap failed: {one_line(last)}")
