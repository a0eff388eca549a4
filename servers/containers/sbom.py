"""What this program and its images consist of, as a bill of materials (CycloneDX).

What is pinned comes from the pins: the Python packages from the lock file, the stacks from their catalogue.
Which versions Debian's packages have is pinned nowhere, so the image itself is asked.
"""

import re
from collections.abc import Iterable, Sequence

import docker
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from docker.errors import DockerException
from msgspec import Struct
from packageurl import PackageURL
from requests.exceptions import RequestException

from servers.containers.build import Image, find_image, not_usable
from servers.containers.engine import EngineError, said
from servers.containers.packages import Packages, all_packages, pinned
from servers.containers.recipe import Recipe
from stacks.catalogue import Stack, StackFile, stacks

PROJECT, LICENSE = "tls-interop-matrix", "Apache-2.0"
_ASK = r"""
. /etc/os-release && echo "$ID" "$VERSION_CODENAME" &&
exec dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Version} ${Architecture}\n'
"""
_INSTALLED = re.compile(r"^ii +(\S+) (\S+) (\S+)$", re.MULTILINE)


class SystemPackage(Struct, frozen=True):
    """A package of the system in an image; `distribution` is the system's id, `release` its name."""

    distribution: str
    release: str
    name: str
    version: str
    architecture: str


def of_program(version: str) -> str:
    """The bill of this program, in that version: itself and every package that it is locked to."""
    return _text(_project(version), _python_packages(all_packages()))


def of_image(recipe: Recipe, image: Image, system: Iterable[SystemPackage], version: str) -> str:
    """The bill of an image that was made of the recipe, by this program in that version."""
    algorithm, _, digest = image.id.partition(":")
    whole = Component(
        name=recipe.tag,
        version=image.id,
        type=ComponentType.CONTAINER,
        bom_ref=recipe.tag,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if algorithm == "sha256" else [],
    )
    parts = [
        _project(version),
        *_python_packages(recipe.packages),
        *(_stack(stacks()[identity], image.python) for identity in recipe.stacks),
        *map(_system_package, system),
    ]
    return _text(whole, parts)


def built(client: docker.DockerClient, recipe: Recipe) -> Image:
    """The recipe's image; raises EngineError where there is none, or none that is made of the recipe."""
    try:
        image = find_image(client, recipe.tag)
    except (DockerException, RequestException) as error:
        raise EngineError(said(error)) from error
    if image is None or not image.is_made_of(recipe):
        raise EngineError(not_usable(image, recipe))
    return image


def system_packages(client: docker.DockerClient, recipe: Recipe, image: Image) -> list[SystemPackage]:
    """What the package manager in the image says is installed; raises EngineError."""
    try:
        told = client.containers.run(
            image.id, ["-c", _ASK], entrypoint="sh", remove=True, network_mode="none", read_only=True
        ).decode(errors="replace")
    except (DockerException, RequestException) as error:
        raise EngineError(
            f"{recipe.id}: the packages of the image's system are not known, which dpkg-query in it says: "
            f"{said(error)}; take a base of Debian"
        ) from error
    return read_packages(told)


def read_packages(told: str) -> list[SystemPackage]:
    """The packages in what an image was asked for: the system's id and release, then a line each."""
    system, _, listed = told.partition("\n")
    distribution, _, release = system.partition(" ")
    return [SystemPackage(distribution, release, *found) for found in _INSTALLED.findall(listed)]


def _text(whole: Component, parts: Sequence[Component]) -> str:
    bom = Bom(components=parts)
    bom.metadata.component = whole
    bom.register_dependency(whole, parts)
    return f"{JsonV1Dot6(bom).output_as_string(indent=2)}\n"


def _project(version: str) -> Component:
    return Component(
        name=PROJECT,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=f"{PROJECT}@{version}",
        licenses=[DisjunctiveLicense(id=LICENSE)],
    )


def _python_packages(names: Packages) -> list[Component]:
    pins = [pinned()[name] for name in names]
    return [_library(PackageURL("pypi", None, pin.name, pin.version), pin.sha256) for pin in pins]


def _stack(stack: Stack, python: str) -> Component:
    """A stack with the files that it is unpacked from."""
    return Component(
        name=stack.id,
        type=ComponentType.APPLICATION,
        bom_ref=f"stack:{stack.id}",
        description=f"{stack.title}: {stack.purpose}",
        components=[_stack_file(stack, file) for file in stack.files_for(python)],
    )


def _stack_file(stack: Stack, file: StackFile) -> Component:
    # npm's scope is the namespace of its package URL; it is part of the name for npm itself.
    scope, _, name = file.distribution.rpartition("/")
    url = PackageURL(file.registry, scope or None, name, file.version, {"file_name": file.name})
    return _library(url, [file.sha256], f"stack:{stack.id}:{file.name}")


def _system_package(package: SystemPackage) -> Component:
    where = {"arch": package.architecture, "distro": package.release}
    return _library(PackageURL("deb", package.distribution, package.name, package.version, where), [])


def _library(url: PackageURL, sha256: Iterable[str], bom_ref: str | None = None) -> Component:
    return Component(
        name=url.name,
        group=url.namespace if url.type == "npm" else None,
        version=url.version,
        type=ComponentType.LIBRARY,
        bom_ref=bom_ref or url.to_string(),
        purl=url,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in sha256],
    )
